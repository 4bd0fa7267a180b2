//! The headers of every request, and the values that are rejected with the name of their header.

use http::{Method, Version};
use zuora_core::machine::Call;
use zuora_core::operation::{Effect, Operation, RawOperation, Spec};
use zuora_core::session::Session;
use zuora_core::transport::{HttpRequest, HttpResponse};
use zuora_core::{CallOptions, Config, DataCenter, ErrorKind, Result};
use zuora_tests::simulation::{
    CLIENT_ID, CLIENT_SECRET, EFFECTS, SendResult, Simulation, call, call_with, cold, config, header,
    operation, play_with, received, rejected, rejection_body, script, secs, seed, success, warm,
};

#[test]
fn every_request_has_the_common_headers() {
    let config =
        config().entity_id("e-1").org_ids(["o-1", "o-2"]).track_id("t-1").app_name("billing-cron/2.1");
    let (_, log) = play_with(&config, Effect::Keyed, &CallOptions::new(), [success()]);
    let headers = log.calls()[0].request.headers();
    let expected = [
        ("zuora-version", "2024-05-20"),
        ("zuora-entity-ids", "e-1"),
        ("zuora-org-ids", "o-1,o-2"),
        ("zuora-track-id", "t-1"),
        ("accept-encoding", "gzip"),
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("content-length", "12"),
    ];
    for (name, value) in expected {
        assert_eq!(header(headers, name).as_deref(), Some(value), "{name}");
    }
    let agent = header(headers, "user-agent").unwrap();
    assert!(agent.starts_with("billing-cron/2.1 zuora-rust/"), "{agent}");
    assert!(headers["authorization"].is_sensitive(), "so that no log prints the token");
}

#[test]
fn headers_that_are_not_set_are_left_out() {
    for effect in EFFECTS {
        let (_, log) = play_with(&config(), effect, &CallOptions::new(), [success()]);
        for name in ["zuora-entity-ids", "zuora-org-ids", "zuora-track-id", "content-encoding"] {
            assert_eq!(header(log.calls()[0].request.headers(), name), None, "{name} of {effect:?}");
        }
    }
}

#[test]
fn settings_of_a_call_override_those_of_the_session() {
    let config = config().entity_id("e-1").track_id("t-1");
    let options = CallOptions::new().api_version("341.0").entity_id("e-2").org_ids(["o"]).track_id("t-2");
    let (_, log) = play_with(&config, Effect::Read, &options, [success()]);
    let headers = log.calls()[0].request.headers();
    let expected = [
        ("zuora-version", "341.0"),
        ("zuora-entity-ids", "e-2"),
        ("zuora-org-ids", "o"),
        ("zuora-track-id", "t-2"),
    ];
    for (name, value) in expected {
        assert_eq!(header(headers, name).as_deref(), Some(value));
        assert_eq!(headers.get_all(name).iter().count(), 1);
    }
}

