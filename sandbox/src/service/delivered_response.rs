//! The result of a request that was sent through the faults.

use std::time::Duration;

use bytes::Bytes;
use http::Response;

/// The result of [`Sandbox::deliver`](crate::Sandbox::deliver), as a client sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DeliveredResponse {
    /// The client receives a response.
    Response {
        /// The response.
        response: Response<Bytes>,
        /// Time between the request and the arrival of the response.
        delay: Duration,
    },
    /// The client receives a response whose body arrives in pieces.
    Dripping {
        /// The response as a whole.
        response: Response<Bytes>,
        /// Size of each piece of the body in bytes, at least 1.
        bytes: usize,
        /// Time between two pieces.
        pause: Duration,
        /// Time between the request and the arrival of the first piece.
        delay: Duration,
    },
    /// The client receives a part of a response, then the connection breaks.
    Broken {
        /// The response as a whole.
        response: Response<Bytes>,
        /// Number of bytes of the body that the client receives.
        length: usize,
        /// Time between the request and the arrival of the response.
        delay: Duration,
    },
    /// The request was not sent; the service did nothing.
    NotSent {
        /// Time until the client notices.
        delay: Duration,
    },
    /// The client receives no response, whether or not the service executed the request.
    Lost {
        /// Time until the client notices.
        delay: Duration,
    },
}

impl DeliveredResponse {
    /// Returns the time between the request and the arrival of the complete response; `None` if none arrives.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use zuora_sandbox::{Fault, Sandbox, UnixTime};
    /// let mut sandbox = Sandbox::demo();
    /// sandbox.faults().push(Fault::Drip { bytes: 1, pause: Duration::from_secs(1) });
    /// let request = http::Request::get("/v1/bill-runs/1").body("").unwrap();
    /// let delivered = sandbox.deliver(request, UnixTime::from_secs(1_772_352_000));
    /// assert!(delivered.arrives_after() > Some(Duration::from_secs(60))); // a byte a second
    /// ```
    pub fn arrives_after(&self) -> Option<Duration> {
        match self {
            Self::Response { delay, .. } => Some(*delay),
            Self::Dripping { response, bytes, pause, delay } => {
                let pauses = response.body().len().div_ceil((*bytes).max(1)).saturating_sub(1);
                let pauses = pause.saturating_mul(u32::try_from(pauses).unwrap_or(u32::MAX));
                Some(delay.saturating_add(pauses))
            }
            Self::Broken { .. } | Self::NotSent { .. } | Self::Lost { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_no_bytes_arrive_as_pieces_of_one() {
        let arrives_after = |bytes| {
            let response = Response::new(Bytes::from_static(b"abc"));
            let (pause, delay) = (Duration::from_secs(1), Duration::from_secs(10));
            DeliveredResponse::Dripping { response, bytes, pause, delay }.arrives_after()
        };
        assert_eq!(arrives_after(0), arrives_after(1));
        assert_eq!(arrives_after(1), Some(Duration::from_secs(12)));
    }
}
