//! Readers of values from any serde format, behind one trait object.
//!
//! serde compiles a reader for each combination of a type and a format. Here, the code for a format ([`NextValue`] and a
//! few visitors) is compiled once per format, and the code for a type is compiled once per type. They are connected by
//! `dyn ValueReader`. This design keeps dozens of models small and fast to compile, at the cost of one indirect call
//! per value.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::fields::Name;
use super::{Each, Model, ReadError, ValueReader};

/// A source of values in some serde format.
trait NextValue<'de> {
    type Error: Error;

    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Self::Error>;
}

/// A top-level value, or an entry of a list.
pub(crate) struct Once<D>(Option<D>);

impl<D> Once<D> {
    pub(crate) fn new(deserializer: D) -> Self {
        Self(Some(deserializer))
    }
}

impl<'de, D: Deserializer<'de>> NextValue<'de> for Once<D> {
    type Error = D::Error;

    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, D::Error> {
        let deserializer =
            self.0.take().ok_or_else(|| D::Error::custom("the value has already been read"))?;
        seed.deserialize(deserializer)
    }
}

/// The value of a field of an object.
struct ValueOf<'a, A>(&'a mut A);

impl<'de, A: MapAccess<'de>> NextValue<'de> for ValueOf<'_, A> {
    type Error = A::Error;

    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(seed)
    }
}

impl<'de, N: NextValue<'de>> ValueReader<'de> for N {
    fn text(&mut self) -> Result<Option<Cow<'de, str>>, ReadError> {
        self.next(Text::new()).map_err(ReadError::new)
    }

    fn own_text(&mut self) -> Result<Option<Box<str>>, ReadError> {
        self.next(Text::new()).map_err(ReadError::new)
    }

    fn raw(&mut self) -> Result<&'de str, ReadError> {
        self.next(PhantomData::<&RawValue>).map(RawValue::get).map_err(explain)
    }

    fn object(&mut self, model: &mut dyn Model) -> Result<bool, ReadError> {
        let mut path = String::new();
        self.next(Object { model, path: &mut path }).map_err(|error| ReadError::at(path, error))
    }

    fn list(&mut self, each: &mut Each<'_, 'de>) -> Result<bool, ReadError> {
        let mut path = String::new();
        self.next(List { each, path: &mut path }).map_err(|error| ReadError::at(path, error))
    }
}

/// Replaces the message of serde_json for sources that cannot lend their text, such as a `Value` or an `io::Read`.
#[cold]
fn explain(error: impl fmt::Display) -> ReadError {
    let why = error.to_string();
    match why.contains("expected raw value") {
        true => ReadError::new(
            "numbers and undeclared fields can be read from JSON text only; use `from_str` or `from_slice`",
        ),
        false => ReadError::new(why),
    }
}

/// A visitor that reads an object into a model.
///
/// In case of an error, the path is stored here. The reason is passed through the format, which adds the line and
/// the column.
struct Object<'a> {
    model: &'a mut dyn Model,
    path: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            let value = &mut ValueOf(&mut map);
            let read = match self.model.field(&name) {
                Some(field) => field.read(value),
                None => read_other(self.model, &name, value),
            };
            read.map_err(|error| store_path(error.in_field(&name), self.path))?;
        }
        Ok(true)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_none<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }
}

/// Reads the value of a field that is not declared.
fn read_other<'de>(
    model: &mut dyn Model,
    name: &str,
    value: &mut dyn ValueReader<'de>,
) -> Result<(), ReadError> {
    model.extra().push(name, value.raw()?);
    Ok(())
}

#[cold]
fn store_path<E: Error>(error: ReadError, path: &mut String) -> E {
    *path = error.0.path;
    E::custom(error.0.why)
}

/// A visitor that reads a list.
struct List<'a, 'b, 'de> {
    each: &'a mut Each<'b, 'de>,
    path: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_, 'de> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_, 'de> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let mut path = String::new();
        for index in 0.. {
            match seq.next_element_seed(Entry { each: self.each, path: &mut path }) {
                Ok(Some(())) => {}
                Ok(None) => break,
                Err(error) => {
                    *self.path = format!("[{index}]{path}");
                    return Err(error);
                }
            }
        }
        Ok(true)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_none<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }
}

struct Entry<'a, 'b, 'de> {
    each: &'a mut Each<'b, 'de>,
    path: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for Entry<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        (self.each)(&mut Once::new(deserializer)).map_err(|error| store_path(error, self.path))
    }
}

/// A visitor that reads text, a number or a boolean as text.
struct Text<T>(PhantomData<T>);

impl<T> Text<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: From<String> + From<&'de str>> DeserializeSeed<'de> for Text<T> {
    type Value = Option<T>;

    // `deserialize_any` calls one function less per value, and it has only two callers per format.
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: From<String> + From<&'de str>> Visitor<'de> for Text<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number or a boolean")
    }

    #[inline(always)]
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned().into()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(if value { "true" } else { "false" }.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string().into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string().into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string().into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    /// Reads the form of numbers that serde_json uses if any crate of the build enables `arbitrary_precision`.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        match map.next_key::<Cow<'de, str>>()?.as_deref() {
            Some("$serde_json::private::Number") => Ok(Some(map.next_value::<String>()?.into())),
            _ => Err(A::Error::custom("expected text, a number or a boolean, found an object")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Operation;
    use crate::api::invoices::InvoiceItems;
    use crate::transport::HttpResponse;

    #[test]
    fn an_error_has_a_path_and_a_reason() {
        for (body, path, why) in [
            (r#"{"invoiceItems":[{"id":"1"},null]}"#, "invoiceItems[1]", "null"),
            (r#"{"invoiceItems":[{"chargeAmount":"x"}]}"#, "invoiceItems[0].chargeAmount", "\"x\""),
            (
                r#"{"invoiceItems":[{"taxationItems":{"data":[7]}}]}"#,
                "invoiceItems[0].taxationItems.data[0]",
                "7",
            ),
            (r#"{"invoiceItems":{}}"#, "invoiceItems", "a list"),
            (r#"{"invoiceItems":[{"id":"1"}"#, "invoiceItems[1]", "EOF"),
            ("null", "$", "null"),
            ("{} {}", "$", "trailing"),
        ] {
            let response = HttpResponse::new(body.into());
            let error = crate::api::invoices::GetInvoiceItems::new("1").parse(&response).unwrap_err();
            assert_eq!(error.field(), Some(path), "{body}");
            assert!(error.to_string().contains(why), "{error}");
        }
        let error = serde_json::from_str::<InvoiceItems>("{\n\"invoiceItems\": [{\"id\": []}]}").unwrap_err();
        assert!(error.to_string().starts_with("$.invoiceItems[0].id: "), "{error}");
        assert_eq!(error.line(), 2, "{error}");
    }
}
