//! Every transport passes the one list of cases, and the list detects transports that break a requirement.

use std::time::Duration;

use zuora_conformance::{Case, Scenario};
use zuora_core::http::header::{ACCEPT, HeaderValue, SET_COOKIE};
use zuora_core::transport::{
    AsyncTransport, DefaultTransport, HttpRequest, HttpResponse, Limits, Seed, Timestamp, Transport,
    TransportError, WallTime,
};
use zuora_reqwest::Reqwest;
use zuora_reqwest::reqwest::ClientBuilder;
use zuora_reqwest::reqwest::redirect::Policy;
use zuora_sandbox::{Fault, InProcess};
use zuora_ureq::Ureq;
use zuora_ureq::ureq::Agent;

#[test]
fn ureq_conforms() {
    let report = zuora_conformance::run(&Ureq::default());
    assert!(report.passed(), "{report}");
}

#[tokio::test]
async fn reqwest_conforms() {
    let transport = Reqwest::create().unwrap();
    let report = zuora_conformance::run_async(&transport).await;
    assert!(report.passed(), "{report}");
}

/// The environment cannot be changed safely in this process, so the tests above run again in another one.
#[test]
fn the_transports_conform_beside_a_proxy() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "ureq_conforms", "reqwest_conforms"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env(name, "http://127.0.0.1:9");
    }
    let output = command.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("2 passed"), "{text}");
}

/// Settings of the caller that would break a requirement are overridden.
#[test]
fn an_agent_of_the_caller_conforms() {
    let config = Agent::config_builder()
        .http_status_as_error(true)
        .max_redirects(5)
        .accept_encoding("br")
        .timeout_recv_response(Some(Duration::from_secs(60)));
    let transport = Ureq::with_agent(config.build().into());
    for case in cases_affected_by_settings() {
        let result = case.run(&transport);
        assert!(result.problems.is_empty(), "{result}");
    }
}

#[tokio::test]
async fn a_builder_of_the_caller_conforms() {
    let builder = ClientBuilder::new().redirect(Policy::limited(5)).timeout(Duration::from_secs(60));
    let transport = Reqwest::with_builder(builder).unwrap();
    for case in cases_affected_by_settings() {
        let result = case.run_async(&transport).await;
        assert!(result.problems.is_empty(), "{result}");
    }
}

fn cases_affected_by_settings() -> impl Iterator<Item = Case> {
    let parts = ["redirect", "status 40", "status 50", "gzip", "no response in time", "requests arrive"];
    zuora_conformance::cases()
        .into_iter()
        .filter(move |case| parts.iter().any(|part| case.name().contains(part)))
}

#[test]
fn the_sandbox_without_a_socket_conforms() {
    let transport = InProcess::demo();
    let report = zuora_conformance::run_simulated(&transport, |scenario| simulate(&transport, scenario));
    assert!(report.passed(), "{report}");
}

#[tokio::test]
async fn the_async_sandbox_without_a_socket_conforms() {
    let transport = InProcess::demo();
    let report =
        zuora_conformance::run_simulated_async(&transport, |scenario| simulate(&transport, scenario)).await;
    assert!(report.passed(), "{report}");
}

fn simulate(transport: &InProcess, scenario: &Scenario) {
    let fault = match scenario {
        Scenario::Responds(response) => Fault::Respond(response.clone()),
        Scenario::ResponseLost => Fault::LoseResponse,
        Scenario::NotSent => Fault::NotSent,
        Scenario::DelayedBy(time) => Fault::Delay(*time),
        other => panic!("the sandbox cannot simulate {other:?}"),
    };
    transport.sandbox().faults().push(fault);
}

/// A transport that breaks one requirement, and never waits.
struct Defective {
    ureq: Ureq,
    defect: fn(&Ureq, HttpRequest, Limits) -> Result<HttpResponse, TransportError>,
}

impl Transport for Defective {
    fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        (self.defect)(&self.ureq, request, limits)
    }

    fn sleep_until(&self, _: Timestamp) {}

    fn now(&self) -> Timestamp {
        Timestamp::default()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        self.ureq.seed()
    }
}

