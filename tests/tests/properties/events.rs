//! The events that a machine can receive: any response, any bytes, any failure, at any time.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderName, HeaderValue, StatusCode};
use proptest::collection::vec;
use proptest::prelude::*;
use zuora_core::machine::Event;
use zuora_core::operation::Effect;
use zuora_core::transport::{HttpResponse, TransportError};
use zuora_tests::simulation::{lost, not_sent};

/// The next event of a machine.
#[derive(Clone, Debug)]
pub(crate) enum Incoming {
    Tick,
    Received(HttpResponse),
    NotSent,
    Lost,
    TooLarge,
    Unusable,
}

impl From<Incoming> for Event {
    fn from(incoming: Incoming) -> Self {
        match incoming {
            Incoming::Tick => Event::Tick,
            Incoming::Received(response) => Event::Response(response),
            Incoming::NotSent => Event::Failure(not_sent()),
            Incoming::Lost => Event::Failure(lost()),
            Incoming::TooLarge => Event::Failure(TransportError::TooLarge { limit: 9 }),
            Incoming::Unusable => Event::Failure(TransportError::unusable("no runtime")),
        }
    }
}

/// Words for random responses, so that a random body passes the first checks.
const WORDS: [&str; 28] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"success\"",
    "\"Success\"",
    "true",
    "false",
    "null",
    "\"reasons\"",
    "\"code\"",
    "\"message\"",
    "50000050",
    "\"50000070\"",
    "\"50000060\"",
    "\"90000011\"",
    "\"50000020\"",
    "\"processId\"",
    "\"A\"",
    "\"requestId\"",
    "\"access_token\"",
    "\"t\"",
    "\"expires_in\"",
    "0",
    "1e999",
    "\"\\ud800\"",
];

pub(crate) fn whole_bodies() -> impl Strategy<Value = Vec<u8>> {
    let code = prop::sample::select(vec![
        "50000010", "50000011", "50000030", "50000050", "50000060", "50000061", "50000070", "50000099", "X",
    ]);
    let flag =
        prop::sample::select(vec!["\"success\":true", "\"success\":false", "\"Success\":true", "\"x\":1"]);
    let id = prop::sample::select(vec!["A", "B", ""]);
    (flag, vec(code, 0..3), id).prop_map(|(flag, codes, id)| {
        let reasons: Vec<_> =
            codes.iter().map(|code| format!(r#"{{"code":"{code}","message":"m"}}"#)).collect();
        let token = r#""access_token":"fetched","expires_in":3599"#;
        format!(r#"{{{flag},"processId":"{id}","reasons":[{}],{token}}}"#, reasons.join(",")).into_bytes()
    })
}

pub(crate) fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let words =
        vec(prop::sample::select(WORDS.to_vec()), 0..24).prop_map(|words| words.concat().into_bytes());
    let success = Just(br#"{"success":true,"access_token":"fetched"}"#.to_vec());
    prop_oneof![
        3 => Just(Vec::new()),
        3 => success,
        6 => whole_bodies(),
        2 => words,
        1 => vec(any::<u8>(), 0..200),
        1 => whole_bodies().prop_map(|body| gzip(&body)),
    ]
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

const NAMES: [&str; 9] = [
    "retry-after",
    "ratelimit-remaining",
    "ratelimit-reset",
    "concurrency-limit-remaining",
    "zuora-request-id",
    "zuora-track-id",
    "content-encoding",
    "content-length",
    "www-authenticate",
];

pub(crate) fn header_values() -> impl Strategy<Value = HeaderValue> {
    let usual = prop::sample::select(vec![
        "0",
        "1",
        "5",
        "600",
        "18446744073709551615",
        "99999999999999999999999",
        "-1",
        "gzip",
        "br",
        "id-1",
        "id-2",
        "",
    ])
    .prop_map(HeaderValue::from_static);
    let any_bytes = vec(any::<u8>(), 0..20)
        .prop_filter_map("a header value", |bytes| HeaderValue::from_bytes(&bytes).ok());
    prop_oneof![8 => usual, 1 => any_bytes]
}

pub(crate) fn responses() -> impl Strategy<Value = HttpResponse> {
    let usual =
        prop::sample::select(vec![200, 200, 200, 204, 400, 401, 404, 409, 429, 429, 500, 502, 503, 504]);
    let status = prop_oneof![8 => usual, 1 => 100_u16..600];
    let headers = vec((prop::sample::select(NAMES.to_vec()), header_values()), 0..4);
    (status, headers, bodies()).prop_map(|(status, headers, body)| {
        let mut response = HttpResponse::new(Bytes::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
        response
    })
}

pub(crate) fn incoming_events() -> impl Strategy<Value = Incoming> {
    prop_oneof![
        8 => responses().prop_map(Incoming::Received),
        2 => Just(Incoming::NotSent),
        2 => Just(Incoming::Lost),
        1 => Just(Incoming::TooLarge),
        1 => Just(Incoming::Tick),
        1 => Just(Incoming::Unusable),
    ]
}

pub(crate) fn effects() -> impl Strategy<Value = Effect> {
    prop::sample::select(vec![Effect::Read, Effect::Keyed, Effect::Unkeyed])
}

/// One step: the event, the milliseconds before it, and whether the machine's request for an event is respected.
pub(crate) type Step = (Incoming, u64, bool);

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec((incoming_events(), 0_u64..200_000, prop::bool::weighted(0.97)), 0..24)
}
