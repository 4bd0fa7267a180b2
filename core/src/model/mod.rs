//! Models: plain structs with optional fields, which preserve everything that is read.
//!
//! [`model!`] declares a model. Reading fills an empty value in place from a [`ValueReader`]. The value of a declared
//! wire name is stored in its field, and the value of any other name is stored in `extra` as JSON text.

pub(crate) mod custom;
pub(crate) mod envelope;
pub(crate) mod json;
pub(crate) mod patch;
pub(crate) mod rules;

use std::fmt;

use serde::ser::Serializer;

use crate::error::{Error, Result};
use crate::wire::{Empty, Field, FieldWriter, FromWire, Model, ReadError, ValueReader};

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
/// - `struct` is a part of a request or of a response. Reading it alone is lenient. A field is an `Option`, a `Vec` (absent when empty) or a
///   `Patch`, and its type is [`FromWire`](crate::wire::FromWire). The first wire name is written; all are read.
/// - `response` is the body of a response: a struct with an [`Envelope`](envelope::Envelope).
/// - `request` is the body of a request: a struct with a setter for each field. Reading it is strict. A field marked
///   `= "wireName" (by hand)` has no generated setter.
/// - `body` is a `request` that an operation keeps to itself, without setters.
///
/// The [rules] of a field are listed in brackets after its wire names. `check_fields` applies them.
///
/// Each of the small macros below generates one part of a model from the same list of fields.
macro_rules! model {
    ($(#[$meta:meta])* $vis:vis struct $model:ident { $($fields:tt)* }) => {
        $crate::model::model! { @ $crate::model::json::deserialize, $(#[$meta])* $vis $model { $($fields)* } }
    };
    (@ $read:path, $(#[$meta:meta])* $vis:vis $model:ident { $($fields:tt)* }) => {
        $crate::model::model_struct! { $read, [$(#[$meta])*] $vis $model { $($fields)* } {} }
        $crate::model::model_access! { $model { $($fields)* } {} }
        $crate::model::model_checks! { $model { $($fields)* } }
        $crate::model::model_reflect! { $model { $($fields)* } {} }
    };
    ($(#[$meta:meta])* $vis:vis response $model:ident { $($fields:tt)* }) => {
        $crate::model::model_struct! { $crate::model::json::deserialize, [$(#[$meta])*] $vis $model { $($fields)* } {
            /// Success flag, ids and reasons of the response.
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
    ($(#[$meta:meta])* $vis:vis body $model:ident { $($fields:tt)* }) => {
        $crate::model::model! { @ $crate::wire::values::required, $(#[$meta])* $vis $model { $($fields)* } }
    };
    ($(#[$meta:meta])* $vis:vis request $model:ident { $($fields:tt)* }) => {
        $crate::model::model! { @ $crate::wire::values::required, $(#[$meta])* $vis $model { $($fields)* } }
        $crate::model::model_setters! { $model { $($fields)* } }
    };
}

/// Declares the struct, its `Debug` without absent fields, and the methods common to all models.
macro_rules! model_struct {
    ($read:path, [$(#[$meta:meta])*] $vis:vis $model:ident { $(
        $(#[$doc:meta])*
        $field_vis:vis $field:ident: $kind:ident $(<$inner:ty>)? = $name:literal $(| $other:literal)*
            $((by $by:ident))? $([$($rule:expr),+])?
    ),* $(,)? } { $($(#[$part_doc:meta])* $part:ident: $part_type:ty,)* }) => {
        $(#[$meta])*
        #[allow(unreachable_pub)]
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        $vis struct $model {
            $($(#[$doc])* $field_vis $field: $kind $(<$inner>)?,)*
            $($(#[$part_doc])* pub $part: $part_type,)*
            /// Custom fields and other fields that this struct does not declare, as JSON text. The value of a declared
            /// field that could not be read is kept here too.
            pub extra: $crate::wire::fields::ExtraFields,
        }

        #[allow(dead_code, unreachable_pub)]
        impl $model {
            /// Reads the value of a custom field, such as `Region__c`. Returns `None` if the field is absent or null.
            ///
            /// # Errors
            /// [`ErrorKind::Decode`]($crate::ErrorKind::Decode), naming the field, if the value cannot be read as a
            /// `T`.
            pub fn custom<'a, T: ::serde::Deserialize<'a>>(&'a self, name: &str) -> $crate::Result<Option<T>> {
                self.extra.get(name)
            }

            /// Sets a custom field, or any other field that this struct does not declare.
            ///
            /// # Errors
            /// [`ErrorKind::Build`]($crate::ErrorKind::Build), naming the field, if this struct declares the field or
            /// if the value cannot be written as JSON.
            pub fn set_custom(
                &mut self,
                name: &str,
                value: &(impl ::serde::Serialize + ?Sized),
            ) -> $crate::Result<()> {
                $crate::model::set_custom(self, name, value)
            }

            /// Reads the custom fields into a struct: see [`ExtraFields::read`]($crate::types::ExtraFields::read).
            ///
            /// # Errors
            /// [`ErrorKind::Decode`]($crate::ErrorKind::Decode), naming the field that is absent or cannot be read.
            pub fn custom_fields<'a, T: ::serde::Deserialize<'a>>(&'a self) -> $crate::Result<T> {
                self.extra.read()
            }

            /// Sets a custom field for each field of a struct: see
            /// [`ExtraFields::set_all`]($crate::types::ExtraFields::set_all).
            ///
            /// # Errors
            /// [`ErrorKind::Build`]($crate::ErrorKind::Build) if this struct declares one of the fields, or if the value
            /// cannot be written as a JSON object. No field is set then.
            pub fn set_custom_fields(&mut self, fields: &(impl ::serde::Serialize + ?Sized)) -> $crate::Result<()> {
                $crate::model::set_custom_fields(self, fields)
            }
        }

        impl $crate::wire::Empty for $model {
            const EMPTY: Self = Self {
                $($field: $crate::wire::Empty::EMPTY,)*
                $($part: $crate::wire::Empty::EMPTY,)*
                extra: $crate::wire::Empty::EMPTY,
            };
        }

        impl ::std::default::Default for $model {
            fn default() -> Self {
                $crate::wire::Empty::EMPTY
            }
        }

        impl ::std::fmt::Debug for $model {
            // Inlined like a derived `Debug`, so that it is compiled only where it is used.
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let mut fields = f.debug_struct(stringify!($model));
                $($crate::model::show(&mut fields, stringify!($field), &self.$field);)*
                $(if self.$part != ::std::default::Default::default() {
                    fields.field(stringify!($part), &self.$part);
                })*
                if !self.extra.is_empty() {
                    fields.field("extra", &self.extra);
                }
                fields.finish()
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $model {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $read(deserializer)
            }
        }

        impl ::serde::Serialize for $model {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::model::write(self, serializer)
            }
        }
    };
}

/// Maps wire names to fields, for reading and for writing. The second list contains the wire names of the fields of a
/// nested part.
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

            fn clear(&mut self) {
                *self = Self::default();
            }

            fn write<M: ::serde::ser::SerializeMap>(&self, fields: &mut $crate::wire::FieldWriter<M>) {
                $(fields.field($part_name, &self.$part.$part_field);)*
                $(fields.field($name, &self.$field);)*
                if !self.extra.is_empty() {
                    fields.extra(&self.extra, &mut Self::default());
                }
            }
        }
    };
}

/// Implements the check of all fields against their rules.
macro_rules! model_checks {
    ($model:ident { $(
        $(#[$doc:meta])*
        $field_vis:vis $field:ident: $kind:ident $(<$inner:ty>)? = $name:literal $(| $other:literal)*
            $((by $by:ident))? $([$($rule:expr),+])?
    ),* $(,)? }) => {
        #[allow(dead_code)]
        impl $model {
            /// Returns an error if a value violates a rule of its field.
            pub(crate) fn check_fields(&self, path: &$crate::model::rules::Path<'_>) -> $crate::Result<()> {
                #[allow(unused_imports)]
                use $crate::model::rules::{ID, REQUIRED, Rule, entries, len, max_len};
                $($($($rule.check(path, $name, &self.$field)?;)+)?)*
                let _ = path;
                Ok(())
            }
        }
    };
}

/// Generates a setter for each field, except for fields whose setter is written by hand. The documentation of a setter
/// is a generated sentence and the documentation of the field.
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
        #[doc = concat!("Sets `", stringify!($field), "`.\n")]
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$inner>) -> Self {
            self.$field = Some($field.into());
            self
        }
    };
    ([$(#[$doc:meta])*] $field:ident Vec<$inner:ty>) => {
        #[doc = concat!("Sets `", stringify!($field), "`.\n")]
        $(#[$doc])*
        #[must_use]
        pub fn $field<I: Into<$inner>>(mut self, $field: impl IntoIterator<Item = I>) -> Self {
            self.$field = $field.into_iter().map(Into::into).collect();
            self
        }
    };
    ([$(#[$doc:meta])*] $field:ident Patch<$inner:ty>) => {
        #[doc = concat!("Sets `", stringify!($field), "`.\n")]
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$crate::model::patch::Patch<$inner>>) -> Self {
            self.$field = $field.into();
            self
        }
    };
}

/// Lists the fields with their rules, for property-test strategies that generate values of the model.
macro_rules! model_reflect {
    ($model:ident { $(
        $(#[$doc:meta])*
        $field_vis:vis $field:ident: $kind:ident $(<$inner:ty>)? = $name:literal $(| $other:literal)*
            $((by $by:ident))? $([$($rule:expr),+])?
    ),* $(,)? } { $($part:ident)* }) => {
        #[cfg(feature = "proptest")]
        impl $crate::testing::strategies::fields::Reflect for $model {
            fn fields() -> Vec<$crate::testing::strategies::fields::FieldStrategy<Self>> {
                #[allow(unused_imports)] // a model without fields needs no limits
                use $crate::testing::strategies::fields::{FieldStrategy, Limits};
                #[allow(unused_imports)]
                use $crate::model::rules::{ID, REQUIRED, Rule, entries, len, max_len};
                vec![
                    $(FieldStrategy::unnamed(|model: &mut Self| &mut model.$part),)*
                    $(FieldStrategy::new(
                        $name,
                        stringify!($($by)?),
                        {
                            let limits = Limits::NONE;
                            $($(let limits = $rule.limit(limits);)+)?
                            limits
                        },
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

// In place, because a model is large and expensive to move.
impl<T: Model + Empty> FromWire for T {
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        let read = source.object(place.insert(T::EMPTY));
        if !matches!(read, Ok(true)) {
            *place = None;
        }
        read.map(drop)
    }

    fn read_entry<'de>(list: &mut Vec<Self>, entry: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        list.push(T::EMPTY);
        match list.last_mut() {
            Some(model) => read_object(model, entry),
            None => Ok(()),
        }
    }
}

/// Reads an object, which must not be null.
fn read_object(model: &mut dyn Model, entry: &mut dyn ValueReader<'_>) -> Result<(), ReadError> {
    if entry.object(model)? { Ok(()) } else { Err(ReadError::new("expected an object, found null")) }
}

/// Shows a field unless it is absent.
#[inline]
pub(crate) fn show(shown: &mut fmt::DebugStruct<'_, '_>, name: &str, field: &(impl Field + fmt::Debug)) {
    if !field.is_absent() {
        shown.field(name, field);
    }
}

pub(crate) fn write<M: Model, S: Serializer>(model: &M, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = FieldWriter::new(serializer.serialize_map(None)?);
    model.write(&mut fields);
    fields.end()
}

pub(crate) fn set_custom(
    model: &mut impl Model,
    name: &str,
    value: &(impl serde::Serialize + ?Sized),
) -> Result<()> {
    check_custom_name(model, name)?;
    model.extra().set(name, value)
}

pub(crate) fn set_custom_fields(
    model: &mut impl Model,
    fields: &(impl serde::Serialize + ?Sized),
) -> Result<()> {
    let fields = custom::object(fields)?;
    fields.keys().try_for_each(|name| check_custom_name(model, name))?;
    model.extra().set_all(&fields)
}

fn check_custom_name(model: &mut impl Model, name: &str) -> Result<()> {
    if model.field(name).is_some() {
        return Err(Error::invalid(
            name.to_owned(),
            "is a declared field and cannot be set as a custom field",
        ));
    }
    if name == "id" {
        return Err(Error::invalid(
            "id",
            "cannot be set: the service assigns the id of a new object, and changes an existing one with it",
        ));
    }
    Ok(())
}
