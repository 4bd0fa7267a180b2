//! Requests and answers from the core's form to reqwest's and back.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http_body_util::{BodyExt, Full};
use reqwest::{Body, Url};
use zuora_core::http::uri::{Authority, PathAndQuery};
use zuora_core::{Request, Response, TransportError};

/// The same request for reqwest, and whether its body was taken, if it has one.
///
/// hyper takes the body when the connection stands, so a body that nobody took was sent to nobody, whatever the
/// error says. Without a body only a failed connect is certain.
pub(crate) fn request(
    request: Request,
) -> Result<(reqwest::Request, Option<Arc<AtomicBool>>), TransportError> {
    let (head, body) = request.into_parts();
    let authority = head.uri.authority().map_or("", Authority::as_str);
    let path = head.uri.path_and_query().map_or("", PathAndQuery::as_str);
    let url = [head.uri.scheme_str().unwrap_or_default(), "://", authority, path].concat();
    let mut request = reqwest::Request::new(head.method, Url::parse(&url).map_err(TransportError::unusable)?);
    *request.headers_mut() = head.headers;
    if body.is_empty() {
        return Ok((request, None));
    }
    let taken = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&taken);
    *request.body_mut() = Some(Body::wrap(Full::new(body.into_bytes()).map_frame(move |frame| {
        note.store(true, Ordering::Relaxed);
        frame
    })));
    Ok((request, Some(taken)))
}

/// Reads an answer to its end; `None` when its body is longer than `most`.
pub(crate) async fn response(
    sent: impl Future<Output = reqwest::Result<reqwest::Response>>,
    most: usize,
) -> reqwest::Result<Option<Response>> {
    let mut answer = sent.await?;
    let (mut pieces, mut room) = (Vec::new(), most);
    while let Some(piece) = answer.chunk().await? {
        match room.checked_sub(piece.len()) {
            Some(rest) => room = rest,
            None => return Ok(None),
        }
        pieces.push(piece);
    }
    // A small answer comes in one piece, which need not be copied.
    let body = if pieces.len() == 1 { pieces.remove(0) } else { pieces.concat().into() };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = mem::take(answer.headers_mut());
    Ok(Some(response))
}
