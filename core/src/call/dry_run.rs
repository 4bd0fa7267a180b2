//! The request of a call, built without sending it.

use http::HeaderValue;

use crate::error::Result;
use crate::exchange::Exchange;
use crate::operation::Operation;
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::HttpRequest;

/// Builds the request that a transport would receive, with a placeholder for the token.
///
/// A key that the session generates is consumed: the next call is sent under another key. The guards of the session do
/// not apply, since nothing is sent.
pub(crate) fn dry_run<O: Operation>(
    session: &Session,
    operation: &O,
    options: &CallOptions,
) -> Result<HttpRequest> {
    let mut exchange = Exchange::unguarded(session, operation.spec(), operation.request(), options)?;
    exchange.outgoing(HeaderValue::from_static("Bearer ..."))
}
