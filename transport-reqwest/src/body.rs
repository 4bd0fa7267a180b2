//! The body of a request, which shows whether hyper has begun to read it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use zuora_core::bytes::Bytes;
use zuora_core::transport::{BoxError, TransportError};

/// Size of a frame. hyper looks for a response between two frames, so the one to an upload is seen before its end.
const FRAME: usize = 64 * 1024;

const UNREAD: u8 = 0;
const READ: u8 = 1;
const ABANDONED: u8 = 2;

/// The evidence that a request was not sent: a body of which no byte was read, and none will be.
///
/// hyper reads the body after it has connected, on another thread. An attempt that ends or is dropped must therefore also
/// prevent that the body is read a moment later.
#[derive(Clone, Debug)]
pub(crate) struct Evidence(Arc<AtomicU8>);

impl Evidence {
    /// Ends an attempt that failed. Without a body, only a failed connection proves that nothing was sent.
    pub(crate) fn failure(&self, has_connected: bool, error: impl Into<BoxError>) -> TransportError {
        match !has_connected || self.abandon() {
            true => TransportError::NotSent(error.into()),
            false => TransportError::MaybeSent(error.into()),
        }
    }

    /// Ends the attempt. Returns whether it is proven that the request was not sent.
    pub(crate) fn abandon(&self) -> bool {
        self.advance_to(ABANDONED)
    }

    /// Moves from `UNREAD` to a final state, and returns whether that is the state now.
    fn advance_to(&self, state: u8) -> bool {
        let before = self.0.compare_exchange(UNREAD, state, Ordering::AcqRel, Ordering::Acquire);
        before.is_ok() || before == Err(state)
    }
}

#[derive(Debug)]
pub(crate) struct TrackedBody {
    rest: Bytes,
    may_yield: bool,
    evidence: Evidence,
}

impl TrackedBody {
    /// Creates a body with the evidence that it was read. An empty body is not read, so it is no evidence.
    pub(crate) fn new(bytes: Bytes) -> (Self, Evidence) {
        let evidence = Evidence(Arc::new(AtomicU8::new(if bytes.is_empty() { READ } else { UNREAD })));
        (Self { rest: bytes, may_yield: false, evidence: evidence.clone() }, evidence)
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if !self.evidence.advance_to(READ) {
            return Poll::Ready(Some(Err(io::Error::other("the attempt has ended"))));
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if std::mem::take(&mut self.may_yield) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.may_yield = true;
        let size = self.rest.len().min(FRAME);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_body_is_read_or_abandoned_but_not_both() {
        let mut cx = Context::from_waker(Waker::noop());
        let (mut body, evidence) = TrackedBody::new(Bytes::from_static(b"{}"));
        assert!(matches!(Pin::new(&mut body).poll_frame(&mut cx), Poll::Ready(Some(Ok(_)))));
        assert!(!evidence.abandon());
        let (mut body, evidence) = TrackedBody::new(Bytes::from_static(b"{}"));
        assert!(evidence.abandon() && evidence.abandon());
        assert!(matches!(Pin::new(&mut body).poll_frame(&mut cx), Poll::Ready(Some(Err(_)))));
        assert!(!TrackedBody::new(Bytes::new()).1.abandon(), "an empty body is no evidence");
    }
}