#[test]
fn values_that_the_service_would_reject_are_errors_that_name_their_header() {
    let long = "x".repeat(65);
    let cases: Vec<(&str, CallOptions)> = vec![
        ("Zuora-Track-Id", CallOptions::new().track_id("a:b")),
        ("Zuora-Track-Id", CallOptions::new().track_id("a;b")),
        ("Zuora-Track-Id", CallOptions::new().track_id("a\"b")),
        ("Zuora-Track-Id", CallOptions::new().track_id("a'b")),
        ("Zuora-Track-Id", CallOptions::new().track_id("")),
        ("Zuora-Track-Id", CallOptions::new().track_id("a\r\nX-Evil: 1")),
        ("Zuora-Track-Id", CallOptions::new().track_id("ü")),
        ("Zuora-Track-Id", CallOptions::new().track_id(long)),
        ("Zuora-Version", CallOptions::new().api_version("latest")),
        ("Zuora-Version", CallOptions::new().api_version("2024-5-20")),
        ("Zuora-Version", CallOptions::new().api_version("341")),
        ("Zuora-Version", CallOptions::new().api_version("")),
        ("Zuora-Entity-Ids", CallOptions::new().entity_id("a,b")),
        ("Zuora-Entity-Ids", CallOptions::new().entity_id("")),
        ("Zuora-Entity-Ids", CallOptions::new().entity_id("a\nb")),
        ("Zuora-Org-Ids", CallOptions::new().org_ids(["a", ""])),
        ("Zuora-Org-Ids", CallOptions::new().org_ids(Vec::<String>::new())),
        ("Zuora-Org-Ids", CallOptions::new().org_ids(["a\0"])),
        ("Idempotency-Key", CallOptions::new().idempotency_key("")),
    ];
    for (name, options) in cases {
        let mut simulation = Simulation::new(script([]));
        let error =
            simulation.drive(call_with(&warm(&config()), Effect::Keyed, &options)).result.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some(name)), "{options:?}");
        assert!(error.to_string().contains(name), "{error}");
        assert!(simulation.sent.is_empty(), "rejected before it is sent");
    }
    let at_the_limit = CallOptions::new().track_id("x".repeat(64));
    assert!(play_with(&config(), Effect::Read, &at_the_limit, [success()]).0.result.is_ok());
}

#[test]
fn a_session_rejects_invalid_settings_by_name() {
    let cases: Vec<(&str, Config)> = vec![
        ("Zuora-Track-Id", config().track_id("a:b")),
        ("Zuora-Version", config().api_version("v1")),
        ("Zuora-Entity-Ids", config().entity_id("a,b")),
        ("Zuora-Org-Ids", config().org_ids([""])),
        ("User-Agent", config().app_name("two\nlines")),
        ("Authorization", Config::with_token(DataCenter::Eu, "")),
        ("Authorization", Config::with_token(DataCenter::Eu, "two\nlines")),
    ];
    for (name, config) in cases {
        let error = Session::new(&config, &seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some(name)), "{config:?}");
    }
}

#[test]
fn the_token_is_sent_to_https_or_loopback_only() {
    let rejected = [
        "http://rest.zuora.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://128.0.0.1",
        "http://[::2]",
        "ftp://rest.zuora.com",
        "https://user:hunter2@rest.zuora.com",
        "https://rest.zuora.com?x=1",
        "https://rest.zuora.com#x",
        "https://rest.zuora.com/#",
        "https://rest.zuora.com/v1",
        "https://rest.zuora.com//",
        "https://rest.zuora.com/a/../b",
        "http://127.0.0.1:8470/x",
        "rest.zuora.com",
        "/v1",
        "https://",
        "",
        "https://rest zuora.com",
        "https://rest.zuora.com:99999",
        "https://rest.zuora.com:",
        "http://localhost:port",
        "http://[::1]:-1",
    ];
    for url in rejected {
        let error = Session::new(&Config::new(url, CLIENT_ID, CLIENT_SECRET), &seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("base URL")), "{url}");
        assert!(!format!("{error}{error:?}").contains("hunter2"));
    }
    let accepted = [
        ("https://rest.zuora.com", "https://rest.zuora.com/v1/things/1"),
        ("https://rest.zuora.com/", "https://rest.zuora.com/v1/things/1"),
        ("https://proxy.example:8443/", "https://proxy.example:8443/v1/things/1"),
        ("http://127.0.0.1:8470", "http://127.0.0.1:8470/v1/things/1"),
        ("http://localhost:8470", "http://localhost:8470/v1/things/1"),
        ("http://[::1]:8470", "http://[::1]:8470/v1/things/1"),
    ];
    for (base, url) in accepted {
        let session = warm(&Config::new(base, CLIENT_ID, CLIENT_SECRET));
        let mut simulation = Simulation::new(script([success()]));
        simulation.drive(Call::new(&session, operation(Effect::Read))).result.unwrap();
        assert_eq!(simulation.calls()[0].request.uri(), url);
    }
}

