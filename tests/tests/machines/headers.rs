//! What goes out with every request, and the values that are refused, named by their header.

use http::Method;
use zuora_core::{Call, CallOptions, Config, DataCenter, Effect, Kind, Raw, Session};

use zuora_tests::simulation::{
    CLIENT_ID, CLIENT_SECRET, World, call_with, config, header, operation, play_with, script, seed, success,
    warm,
};

#[test]
fn every_request_carries_the_common_headers() {
    let config =
        config().entity_id("e-1").org_ids(["o-1", "o-2"]).track_id("t-1").application("billing-cron/2.1");
    let (_, world) = play_with(&config, Effect::Keyed, &CallOptions::new(), [success()]);
    let headers = world.calls()[0].request.headers();
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
    assert!(headers["authorization"].is_sensitive(), "so that nobody's log prints it");
}

#[test]
fn what_a_call_sets_wins_over_the_session() {
    let config = config().entity_id("e-1").track_id("t-1");
    let options = CallOptions::new().version("341.0").entity_id("e-2").org_ids(["o"]).track_id("t-2");
    let (_, world) = play_with(&config, Effect::Read, &options, [success()]);
    let headers = world.calls()[0].request.headers();
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
fn values_that_the_service_would_refuse_name_their_header() {
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
        ("Zuora-Version", CallOptions::new().version("latest")),
        ("Zuora-Version", CallOptions::new().version("2024-5-20")),
        ("Zuora-Version", CallOptions::new().version("341")),
        ("Zuora-Version", CallOptions::new().version("")),
        ("Zuora-Entity-Ids", CallOptions::new().entity_id("a,b")),
        ("Zuora-Entity-Ids", CallOptions::new().entity_id("")),
        ("Zuora-Entity-Ids", CallOptions::new().entity_id("a\nb")),
        ("Zuora-Org-Ids", CallOptions::new().org_ids(["a", ""])),
        ("Zuora-Org-Ids", CallOptions::new().org_ids(Vec::<String>::new())),
        ("Zuora-Org-Ids", CallOptions::new().org_ids(["a\0"])),
        ("Idempotency-Key", CallOptions::new().idempotency_key("")),
    ];
    for (name, options) in cases {
        let mut world = World::new(script([]));
        let error = world.drive(call_with(&warm(&config()), Effect::Keyed, &options)).result.unwrap_err();
        assert_eq!((error.kind(), error.field()), (Kind::Build, Some(name)), "{options:?}");
        assert!(error.to_string().contains(name), "{error}");
        assert!(world.sent.is_empty(), "refused before it is sent");
    }
    let at_the_limit = CallOptions::new().track_id("x".repeat(64));
    assert!(play_with(&config(), Effect::Read, &at_the_limit, [success()]).0.result.is_ok());
}

#[test]
fn a_session_refuses_wrong_settings_by_name() {
    let cases: Vec<(&str, Config)> = vec![
        ("Zuora-Track-Id", config().track_id("a:b")),
        ("Zuora-Version", config().version("v1")),
        ("Zuora-Entity-Ids", config().entity_id("a,b")),
        ("Zuora-Org-Ids", config().org_ids([""])),
        ("User-Agent", config().application("two\nlines")),
        ("Authorization", Config::with_token(DataCenter::Eu, "")),
        ("Authorization", Config::with_token(DataCenter::Eu, "two\nlines")),
    ];
    for (name, config) in cases {
        let error = Session::new(&config, &seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (Kind::Build, Some(name)), "{config:?}");
    }
}

#[test]
fn the_token_goes_to_https_or_loopback_only() {
    let refused = [
        "http://rest.zuora.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://128.0.0.1",
        "http://[::2]",
        "ftp://rest.zuora.com",
        "https://user:hunter2@rest.zuora.com",
        "https://rest.zuora.com?x=1",
        "rest.zuora.com",
        "/v1",
        "https://",
        "",
        "https://rest zuora.com",
    ];
    for url in refused {
        let error = Session::new(&Config::new(url, CLIENT_ID, CLIENT_SECRET), &seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (Kind::Build, Some("base URL")), "{url}");
        assert!(!format!("{error}{error:?}").contains("hunter2"));
    }
    let accepted = [
        ("https://rest.zuora.com", "https://rest.zuora.com/v1/things/1"),
        ("https://rest.zuora.com/", "https://rest.zuora.com/v1/things/1"),
        ("https://proxy.example:8443/zuora/", "https://proxy.example:8443/zuora/v1/things/1"),
        ("http://127.0.0.1:8470", "http://127.0.0.1:8470/v1/things/1"),
        ("http://localhost:8470", "http://localhost:8470/v1/things/1"),
        ("http://[::1]:8470", "http://[::1]:8470/v1/things/1"),
    ];
    for (base, url) in accepted {
        let session = warm(&Config::new(base, CLIENT_ID, CLIENT_SECRET));
        let mut world = World::new(script([success()]));
        world.drive(Call::new(&session, operation(Effect::Read))).result.unwrap();
        assert_eq!(world.calls()[0].request.uri(), url);
    }
}

#[test]
fn a_path_cannot_lead_to_another_host() {
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
        let mut world = World::new(script([success()]));
        let result = world.drive(Call::new(&session, Raw::new(Method::GET, path))).result;
        match result {
            Err(error) => assert_eq!((error.kind(), error.field()), (Kind::Build, Some("path")), "{path}"),
            Ok(_) => assert_eq!(world.calls()[0].request.uri().host(), Some("rest.zuora.com"), "{path}"),
        }
    }
}
