//! The list of cases, and the ways in which their servers behave.

mod answers;
mod exchanges;
mod failures;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::case::{Case, Reply, Step};
use crate::server::Peer;

/// Every case. Build it once: some bodies are large.
pub fn cases() -> Vec<Case> {
    [answers::cases(), exchanges::cases(), failures::cases()].into_iter().flatten().collect()
}

/// A refusal as the service writes it.
const BODY: &[u8] =
    br#"{"success":false,"processId":"0123456789ABCDEF","reasons":[{"code":"50000040","message":"no"}]}"#;

/// A case whose server gives the same whole answer to each request.
fn served(name: impl Into<String>, answer: &Reply, steps: impl IntoIterator<Item = Step>) -> Case {
    Case::new(name, serving(answer.wire()), steps).always(&answer.fate())
}

/// Says the same to each request, over as many connections as come.
fn serving(said: impl Into<Vec<u8>>) -> impl Fn(&mut Peer) -> io::Result<()> + Send + Sync {
    in_turn([said.into()])
}

/// Says one thing after the other, whichever connection is used; the last one again and again.
fn in_turn<const N: usize>(said: [Vec<u8>; N]) -> impl Fn(&mut Peer) -> io::Result<()> + Send + Sync {
    let turn = AtomicUsize::new(0);
    move |peer| {
        loop {
            peer.request()?;
            let turn = turn.fetch_add(1, Ordering::SeqCst);
            peer.write(&said[turn.min(N - 1)])?;
        }
    }
}

/// Says it to the first request of a connection and hangs up.
fn once(said: impl Into<Vec<u8>>) -> impl Fn(&mut Peer) -> io::Result<()> + Send + Sync {
    let said = said.into();
    move |peer| {
        peer.request()?;
        peer.write(&said)
    }
}
