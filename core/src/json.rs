//! Bodies, read and written.

use serde::de::DeserializeOwned;
use serde::ser::Serialize;

use crate::error::Error;

/// Reads a body. It is checked once to be UTF-8, which is faster than text by text.
///
/// # Errors
/// [`Kind::Decode`](crate::Kind::Decode) with the path of the value that cannot be read.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Error::unreadable("$", format!("byte {} is not UTF-8", error.valid_up_to())))?;
    serde_json::from_str(text).map_err(|error| unreadable(&error.to_string()))
}

/// Reads the answer to a deletion, which may have no body at all.
pub(crate) fn read_deleted<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Error> {
    if body.is_empty() { Ok(T::default()) } else { read(body) }
}

/// Writes a body into room for `size` bytes.
///
/// # Errors
/// [`Kind::Build`](crate::Kind::Build) when a value cannot be written as JSON.
pub(crate) fn write(value: &impl Serialize, size: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::with_capacity(size);
    serde_json::to_writer(&mut body, value).map_err(|error| Error::invalid("body", error.to_string()))?;
    Ok(body)
}

/// Models put the path before the message, as `$.invoiceItems[3].amount: `.
#[cold]
fn unreadable(message: &str) -> Error {
    match message.strip_prefix('$').and_then(|rest| rest.split_once(": ")) {
        Some((path, why)) => {
            Error::unreadable(path.strip_prefix('.').unwrap_or(path).to_owned(), why.to_owned())
        }
        None => Error::unreadable("$", message.to_owned()),
    }
}
