//! Sets of words that may grow.

/// Declares an enum whose unknown values keep their text.
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
/// A new value of the service is not an error: it is read, compared, printed and written back as its text. To get
/// one to send, convert its text: `Name::from("Text")`.
macro_rules! open_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        ///
        /// Values that this version does not know keep their text: see [`as_str`](Self::as_str).
        #[derive(Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            #[doc(hidden)]
            _Unknown($crate::types::Unknown),
        }

        impl $name {
            /// The value as it stands on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::_Unknown(unknown) => unknown.text(),
                }
            }

            /// Whether this version has a name for it.
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

/// Conversions of a type that is some text with a few known values.
macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            fn of_text(text: ::std::borrow::Cow<'_, str>) -> Self {
                Self::from(&*text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| Self::_Unknown(text.into()))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::known(&text).unwrap_or_else(|| Self::_Unknown(text.as_str().into()))
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

/// A value that has no name yet.
#[doc(hidden)]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Unknown(Box<Text>);

/// Behind one thin pointer, so that a word takes two machine words in an answer.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Text(Box<str>);

impl Unknown {
    pub(crate) fn text(&self) -> &str {
        &self.0.0
    }
}

impl From<&str> for Unknown {
    fn from(text: &str) -> Self {
        Self(Box::new(Text(text.into())))
    }
}
