//! The error of a value that cannot be read.

use std::fmt;

use serde::de::Error;

/// An error from reading a value, with the path of the value.
#[derive(Debug)]
pub(crate) struct ReadError(pub(super) Box<ErrorPath>);

#[derive(Debug)]
pub(super) struct ErrorPath {
    /// A path such as `.invoiceItems[3].amount`, or empty for the value itself.
    pub(super) path: String,
    pub(super) why: String,
    /// Whether the whole body is rejected, however optional the value is.
    pub(super) is_final: bool,
}

impl ReadError {
    /// Creates the error of a value that is itself invalid.
    #[cold]
    pub(crate) fn new(why: impl fmt::Display) -> Self {
        Self::at(String::new(), why)
    }

    #[cold]
    pub(super) fn at(path: String, why: impl fmt::Display) -> Self {
        Self(Box::new(ErrorPath { path, why: why.to_string(), is_final: false }))
    }

    /// Creates the error of a body that must not be read further.
    #[cold]
    pub(crate) fn refusing(why: impl fmt::Display) -> Self {
        let mut error = Self::new(why);
        error.0.is_final = true;
        error
    }

    /// Creates the error of a field whose second value differs from its first.
    #[cold]
    pub(super) fn contradiction() -> Self {
        Self::new("has two different values")
    }

    /// Returns the reason, with the path below the field if there is one.
    #[cold]
    pub(super) fn in_value(self) -> String {
        let ErrorPath { path, why, .. } = *self.0;
        if path.is_empty() { why } else { format!("{}: {why}", path.trim_start_matches('.')) }
    }

    /// Removes the line and the column, which are of no use if they do not count from the start of the body.
    #[cold]
    pub(super) fn without_position(mut self) -> Self {
        if let Some(at) = self.0.why.rfind(" at line ") {
            self.0.why.truncate(at);
        }
        self
    }

    /// Returns whether the whole body is rejected.
    pub(crate) fn is_final(&self) -> bool {
        self.0.is_final
    }

    /// Returns whether the value is in the body itself and not in one of its fields.
    pub(crate) fn is_of_the_body(&self) -> bool {
        self.0.path.is_empty()
    }

    /// Parses the text of an error that [`into_error`](Self::into_error) created.
    #[cold]
    pub(crate) fn of_text(text: &str) -> Self {
        match text.strip_prefix('$').and_then(|rest| rest.split_once(": ")) {
            Some((path, why)) => Self::at(path.to_owned(), why),
            None => Self::new(text),
        }
    }

    /// Prepends the name of a field to the path, for the object that contains the field.
    #[cold]
    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.0.path = format!(".{name}{}", self.0.path);
        self
    }

    /// Returns the path, such as `invoiceItems[3].amount` or `$` for the whole body, and the reason.
    pub(crate) fn into_parts(self) -> (String, String) {
        let ErrorPath { path, why, .. } = *self.0;
        match path.strip_prefix('.').unwrap_or(&path) {
            "" => ("$".to_owned(), why),
            path => (path.to_owned(), why),
        }
    }

    /// Converts to an error of a format, with a text such as `$.invoiceItems[3].amount: …`.
    #[cold]
    pub(crate) fn into_error<E: Error>(self) -> E {
        E::custom(format_args!("${}: {}", self.0.path, self.0.why))
    }
}
