//! The list of cases, and the behaviors of their servers.
//!
//! `exchanges.rs` has requests and connections, `responses.rs` valid and broken responses, and `failures.rs` servers that
//! close, stay silent or do not end.

mod exchanges;
mod failures;
mod responses;

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::case::{CannedResponse, Case, Step};
use crate::server::Peer;

/// Returns all cases. Build the list once: some bodies are large.
pub fn cases() -> Vec<Case> {
    [responses::cases(), exchanges::cases(), failures::cases()].into_iter().flatten().collect()
}

/// An error response as the service writes it.
const BODY: &[u8] =
    br#"{"success":false,"processId":"0123456789ABCDEF","reasons":[{"code":"50000040","message":"no"}]}"#;

/// Returns a case whose server writes the same whole response to each request.
fn responds_with(
    name: impl Into<String>,
    response: &CannedResponse,
    steps: impl IntoIterator<Item = Step>,
) -> Case {
    Case::new(name, respond_always(response.wire()), steps).always(&response.scenario())
}

/// Writes the same bytes for each request, over any number of connections.
fn respond_always(bytes: impl Into<Vec<u8>>) -> impl Fn(&mut Peer) -> io::Result<()> + Send + Sync {
    respond_in_turn([bytes.into()])
}

/// Writes one entry after the other, whichever connection is used; the last one repeatedly.
fn respond_in_turn<const N: usize>(
    entries: [Vec<u8>; N],
) -> impl Fn(&mut Peer) -> io::Result<()> + Send + Sync {
    let turn = AtomicUsize::new(0);
    move |peer| {
        loop {
            peer.request()?;
            let turn = turn.fetch_add(1, Ordering::SeqCst);
            peer.write(&entries[turn.min(N - 1)])?;
        }
    }
}

/// Writes the bytes for the first request of a connection and closes the connection.
fn respond_once(bytes: impl Into<Vec<u8>>) -> impl Fn(&mut Peer) -> io::Result<()> + Send + Sync {
    let bytes = bytes.into();
    move |peer| {
        peer.request()?;
        peer.write(&bytes)
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory cannot fail; if it did, the case would fail visibly.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}
