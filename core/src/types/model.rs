//! Models: plain structs of optional fields that lose nothing when read.
//!
//! [`model!`] declares one. To read it, a default value is filled in place from a [`Source`]: names are found by a
//! table that the compiler builds, and what is not declared goes to [`Fields`](super::Fields) as raw text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};
use serde::ser::{SerializeMap, Serializer};

use super::source::{Fault, Source};
use super::wire::Field;
use super::{Fields, Verdict};

/// Declares a model.
///
/// ```text
/// model! {
///     /// Doc comment.
///     pub struct Name {
///         /// Doc comment.
///         pub field: Option<Type> = "wireName" | "otherWireName",
///     }
/// }
/// ```
///
/// - `struct`: a part of an answer or of a request. A field is an `Option`, a `Vec` (absent when empty) or a
///   `Patch`; its type is [`Wire`](super::wire::Wire). The first wire name is written, the others are read too.
/// - `answer`: the same for the body of an answer, which also has a [`Verdict`](super::Verdict).
/// - `request`: the same with a setter for each field, named like it; a field marked `= "wireName" (by hand)` has
///   none, its setter says more than one field.
///
/// [Rules](super::rules) of a field follow in brackets: `= "wireName" [REQUIRED, up_to(255)]`; `check_fields`
/// applies them.
///
/// Beside the fields it has `extra`, `custom` and `set_custom`, `Clone`, `Default`, `PartialEq`, a `Debug` that
/// leaves out what is absent, `Serialize` and `Deserialize`.
macro_rules! model {
    ($(#[$meta:meta])* $vis:vis struct $model:ident { $($body:tt)* }) => {
        $crate::types::model::model! { @model [$(#[$meta])*] [$vis] $model [] { $($body)* } }
    };
    ($(#[$meta:meta])* $vis:vis answer $model:ident { $($body:tt)* }) => {
        $crate::types::model::model! { @model [$(#[$meta])*] [$vis] $model [verdict] { $($body)* } }
    };
    ($(#[$meta:meta])* $vis:vis request $model:ident { $($body:tt)* }) => {
        $crate::types::model::model! { @model [$(#[$meta])*] [$vis] $model [] { $($body)* } }
        $crate::types::model::model! { @setters $model { $($body)* } }
    };

    (@model [$(#[$meta:meta])*] [$vis:vis] $model:ident [$($verdict:ident)?] { $(
        $(#[$doc:meta])*
        $fvis:vis $field:ident: $kind:ident $(<$inner:ty>)? = $name:literal $(| $other:literal)*
            $((by $by:ident))? $([$($rule:expr),+])?
    ),* $(,)? }) => {
        $(#[$meta])*
        #[allow(unreachable_pub)]
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        $vis struct $model {
            $($(#[$doc])* $fvis $field: $kind $(<$inner>)?,)*
            $(
                /// What the service says of the call itself.
                pub $verdict: $crate::types::Verdict,
            )?
            /// Custom fields and others that are not declared here, as JSON text.
            pub extra: $crate::types::Fields,
        }

        #[allow(dead_code, unreachable_pub)]
        impl $model {
            /// The value of a custom field, such as `Region__c`; none when it is absent or null.
            ///
            /// # Errors
            /// [`Kind::Decode`]($crate::Kind::Decode), naming the field, when the value is no `T`.
            pub fn custom<'a, T: ::serde::Deserialize<'a>>(&'a self, name: &str) -> $crate::Result<Option<T>> {
                self.extra.get(name)
            }

            /// Sets a custom field, or any other that is not declared here.
            ///
            /// # Errors
            /// [`Kind::Build`]($crate::Kind::Build), naming the field, when it is declared here, or when the value
            /// cannot be written as JSON.
            pub fn set_custom(
                &mut self,
                name: &str,
                value: &(impl ::serde::Serialize + ?Sized),
            ) -> $crate::Result<()> {
                if $crate::types::model::Model::names(self).find(name).is_some() {
                    return Err($crate::Error::invalid(name.to_owned(), "is not a custom field: set it directly"));
                }
                self.extra.set(name, value)
            }

            /// Refuses what breaks a rule of a field here.
            pub(crate) fn check_fields(&self, path: &$crate::types::rules::Path<'_>) -> $crate::Result<()> {
                #[allow(unused_imports)]
                use $crate::types::rules::{ID, REQUIRED, count, text, up_to};
                $($($($crate::types::rules::check(path, $name, &self.$field, $rule)?;)+)?)*
                let _ = path;
                Ok(())
            }
        }

        impl $crate::types::model::Model for $model {
            fn names(&self) -> &'static $crate::types::model::Names {
                static NAMES: $crate::types::model::Names =
                    $crate::types::model::Names::of(&[$($name, $($other,)*)*]);
                &NAMES
            }

            #[allow(unused_variables, unreachable_code)]
            fn field(&mut self, index: usize) -> &mut dyn $crate::types::wire::Field {
                #[allow(non_camel_case_types)]
                #[derive(Clone, Copy)]
                enum Key { $($field),* }
                const KEYS: &[Key] = &[$(Key::$field, $({ const _: &str = $other; Key::$field },)*)*];
                match KEYS[index] {
                    $(Key::$field => &mut self.$field,)*
                }
            }

            #[allow(unreachable_code, clippy::needless_return)]
            fn verdict(&mut self) -> Option<&mut $crate::types::Verdict> {
                $(return Some(&mut self.$verdict);)?
                None
            }

            fn extra(&mut self) -> &mut $crate::types::Fields {
                &mut self.extra
            }

            fn write<M: ::serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                $(self.$verdict.write(map)?;)?
                $($crate::types::wire::Field::write(&self.$field, $name, map)?;)*
                self.extra.write(map)
            }
        }

        #[cfg(feature = "proptest")]
        impl $crate::strategies::fields::Sketch for $model {
            fn fields() -> Vec<$crate::strategies::fields::FieldOf<Self>> {
                use $crate::strategies::fields::{FieldOf, Limits};
                #[allow(unused_imports)]
                use $crate::types::rules::{ID, REQUIRED, count, text, up_to};
                vec![
                    $(FieldOf::new("", "", Limits::of(&[]), |model: &mut Self| &mut model.$verdict),)?
                    $(FieldOf::new(
                        $name,
                        stringify!($($by)?),
                        Limits::of(&[$($($rule),+)?]),
                        |model: &mut Self| &mut model.$field,
                    ),)*
                    FieldOf::new("", "", Limits::of(&[]), |model: &mut Self| &mut model.extra),
                ]
            }
        }

        impl $crate::types::wire::Wire for $model {
            fn read<'de>(
                source: &mut dyn $crate::types::source::Source<'de>,
            ) -> Result<Option<Self>, $crate::types::source::Fault> {
                let mut model = Self::default();
                Ok(source.object(&mut model)?.then_some(model))
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $model {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::types::wire::required(deserializer)
            }
        }

        impl ::serde::Serialize for $model {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::types::model::write(self, serializer)
            }
        }

        impl ::std::fmt::Debug for $model {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let mut fields = f.debug_struct(stringify!($model));
                $(if !$crate::types::wire::Field::is_absent(&self.$field) {
                    fields.field(stringify!($field), &self.$field);
                })*
                if !self.extra.is_empty() {
                    fields.field("extra", &self.extra);
                }
                fields.finish()
            }
        }
    };

    (@setters $model:ident { $(
        $(#[$doc:meta])*
        $fvis:vis $field:ident: $kind:ident $(<$inner:ty>)? = $name:literal $(| $other:literal)*
            $((by $by:ident))? $([$($rule:expr),+])?
    ),* $(,)? }) => {
        impl $model {
            $($crate::types::model::model! { @setter [$($by)?] [$(#[$doc])*] $field $kind $(<$inner>)? })*
        }
    };
    (@setter [hand] [$(#[$doc:meta])*] $field:ident $kind:ident $(<$inner:ty>)?) => {};
    (@setter [] [$(#[$doc:meta])*] $field:ident Option<$inner:ty>) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$inner>) -> Self {
            self.$field = Some($field.into());
            self
        }
    };
    (@setter [] [$(#[$doc:meta])*] $field:ident Vec<$inner:ty>) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field<I: Into<$inner>>(mut self, $field: impl IntoIterator<Item = I>) -> Self {
            self.$field = $field.into_iter().map(Into::into).collect();
            self
        }
    };
    (@setter [] [$(#[$doc:meta])*] $field:ident Patch<$inner:ty>) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$crate::types::Patch<$inner>>) -> Self {
            self.$field = $field.into();
            self
        }
    };
}
pub(crate) use model;

/// What [`model!`] says of a struct; its readers and writers are the same for all.
pub(crate) trait Model {
    /// Wire names, in the order of the declaration.
    fn names(&self) -> &'static Names;

    /// The field of the name at this index.
    fn field(&mut self, index: usize) -> &mut dyn Field;

    /// Where the fields that any answer has are kept, if here.
    fn verdict(&mut self) -> Option<&mut Verdict>;

    /// Where all other fields are kept.
    fn extra(&mut self) -> &mut Fields;

    /// Takes the value of a name that is not declared.
    fn read_other<'de>(&mut self, name: &str, value: &mut dyn Source<'de>) -> Result<(), Fault> {
        match self.verdict().and_then(|verdict| verdict.field(name)) {
            Some(field) => field.read(value),
            None => {
                self.extra().push(name, value.raw()?);
                Ok(())
            }
        }
    }

    /// Writes what is not absent.
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>
    where
        Self: Sized;
}

pub(crate) fn write<M: Model, S: Serializer>(model: &M, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    model.write(&mut map)?;
    map.end()
}

/// The names of a model, to be found in one or two steps.
pub(crate) struct Names {
    names: &'static [&'static str],
    /// One more than the index of the name that belongs here; zero is free.
    slots: [u8; Self::SLOTS],
}

impl Names {
    const SLOTS: usize = 128;

    /// Built by the compiler, which also refuses a model with too many names.
    pub(crate) const fn of(names: &'static [&'static str]) -> Self {
        assert!(names.len() < Self::SLOTS);
        let mut slots = [0; Self::SLOTS];
        let mut index = 0;
        while index < names.len() {
            let mut slot = Self::slot(names[index].as_bytes());
            while slots[slot] != 0 {
                slot = (slot + 1) % Self::SLOTS;
            }
            index += 1;
            slots[slot] = index as u8;
        }
        Self { names, slots }
    }

    /// The name at an index.
    pub(super) fn name(&self, index: usize) -> Option<&'static str> {
        self.names.get(index).copied()
    }

    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let mut slot = Self::slot(name.as_bytes());
        loop {
            let index = usize::from(self.slots[slot]).checked_sub(1)?;
            if self.names[index] == name {
                return Some(index);
            }
            slot = (slot + 1) % Self::SLOTS;
        }
    }

    /// Four letters and the length: they tell the names of the service apart, but for a few.
    const fn slot(name: &[u8]) -> usize {
        let Some(&last) = name.last() else { return 0 };
        let (first, quarter, middle) = (name[0], name[name.len() / 4], name[name.len() / 2]);
        let sum = first as usize * 3 + quarter as usize * 3 + middle as usize + last as usize * 29;
        (sum + name.len() * 37) % Self::SLOTS
    }
}

/// Reads a name: its index, or [`OTHER`] and the name itself.
pub(super) struct Find<'a, 'de> {
    pub(super) names: &'a Names,
    pub(super) other: &'a mut Cow<'de, str>,
}

/// No index of a name.
const OTHER: usize = usize::MAX;

impl<'de> DeserializeSeed<'de> for Find<'_, 'de> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Find<'_, 'de> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<usize, E> {
        Ok(self.names.find(name).unwrap_or_else(|| {
            *self.other = Cow::Borrowed(name);
            OTHER
        }))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        Ok(self.names.find(name).unwrap_or_else(|| {
            *self.other = Cow::Owned(name.to_owned());
            OTHER
        }))
    }
}
