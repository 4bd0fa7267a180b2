//! Enumerations to which the service may add values.

/// Declares an enum that preserves the text of unknown values.
///
/// ```text
/// open_enum! {
///     /// Doc comment.
///     pub enum Name {
///         /// Doc comment.
///         Variant = "Text",
///     }
/// }
/// ```
///
/// A value that the service adds later is not an error. It is read, compared, printed and written back as its text.
/// To send such a value, convert its text with `Name::from("Text")`.
macro_rules! open_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        ///
        /// A value unknown to this version of the crate keeps its text, which [`as_str`](Self::as_str) returns.
        #[derive(Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            #[doc(hidden)]
            _Unknown($crate::types::Unknown),
        }

        impl $name {
            /// Returns the value as sent by the service.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::_Unknown(unknown) => unknown.text(),
                }
            }

            /// Returns whether this version of the crate knows the value.
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::_Unknown(_))
            }

            fn known(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        $crate::types::open_enum::text_type!($name);

        #[cfg(feature = "proptest")]
        $crate::testing::strategies::values::word! { $name: $($text),* }
    };
}
pub(crate) use open_enum;

/// Implements the conversions of a text type with a few known values.
macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            fn of_text(text: ::std::borrow::Cow<'_, str>) -> Self {
                Self::from(&*text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match Self::known(text) {
                    Some(known) => known,
                    None => Self::_Unknown(text.into()),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                self.as_str() == text
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.as_str() == *text
            }
        }

        $crate::wire::values::text_on_the_wire!($name, text);
    };
}
pub(crate) use text_type;

/// A value unknown to this version of the crate.
#[doc(hidden)]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Unknown(Box<Text>);

/// The text of an unknown value, behind a thin pointer to keep the enum at two machine words.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Text(Box<str>);

impl Unknown {
    pub(crate) fn text(&self) -> &str {
        &self.0.0
    }
}

impl std::fmt::Debug for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self.text(), f)
    }
}

impl From<&str> for Unknown {
    fn from(text: &str) -> Self {
        Self(Box::new(Text(text.into())))
    }
}
