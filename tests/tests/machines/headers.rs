//! The headers of every request, and the values that are rejected with the name of their header.

use http::Method;
use zuora_core::machine::Call;
use zuora_core::operation::{Effect, RawOperation};
use zuora_core::session::Session;
use zuora_core::{CallOptions, Config, DataCenter, ErrorKind};
use zuora_tests::simulation::{
    CLIENT_ID, CLIENT_SECRET, Simulation, call_with, config, header, operation, play_with, script, seed,
    success, warm,
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
                assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some("path")), "{path}")
            }
            Ok(_) => assert_eq!(simulation.calls()[0].request.uri().host(), Some("rest.zuora.com"), "{path}"),
        }
    }
}
