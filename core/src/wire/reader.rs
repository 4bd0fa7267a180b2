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

use super::budget::{self, Budget};
use super::fields::Name;
use super::{EntryList, Model, ReadError, ValueReader};

/// A source of values in some serde format.
trait NextValue<'de> {
    type Error: Error;

    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Self::Error>;
}

/// A [`ValueReader`] over a source of values.
pub(crate) struct Reader<'b, N> {
    next: N,
    budget: &'b Budget,
}

/// A top-level value, or an entry of a list.
pub(crate) struct Once<D>(Option<D>);

impl<D> Once<D> {
    pub(crate) fn reader(deserializer: D, budget: &Budget) -> Reader<'_, Self> {
        Reader { next: Self(Some(deserializer)), budget }
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

impl<'de, N: NextValue<'de>> ValueReader<'de> for Reader<'_, N> {
    fn text(&mut self) -> Result<Option<Cow<'de, str>>, ReadError> {
        self.next.next(Text::new()).map_err(ReadError::new)
    }

    fn own_text(&mut self) -> Result<Option<Box<str>>, ReadError> {
        self.next.next(Text::new()).map_err(ReadError::new)
    }

    fn raw(&mut self) -> Result<&'de str, ReadError> {
        self.next.next(PhantomData::<&RawValue>).map(RawValue::get).map_err(explain)
    }

    fn object(&mut self, model: &mut dyn Model) -> Result<bool, ReadError> {
        let mut fault = Fault::default();
        self.budget.enter(size_of_val(&*model))?;
        let read = self.next.next(Object { model, fault: &mut fault, budget: self.budget });
        self.budget.leave();
        read.map_err(|error| fault.into_error(error))
    }

    fn list(&mut self, list: &mut dyn EntryList) -> Result<bool, ReadError> {
        let mut fault = Fault::default();
        let list = List { list, fault: &mut fault, budget: self.budget };
        self.next.next(list).map_err(|error| fault.into_error(error))
    }

    fn budget(&self) -> &Budget {
        self.budget
    }
}

/// The part of a [`ReadError`] that a format cannot pass through.
#[derive(Default)]
pub(super) struct Fault {
    path: String,
    is_final: bool,
}

impl Fault {
    /// Stores the path. The reason is passed through the format, which adds the line and the column.
    #[cold]
    pub(super) fn store<E: Error>(&mut self, error: ReadError) -> E {
        self.path = error.0.path;
        self.is_final = error.0.is_final;
        E::custom(error.0.why)
    }

    #[cold]
    pub(super) fn store_entry<E: Error>(&mut self, index: usize, error: ReadError) -> E {
        let error = self.store(error);
        self.path = format!("[{index}]{}", self.path);
        error
    }

    #[cold]
    pub(super) fn into_error(self, error: impl fmt::Display) -> ReadError {
        let mut read = ReadError::at(self.path, error);
        read.0.is_final = self.is_final;
        read
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
struct Object<'a> {
    model: &'a mut dyn Model,
    fault: &'a mut Fault,
    budget: &'a Budget,
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
            let value = &mut Reader { next: ValueOf(&mut map), budget: self.budget };
            let read = match self.model.field(&name) {
                Some(field) => field.read(value),
                None => read_other(self.model, &name, value),
            };
            read.map_err(|error| self.fault.store(error.in_field(&name)))?;
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
pub(super) fn read_other<'de>(
    model: &mut dyn Model,
    name: &str,
    value: &mut dyn ValueReader<'de>,
) -> Result<(), ReadError> {
    let json = value.raw()?;
    let extra = model.extra();
    // The characters themselves are part of the budget already.
    let spare = extra.spare();
    extra.push(name, json);
    let spare = extra.spare().saturating_sub(spare);
    if spare > 0 { value.budget().spend(spare) } else { Ok(()) }
}

/// A visitor that reads a list.
struct List<'a> {
    list: &'a mut dyn EntryList,
    fault: &'a mut Fault,
    budget: &'a Budget,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let most = self.budget.max_entries();
        for index in 0.. {
            let mut fault = Fault::default();
            let entry = Entry {
                list: self.list,
                fault: &mut fault,
                budget: self.budget,
                is_one_too_many: index >= most,
            };
            match seq.next_element_seed(entry) {
                Ok(Some(())) => {}
                Ok(None) => break,
                Err(error) => {
                    *self.fault = Fault { path: format!("[{index}]{}", fault.path), ..fault };
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

struct Entry<'a> {
    list: &'a mut dyn EntryList,
    fault: &'a mut Fault,
    budget: &'a Budget,
    is_one_too_many: bool,
}

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let read = match self.is_one_too_many {
            false => self.list.read_entry(&mut Once::reader(deserializer, self.budget)),
            true => Err(budget::too_many(self.budget.max_entries())),
        };
        read.map_err(|error| self.fault.store(error))
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
    use crate::transport::HttpResponse;

    #[test]
    fn an_error_has_a_path_and_a_reason() {
        for (body, path, why) in [
            (r#"{"invoiceItems":[{"id":"1"},null]}"#, "invoiceItems[1]", "null"),
            (r#"{"invoiceItems":[{"chargeAmount":"x"},7]}"#, "invoiceItems[1]", "7"),
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
        let error = crate::api::invoices::GetInvoiceItems::new("1")
            .parse(&HttpResponse::new("{\n\"invoiceItems\": [{\"id\": tru".into()))
            .unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