#[test]
fn a_base_url_with_a_path_or_a_fragment_is_rejected_with_the_right_one() {
    for (url, right) in [
        ("https://rest.eu.zuora.com/v1", "`https://rest.eu.zuora.com`"),
        ("https://h/a/../b", "`https://h`"),
        ("https://h#x", "`https://h`"),
        ("https://h/#x", "`https://h`"),
        ("https://h?x", "`https://h`"),
        ("http://127.0.0.1:8470/zuora/", "`http://127.0.0.1:8470`"),
    ] {
        let error = Session::new(&Config::new(url, CLIENT_ID, CLIENT_SECRET), &seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("base URL")), "{url}");
        assert!(error.to_string().contains(right), "{url}: {error}");
    }
}

#[test]
fn a_path_cannot_change_the_host() {
    let paths = [
        "https://evil.example/v1/x",
        "//evil.example/v1/x",
        "evil.example",
        "@evil.example/x",
        "*",
        "",
        "/v1/with space",
        "/v1/ünï",
        "/v1/x\r\nHost: evil.example",
    ];
    for path in paths {
        let session = warm(&config());
        let mut simulation = Simulation::new(script([success()]));
        let result = simulation.drive(Call::new(&session, RawOperation::new(Method::GET, path))).result;
        match result {
            Err(error) => {
                assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("path")), "{path}");
            }
            Ok(_) => assert_eq!(simulation.calls()[0].request.uri().host(), Some("rest.zuora.com"), "{path}"),
        }
    }
}

#[test]
fn extra_headers_are_sent_and_those_of_a_call_replace_those_of_the_session() {
    let config = config().header("X-Gateway-Key", "session").header("X-Team", "billing");
    let options = CallOptions::new().header("x-gateway-key", "call").header("traceparent", "00-1-2-01");
    let mut simulation = Simulation::new(script([success()]));
    simulation.drive(call_with(&cold(&config), Effect::Keyed, &options)).result.unwrap();
    let sent = |request: &HttpRequest| {
        ["x-gateway-key", "x-team", "traceparent"].map(|name| header(request.headers(), name))
    };
    let call = sent(&simulation.calls()[0].request);
    assert_eq!(call.each_ref().map(Option::as_deref), [Some("call"), Some("billing"), Some("00-1-2-01")]);
    let token = sent(&simulation.token_requests()[0].request);
    assert_eq!(token.each_ref().map(Option::as_deref), [Some("session"), Some("billing"), None]);
}

/// A read whose request has a version and an extension for its transport.
struct Marked;

impl Operation for Marked {
    type Output = ();

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::read("marked", "/v1/things");
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        let mut request = RawOperation::new(Method::GET, "/v1/things").request()?;
        *request.version_mut() = Version::HTTP_10;
        request.extensions_mut().insert(7_u8);
        Ok(request)
    }

    fn parse(&self, _: &HttpResponse) -> Result<()> {
        Ok(())
    }
}

#[test]
fn every_attempt_has_the_version_and_the_extensions_of_its_operation() {
    let mut simulation = Simulation::new(script([received(503, &[], ""), success()]));
    simulation.drive(Call::new(&warm(&config()), Marked)).result.unwrap();
    let sent = simulation.calls();
    assert_eq!(sent.len(), 2);
    for attempt in sent {
        assert_eq!(attempt.request.version(), Version::HTTP_10);
        assert_eq!(attempt.request.extensions().get::<u8>(), Some(&7));
    }
}

