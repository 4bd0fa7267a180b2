//! Lenient reading of single values.
//!
//! The service may send a number as text, a boolean as text, an integer where text is documented, and null instead of
//! an absent field. The accepted forms of each type are defined here; a model only names its fields.

use serde::de::{Deserializer, Error};
use serde::ser::{Serialize, SerializeMap};

use super::budget::Budget;
use super::reader::Once;
use super::{Empty, EntryList, Field, FromWire, ReadError, ValueReader};

// By `match`, since a closure would be compiled again for each type of field.
impl<T: FromWire + Serialize + PartialEq> Field for Option<T> {
    fn read<'de>(&mut self, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        if self.is_some() {
            return read_again(self, source);
        }
        T::read(self, source)
    }

    fn repeats<'de>(&self, source: &mut dyn ValueReader<'de>) -> Result<bool, ReadError> {
        let mut again = None;
        T::read(&mut again, source)?;
        Ok(again.is_none() || again == *self)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn as_text(&self) -> Option<&str> {
        match self {
            Some(value) => value.as_text(),
            None => None,
        }
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        match self {
            Some(value) => map.serialize_entry(name, value),
            None => Ok(()),
        }
    }
}

impl<T> Empty for Option<T> {
    const EMPTY: Self = None;
}

impl<T> Empty for Vec<T> {
    const EMPTY: Self = Self::new();
}

/// Reads another value for a field that was read before.
#[cold]
pub(crate) fn read_again(field: &dyn Field, source: &mut dyn ValueReader<'_>) -> Result<(), ReadError> {
    if field.repeats(source)? { Ok(()) } else { Err(ReadError::contradiction()) }
}

impl<T: FromWire + Serialize + PartialEq> Field for Vec<T> {
    fn read<'de>(&mut self, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        if !self.is_empty() {
            return read_again(self, source);
        }
        read_list(self, source)?;
        Ok(())
    }

    fn repeats<'de>(&self, source: &mut dyn ValueReader<'de>) -> Result<bool, ReadError> {
        let mut again = Self::new();
        Ok(!read_list(&mut again, source)? || again == *self)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn is_list(&self) -> bool {
        true
    }

    fn write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        if self.is_empty() { Ok(()) } else { map.serialize_entry(name, self) }
    }
}

impl FromWire for Box<str> {
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        *place = source.own_text()?;
        Ok(())
    }

    fn as_text(&self) -> Option<&str> {
        Some(self)
    }
}

impl FromWire for String {
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        *place = source.own_text()?.map(Into::into);
        Ok(())
    }

    fn as_text(&self) -> Option<&str> {
        Some(self)
    }
}

impl FromWire for bool {
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        *place = match source.text()?.as_deref() {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(other) => return Err(not("`true` or `false`", other)),
        };
        Ok(())
    }
}

impl FromWire for i64 {
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        *place = match source.text()? {
            Some(text) => Some(text.parse().map_err(|_| not("a whole number", &text))?),
            None => None,
        };
        Ok(())
    }
}

#[cold]
fn not(expected: &str, found: &str) -> ReadError {
    let found: String = found.chars().take(40).collect();
    ReadError::new(format_args!("{found:?} is not {expected}"))
}

impl<T: FromWire> EntryList for Vec<T> {
    fn read_entry<'de>(&mut self, entry: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        if self.len() == self.capacity() {
            entry.budget().grow(self)?;
        }
        T::read_entry(self, entry)
    }

    fn clear(&mut self) {
        *self = Self::new();
    }
}

/// Reads all entries into an empty list, or none after an error. Returns false for null.
fn read_list<'de>(list: &mut dyn EntryList, source: &mut dyn ValueReader<'de>) -> Result<bool, ReadError> {
    let read = source.list(list);
    if read.is_err() {
        list.clear();
    }
    read
}

/// Implements reading of a model that is kept in a box, being rare or part of itself. An implementation for every box
/// would overlap with that for every model.
macro_rules! boxed_on_the_wire {
    ($model:ident) => {
        impl $crate::wire::FromWire for Box<$model> {
            fn read<'de>(
                place: &mut Option<Self>,
                source: &mut dyn $crate::wire::ValueReader<'de>,
            ) -> Result<(), $crate::wire::ReadError> {
                let mut model = None;
                <$model as $crate::wire::FromWire>::read(&mut model, source)?;
                *place = model.map(Self::new);
                Ok(())
            }
        }
    };
}
pub(crate) use boxed_on_the_wire;

/// Implements reading and writing for a text type, by its `as_str` and `of_text`.
macro_rules! text_on_the_wire {
    ($name:ident, $read:ident) => {
        impl $crate::wire::FromWire for $name {
            fn read<'de>(
                place: &mut Option<Self>,
                source: &mut dyn $crate::wire::ValueReader<'de>,
            ) -> Result<(), $crate::wire::ReadError> {
                *place = source.$read()?.map(Self::of_text);
                Ok(())
            }

            fn as_text(&self) -> Option<&str> {
                Some(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::values::required(deserializer)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use text_on_the_wire;

/// Reads a value that must not be null.
pub(crate) fn required<'de, T: FromWire, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let budget = Budget::unlimited();
    let mut value = None;
    T::read(&mut value, &mut Once::reader(deserializer, &budget)).map_err(ReadError::into_error)?;
    value.ok_or_else(|| D::Error::custom("expected a value, found null"))
}

#[cfg(test)]
mod tests {
    use crate::api::bill_runs::BillRun;
    use crate::api::invoices::GetInvoiceItems;
    use crate::operation::Operation;
    use crate::transport::HttpResponse;

    #[test]
    fn a_list_that_comes_twice_has_to_be_the_same() {
        let list = r#"[{"id":"a"},{"id":"b"}]"#;
        let read = |again: &str| {
            let body = format!(r#"{{"invoiceItems":{list},"invoiceItems":{again}}}"#);
            GetInvoiceItems::new("1").parse(&HttpResponse::new(body.into())).map(|page| page.items.len())
        };
        assert_eq!((read(list).unwrap(), read("null").unwrap()), (2, 2));
        for other in [r#"[{"id":"a"}]"#, r#"[{"id":"a"},{"id":"c"}]"#, "[]"] {
            let error = read(other).unwrap_err();
            assert_eq!(error.field(), Some("invoiceItems"), "{other}");
            assert!(error.to_string().contains("two different values"), "{error}");
        }
    }

    #[test]
    fn null_is_no_entry_of_a_list_of_texts() {
        let error =
            serde_json::from_str::<BillRun>(r#"{"batches":["Batch1",null]}"#).unwrap_err().to_string();
        assert!(error.contains("batches[1]: expected a value, found null"), "{error}");
    }
}
