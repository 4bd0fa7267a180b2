//! One list of cases, every transport; and transports that neglect a duty, which the list finds.

use std::time::Duration;

use zuora_conformance::{Case, Fate};
use zuora_core::http::header::{ACCEPT, HeaderValue, SET_COOKIE};
use zuora_core::{Limits, Now, Open, Request, Response, Seed, Transport, TransportError};
use zuora_reqwest::Reqwest;
use zuora_reqwest::reqwest::ClientBuilder;
use zuora_reqwest::reqwest::redirect::Policy;
use zuora_sandbox::{Fault, InProcess};
use zuora_ureq::Ureq;
use zuora_ureq::ureq::Agent;

#[test]
fn ureq_does_its_duty() {
    let report = zuora_conformance::run(&Ureq::default());
    assert!(report.passed(), "{report}");
}

#[tokio::test]
async fn reqwest_does_its_duty() {
    let transport = Reqwest::open().unwrap();
    let report = zuora_conformance::run_async(&transport).await;
    assert!(report.passed(), "{report}");
}

/// Settings of the caller's that would break a duty are set aside.
#[test]
fn an_agent_of_the_callers_does_its_duty() {
    let config = Agent::config_builder()
        .http_status_as_error(true)
        .max_redirects(5)
        .accept_encoding("br")
        .timeout_recv_response(Some(Duration::from_secs(60)));
    let transport = Ureq::with_agent(config.build().into());
    for case in settings_matter_to() {
        let verdict = case.run(&transport);
        assert!(verdict.problems.is_empty(), "{verdict}");
    }
}

#[tokio::test]
async fn a_builder_of_the_callers_does_its_duty() {
    let builder = ClientBuilder::new().redirect(Policy::limited(5)).timeout(Duration::from_secs(60));
    let transport = Reqwest::with_builder(builder).unwrap();
    for case in settings_matter_to() {
        let verdict = case.run_async(&transport).await;
        assert!(verdict.problems.is_empty(), "{verdict}");
    }
}

fn settings_matter_to() -> impl Iterator<Item = Case> {
    let parts = ["redirect", "status 40", "status 50", "gzip", "no answer in time", "requests arrive"];
    zuora_conformance::cases()
        .into_iter()
        .filter(move |case| parts.iter().any(|part| case.name().contains(part)))
}

#[test]
fn the_sandbox_without_a_socket_does_its_duty() {
    let transport = InProcess::demo();
    let report = zuora_conformance::run_arranged(&transport, |fate| arrange(&transport, fate));
    assert!(report.passed(), "{report}");
}

#[tokio::test]
async fn the_async_sandbox_without_a_socket_does_its_duty() {
    let transport = InProcess::demo();
    let report = zuora_conformance::run_arranged_async(&transport, |fate| arrange(&transport, fate)).await;
    assert!(report.passed(), "{report}");
}

fn arrange(transport: &InProcess, fate: &Fate) {
    let fault = match fate {
        Fate::Answer(answer) => Fault::Answer(answer.clone()),
        Fate::AnswerLost => Fault::LoseAnswer,
        Fate::NeverLeaves => Fault::NeverLeaves,
        Fate::LaterThan(time) => Fault::Delay(*time),
        other => panic!("the sandbox cannot arrange {other:?}"),
    };
    transport.sandbox().faults().push(fault);
}

/// A transport that neglects one duty, and never waits.
struct Negligent {
    ureq: Ureq,
    neglect: fn(&Ureq, Request, Limits) -> Result<Response, TransportError>,
}

impl Transport for Negligent {
    fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        (self.neglect)(&self.ureq, request, limits)
    }

    fn sleep_until(&self, _: Now) {}

    fn now(&self) -> Now {
        Now::default()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        self.ureq.seed()
    }
}

#[test]
fn neglect_is_found() {
    type Neglect = fn(&Ureq, Request, Limits) -> Result<Response, TransportError>;
    let neglects: [(&str, &str, Neglect); 15] = [
        ("waiting ends when the time has come, and not before", "early", |ureq, request, limits| {
            ureq.send(request, limits)
        }),
        ("hang-up before the head", "the server got it", |ureq, request, limits| {
            ureq.send(request, limits).map_err(|_| TransportError::never_left("so it says"))
        }),
        ("connection refused", "must be never left", |ureq, request, limits| {
            ureq.send(request, limits).map_err(|_| TransportError::in_flight("so it says"))
        }),
        ("hang-up before the head", "2 times", |ureq, request, limits| {
            ureq.send(request.clone(), limits).or_else(|_| ureq.send(request, limits))
        }),
        ("redirect 307 is an answer and not followed", "nobody made", |ureq, request, limits| {
            let answer = ureq.send(request.clone(), limits)?;
            let Some(place) = answer.headers().get("location") else { return Ok(answer) };
            let mut request = request;
            let uri = format!("http://{}{}", request.uri().authority().unwrap(), place.to_str().unwrap());
            *request.uri_mut() = uri.parse().unwrap();
            ureq.send(request, limits)
        }),
        ("status 404 is an answer and keeps its body", "must be 404", |ureq, request, limits| {
            ureq.send(request, limits).and_then(|answer| match answer.status().is_success() {
                true => Ok(answer),
                false => Err(TransportError::in_flight("a bad status")),
            })
        }),
        ("status 500 is an answer and keeps its body", "a body of 0 bytes", |ureq, request, limits| {
            ureq.send(request, limits).map(|answer| answer.map(|_| Default::default()))
        }),
        ("no answer in time", "must be in flight", |ureq, request, limits| {
            ureq.send(request, Limits::new(Duration::from_secs(60), limits.max_body))
        }),
        ("a body one byte over the limit", "must be too large", |ureq, request, limits| {
            ureq.send(request, Limits::new(limits.timeout, usize::MAX))
        }),
        ("a body of exactly the limit", "must be 200", |ureq, request, limits| {
            ureq.send(request, Limits::new(limits.timeout, limits.max_body - 1))
        }),
        ("requests arrive as they are, once", "request header added", |ureq, mut request, limits| {
            request.headers_mut().insert("x-powered-by", HeaderValue::from_static("me"));
            ureq.send(request, limits)
        }),
        ("requests arrive as they are, once", "request header lost: accept", |ureq, mut request, limits| {
            request.headers_mut().remove(ACCEPT);
            ureq.send(request, limits)
        }),
        ("requests arrive as they are, once", "request line", |ureq, mut request, limits| {
            *request.uri_mut() = request.uri().to_string().replace("%20", "+").parse().unwrap();
            ureq.send(request, limits)
        }),
        ("a header that comes three times", "header lost", |ureq, request, limits| {
            ureq.send(request, limits).map(|mut answer| {
                let last = answer.headers().get_all("x-thrice").iter().next_back().cloned().unwrap();
                answer.headers_mut().insert("x-thrice", last);
                answer
            })
        }),
        ("an empty 200", "header added", |ureq, request, limits| {
            ureq.send(request, limits).map(|mut answer| {
                answer.headers_mut().insert(SET_COOKIE, HeaderValue::from_static("a=b"));
                answer
            })
        }),
    ];
    let cases = zuora_conformance::cases();
    for (name, problem, neglect) in neglects {
        let case = cases.iter().find(|case| case.name() == name).unwrap();
        let verdict = case.run(&Negligent { ureq: Ureq::default(), neglect });
        assert!(verdict.problems.iter().any(|found| found.contains(problem)), "{name}: {problem}: {verdict}");
    }
}