#[test]
fn headers_of_the_library_cannot_be_extra_headers() {
    let names = [
        "Authorization",
        "idempotency-key",
        "Zuora-Version",
        "Zuora-Entity-Ids",
        "Zuora-Org-Ids",
        "Zuora-Track-Id",
        "User-Agent",
        "Accept-Encoding",
        "Accept",
        "Content-Type",
        "Content-Encoding",
        "Content-Length",
        "Host",
        "Connection",
        "Transfer-Encoding",
        "with space",
        "",
    ];
    for name in names {
        let error = Session::new(&config().header(name, "x"), &seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some(name)));
        let options = CallOptions::new().header(name, "x");
        let (ended, log) = play_with(&config(), Effect::Keyed, &options, []);
        let error = ended.result.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some(name)));
        assert!(log.sent.is_empty());
    }
    // Every header that a request has is rejected, so a new one cannot be forgotten.
    let (_, log) = play_with(&config().track_id("t"), Effect::Keyed, &CallOptions::new(), [success()]);
    for name in log.calls()[0].request.headers().keys() {
        assert!(Session::new(&config().header(name.as_str(), "x"), &seed(1)).is_err(), "{name}");
    }
    for value in ["", " padded", "two\nlines", "\u{fc}"] {
        let error = Session::new(&config().header("X-Own", value), &seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("X-Own")), "{value:?}");
    }
}

#[test]
fn accept_encoding_can_be_left_out() {
    let sent = |config: &Config, options: &CallOptions| {
        let (_, log) = play_with(config, Effect::Read, options, [success()]);
        header(log.calls()[0].request.headers(), "accept-encoding")
    };
    let (with, without) = (CallOptions::new().accept_gzip(true), CallOptions::new().accept_gzip(false));
    assert_eq!(sent(&config(), &CallOptions::new()).as_deref(), Some("gzip"));
    assert_eq!(sent(&config(), &without), None);
    assert_eq!(sent(&config().accept_gzip(false), &CallOptions::new()), None);
    assert_eq!(sent(&config().accept_gzip(false), &with).as_deref(), Some("gzip"));
}

#[test]
fn http_is_used_for_a_named_host_only() {
    let config = |url: &str, host: &str| Config::new(url, CLIENT_ID, CLIENT_SECRET).allow_http_to(host);
    for (url, host) in [
        ("http://zuora-sandbox:8470", "zuora-sandbox"),
        ("http://Zuora-Sandbox", "zuora-sandbox"),
        ("http://10.0.0.5:8470", "10.0.0.5"),
        ("http://[fd00::5]:8470", "[fd00::5]"),
    ] {
        let mut simulation = Simulation::new(script([success()]));
        let session = warm(&config(url, host));
        simulation.drive(Call::new(&session, operation(Effect::Read))).result.unwrap();
        let sent = simulation.calls()[0].request.uri().to_string();
        assert!(sent.eq_ignore_ascii_case(&format!("{url}/v1/things/1")), "{sent}");
        let guarded = warm(&config(url, host).non_production());
        let error = simulation.drive(Call::new(&guarded, operation(Effect::Read))).result.unwrap_err();
        assert_eq!(error.field(), Some("non_production"), "a plain host may forward to production");
    }
    for (url, host, field) in [
        ("http://other:8470", "zuora-sandbox", "base URL"),
        ("http://zuora-sandbox.example", "zuora-sandbox", "base URL"),
        ("ftp://zuora-sandbox", "zuora-sandbox", "base URL"),
        ("http://zuora-sandbox", "zuora-sandbox:8470", "allow_http_to"),
        ("http://zuora-sandbox", "http://zuora-sandbox", "allow_http_to"),
        ("http://zuora-sandbox", "", "allow_http_to"),
        ("http://rest.zuora.com", "rest.zuora.com", "allow_http_to"),
        ("http://rest.zuora.com.", "REST.zuora.com.", "allow_http_to"),
    ] {
        let error = Session::new(&config(url, host), &seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some(field)), "{url} {host}");
    }
}

