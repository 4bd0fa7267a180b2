//! Models: plain structs of optional fields that lose nothing when read.
//!
//! [`model!`] declares one. To read it, a default value is filled in place from a [`Source`]:
//! each name gives the field that takes its value, and what is not declared goes to [`Fields`] as raw text.

pub(crate) mod custom;
pub(crate) mod envelope;
pub(crate) mod json;
pub(crate) mod patch;
pub(crate) mod rules;

use serde::ser::{SerializeMap, Serializer};

use crate::wire::{Fault, Model, Source};

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
        $crate::model::model! { @model [$(#[$meta])*] [$vis] $model [] { $($body)* } }
    };
    ($(#[$meta:meta])* $vis:vis answer $model:ident { $($body:tt)* }) => {
        $crate::model::model! { @model [$(#[$meta])*] [$vis] $model [verdict] { $($body)* } }
    };
    ($(#[$meta:meta])* $vis:vis request $model:ident { $($body:tt)* }) => {
        $crate::model::model! { @model [$(#[$meta])*] [$vis] $model [] { $($body)* } }
        $crate::model::model! { @setters $model { $($body)* } }
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
                pub $verdict: $crate::model::envelope::Verdict,
            )?
            /// Custom fields and others that are not declared here, as JSON text.
            pub extra: $crate::wire::fields::Fields,
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
                if $crate::wire::Model::field(self, name).is_some() {
                    return Err($crate::Error::invalid(name.to_owned(), "is not a custom field: set it directly"));
                }
                self.extra.set(name, value)
            }

            /// Refuses what breaks a rule of a field here.
            pub(crate) fn check_fields(&self, path: &$crate::model::rules::Path<'_>) -> $crate::Result<()> {
                #[allow(unused_imports)]
                use $crate::model::rules::{ID, REQUIRED, count, text, up_to};
                $($($($crate::model::rules::check(path, $name, &self.$field, $rule)?;)+)?)*
                let _ = path;
                Ok(())
            }
        }

        impl $crate::wire::Model for $model {
            fn field(&mut self, name: &str) -> Option<&mut dyn $crate::wire::Field> {
                match name {
                    $($name $(| $other)* => Some(&mut self.$field),)*
                    $(_ if true => self.$verdict.field(name),)?
                    _ => None,
                }
            }

            fn extra(&mut self) -> &mut $crate::wire::fields::Fields {
                &mut self.extra
            }

            fn write<M: ::serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                $(self.$verdict.write(map)?;)?
                $($crate::wire::Field::write(&self.$field, $name, map)?;)*
                self.extra.write(map)
            }
        }

        #[cfg(feature = "proptest")]
        impl $crate::strategies::fields::Sketch for $model {
            fn fields() -> Vec<$crate::strategies::fields::FieldOf<Self>> {
                use $crate::strategies::fields::{FieldOf, Limits};
                #[allow(unused_imports)]
                use $crate::model::rules::{ID, REQUIRED, count, text, up_to};
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

        impl $crate::wire::Wire for $model {
            fn read<'de>(
                source: &mut dyn $crate::wire::Source<'de>,
            ) -> Result<Option<Self>, $crate::wire::Fault> {
                let mut model = Self::default();
                Ok(source.object(&mut model)?.then_some(model))
            }

            fn read_entry<'de>(
                list: &mut Vec<Self>,
                entry: &mut dyn $crate::wire::Source<'de>,
            ) -> Result<(), $crate::wire::Fault> {
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

        impl ::std::fmt::Debug for $model {
            // As `derive` has it: compiled where it is used.
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
    };

    (@setters $model:ident { $(
        $(#[$doc:meta])*
        $fvis:vis $field:ident: $kind:ident $(<$inner:ty>)? = $name:literal $(| $other:literal)*
            $((by $by:ident))? $([$($rule:expr),+])?
    ),* $(,)? }) => {
        impl $model {
            $($crate::model::model! { @setter [$($by)?] [$(#[$doc])*] $field $kind $(<$inner>)? })*
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
        pub fn $field(mut self, $field: impl Into<$crate::model::patch::Patch<$inner>>) -> Self {
            self.$field = $field.into();
            self
        }
    };
}
pub(crate) use model;

/// Reads into the last entry where it stands: a model is large to move.
pub(crate) fn read_last<M: Model>(list: &mut [M], entry: &mut dyn Source<'_>) -> Result<(), Fault> {
    let Some(model) = list.last_mut() else { return Ok(()) };
    if entry.object(model)? { Ok(()) } else { Err(Fault::new("null")) }
}

pub(crate) fn write<M: Model, S: Serializer>(model: &M, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    model.write(&mut map)?;
    map.end()
}
