//! What a call would send, without sending it.

use http::HeaderValue;

use crate::error::Result;
use crate::exchange::Exchange;
use crate::operation::Operation;
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::HttpRequest;

/// The request as the transport would get it, with a placeholder for the token. A key of the session's own is
/// used up by it: the call that follows carries another.
pub(crate) fn dry_run<O: Operation>(
    session: &Session,
    operation: &O,
    options: &CallOptions,
) -> Result<HttpRequest> {
    let mut exchange = Exchange::new(session, operation.spec(), operation.request(), options)?;
    exchange.outgoing(HeaderValue::from_static("Bearer ..."))
}
