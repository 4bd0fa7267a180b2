//! Models: plain structs of optional fields that lose nothing when they are read.
//!
//! [`model!`] declares a model. Reading fills a default value in place from a [`ValueReader`]: each wire name leads
//! to the field that takes its value, and a name that is not declared goes to `extra` as JSON text.

pub(crate) mod custom;
pub(crate) mod envelope;
pub(crate) mod json;
pub(crate) mod patch;
pub(crate) mod rules;

use serde::ser::{SerializeMap, Serializer};

use crate::error::{Error, Result};
use crate::wire::{Model, ReadError, ValueReader};

/// Declares a model.
///
/// ```text
/// model! {
///     /// Doc comment.
///     pub struct Name {
///         /// Doc comment.
///         pub field: Option<Type> = "wireName" | "otherWireName" [RULE, RULE],
///     }
/// }
/// ```
///
/// - `struct` is a part of a request or of a response. A field is an `Option`, a `Vec` (absent when empty) or a
///   `Patch`, and its type is [`FromWire`](crate::wire::FromWire). The first wire name is written; all are read.
/// - `response` is the body of a response: a struct with an [`Envelope`](envelope::Envelope).
/// - `request` is the body of a request: a struct with a setter for each field. A field marked
///   `= "wireName" (by hand)` has no generated setter.
///
/// [Rules](rules) of a field stand in brackets behind its names; `check_fields` applies them.
///
/// Each small macro below writes one part of a model, from the same list of fields.
macro_rules! model {
    ($(#[$meta:meta])* $vis:vis struct $model:ident { $($fields:tt)* }) => {
        $crate::model::model_struct! { [$(#[$meta])*] $vis $model { $($fields)* } {} }
        $crate::model::model_access! { $model { $($fields)* } {} }
        $crate::model::model_checks! { $model { $($fields)* } }
        $crate::model::model_reflect! { $model { $($fields)* } {} }
    };
    ($(#[$meta:meta])* $vis:vis response $model:ident { $($fields:tt)* }) => {
        $crate::model::model_struct! { [$(#[$meta])*] $vis $model { $($fields)* } {
            /// Success flag, ids and reasons: what the service says about the call itself.
            envelope: $crate::model::envelope::Envelope,
        } }
        $crate::model::model_access! { $model { $($fields)* } {
            envelope.success = "success",
            envelope.request_id = "requestId",
            envelope.process_id = "processId",
            envelope.reasons = "reasons",
        } }
        $crate::model::model_checks! { $model { $($fields)* } }
        $crate::model::model_reflect! { $model { $($fields)* } { envelope } }
    };
    ($(#[$meta:meta])* $vis:vis request $model:ident { $($fields:tt)* }) => {
        $crate::model::model! { $(#[$meta])* $vis struct $model { $($fields)* } }
        $crate::model::model_setters! { $model { $($fields)* } }
    };
}

/// The struct itself, its `Debug` without absent fields, and what it shares with every other model.
macro_rules! model_struct {
    ([$(#[$meta:meta])*] $vis:vis $model:ident { $(
        $(#[$doc:meta])*
        $field_vis:vis $field:ident: $kind:ident $(<$inner:ty>)? = $name:literal $(| $other:literal)*
            $((by $by:ident))? $([$($rule:expr),+])?
    ),* $(,)? } { $($(#[$part_doc:meta])* $part:ident: $part_type:ty,)* }) => {
        $(#[$meta])*
        #[allow(unreachable_pub)]
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        $vis struct $model {
            $($(#[$doc])* $field_vis $field: $kind $(<$inner>)?,)*
            $($(#[$part_doc])* pub $part: $part_type,)*
            /// Custom fields and other fields that are not declared here, as JSON text.
            pub extra: $crate::wire::fields::ExtraFields,
        }

        #[allow(dead_code, unreachable_pub)]
        impl $model {
            /// Returns the value of a custom field, such as `Region__c`; none when the field is absent or null.
            ///
            /// # Errors
            /// [`ErrorKind::Decode`]($crate::ErrorKind::Decode), naming the field, when the value is not a `T`.
            pub fn custom<'a, T: ::serde::Deserialize<'a>>(&'a self, name: &str) -> $crate::Result<Option<T>> {
                self.extra.get(name)
            }

            /// Sets a custom field, or any other field that is not declared here.
            ///
            /// # Errors
            /// [`ErrorKind::Build`]($crate::ErrorKind::Build), naming the field, when the field is declared here, or
            /// when the value cannot be written as JSON.
            pub fn set_custom(
                &mut self,
                name: &str,
                value: &(impl ::serde::Serialize + ?Sized),
            ) -> $crate::Result<()> {
                $crate::model::set_custom(self, name, value)
            }
        }

        impl ::std::fmt::Debug for $model {
            // Compiled where it is used, as a derived one is.
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let mut fields = f.debug_struct(stringify!($model));
                $(if !$crate::wire::Field::is_absent(&self.$field) {
                    fields.field(stringify!($field), &self.$field);
                })*
                if !self.extra.is_empty() {
                    fields.field("extra", &self.extra);
                }
                fields.finish()
            }
        }

        impl $crate::wire::FromWire for $model {
            fn read<'de>(
                reader: &mut dyn $crate::wire::ValueReader<'de>,
            ) -> Result<Option<Self>, $crate::wire::ReadError> {
                let mut model = Self::default();
                Ok(reader.object(&mut model)?.then_some(model))
            }

            fn read_entry<'de>(
                list: &mut Vec<Self>,
                entry: &mut dyn $crate::wire::ValueReader<'de>,
            ) -> Result<(), $crate::wire::ReadError> {
                list.push(Self::default());
                $crate::model::read_last(list, entry)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $model {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::values::required(deserializer)
            }
        }

        impl ::serde::Serialize for $model {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::model::write(self, serializer)
            }
        }
    };
}

/// Which field takes the value of which wire name, for reading and for writing. The second list holds the wire names
/// that lead into a part of the model.
macro_rules! model_access {
    ($model:ident { $(
        $(#[$doc:meta])*
        $field_vis:vis $field:ident: $kind:ident $(<$inner:ty>)? = $name:literal $(| $other:literal)*
            $((by $by:ident))? $([$($rule:expr),+])?
    ),* $(,)? } { $($part:ident.$part_field:ident = $part_name:literal,)* }) => {
        impl $crate::wire::Model for $model {
            fn field(&mut self, name: &str) -> Option<&mut dyn $crate::wire::Field> {
                match name {
                    $($name $(| $other)* => Some(&mut self.$field),)*
                    $($part_name => Some(&mut self.$part.$part_field),)*
                    _ => None,
                }
            }

            fn extra(&mut self) -> &mut $crate::wire::fields::ExtraFields {
                &mut self.extra
            }

            fn write<M: ::serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                $($crate::wire::Field::write(&self.$part.$part_field, $part_name, map)?;)*
                $($crate::wire::Field::write(&self.$field, $name, map)?;)*
                self.extra.write(map)
            }
        }
    };
}

/// The rules of the fields.
macro_rules! model_checks {
    ($model:ident { $(
        $(#[$doc:meta])*
        $field_vis:vis $field:ident: $kind:ident $(<$inner:ty>)? = $name:literal $(| $other:literal)*
            $((by $by:ident))? $([$($rule:expr),+])?
    ),* $(,)? }) => {
        #[allow(dead_code)]
        impl $model {
            /// Rejects a value that breaks a rule of its field.
            pub(crate) fn check_fields(&self, path: &$crate::model::rules::Path<'_>) -> $crate::Result<()> {
                #[allow(unused_imports)]
                use $crate::model::rules::{ID, REQUIRED, entries, len, max_len};
                $($($($crate::model::rules::check(path, $name, &self.$field, $rule)?;)+)?)*
                let _ = path;
                Ok(())
            }
        }
    };
}

/// One setter a field, unless the field's setter is written by hand.
macro_rules! model_setters {
    ($model:ident { $(
        $(#[$doc:meta])*
        $field_vis:vis $field:ident: $kind:ident $(<$inner:ty>)? = $name:literal $(| $other:literal)*
            $((by $by:ident))? $([$($rule:expr),+])?
    ),* $(,)? }) => {
        impl $model {
            $($crate::model::model_setter! { $($by)? [$(#[$doc])*] $field $kind $(<$inner>)? })*
        }
    };
}

macro_rules! model_setter {
    (hand [$(#[$doc:meta])*] $field:ident $kind:ident $(<$inner:ty>)?) => {};
    ([$(#[$doc:meta])*] $field:ident Option<$inner:ty>) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$inner>) -> Self {
            self.$field = Some($field.into());
            self
        }
    };
    ([$(#[$doc:meta])*] $field:ident Vec<$inner:ty>) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field<I: Into<$inner>>(mut self, $field: impl IntoIterator<Item = I>) -> Self {
            self.$field = $field.into_iter().map(Into::into).collect();
            self
        }
    };
    ([$(#[$doc:meta])*] $field:ident Patch<$inner:ty>) => {
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$crate::model::patch::Patch<$inner>>) -> Self {
            self.$field = $field.into();
            self
        }
    };
}

/// The fields with their rules, for strategies that draw any value of the model.
macro_rules! model_reflect {
    ($model:ident { $(
        $(#[$doc:meta])*
        $field_vis:vis $field:ident: $kind:ident $(<$inner:ty>)? = $name:literal $(| $other:literal)*
            $((by $by:ident))? $([$($rule:expr),+])?
    ),* $(,)? } { $($part:ident)* }) => {
        #[cfg(feature = "proptest")]
        impl $crate::testing::strategies::fields::Reflect for $model {
            fn fields() -> Vec<$crate::testing::strategies::fields::FieldStrategy<Self>> {
                #[allow(unused_imports)] // a model without fields has no limits
                use $crate::testing::strategies::fields::{FieldStrategy, Limits};
                #[allow(unused_imports)]
                use $crate::model::rules::{ID, REQUIRED, entries, len, max_len};
                vec![
                    $(FieldStrategy::unnamed(|model: &mut Self| &mut model.$part),)*
                    $(FieldStrategy::new(
                        $name,
                        stringify!($($by)?),
                        Limits::of(&[$($($rule),+)?]),
                        |model: &mut Self| &mut model.$field,
                    ),)*
                    FieldStrategy::unnamed(|model: &mut Self| &mut model.extra),
                ]
            }
        }
    };
}

pub(crate) use {
    model, model_access, model_checks, model_reflect, model_setter, model_setters, model_struct,
};

/// Reads into the last entry in place, since a model is large to move.
pub(crate) fn read_last<M: Model>(list: &mut [M], entry: &mut dyn ValueReader<'_>) -> Result<(), ReadError> {
    let Some(model) = list.last_mut() else { return Ok(()) };
    if entry.object(model)? { Ok(()) } else { Err(ReadError::new("null")) }
}

pub(crate) fn write<M: Model, S: Serializer>(model: &M, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    model.write(&mut map)?;
    map.end()
}

pub(crate) fn set_custom(
    model: &mut impl Model,
    name: &str,
    value: &(impl serde::Serialize + ?Sized),
) -> Result<()> {
    if model.field(name).is_some() {
        return Err(Error::invalid(name.to_owned(), "is a declared field: set it directly"));
    }
    model.extra().set(name, value)
}
