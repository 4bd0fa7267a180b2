//! Bodies of the responses of the server.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

/// A body that is sent as a whole, in part or in pieces.
#[derive(Debug)]
pub(super) struct ServerBody {
    /// The bytes that are still to be sent.
    bytes: Bytes,
    /// Number of bytes that are announced but never sent.
    missing: usize,
    /// Whether the server had the time to send the bytes before the body fails.
    flushed: bool,
    pieces: Option<Pieces>,
}

/// The pieces of a body that drips.
#[derive(Debug)]
struct Pieces {
    size: usize,
    pause: Duration,
    /// Ends when the next piece is due; `None` if it is due at once.
    next: Option<Pin<Box<Sleep>>>,
}

impl ServerBody {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self { bytes, missing: 0, flushed: false, pieces: None }
    }

    /// Creates a body that announces all bytes, and fails after a number of them.
    pub(super) fn broken(bytes: &Bytes, length: usize) -> Self {
        let sent = bytes.slice(..length.min(bytes.len()));
        // A body that is sent completely would not break the connection.
        let missing = (bytes.len() - sent.len()).max(1);
        Self { missing, ..Self::whole(sent) }
    }

    /// Creates a body of pieces of that size, with a pause between two of them.
    pub(super) fn dripping(bytes: Bytes, size: usize, pause: Duration) -> Self {
        Self { pieces: Some(Pieces { size, pause, next: None }), ..Self::whole(bytes) }
    }

    /// Returns the bytes that are due: all of them, or the next piece.
    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        let Some(pieces) = &mut self.pieces else { return Poll::Ready(std::mem::take(&mut self.bytes)) };
        if let Some(next) = &mut pieces.next {
            ready!(next.as_mut().poll(context));
        }
        let piece = self.bytes.split_to(pieces.size.min(self.bytes.len()));
        pieces.next = (!self.bytes.is_empty()).then(|| Box::pin(tokio::time::sleep(pieces.pause)));
        Poll::Ready(piece)
    }
}

impl Body for ServerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let bytes = ready!(self.poll_due(context));
        if bytes.is_empty() && self.missing > 0 && !std::mem::replace(&mut self.flushed, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(match (bytes.is_empty(), self.missing) {
            (false, _) => Some(Ok(Frame::data(bytes))),
            (true, 0) => None,
            (true, _) => Some(Err(io::Error::other("a planned fault breaks the connection"))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty() && self.missing == 0
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.bytes.len().saturating_add(self.missing);
        SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
    }
}
