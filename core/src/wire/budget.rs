//! A bound on what the values of one body may allocate.
//!
//! A few bytes of JSON can stand for a large struct: `{}` is two bytes, and an invoice without any field takes a
//! thousand. A cap on the size of the body is therefore no cap on memory.

use std::cell::Cell;
use std::mem::size_of;

use http::Extensions;

use super::read_error::ReadError;

/// Largest response that a session accepts by default, in bytes.
pub(crate) const DEFAULT_CAP: usize = 64 << 20;

/// The memory that the values of any body may allocate, however small the cap is: a page of the largest rows.
const ALLOWANCE: usize = 256 << 10;

/// The cap of a session, as an extension of a response that might exceed it. Without it, the default cap applies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cap(pub(crate) usize);

impl Cap {
    /// Returns the cap of the session that has received a response with these extensions.
    pub(crate) fn of(extensions: &Extensions) -> usize {
        extensions.get().map_or(DEFAULT_CAP, |Self(cap)| *cap)
    }
}

/// Objects within objects that are read at most. No response of the service has more than ten.
const MAX_DEPTH: u32 = 64;

/// Heap memory that a short text takes in addition to its characters.
const TEXT_OVERHEAD: usize = 32;

/// The memory that the values of one body may still allocate, and the number of rows that a page may have.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: Cell<usize>,
    depth: Cell<u32>,
    rows: usize,
}

impl Budget {
    pub(crate) const fn unlimited() -> Self {
        Self { bytes: Cell::new(usize::MAX), depth: Cell::new(0), rows: usize::MAX }
    }

    /// Creates the budget of a body of `body` bytes that may have `cap`: the body and its values together stay below
    /// twice the cap. The characters of all texts take at most as much as the body does.
    pub(crate) fn new(body: usize, cap: usize, rows: usize) -> Self {
        let bytes = cap.max(body).saturating_sub(body).saturating_mul(2);
        Self { bytes: Cell::new(bytes.max(ALLOWANCE)), depth: Cell::new(0), rows }
    }

    /// Charges memory.
    ///
    /// # Errors
    /// An error if the budget has less left.
    pub(crate) fn spend(&self, bytes: usize) -> Result<(), ReadError> {
        match self.bytes.get().checked_sub(bytes) {
            Some(left) => {
                self.bytes.set(left);
                Ok(())
            }
            None => Err(exhausted()),
        }
    }

    /// Charges an object of this size in bytes. Its size covers the overhead of its texts, each of which is a field of at
    /// least 16 bytes.
    pub(super) fn enter(&self, size: usize) -> Result<(), ReadError> {
        self.spend(size)?;
        self.descend()
    }

    pub(super) fn descend(&self) -> Result<(), ReadError> {
        let depth = self.depth.get() + 1;
        if depth > MAX_DEPTH {
            return Err(ReadError::refusing("has too many objects within objects"));
        }
        self.depth.set(depth);
        Ok(())
    }

    pub(super) fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    /// Makes room for more entries of a list, and charges it.
    #[inline(never)]
    pub(super) fn grow<T>(&self, list: &mut Vec<T>) -> Result<(), ReadError> {
        let more = list.len().max(4);
        self.spend((size_of::<T>() + TEXT_OVERHEAD).saturating_mul(more))?;
        list.reserve_exact(more);
        Ok(())
    }

    /// Returns the number of entries that a list at this place may have.
    pub(super) fn max_entries(&self) -> usize {
        if self.depth.get() == 1 { self.rows } else { usize::MAX }
    }
}

#[cold]
fn exhausted() -> ReadError {
    ReadError::refusing("takes more memory than this session accepts for a response (`max_response_bytes`)")
}

#[cold]
pub(super) fn too_many(rows: usize) -> ReadError {
    ReadError::refusing(format_args!("has more than the {rows} rows that were requested"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::bill_runs::GetBillRun;
    use crate::operation::Operation;
    use crate::transport::HttpResponse;

    #[test]
    fn the_entries_of_a_list_of_texts_are_charged() {
        let read = |entries: usize| {
            let body = format!(r#"{{"batches":["a"{}]}}"#, r#","a""#.repeat(entries - 1));
            GetBillRun::new("1").parse(&capped(&body)).map(|run| run.batches.len())
        };
        assert_eq!(read(1_000).unwrap(), 1_000);
        assert!(read(20_000).unwrap_err().to_string().contains("max_response_bytes"));
    }

    /// Returns a response of a session that accepts hardly more than the body.
    fn capped(body: &str) -> HttpResponse {
        let mut response = HttpResponse::new(body.to_owned().into());
        response.extensions_mut().insert(Cap(body.len()));
        response
    }
}
