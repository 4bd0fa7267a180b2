//! The front of the service: everything between a request and its operation.

use std::collections::VecDeque;
use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use rust_decimal::Decimal;

use crate::call::Call;
use crate::faults::{Fault, Faults, ends_in};
use crate::json::Json;
use crate::oauth::{Tokens, unauthorized};
use crate::outcomes::{Keyed, Outcomes};
use crate::quotas::{Standing, Usage};
use crate::refusal::{Category, Refusal};
use crate::reply::Reply;
use crate::settings::Settings;
use crate::tenant::Tenant;
use crate::time::UnixTime;
use crate::world::World;
use crate::{oauth, route};

/// The service, with one tenant.
///
/// It does no IO and has no clock: the same requests at the same moments get the same answers, to the byte.
/// A clone goes its own way from there on, so that a test can try several futures of one state.
#[derive(Clone)]
pub struct Sandbox {
    world: World,
    tokens: Tokens,
    outcomes: Outcomes,
    usage: Usage,
    token_usage: Usage,
    faults: Faults,
    seen: VecDeque<(Method, String)>,
}

/// Work that goes on after the answer; [`Sandbox::fail_next`] makes it fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Background {
    /// A run makes its invoices; failing, it ends in `Error`.
    Billing,
    /// A run posts its invoices; failing, the last one stays a draft and the run falls back to `Completed`.
    Posting,
    /// An operation on one large invoice; failing, the job ends in `Failed` and the invoice stays as it was.
    Job,
    /// A PDF is made of an invoice; failing, its status becomes `Error`. Which one fails is decided when the
    /// PDF is asked for.
    Pdf,
}

/// Why [`Sandbox::pay`] made no payment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no payment of {amount}: {reason}")]
pub struct PaymentError {
    amount: Decimal,
    reason: String,
}

/// What became of a request that [`Sandbox::deliver`] was given.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// The answer, and how late it comes.
    Answer {
        /// The answer.
        response: Response<Bytes>,
        /// How long after the request it arrives.
        delay: Duration,
    },
    /// The request did not get out.
    NeverLeft,
    /// The work was done, the answer got lost.
    Lost,
}

/// How many requests [`Sandbox::seen`] looks back on.
const REMEMBERED: usize = 10_000;

impl Sandbox {
    /// A tenant as no one has used it.
    pub fn new(tenant: Tenant, settings: Settings) -> Self {
        Self {
            world: World::new(tenant, settings),
            tokens: Tokens::default(),
            outcomes: Outcomes::default(),
            usage: Usage::default(),
            token_usage: Usage::default(),
            faults: Faults::default(),
            seen: VecDeque::new(),
        }
    }

    /// The [demo tenant](Tenant::demo) with default [`Settings`].
    pub fn demo() -> Self {
        Self::new(Tenant::demo(), Settings::default())
    }

    /// Answers a request at a moment. The URI may be absolute or a path; what was due in the background by
    /// then happens first. A moment before the last one counts as the last one.
    pub fn handle<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> Response<Bytes> {
        let call = self.arrive(request, now);
        self.answer(&call)
    }

    /// Like [`handle`](Self::handle), but acts on [`faults`](Self::faults): what a transport calls.
    pub fn deliver<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> Delivery {
        let path = request.uri().path();
        match self.faults.take(request.method(), path) {
            None => Delivery::Answer { response: self.handle(request, now), delay: Duration::ZERO },
            Some(Fault::Delay(delay)) => Delivery::Answer { response: self.handle(request, now), delay },
            Some(Fault::NeverLeaves) => Delivery::NeverLeft,
            Some(Fault::LoseAnswer) => {
                self.handle(request, now);
                Delivery::Lost
            }
            Some(Fault::Answer(response)) => {
                let call = self.arrive(request, now);
                self.outcomes.keep(&call, &response, &self.world.settings, self.world.now);
                Delivery::Answer { response, delay: Duration::ZERO }
            }
        }
    }

