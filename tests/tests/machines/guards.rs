//! Guards of a session: what is never sent, whatever an operation or the options of a call say.

use http::Method;
use zuora_core::bill_runs::{GetBillRun, PostBillRun};
use zuora_core::intent::{Delivery, Intent};
use zuora_core::invoices::{BulkEvent, BulkJob, BulkPostInvoices, InvoiceToPost};
use zuora_core::machine::{Call, Machine};
use zuora_core::operation::{Effect, RawOperation, Spec};
use zuora_core::session::CreateToken;
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse};
use zuora_core::types::Secret;
use zuora_core::{CallOptions, Client, Config, DataCenter, Error, ErrorKind, Operation, Outcome, Result};
use zuora_tests::simulation::{
    self, CLIENT_ID, CLIENT_SECRET, EFFECTS, Simulation, at, call, cold, config, ms, operation, received,
    script, success, warm,
};

fn config_without_guards() -> Config {
    simulation::config()
}

fn assert_guarded(error: &Error, guard: &str) {
    assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some(guard)), "{error}");
    assert_eq!((error.outcome(), error.attempts(), error.is_retryable()), (Outcome::NotApplied, 0, false));
    assert!(error.to_string().contains(guard), "{error}");
}

/// Drives a machine that must not send anything, not even a token request.
fn drive<M: Machine>(machine: M) -> Result<M::Output> {
    let mut simulation = Simulation::new(script([]));
    let result = simulation.drive(machine).result;
    assert!(simulation.sent.is_empty(), "nothing is sent");
    result
}

/// A write that claims to be a read.
struct Disguised(Method);

impl Operation for Disguised {
    type Output = ();

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::read("disguised", "/v1/invoices/1");
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        let mut request = HttpRequest::default();
        *request.method_mut() = self.0.clone();
        *request.uri_mut() = http::Uri::from_static("/v1/invoices/1");
        Ok(request)
    }

    fn parse(&self, _: &HttpResponse) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_read_only_session_sends_no_write() {
    let session = cold(&config().read_only());
    assert_guarded(&drive(Call::new(&session, PostBillRun::new("2c98"))).unwrap_err(), "read_only");
    for effect in [Effect::Keyed, Effect::Unkeyed] {
        assert_guarded(&drive(call(&session, effect)).unwrap_err(), "read_only");
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE] {
        let raw = RawOperation::new(method.clone(), "/v1/invoices/1");
        assert_guarded(&drive(Call::new(&session, &raw)).unwrap_err(), "read_only");
        // Neither a raw operation nor an operation of another crate passes as a read.
        assert_guarded(&drive(Call::new(&session, raw.read_only())).unwrap_err(), "read_only");
        assert_guarded(&drive(Call::new(&session, Disguised(method))).unwrap_err(), "read_only");
    }
}

