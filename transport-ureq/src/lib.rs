//! Blocking transport of the Zuora Billing SDK, over [`ureq`].
//!
//! No async runtime anywhere: it may be called from any thread, inside a runtime too, where it blocks the
//! thread that calls it. Certificates are checked against the roots that Mozilla trusts (`webpki-roots`), and
//! proxies are taken from the environment as `ureq` does; for anything else bring your own agent:
//! [`Ureq::with_agent`].

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

/// The blocking client over [`Ureq`].
pub type Client = zuora_core::Client<Ureq>;

/// Sends requests with an [`ureq::Agent`], whose connections are kept and shared by all threads.
#[derive(Clone, Debug)]
pub struct Ureq {
    agent: Agent,
    epoch: Instant,
}

impl Ureq {
    /// Uses an agent of the caller's, with its TLS settings, proxy, resolver and middleware.
    ///
    /// For each request these settings of the agent are set aside: statuses are answers, redirects are not
    /// followed, no header is added, and the timeout is that of the attempt. An agent without the feature
    /// `gzip` is best; one with it works too, but then the size limit counts inflated bytes.
    pub fn with_agent(agent: Agent) -> Self {
        Self { agent, epoch: Instant::now() }
    }
}

impl Transport for Ureq {
    fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        let (head, body) = request.into_parts();
        let mut rest = &body[..];
        let answer = match body.is_empty() {
            true => self.run(http::Request::from_parts(head, ()), limits),
            false => self.run(http::Request::from_parts(head, SendBody::from_reader(&mut rest)), limits),
        };
        // ureq takes the first bytes when the connection stands and the head is out: a body that nobody took
        // was sent to nobody, whatever the error says.
        let untaken = !body.is_empty() && rest.len() == body.len();
        answer.map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => TransportError::TooLarge { limit: limits.max_body },
            error if untaken || never_connected(&error) => TransportError::not_sent(error),
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

/// The longest timeout: clocks overflow on more than centuries, and a year is as good as never.
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
            .http_status_as_error(false) // a refusal is an answer: its body says why
            .max_redirects(0) // a redirect must never carry the token away
            .accept("")
            .accept_encoding("")
            .timeout_global(Some(limits.timeout.min(YEAR)))
            .build();
        let (head, mut body) = self.agent.run(request)?.into_parts();
        // One byte more: ureq refuses a body that ends exactly at its limit.
        let body = body.with_config().limit((limits.max_body as u64).saturating_add(1)).read_to_vec()?;
        Ok(HttpResponse::from_parts(head, bytes::Bytes::from(body)))
    }
}

/// What can only happen before there is a connection: all that a request without a body has to go by. Failed
/// TLS handshakes are not among them, since ureq reports them as it does a connection that broke later.
fn never_connected(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => true,
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => true,
        // The standard library has no kind for a failed look-up; where its text differs, it stays in doubt.
        ureq::Error::Io(error) => error.to_string().starts_with("failed to lookup address information"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Conformance leaves this one open, since some clients cannot tell.
    #[test]
    fn a_look_up_that_fails_is_certain_without_a_body_too() {
        let uri = format!("http://{}.invalid/", "x".repeat(64));
        let request = http::Request::get(uri).body(zuora_core::transport::Body::empty()).expect("a request");
        let outcome = Ureq::default().send(request, Limits::new(YEAR, 1));
        assert!(matches!(outcome, Err(TransportError::NotSent(_))), "{outcome:?}");
    }
}
