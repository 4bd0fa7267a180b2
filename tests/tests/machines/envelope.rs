//! The inspection of a response: every form of body, gzip, size limits, and a 200 that is not a success.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use zuora_core::bill_runs::PostBillRun;
use zuora_core::invoices::GetInvoiceItems;
use zuora_core::machine::Call;
use zuora_core::object_query::QueryInvoices;
use zuora_core::operation::Effect;
use zuora_core::transport::HttpResponse;
use zuora_core::{ErrorKind, Outcome, ReasonCategory};
use zuora_tests::simulation::{
    self, EFFECTS, SendResult, Simulation, config, play, play_with, received, script, warm,
};

/// Status, body, and the expected reasons of the error.
type Shape = (u16, &'static str, &'static [(&'static str, &'static str)]);

#[test]
fn every_form_of_error_response_reports_its_reasons() {
    let shapes: [Shape; 17] = [
        (400, r#"{"success":false,"reasons":[{"code":53100320,"message":"a"}]}"#, &[("53100320", "a")]),
        (400, r#"{"success":false,"reasons":[{"code":"53100320","message":"a"}]}"#, &[("53100320", "a")]),
        (400, r#"{ "success" : false , "processId" : "A" , "reasons" : [ ] }"#, &[]),
        (400, r#"{"success":false,"reasons":null}"#, &[]),
        (400, r#"{"success":false,"reasons":{"code":"50000020","message":"one"}}"#, &[("50000020", "one")]),
        (
            400,
            r#"{"success":false,"reasons":[{"code":50000020,"message":"a"},{"code":50000022,"message":"b"}]}"#,
            &[("50000020", "a"), ("50000022", "b")],
        ),
        (
            400,
            r#"{"Success":false,"Errors":[{"Code":"INVALID_VALUE","Message":"m"}]}"#,
            &[("INVALID_VALUE", "m")],
        ),
        (400, r#"{"faultcode":"fns:MALFORMED_QUERY","faultstring":"f"}"#, &[("fns:MALFORMED_QUERY", "f")]),
        (400, r#"{"FaultCode":"fns:INVALID","FaultMessage":"f"}"#, &[("fns:INVALID", "f")]),
        (
            415,
            r#"{"code":415,"message":"HTTP 415 Unsupported Media Type"}"#,
            &[("415", "HTTP 415 Unsupported Media Type")],
        ),
        (
            404,
            r#"{"message":"no Route matched with those values"}"#,
            &[("", "no Route matched with those values")],
        ),
        (400, r#"{"errors":"[40000050] busy","success":false}"#, &[("", "[40000050] busy")]),
        (400, r#"{"reasons":[{"code":"50000027","message":"m"}],"requestId":"r"}"#, &[("50000027", "m")]),
        (400, r#"{"error":"invalid_request","error_description":"d"}"#, &[("invalid_request", "d")]),
        (400, "<html>Bad Request</html>", &[]),
        (400, "", &[]),
        (400, "[1,2", &[]),
    ];
    for (status, body, reasons) in shapes {
        for effect in EFFECTS {
            let (ended, _) = play(effect, [received(status, &[], body)]);
            let error = ended.result.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Rejected, Outcome::NotApplied), "{body}");
            let reported: Vec<_> = error
                .reasons()
                .iter()
                .map(|reason| (reason.code.as_str(), reason.message.as_str()))
                .collect();
            assert_eq!(reported, reasons, "{body}");
            assert_eq!(&error.body()[..], body.as_bytes(), "the body is kept as an explanation");
        }
    }
}

#[test]
fn a_version_before_2024_05_20_rejects_with_200() {
    // The same rejection, with the status of newer versions and with 200.
    let cases = [
        ("50000010", 403, ReasonCategory::Permission),
        ("50000020", 400, ReasonCategory::Format),
        ("50000021", 400, ReasonCategory::UnknownField),
        ("50000022", 400, ReasonCategory::MissingField),
        ("50000023", 400, ReasonCategory::MissingParameter),
        ("50000027", 400, ReasonCategory::InvalidParameter),
        ("59210030", 400, ReasonCategory::Rule),
        ("50000040", 404, ReasonCategory::NotFound),
        ("50000045", 415, ReasonCategory::Unsupported),
        ("50000090", 400, ReasonCategory::Malformed),
    ];
    for (code, status, category) in cases {
        for effect in EFFECTS {
            for status in [200, status] {
                let body = format!(r#"{{"success":false,"reasons":[{{"code":{code},"message":"m"}}]}}"#);
                let (ended, _) = play(effect, [received(status, &[], &body)]);
                let error = ended.result.unwrap_err();
                assert_eq!((error.kind(), error.outcome()), (ErrorKind::Rejected, Outcome::NotApplied));
                assert_eq!(error.reasons()[0].category(), category, "{code}");
                assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
                assert_eq!(error.is_not_found(), category == ReasonCategory::NotFound || status == 404);
            }
        }
    }
}

#[test]
fn a_read_that_is_rejected_with_200_is_never_an_empty_list() {
    let bodies = [
        r#"{"errors":"[40000050] busy"}"#,
        r#"{"errors":[{"code":"x"}]}"#,
        r#"{"Errors":[{"Code":"INVALID_VALUE","Message":"m"}],"size":0}"#,
        r#"{"error":"invalid_token","error_description":"x"}"#,
        r#"{"error":{"code":"50000030","message":"x"}}"#,
        r#"{"code":"58730030","message":"no"}"#,
        r#"{"message":"internal error"}"#,
        r#"{"fault":{"faultstring":"x"}}"#,
        r#"{"faultcode":"x"}"#,
        r#"{"SUCCESS":false}"#,
        r#"{"\u0073uccess":false,"\u0072easons":[{"code":"58730040"}]}"#,
    ];
    for body in bodies {
        let once = || script([received(200, &[], body)]);
        let query = Call::new(&warm(&config()), QueryInvoices::new());
        let error = Simulation::new(once()).drive(query).result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Rejected, Outcome::NotApplied), "{body}");
        let items = Call::new(&warm(&config()), GetInvoiceItems::new("INV1"));
        assert_eq!(
            Simulation::new(once()).drive(items).result.unwrap_err().kind(),
            ErrorKind::Rejected,
            "{body}"
        );
    }
    let empty = r#"{"data":[],"nextPage":null}"#;
    let query = Call::new(&warm(&config()), QueryInvoices::new());
    assert!(
        Simulation::new(script([received(200, &[], empty)])).drive(query).result.unwrap().data.is_empty()
    );
}

#[test]
fn a_payload_with_a_message_is_read_by_a_raw_operation() {
    let body = r#"{"code":"USD","message":"of a payload"}"#;
    assert!(play(Effect::Read, [received(200, &[], body)]).0.result.is_ok());
    let (ended, _) = play(Effect::Read, [received(200, &[], r#"{"code":"58730030","message":"no"}"#)]);
    assert_eq!(ended.result.unwrap_err().kind(), ErrorKind::Rejected);
}

#[test]
fn a_success_that_was_read_is_applied_whatever_else_is_broken() {
    for body in
        [r#"{"success":true,"id":"x"#, r#"{"id":"x","success":true,"cut"#, r#"{"success":true} trailing"#]
    {
        let post = Call::new(&warm(&config()), PostBillRun::new("2c98"));
        let error = Simulation::new(script([received(200, &[], body)])).drive(post).result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Applied), "{body}");
    }
    for body in
        [r#"{"id":"x","succ"#, r#"{"success":tru"#, r#"{"success":true}{"success":false}"#, "<html>ok"]
    {
        let post = Call::new(&warm(&config()), PostBillRun::new("2c98"));
        let error = Simulation::new(script([received(200, &[], body)])).drive(post).result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown), "{body}");
    }
}

#[test]
fn a_flag_inside_the_payload_is_not_the_flag_of_the_response() {
    // Each row of a bulk response has a separate result; the call succeeded.
    let rows =
        r#"{"success":true,"invoices":[{"success":false,"reasons":[{"code":"59210020","message":"m"}]}]}"#;
    let reversed =
        r#"{"invoices":[{"success":false,"reasons":[{"code":"59210020","message":"m"}]}],"success":true}"#;
    let between = r#"{"a":1,"success":true,"invoices":[{"success":false}]}"#;
    for effect in EFFECTS {
        for body in [rows, reversed, between] {
            assert!(play(effect, [received(200, &[], body)]).0.result.is_ok(), "{body}");
        }
    }
    // The success of a row does not make the call a success.
    let nested = r#"{"rows":[{"success":true}],"success":false}"#;
    let quoted = r#"{"note":"\"success\":true}","success":false}"#;
    let both = r#"{"success":false,"x":{"success":true}}"#;
    let twice = r#"{"id":"1","success":false,"success":true,"name":"x"}"#;
    for effect in EFFECTS {
        for body in [nested, quoted, both, twice] {
            assert!(play(effect, [received(200, &[], body)]).0.result.is_err(), "{body}");
        }
    }
}

#[test]
fn a_read_may_lack_the_flag_and_contain_any_names() {
    let bodies = [
        r#"{"id":"1","name":"success"}"#,
        r#"{"data":[{"code":"USD","message":"hello"}]}"#,
        r#"{"data":[{"success":false}],"nextPage":"x"}"#,
        r#"{"code":"A-1","message":"of a payload","errors":[]}"#,
        r#"{"invoices":[{"success":true,"reasons":[]}],"code":"DE","message":"a field of the payload"}"#,
        "[]",
        "",
        "plain text",
    ];
    for body in bodies {
        let (ended, _) = play(Effect::Read, [received(200, &[], body)]);
        assert!(ended.result.is_ok(), "{body}: {}", ended.result.unwrap_err());
    }
}

#[test]
fn a_read_with_reasons_and_without_the_flag_is_rejected() {
    let (ended, _) = play(
        Effect::Read,
        [received(200, &[], r#"{"reasons":[{"code":"50000027","message":"m"}],"requestId":"r-1"}"#)],
    );
    let error = ended.result.unwrap_err();
    assert_eq!((error.kind(), error.request_id()), (ErrorKind::Rejected, Some("r-1")));
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn compressed(status: u16, encoding: &'static str, body: Vec<u8>) -> SendResult {
    let mut response = HttpResponse::new(body.into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response.headers_mut().insert("content-encoding", http::HeaderValue::from_static(encoding));
    SendResult::Received(response)
}

#[test]
fn gzip_responses_are_read_like_plain_ones() {
    let body = br#"{"id":"1","success":true}"#;
    for encoding in ["gzip", "GZIP", "x-gzip", " gzip "] {
        let (ended, log) = play(Effect::Keyed, [compressed(200, encoding, gzip(body))]);
        let response = ended.result.unwrap();
        assert_eq!(&response.body()[..], body);
        assert_eq!(response.headers()["content-encoding"], encoding, "headers are as received");
        assert_eq!(log.calls()[0].request.headers()["accept-encoding"], "gzip");
    }
    let two_members = [gzip(b"{\"id\":\"1\","), gzip(b"\"success\":true}")].concat();
    assert!(play(Effect::Keyed, [compressed(200, "gzip", two_members)]).0.result.is_ok());
    let (ended, _) = play(Effect::Read, [compressed(200, "gzip", Vec::new())]);
    assert!(ended.result.is_ok(), "an empty body is not decoded");
    let (ended, _) =
        play(Effect::Keyed, [compressed(400, "gzip", gzip(br#"{"reasons":[{"code":"50000020"}]}"#))]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.reasons()[0].code, "50000020", "an error response is inflated too");
    assert_eq!(error.headers()["content-encoding"], "gzip", "headers are as received");
}

#[test]
fn gzip_that_is_damaged_cut_off_or_a_bomb_is_an_error_value() {
    let whole = gzip(br#"{"id":"1","success":true}"#);
    for length in 1..whole.len() {
        let (ended, _) = play(Effect::Unkeyed, [compressed(200, "gzip", whole[..length].to_vec())]);
        let error = ended.result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown), "cut at {length}");
    }
    for (index, _) in whole.iter().enumerate() {
        let mut flipped = whole.clone();
        flipped[index] ^= 0x55;
        // Any value or error is acceptable; not every flipped bit of a gzip header matters.
        let _ = play(Effect::Unkeyed, [compressed(200, "gzip", flipped)]);
    }
    let bomb = gzip(&vec![b' '; 1 << 20]);
    assert!(bomb.len() < 2_000);
    let small = simulation::config().max_response_bytes(1 << 16);
    let options = zuora_core::CallOptions::new();
    let (ended, _) = play_with(&small, Effect::Read, &options, [compressed(200, "gzip", bomb.clone())]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("larger"), "{error}");
    let (ended, _) = play_with(&small, Effect::Read, &options, [compressed(400, "gzip", bomb)]);
    assert_eq!(ended.result.unwrap_err().kind(), ErrorKind::Rejected, "the status alone decides");
}

#[test]
fn the_size_limit_is_exact_to_the_byte() {
    let mut body = br#"{"success":true}"#.to_vec();
    body.resize(1000, b' ');
    let options = zuora_core::CallOptions::new();
    for (cap, fits) in [(1000, true), (999, false), (0, false), (usize::MAX, true)] {
        let config = simulation::config().max_response_bytes(cap);
        let (ended, _) = play_with(&config, Effect::Keyed, &options, [compressed(200, "gzip", gzip(&body))]);
        assert_eq!(ended.result.is_ok(), fits, "{cap}");
    }
}

#[test]
fn deep_and_strange_json_is_an_error_value_or_a_rejection() {
    let deep = |open: &str, close: &str| [open.repeat(20_000), close.repeat(20_000)].concat();
    let bodies = [
        deep("[", "]"),
        deep("{\"a\":", "}"),
        format!(r#"{{"success":false,"reasons":{}}}"#, deep("[", "]")),
        format!(r#"{{"success":false,"reasons":[{{"code":1e999,"message":{}}}]}}"#, deep("{\"a\":", "}")),
        format!(r#"{{"reasons":[{}]}}"#, "{},".repeat(2_000)),
        r#"{"success":false,"reasons":["text",7,null,true,{}]}"#.into(),
        r#"{"success":null,"reasons":"text"}"#.into(),
        "{\"success\":false,\"reasons\":[{\"code\":\"\u{0}\",\"message\":\"\u{202e}\"}]}".into(),
        r#"{"success":tru"#.into(),
        r#"{"success"}"#.into(),
        "\u{feff}{\"success\":false}".into(),
        r#"{"\ud800":1,"success":false}"#.into(),
    ];
    for body in bodies {
        for effect in EFFECTS {
            for status in [200, 400] {
                let (ended, _) = play(effect, [received(status, &[], &body)]);
                if let Err(error) = ended.result {
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
}

#[test]
fn a_message_of_the_service_stays_on_one_line() {
    let body = r#"{"success":false,"reasons":[{"code":"50000020","message":"first\r\nsecond\u001b[31m"}]}"#;
    let (ended, _) = play(Effect::Read, [received(400, &[], body)]);
    let error = ended.result.unwrap_err();
    assert_eq!(error.reasons()[0].message, "first\r\nsecond\u{1b}[31m", "the reason keeps its text");
    assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
}
