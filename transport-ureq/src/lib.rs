//! Blocking transport of the Zuora Billing SDK, over [`ureq`].
//!
//! The transport uses no async runtime. It may be called from any thread, and blocks the calling thread. Certificates are
//! checked against the roots of Mozilla (`webpki-roots`). Proxies are configured by the environment, as in `ureq`. Use
//! [`Ureq::with_agent`] to configure anything else.
//!
//! ```no_run
//! use zuora_ureq::bill_runs::GetBillRun;
//! use zuora_ureq::{Client, Config, DataCenter};
//!
//! # fn main() -> zuora_ureq::Result<()> {
//! let config = Config::new(DataCenter::Eu, "00000000-0000-4000-8000-000000000001", "client-secret");
//! let client = Client::new(&config)?;
//! let run = client.call(&GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43"))?;
//! println!("{}", run.status()?);
//! # Ok(())
//! # }
//! ```

mod agent;
mod prefetched_pages;

use std::io;
use std::time::{Duration, Instant, SystemTime};

use ureq::{Agent, AsSendBody, SendBody, Timeout};
use zuora_core::transport::{HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport, TransportError};

pub use self::prefetched_pages::PrefetchedPages;
pub use ureq;
pub use zuora_core;
pub use zuora_core::{
    Amount, CallOptions, Config, DataCenter, Date, Endpoint, Error, ErrorKind, Operation, Outcome, Reason,
    ReasonCategory, Response, Result, bill_runs, bytes, files, http, intent, invoices, jobs, machine,
    object_query, operation, pagination, polling, reconcile, session, testing, transport, types,
};

/// Blocking client over [`Ureq`].
pub type Client = zuora_core::Client<Ureq>;

/// A [`Transport`] over a [`ureq::Agent`], whose connections are reused and shared by all threads.
#[derive(Clone, Debug)]
pub struct Ureq {
    agent: Agent,
    epoch: Instant,
}

impl Ureq {
    /// Creates a transport with a custom agent, including its TLS settings, proxy, resolver and middleware.
    ///
    /// Some settings of the agent are overridden for each request: an error status is a response, redirects are not
    /// followed, no header is added, and the timeout is that of the attempt. Prefer an agent without the feature `gzip`.
    /// With it, the size limit counts decompressed bytes.
    pub fn with_agent(agent: Agent) -> Self {
        Self { agent, epoch: Instant::now() }
    }
}

impl Transport for Ureq {
    fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        let (head, body) = request.into_parts();
        let mut rest = &body[..];
        let result = match body.is_empty() {
            true => self.run(http::Request::from_parts(head, ()), limits),
            false => self.run(http::Request::from_parts(head, SendBody::from_reader(&mut rest)), limits),
        };
        // ureq reads the body after it has connected and sent the head. A body of which no byte was read was not sent,
        // whatever the error is.
        let unread = !body.is_empty() && rest.len() == body.len();
        result.map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => TransportError::TooLarge { limit: limits.max_body },
            error if unread || never_connected(&error) => TransportError::not_sent(error),
            error => TransportError::maybe_sent(error),
        })
    }

    fn sleep_until(&self, time: Timestamp) {
        std::thread::sleep(self.now().until(time));
    }

    fn now(&self) -> Timestamp {
        Timestamp::new(self.epoch.elapsed()).with_wall(SystemTime::now().into())
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map(|()| Seed::from_bytes(bytes)).map_err(TransportError::unusable)
    }
}

/// Longest timeout. Clocks overflow after some centuries, and a year is practically unlimited.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Ureq {
    fn run(
        &self,
        request: http::Request<impl AsSendBody>,
        limits: Limits,
    ) -> Result<HttpResponse, ureq::Error> {
        let request = self
            .agent
            .configure_request(request)
            .http_status_as_error(false) // an error status is a response, whose body contains the reasons
            .max_redirects(0) // a redirect would send the token to another host
            .accept("")
            .accept_encoding("")
            .timeout_global(Some(limits.timeout.min(YEAR)))
            .build();
        let (head, mut body) = self.agent.run(request)?.into_parts();
        // One byte more, since ureq rejects a body that ends exactly at its limit.
        let body = body.with_config().limit((limits.max_body as u64).saturating_add(1)).read_to_vec()?;
        Ok(HttpResponse::from_parts(head, bytes::Bytes::from(body)))
    }
}

/// Whether the error can only occur before a connection exists. For a request without a body there is no other evidence.
///
/// Failed TLS handshakes are not included, since ureq reports them like a connection that broke later.
fn never_connected(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => true,
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => true,
        // The standard library has no kind for a failed lookup. Where its text differs, the error counts as `MaybeSent`.
        ureq::Error::Io(error) => error.to_string().starts_with("failed to lookup address information"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The conformance cases do not require this, since some clients cannot detect it.
    #[test]
    fn a_failed_lookup_is_not_sent_even_without_a_body() {
        let uri = format!("http://{}.invalid/", "x".repeat(64));
        let request = http::Request::get(uri).body(zuora_core::transport::Body::empty()).expect("a request");
        let outcome = Ureq::default().send(request, Limits::new(YEAR, 1));
        assert!(matches!(outcome, Err(TransportError::NotSent(_))), "{outcome:?}");
    }
}
