//! A transport over hyper and rustls, with a new connection for each request.
//!
//! The adapters of this library keep connections open; this one is shorter, and never meets a connection that the
//! server has closed in the meantime. Its tests are the cases of `zuora-conformance`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use zuora_core::http::header::{HOST, HeaderValue};
use zuora_core::http::{Request, Response, Uri};
use zuora_core::transport::{
    AsyncTransport, DefaultTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, TransportError,
};

/// An `AsyncTransport` that needs a tokio runtime.
#[derive(Clone)]
pub struct Hyper {
    tls: TlsConnector,
    epoch: Instant,
}

impl DefaultTransport for Hyper {
    fn create() -> Result<Self, TransportError> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TransportError::unusable)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(tls)), epoch: Instant::now() })
    }
}

impl AsyncTransport for Hyper {
    async fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        let end = Instant::now() + limits.timeout.min(Duration::from_secs(365 * 24 * 60 * 60));
        let (host, port, is_secure) = destination(request.uri())?;
        // Until here, and until the connection is made, nothing has been sent.
        let connect = TcpStream::connect((host.trim_matches(['[', ']']), port));
        let stream = timeout_at(end, connect)
            .await
            .map_err(TransportError::not_sent)?
            .map_err(TransportError::not_sent)?;
        if !is_secure {
            return exchange(stream, request, limits.max_body, end).await;
        }
        let name = ServerName::try_from(host).map_err(TransportError::unusable)?;
        let stream = timeout_at(end, self.tls.connect(name, stream))
            .await
            .map_err(TransportError::not_sent)?
            .map_err(TransportError::not_sent)?;
        exchange(stream, request, limits.max_body, end).await
    }

    async fn sleep_until(&self, time: Timestamp) {
        tokio::time::sleep(self.now().until(time)).await;
    }

    fn now(&self) -> Timestamp {
        Timestamp::new(self.epoch.elapsed()).with_wall(SystemTime::now().into())
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map(|()| Seed::from_bytes(bytes)).map_err(TransportError::unusable)
    }
}

/// Returns host, port, and whether TLS is needed.
fn destination(uri: &Uri) -> Result<(String, u16, bool), TransportError> {
    let is_secure = uri.scheme_str() == Some("https");
    let host = uri.host().ok_or_else(|| TransportError::unusable("the URI has no host"))?;
    Ok((host.to_owned(), uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }), is_secure))
}

/// Sends the request over a connection and reads the whole response.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: HttpRequest,
    max_body: usize,
    end: Instant,
) -> Result<HttpResponse, TransportError> {
    let in_time = async {
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(TransportError::not_sent)?;
        let connection = tokio::spawn(connection);
        let response = sender.try_send_request(outgoing(request)?).await.map_err(|mut error| {
            // hyper returns the request if it has not written any of it.
            match error.take_message() {
                Some(_) => TransportError::not_sent(error.into_error()),
                None => TransportError::maybe_sent(error.into_error()),
            }
        })?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, max_body).collect().await.map_err(|error| {
            match error.is::<LengthLimitError>() {
                true => TransportError::TooLarge { limit: max_body },
                false => TransportError::MaybeSent(error),
            }
        });
        connection.abort();
        Ok(Response::from_parts(head, body?.to_bytes()))
    };
    let result = timeout_at(end, in_time).await.map_err(TransportError::maybe_sent)?;
    // A server that sends interim responses without end can keep this thread from noticing the time. `zuora-reqwest`
    // runs its connections on separate threads for that reason.
    match result {
        Ok(_) if Instant::now() >= end => {
            Err(TransportError::maybe_sent("the response arrived after the time limit"))
        }
        result => result,
    }
}

/// The request as it is written: path and query, with the host as a header.
fn outgoing(request: HttpRequest) -> Result<Request<Full<zuora_core::bytes::Bytes>>, TransportError> {
    let (mut head, body) = request.into_parts();
    let host = head.uri.authority().map(ToString::to_string).unwrap_or_default();
    head.headers.insert(HOST, HeaderValue::try_from(host).map_err(TransportError::unusable)?);
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    head.uri = target.parse().map_err(TransportError::unusable)?;
    Ok(Request::from_parts(head, Full::new(body.into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_transport_conforms() {
        let transport = Hyper::create().expect("no setting can fail");
        let report = zuora_conformance::run_async(&transport).await;
        assert!(report.passed(), "{report}");
    }
}