#[test]
fn a_call_with_a_token_leaves_that_of_the_session_alone() {
    let options = CallOptions::new().token("own");
    let bearer = |request: &HttpRequest| header(request.headers(), "authorization");
    // A session without a token requests none, and a rejected token is not renewed.
    let session = cold(&config());
    let mut simulation = Simulation::new(script([success(), rejected(401, &[]), success()]));
    simulation.drive(call_with(&session, Effect::Keyed, &options)).result.unwrap();
    let error = simulation.drive(call_with(&session, Effect::Keyed, &options)).result.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
    assert!(simulation.token_requests().is_empty());
    simulation.drive(call(&session, Effect::Keyed)).result.unwrap();
    let sent: Vec<_> = simulation.calls().iter().map(|sent| bearer(&sent.request).unwrap()).collect();
    assert_eq!(sent, ["Bearer own", "Bearer own", "Bearer fetched-token-1"]);
    assert_eq!(session.token(simulation.now).unwrap().secret().expose(), "fetched-token-1");
    for token in ["", " ", "two\nlines"] {
        let options = CallOptions::new().token(token);
        let (ended, log) = play_with(&config(), Effect::Read, &options, []);
        assert_eq!(ended.result.unwrap_err().field(), Some("Authorization"));
        assert!(log.sent.is_empty());
    }
}

#[test]
fn an_error_has_the_headers_of_its_last_response() {
    let limits = [
        ("RateLimit-Limit", "100, 100;w=60"),
        ("RateLimit-Remaining", "7"),
        ("RateLimit-Reset", "12"),
        ("Concurrency-Limit-Limit", "40"),
        ("Concurrency-Limit-Remaining", "3"),
        ("Concurrency-Limit-Type", "Default"),
        ("Zuora-Track-Id", "echoed"),
        ("Zuora-Request-Id", "r-1"),
        ("Content-Encoding", "identity"),
        ("WWW-Authenticate", "Basic realm=Zuora API"),
        ("WWW-Authenticate", "Bearer realm=Zuora API"),
    ];
    let body = rejection_body(&["50000020"]);
    for status in [400, 401, 403, 404, 500] {
        let options = CallOptions::new().max_attempts(1).track_id("sent");
        let with_token = Config::with_token(DataCenter::Eu, "token");
        let mut simulation = Simulation::new(script([received(status, &limits, &body)]));
        let call = call_with(&cold(&with_token), Effect::Unkeyed, &options);
        let error = simulation.drive(call).result.unwrap_err();
        assert_eq!(error.headers()["zuora-track-id"], "echoed", "{status}");
        assert_eq!((error.track_id(), error.request_id()), (Some("sent"), Some("r-1")));
        assert_eq!(error.headers()["content-encoding"], "identity");
        assert_eq!(error.headers().get_all("www-authenticate").iter().count(), 2);
        assert_eq!(error.rate_limit().limit.as_deref(), Some("100, 100;w=60"));
        assert_eq!((error.rate_limit().remaining, error.rate_limit().reset), (Some(7), Some(secs(12))));
        let concurrency = error.concurrency_limit();
        assert_eq!((concurrency.limit, concurrency.remaining), (Some(40), Some(3)));
        assert_eq!(concurrency.class.as_deref(), Some("Default"));
    }
    let (ended, _) = play_with(&config(), Effect::Unkeyed, &CallOptions::new(), [SendResult::Lost]);
    assert!(ended.result.unwrap_err().headers().is_empty());
}

#[test]
fn a_response_has_its_status_and_on_demand_its_body() {
    let body = r#"{"id":"7","success":true}"#;
    let plain = CallOptions::new();
    for status in [200, 201] {
        for (options, kept) in [(plain.clone(), None), (plain.clone().keep_body(), Some(body))] {
            let (ended, _) = play_with(&config(), Effect::Keyed, &options, [received(status, &[], body)]);
            let response = ended.result.unwrap();
            assert_eq!(response.http_status().as_u16(), status);
            assert_eq!(response.raw_body().map(|body| &body[..]), kept.map(str::as_bytes));
            let mapped = response.map(|_| ());
            assert_eq!(mapped.http_status().as_u16(), status);
            assert_eq!(mapped.raw_body().map(|body| &body[..]), kept.map(str::as_bytes));
        }
    }
}