#[test]
fn defects_are_detected() {
    type Defect = fn(&Ureq, HttpRequest, Limits) -> Result<HttpResponse, TransportError>;
    let defects: [(&str, &str, Defect); 15] = [
        ("a wait ends at its time, and not before", "early", |ureq, request, limits| {
            ureq.send(request, limits)
        }),
        ("connection closed before the head", "reported as not sent", |ureq, request, limits| {
            ureq.send(request, limits).map_err(|_| TransportError::not_sent("as it claims"))
        }),
        ("connection refused", "expected not sent", |ureq, request, limits| {
            ureq.send(request, limits).map_err(|_| TransportError::maybe_sent("as it claims"))
        }),
        ("connection closed before the head", "2 times", |ureq, request, limits| {
            ureq.send(request.clone(), limits).or_else(|_| ureq.send(request, limits))
        }),
        ("redirect 307 is a response and not followed", "unexpected request", |ureq, request, limits| {
            let response = ureq.send(request.clone(), limits)?;
            let Some(location) = response.headers().get("location") else { return Ok(response) };
            let mut request = request;
            let uri = format!("http://{}{}", request.uri().authority().unwrap(), location.to_str().unwrap());
            *request.uri_mut() = uri.parse().unwrap();
            ureq.send(request, limits)
        }),
        ("status 404 is a response and keeps its body", "expected 404", |ureq, request, limits| {
            ureq.send(request, limits).and_then(|response| match response.status().is_success() {
                true => Ok(response),
                false => Err(TransportError::maybe_sent("a bad status")),
            })
        }),
        ("status 500 is a response and keeps its body", "a body of 0 bytes", |ureq, request, limits| {
            ureq.send(request, limits).map(|response| response.map(|_| Default::default()))
        }),
        ("no response in time", "expected maybe sent", |ureq, request, limits| {
            ureq.send(request, Limits::new(Duration::from_secs(60), limits.max_body))
        }),
        ("a body one byte over the limit", "expected too large", |ureq, request, limits| {
            ureq.send(request, Limits::new(limits.timeout, usize::MAX))
        }),
        ("a body of exactly the limit", "expected 200", |ureq, request, limits| {
            ureq.send(request, Limits::new(limits.timeout, limits.max_body - 1))
        }),
        ("requests arrive unchanged, once", "request header added", |ureq, mut request, limits| {
            request.headers_mut().insert("x-powered-by", HeaderValue::from_static("me"));
            ureq.send(request, limits)
        }),
        ("requests arrive unchanged, once", "request header lost: accept", |ureq, mut request, limits| {
            request.headers_mut().remove(ACCEPT);
            ureq.send(request, limits)
        }),
        ("requests arrive unchanged, once", "request line", |ureq, mut request, limits| {
            *request.uri_mut() = request.uri().to_string().replace("%20", "+").parse().unwrap();
            ureq.send(request, limits)
        }),
        ("a header with three values", "header lost", |ureq, request, limits| {
            ureq.send(request, limits).map(|mut response| {
                let last = response.headers().get_all("x-thrice").iter().next_back().cloned().unwrap();
                response.headers_mut().insert("x-thrice", last);
                response
            })
        }),
        ("an empty 200", "header added", |ureq, request, limits| {
            ureq.send(request, limits).map(|mut response| {
                response.headers_mut().insert(SET_COOKIE, HeaderValue::from_static("a=b"));
                response
            })
        }),
    ];
    let cases = zuora_conformance::cases();
    for (name, problem, defect) in defects {
        let case = cases.iter().find(|case| case.name() == name).unwrap();
        let result = case.run(&Defective { ureq: Ureq::default(), defect });
        assert!(result.problems.iter().any(|found| found.contains(problem)), "{name}: {problem}: {result}");
    }
}

/// A transport whose clock and seeds are wrong, and which panics when it is asked to send.
struct Broken;

impl Transport for Broken {
    fn send(&self, _: HttpRequest, _: Limits) -> Result<HttpResponse, TransportError> {
        panic!("as it does")
    }

    fn sleep_until(&self, _: Timestamp) {}

    fn now(&self) -> Timestamp {
        Timestamp::default()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Ok(Seed::from_bytes([7; 32]))
    }
}

impl AsyncTransport for Broken {
    async fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
        Transport::send(self, request, limits)
    }

    async fn sleep_until(&self, _: Timestamp) {}

    fn now(&self) -> Timestamp {
        Timestamp::default()
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        Err(TransportError::unusable("none here"))
    }
}

#[tokio::test]
async fn a_panic_is_a_failed_case_and_the_list_goes_on() {
    let blocking = zuora_conformance::run(&Broken);
    let asynchronous = zuora_conformance::run_async(&Broken).await;
    for (report, seed) in [(blocking, "two seeds are the same"), (asynchronous, "no seed")] {
        let problem = |name: &str| {
            let result = report.failures().find(|result| result.case.contains(name));
            result.unwrap_or_else(|| panic!("{name}: {report}")).problems.join(", ")
        };
        assert_eq!(problem("connection refused"), "the transport panicked: as it does");
        assert_eq!(problem("an endless series of 103"), "the transport panicked: as it does");
        assert!(problem("monotonic clock").contains("no wall time"), "{report}");
        assert!(problem("seed").contains(seed), "{report}");
        assert!(report.results().len() > 100);
    }
}

#[test]
fn a_wrong_wall_time_is_detected() {
    struct Late(Ureq);
    impl Transport for Late {
        fn send(&self, request: HttpRequest, limits: Limits) -> Result<HttpResponse, TransportError> {
            self.0.send(request, limits)
        }
        fn sleep_until(&self, time: Timestamp) {
            self.0.sleep_until(time);
        }
        fn now(&self) -> Timestamp {
            self.0.now().with_wall(WallTime::from_unix_millis(1_700_000_000_000))
        }
        fn seed(&self) -> Result<Seed, TransportError> {
            self.0.seed()
        }
    }
    let report = zuora_conformance::run(&Late(Ureq::default()));
    let failures: Vec<_> = report.failures().collect();
    assert!(failures.len() == 1 && failures[0].problems[0].contains("wall time is wrong"), "{report}");
}

#[test]
fn both_header_lists_are_shown() {
    let cases = zuora_conformance::cases();
    let case = cases.iter().find(|case| case.name() == "a header with three values").unwrap();
    let result = case.run(&Defective {
        ureq: Ureq::default(),
        defect: |ureq, request, limits| {
            ureq.send(request, limits).map(|mut response| {
                response.headers_mut().remove("x-thrice");
                response
            })
        },
    });
    let text = result.to_string();
    assert!(
        text.contains("headers expected: content-length: 95 | x-thrice: first | x-thrice: second"),
        "{text}"
    );
    assert!(
        text.contains("headers found: content-length: 95\n") || text.ends_with("content-length: 95"),
        "{text}"
    );
}