    /// The mishaps to come.
    pub fn faults(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// Makes the next piece of background work of that kind fail.
    pub fn fail_next(&mut self, work: Background) {
        self.world.failures.push_back(work);
    }

    /// Pays part of a posted invoice, or all that is left, at the moment of the last request; gives the id of
    /// the payment. It takes the place of the payment operations, which are not played.
    ///
    /// ```
    /// # use zuora_sandbox::Sandbox;
    /// let mut sandbox = Sandbox::demo();
    /// let refused = sandbox.pay("INV00000001", rust_decimal::Decimal::ONE).unwrap_err();
    /// assert_eq!(refused.to_string(), "no payment of 1: no invoice is INV00000001");
    /// ```
    ///
    /// # Errors
    /// There is no posted invoice of that id or number, a job works on it, or the amount is not above zero, has
    /// more decimals than the currency, or is more than the balance.
    pub fn pay(&mut self, invoice: &str, amount: Decimal) -> Result<String, PaymentError> {
        self.world.pay(invoice, amount).map_err(|reason| PaymentError { amount, reason })
    }

    /// Takes back every access token, as when the user of the OAuth client is deactivated for a moment.
    pub fn revoke_tokens(&mut self) {
        self.tokens.revoke();
    }

    /// How the sandbox behaves from now on.
    pub fn settings(&mut self) -> &mut Settings {
        &mut self.world.settings
    }

    /// The tenant as it was given.
    pub fn tenant(&self) -> &Tenant {
        &self.world.tenant
    }

    /// How many of the last 10,000 requests had that method and a path that ends in `path`, in which `*`
    /// stands for one segment. Requests that a fault answered count, those that never left do not.
    pub fn seen(&self, method: &Method, path: &str) -> usize {
        self.seen.iter().filter(|(seen, at)| seen == method && ends_in(at, path)).count()
    }

    fn arrive<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> Call {
        self.world.advance(now);
        let (head, body) = request.into_parts();
        let call = Call::new(head, body.as_ref(), &self.world.settings);
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back((call.method.clone(), call.path.clone()));
        call
    }

    fn answer(&mut self, call: &Call) -> Response<Bytes> {
        let place = Place::of(&call.path);
        let (usage, quota) = match place {
            Place::Token => (&mut self.token_usage, self.world.settings.token_quota),
            _ => (&mut self.usage, self.world.settings.quota),
        };
        let standing = usage.count(quota, self.world.now);
        let mut response = match place {
            _ if standing.exhausted => self.out_of_quota(&standing),
            Place::Nowhere => written(
                StatusCode::NOT_FOUND,
                &Json::object([("message", "no Route matched with those values".into())]),
            ),
            Place::Token => {
                let (status, body) = self.tokens.issue(&mut self.world, call);
                written(status, &body)
            }
            Place::Api | Place::ObjectQuery => self.authenticated(call, place),
        };
        let request_id = self.world.ids.request();
        let headers = response.headers_mut();
        standing.write(headers);
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            // A replay has the id of the request that did the work.
            headers.entry(REQUEST_ID).or_insert(id);
        }
        if response.status() == StatusCode::UNAUTHORIZED {
            let realms = "Basic realm=Zuora API, ZSession realm=Zuora API, Bearer realm=Zuora API";
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(realms));
        } else if place == Place::Api {
            self.write_concurrency(response.headers_mut());
        }
        if let Some(track) = track_id(call) {
            response.headers_mut().insert(TRACK_ID, track);
        }
        match call.accepts_gzip() && response.body().len() > self.world.settings.gzip_above {
            true => compressed(response),
            false => response,
        }
    }

    /// What a caller gets whose token is good.
    fn authenticated(&mut self, call: &Call, place: Place) -> Response<Bytes> {
        if !self.tokens.accept(call, self.world.now) {
            return written(StatusCode::UNAUTHORIZED, &unauthorized());
        }
        let settings = &self.world.settings;
        if place == Place::Api && settings.concurrency_in_use >= settings.concurrency_limit {
            return self.too_many_at_once(call);
        }
        match self.outcomes.find(call, &self.world.settings, self.world.now) {
            Err(refusal) => self.refused(call, refusal, place),
            Ok(Keyed::Replay(mut answer)) => {
                answer.headers_mut().remove(TRACK_ID);
                answer
            }
            Ok(Keyed::Fresh) => {
                let mut answer = match route::dispatch(&mut self.world, call) {
                    Ok(Reply::Success(body)) => written(StatusCode::OK, &body.led_by("success", true.into())),
                    Ok(Reply::Plain(body)) => written(StatusCode::OK, &body),
                    Ok(Reply::Pdf(bytes)) => download(bytes),
                    Err(refusal) => self.refused(call, refusal, place),
                };
                let id = self.world.ids.request();
                if let Ok(id) = HeaderValue::from_str(&id) {
                    answer.headers_mut().entry(REQUEST_ID).or_insert(id);
                }
                self.outcomes.keep(call, &answer, &self.world.settings, self.world.now);
                answer
            }
        }
    }

    fn refused(&mut self, call: &Call, mut refusal: Refusal, place: Place) -> Response<Bytes> {
        if matches!(call.method, Method::GET | Method::DELETE) {
            refusal.resource = crate::refusal::ANY_RESOURCE;
        }
        let reasons = refusal.reasons(self.world.settings.text_codes);
        let request_id = self.world.ids.request();
        let body = match place {
            Place::ObjectQuery if call.version.query_reasons => {
                Json::object([("reasons", reasons), ("requestId", (&request_id).into())])
            }
            Place::ObjectQuery => {
                let message = refusal.reasons.first().map(|reason| &reason.message);
                Json::object([("message", message.into())])
            }
            _ => Json::object([
                ("success", false.into()),
                ("processId", self.world.ids.process().into()),
                ("reasons", reasons),
                ("requestId", (&request_id).into()),
            ]),
        };
        let mut answer = written(refusal.status(call.version.statuses), &body);
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            answer.headers_mut().insert(REQUEST_ID, id);
        }
        answer
    }

    fn too_many_at_once(&mut self, call: &Call) -> Response<Bytes> {
        let message =
            "Your total number of concurrent requests have exceeded the limit allowed by the system.";
        let refusal = Refusal::new(Category::Limit, message).always(StatusCode::TOO_MANY_REQUESTS);
        let mut answer = self.refused(call, refusal, Place::Api);
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("120"));
        answer
    }

    fn out_of_quota(&self, standing: &Standing) -> Response<Bytes> {
        let reason = Json::object([("code", Json::from(70)), ("message", standing.message().into())]);
        let body = Json::object([("reasons", vec![reason].into())]);
        let mut answer = written(StatusCode::TOO_MANY_REQUESTS, &body);
        if self.world.settings.retry_after_on_quota {
            answer.headers_mut().insert(RETRY_AFTER, standing.reset().into());
        }
        answer
    }

    fn write_concurrency(&self, headers: &mut HeaderMap) {
        let settings = &self.world.settings;
        let others = settings.concurrency_in_use.saturating_add(1);
        let left = settings.concurrency_limit.saturating_sub(others);
        headers
            .insert(HeaderName::from_static("concurrency-limit-type"), HeaderValue::from_static("Default"));
        headers.insert(HeaderName::from_static("concurrency-limit-limit"), settings.concurrency_limit.into());
        headers.insert(HeaderName::from_static("concurrency-limit-remaining"), left.into());
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("now", &self.world.now)
            .field("bill_runs", &self.world.runs.len())
            .field("invoices", &self.world.invoices.len())
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

const REQUEST_ID: &str = "zuora-request-id";
const TRACK_ID: &str = "zuora-track-id";

/// Which part of the host a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Token,
    Api,
    ObjectQuery,
    Nowhere,
}

impl Place {
    fn of(path: &str) -> Self {
        match path.split('/').nth(1) {
            _ if path == oauth::PATH => Self::Token,
            Some("v1") => Self::Api,
            Some("object-query") => Self::ObjectQuery,
            _ => Self::Nowhere,
        }
    }
}

/// The track id of the call, unless it is one that the service does not take.
fn track_id(call: &Call) -> Option<HeaderValue> {
    let text = call.header(TRACK_ID)?;
    let sound = (1..=64).contains(&text.len()) && !text.contains([':', ';', '"', '\'']);
    sound.then(|| call.headers.get(TRACK_ID).cloned()).flatten()
}

fn written(status: StatusCode, body: &Json) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json;charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn download(bytes: Bytes) -> Response<Bytes> {
    let mut response = Response::new(bytes);
    let pdf = HeaderValue::from_static("application/pdf;charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, pdf);
    response
}

fn compressed(response: Response<Bytes>) -> Response<Bytes> {
    let (mut head, body) = response.into_parts();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(&body).and_then(|()| encoder.finish()) {
        Ok(packed) => {
            head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Response::from_parts(head, packed.into())
        }
        Err(_) => Response::from_parts(head, body),
    }
}
