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