#[test]
fn a_read_only_session_reads() {
    let session = cold(&config().read_only());
    let reads = [
        RawOperation::new(Method::GET, "/v1/invoices/1"),
        RawOperation::new(Method::HEAD, "/v1/invoices/1"),
        RawOperation::new(Method::POST, "/v1/action/query").body("{}".as_bytes()).read_only(),
        RawOperation::new(Method::POST, "/v1/action/queryMore?x=1").body("{}".as_bytes()).read_only(),
    ];
    let mut simulation = Simulation::new(script([success(), success(), success(), success(), success()]));
    for read in reads {
        assert!(simulation.drive(Call::new(&session, read)).result.is_ok());
    }
    assert!(simulation.drive(Call::new(&session, GetBillRun::new("2c98"))).result.is_ok());
    assert_eq!(simulation.token_requests().len(), 1, "token requests are allowed");
    let create = CreateToken::new(CLIENT_ID, Secret::from(CLIENT_SECRET));
    let mut simulation = Simulation::new(|_: &HttpRequest, _| {
        (ms(1), received(200, &[], r#"{"access_token":"other-token"}"#))
    });
    assert!(simulation.drive(Call::new(&warm(&config().read_only()), create)).result.is_ok());
}

#[test]
fn no_option_lifts_a_guard() {
    let options = [
        CallOptions::new().idempotency_key("mine").max_attempts(9).entity_id("e"),
        CallOptions::new().api_version("341.0").track_id("t"),
        CallOptions::retry_of(&Error::failed("before")),
    ];
    let session = cold(&config().read_only());
    for options in options {
        let call = Call::with_options(&session, operation(Effect::Keyed), &options);
        assert_guarded(&drive(call).unwrap_err(), "read_only");
    }
}

#[test]
fn bulk_jobs_and_intents_obey_the_guards() {
    for (config, guard) in [
        (config_without_guards().read_only(), "read_only"),
        (config_without_guards().non_production(), "non_production"),
    ] {
        let transport =
            FakeTransport::bare(|request| panic!("{} {} was sent", request.method(), request.uri()));
        let client = Client::with_transport(&config, transport).unwrap();
        let rows = [("row", InvoiceToPost::new("2c98"))];
        let mut job = BulkJob::<BulkPostInvoices>::new(client.session(), rows).unwrap();
        let error = loop {
            match client.drive(&mut job) {
                Ok(event) => assert!(matches!(event, Some(BulkEvent::Checkpoint)), "{event:?}"),
                Err(error) => break error,
            }
        };
        assert_guarded(&error, guard);
        assert_eq!((job.in_doubt(), job.remaining()), (0, 1), "the row is neither sent nor lost");
        // The intent was made by a process without the guard.
        let intent = Intent::new(&warm(&config_without_guards()), operation(Effect::Keyed), at(0)).unwrap();
        assert_guarded(&client.perform(&intent, Delivery::first()).unwrap_err(), guard);
        assert_guarded(&client.raw(Method::PUT, "/v1/x", None).unwrap_err(), guard);
    }
}

#[test]
fn a_dry_run_works_under_the_guards() {
    let config = config().read_only().non_production();
    let transport =
        FakeTransport::bare(|_| -> std::result::Result<HttpResponse, _> { panic!("nothing is sent") });
    let client = Client::with_transport(&config, transport).unwrap();
    for effect in EFFECTS {
        let request = client.dry_run(&operation(effect), &CallOptions::new()).unwrap();
        assert_eq!(request.uri().host(), Some("rest.zuora.com"));
    }
}

#[test]
fn a_non_production_session_sends_to_sandboxes_and_loopback_only() {
    for center in DataCenter::ALL {
        let url = center.base_url();
        let is_sandbox = url.contains("sandbox") || url.contains(".test.");
        let session = cold(&Config::new(center, CLIENT_ID, CLIENT_SECRET).non_production());
        for effect in EFFECTS {
            if is_sandbox {
                let mut simulation = Simulation::new(script([success()]));
                assert!(simulation.drive(call(&session, effect)).result.is_ok(), "{url}");
            } else {
                let error = drive(call(&session, effect)).unwrap_err();
                assert_guarded(&error, "non_production");
                assert!(error.to_string().contains(url), "the host is named: {error}");
            }
        }
    }
    let session = cold(&Config::new("http://127.0.0.1:8470", CLIENT_ID, CLIENT_SECRET).non_production());
    let mut simulation = Simulation::new(script([success()]));
    assert!(simulation.drive(call(&session, Effect::Unkeyed)).result.is_ok());
    let unknown =
        cold(&Config::new("https://sandbox.example.com", CLIENT_ID, CLIENT_SECRET).non_production());
    assert_guarded(&drive(call(&unknown, Effect::Read)).unwrap_err(), "non_production");
    let external = cold(&Config::with_token(DataCenter::UsCloud2, "token").non_production());
    assert_guarded(&drive(call(&external, Effect::Read)).unwrap_err(), "non_production");
}
