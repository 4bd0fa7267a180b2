//! The blocking adapter inside an async runtime and the async adapter without a runtime do not panic.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use zuora_core::http::Method;
use zuora_core::object_query::QueryInvoices;
use zuora_core::transport::AsyncTransport;
use zuora_core::{Config, ErrorKind, Outcome};
use zuora_reqwest::Reqwest;
use zuora_reqwest::transport::DefaultTransport;
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};

fn config(server: &Server) -> Config {
    Config::new(server.url(), CLIENT_ID, CLIENT_SECRET)
}

#[tokio::test]
async fn the_blocking_client_works_inside_a_runtime() {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let client = zuora_ureq::Client::new(&config(&server)).unwrap();
    let rows: Result<Vec<_>, _> = client.items(&QueryInvoices::new()).collect();
    assert!(rows.unwrap().is_empty());
    assert_eq!(server.sandbox().seen(&Method::POST, "/oauth/token"), 1);
}

#[test]
fn without_a_runtime_the_async_client_fails_immediately() {
    let server = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let with_credentials = config(&server);
    let with_token = Config::with_token(server.url(), "a-token");
    for config in [with_credentials, with_token] {
        let client = zuora_reqwest::Client::new(&config).unwrap();
        let call = pin!(client.raw(Method::PUT, "/v1/bill-runs/1/post", Some("{}".into())));
        let Poll::Ready(Err(error)) = call.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("an error at the first poll: no waker would wake this future again");
        };
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotApplied));
        assert!(!error.is_retryable());
        assert!(error.to_string().contains("Tokio"), "{error}");
    }
    assert_eq!(server.sandbox().seen(&Method::POST, "/oauth/token"), 0);
}

#[test]
fn without_a_runtime_a_wait_yields_and_still_ends() {
    struct Woken(AtomicUsize);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let woken = Arc::new(Woken(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&woken));
    let transport = Reqwest::create().unwrap();
    let until = transport.now() + Duration::from_millis(5);
    let mut waiting = pin!(transport.sleep_until(until));
    let mut polls = 0;
    while waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        polls += 1;
        assert_eq!(woken.0.load(Ordering::Relaxed), polls, "a pending wait has woken its task");
    }
    assert!(polls > 0, "the first poll does not block until the time has come");
    assert!(transport.now() >= until);
}

#[tokio::test(start_paused = true)]
async fn paused_time_runs_at_once() {
    let transport = Reqwest::create().unwrap();
    let year = zuora_tests::simulation::moment(Duration::from_secs(365 * 24 * 60 * 60));
    transport.sleep_until(year).await;
    assert!(transport.now() >= year);
}
