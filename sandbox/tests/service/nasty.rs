//! Faults of bodies, tokens, reads, duplicates and concurrency, and chaos.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use zuora_sandbox::{
    CLIENT_ID, CLIENT_SECRET, Chaos, DeliveredResponse, Delivery, Duplication, EffectKind, Fault,
    PlannedFault, Settings,
};

use crate::client::{TestClient, form};

const ALL: &str = r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#;
const RUNS: &str = "/v1/bill-runs";
const INVOICE: &str = r#"{"accountNumber":"A00000001","invoiceDate":"2026-03-01",
    "invoiceItems":[{"chargeName":"Work","amount":10,"serviceStartDate":"2026-03-01"}]}"#;

fn push(client: &mut TestClient, fault: impl Into<PlannedFault>) {
    client.sandbox.faults().push(fault);
}

fn count(client: &TestClient, kind: EffectKind) -> usize {
    client.sandbox.journal().effects_of_kind(kind).count()
}

fn raw(client: &mut TestClient, method: Method, path: &str, body: &str) -> Vec<u8> {
    match client.deliver(method, path, body) {
        DeliveredResponse::Response { response, .. } => response.into_body().to_vec(),
        other => panic!("no response: {other:?}"),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_body_is_cut_or_garbled_after_the_work() {
    let mut client = TestClient::demo();
    push(&mut client, Fault::Truncate(7));
    assert_eq!(raw(&mut client, Method::POST, RUNS, ALL), br#"{"succe"#);
    push(&mut client, Fault::Garble(3));
    let garbled = raw(&mut client, Method::POST, RUNS, ALL);
    assert_eq!((&garbled[..3], &garbled[3..11]), (&br#"{"s"#[..], &[0xff; 8][..]));
    push(&mut client, Fault::Garble(garbled.len() + 1));
    assert_eq!(raw(&mut client, Method::POST, RUNS, ALL)[1], 0xff, "counted from the start again");
    push(&mut client, Fault::Truncate(1 << 20));
    assert!(raw(&mut client, Method::POST, RUNS, ALL).ends_with(b"}"));
    assert_eq!(count(&client, EffectKind::BillRunCreated), 4);
}

#[test]
fn a_body_drips_until_its_last_piece_has_arrived() {
    let mut client = TestClient::with(Settings::default().count_concurrency(true).concurrency_limit(1_u32));
    push(&mut client, PlannedFault::from(Fault::Drip { bytes: 100, pause: seconds(2) }).delayed(seconds(5)));
    let delivered = client.deliver(Method::POST, RUNS, ALL);
    let DeliveredResponse::Dripping { response, bytes, pause, delay } = &delivered else {
        panic!("{delivered:?}");
    };
    assert_eq!((*bytes, *pause, *delay), (100, seconds(2), seconds(5)));
    let pieces = u64::try_from(response.body().chunks(100).count()).unwrap();
    assert!(pieces > 3, "{pieces}");
    let arrival = 5 + 2 * (pieces - 1);
    assert_eq!(delivered.arrives_after(), Some(seconds(arrival)));
    client.seconds += arrival - 1;
    assert_eq!(client.get("/v1/bill-runs/x").status, 429, "the response is still in progress");
    client.seconds += 1;
    assert_eq!(client.get("/v1/bill-runs/x").status, 404);
    assert_eq!(count(&client, EffectKind::BillRunCreated), 1);
    assert!(client.sandbox.journal().to_string().contains("fault: drip 100 bytes each 2s; 5s late"));
}

#[test]
fn a_garbled_gzip_body_cannot_be_inflated() {
    let mut client = TestClient::with(Settings::default().gzip_above(10_usize));
    client.set("accept-encoding", "gzip");
    push(&mut client, Fault::Garble(0));
    let body = raw(&mut client, Method::POST, RUNS, ALL);
    assert_eq!(body[..2], [0xff, 0xff]);
    let journal = client.sandbox.journal().to_string();
    assert!(journal.contains("fault: garble from byte 0") && journal.contains("BR-00000001"));
}

#[test]
fn a_duplicate_of_a_keyed_request_replays() {
    for duplication in
        [Duplication::FirstResponse, Duplication::SecondResponse, Duplication::Later(seconds(9))]
    {
        let mut client = TestClient::demo();
        client.set("idempotency-key", "k-1");
        push(&mut client, Fault::Duplicate(duplication));
        let created = client.delivered(Method::POST, RUNS, ALL);
        assert_eq!(created.body["billRunNumber"], "BR-00000001");
        client.advance(20);
        assert_eq!(count(&client, EffectKind::BillRunCreated), 1);
        assert_eq!(client.sandbox.seen(&Method::POST, RUNS), 2);
    }
}

#[test]
fn a_duplicate_without_a_key_is_executed_again() {
    let mut client = TestClient::demo();
    push(&mut client, Fault::Duplicate(Duplication::FirstResponse));
    client.delivered(Method::POST, RUNS, ALL);
    assert_eq!(count(&client, EffectKind::BillRunCreated), 2);

    let invoice = client.standalone(INVOICE);
    push(&mut client, Fault::Duplicate(Duplication::SecondResponse));
    let second = client.delivered(Method::PUT, &format!("{invoice}/post"), "{}");
    assert_eq!(second.error(), (400, 59_210_020, "Only invoices with Draft status can be posted."));
    assert_eq!(count(&client, EffectKind::InvoicePosted), 1, "the first delivery was executed");
    let journal = client.sandbox.journal();
    let last = journal.entries().next_back().unwrap();
    assert_eq!((last.duplicate_of(), last.delivery()), (Some(last.number() - 1), Delivery::Service));
    assert_eq!(journal.entry(last.number() - 1).unwrap().delivery(), Delivery::Lost);

    push(&mut client, Fault::Duplicate(Duplication::Later(seconds(60))));
    let item = r#"{"comments":"x"}"#;
    assert_eq!(client.delivered(Method::PUT, &invoice, item).status, 200);
    client.advance(59);
    assert_eq!(count(&client, EffectKind::InvoiceUpdated), 1);
    client.advance(1);
    assert_eq!(count(&client, EffectKind::InvoiceUpdated), 2);
}

#[test]
fn a_token_expires_before_or_after_the_work() {
    let mut client = TestClient::demo();
    push(&mut client, Fault::ExpireTokenAfter);
    assert_eq!(client.delivered(Method::POST, RUNS, ALL).status, 200);
    assert_eq!(client.delivered(Method::POST, RUNS, ALL).status, 401);
    assert_eq!(count(&client, EffectKind::BillRunCreated), 1);

    let mut client = TestClient::demo();
    push(&mut client, Fault::ExpireToken);
    assert_eq!(client.delivered(Method::POST, RUNS, ALL).status, 401);
    assert_eq!(client.effects(), []);
}

#[test]
fn reads_are_stale_for_a_while() {
    let mut client = TestClient::demo();
    let invoice = client.standalone(INVOICE);
    push(&mut client, PlannedFault::from(Fault::StaleRead(seconds(5))).lasting(seconds(20)));
    let status = |client: &mut TestClient| {
        let shown = client.delivered(Method::GET, &invoice, "");
        shown.body["status"].as_str().unwrap_or("none").to_owned()
    };
    assert_eq!(status(&mut client), "Draft");
    assert_eq!(client.delivered(Method::PUT, &format!("{invoice}/post"), "{}").status, 200);
    client.advance(4);
    assert_eq!(status(&mut client), "Draft", "the state of five seconds ago");
    client.advance(1);
    assert_eq!(status(&mut client), "Posted");
    client.advance(15);
    client.delivered(Method::PUT, &invoice, r#"{"comments":"fresh"}"#);
    assert_eq!(client.delivered(Method::GET, &invoice, "").body["comments"], "fresh", "after 20 seconds");
    assert!(client.sandbox.faults().is_empty());
    assert_eq!(client.sandbox.journal().entry(3).unwrap().faults(), Some("stale by 5s"));
}

#[test]
fn object_query_lags_behind_a_run_that_advances_in_the_background() {
    let mut client = TestClient::demo();
    push(&mut client, Fault::StaleRead(seconds(10)).on(Method::GET, "/object-query/invoices").times(9));
    client.delivered(Method::GET, "/v1/bill-runs/x", "");
    let run = client.create(ALL);
    client.advance(5);
    assert_eq!(client.status(&run), "Completed", "only Object Query lags");
    let rows = |client: &mut TestClient| {
        client.delivered(Method::GET, "/object-query/invoices", "").body["data"].as_array().unwrap().len()
    };
    assert_eq!(rows(&mut client), 0);
    client.advance(6);
    assert_eq!(rows(&mut client), 0, "the run was Processing then");
    client.advance(1);
    assert!(rows(&mut client) > 0);
}

#[test]
fn a_stale_read_has_no_effect_on_the_present() {
    let mut client = TestClient::demo();
    let run = client.create(ALL);
    push(&mut client, Fault::StaleRead(seconds(1)).times(3));
    client.advance(3);
    for _ in 0..3 {
        client.delivered(Method::GET, &run, "");
    }
    let drafts = count(&client, EffectKind::InvoiceCreated);
    assert_eq!(client.invoices(&run).len(), drafts);
}

#[test]
fn delayed_and_deferred_requests_use_up_the_concurrency_limit() {
    let settings = Settings::default().concurrency_limit(3_u32).count_concurrency(true);
    let mut client = TestClient::with(settings);
    let get = |client: &mut TestClient| client.delivered(Method::GET, "/v1/bill-runs/x", "");
    assert_eq!(get(&mut client).header("concurrency-limit-remaining"), "2");
    push(&mut client, Fault::Delay(seconds(10)));
    get(&mut client);
    push(&mut client, Fault::execute_later(seconds(20)));
    client.delivered(Method::POST, RUNS, ALL);
    assert_eq!(get(&mut client).header("concurrency-limit-remaining"), "0");
    push(&mut client, Fault::Delay(seconds(10)));
    get(&mut client);
    let throttled = get(&mut client);
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, "120"));
    assert_eq!(throttled.error().1, 50_000_070);
    assert_eq!(throttled.header("concurrency-limit-remaining"), "0");
    client.advance(10);
    assert_eq!(get(&mut client).header("concurrency-limit-remaining"), "1");
    client.advance(10);
    assert_eq!(get(&mut client).header("concurrency-limit-remaining"), "2");
}

/// A month of work, whatever happens to the requests.
fn story(seed: u64) -> TestClient {
    let mut client = TestClient::demo();
    client.sandbox.faults().set_chaos(Chaos::new(seed, 0.4));
    for round in 0..30 {
        client.set("idempotency-key", &format!("run-{round}"));
        client.deliver(Method::POST, RUNS, ALL);
        client.set("idempotency-key", &format!("invoices-{round}"));
        let rows = format!(r#"{{"invoices":[{INVOICE},{INVOICE}]}}"#);
        client.deliver(Method::POST, "/v1/invoices/batch", &rows);
        client.unset("idempotency-key");
        client.deliver(Method::GET, "/object-query/invoices?pageSize=99", "");
        client.deliver(Method::PUT, &format!("/v1/invoices/INV0000000{}/post", 1 + round % 9), "{}");
        client.deliver(Method::PUT, &format!("/v1/invoices/INV0000000{}/write-off", 1 + round % 7), "{}");
        client.deliver(Method::PUT, &format!("/v1/invoices/INV0000000{}/cancel", 1 + round % 8), "{}");
        client.deliver(Method::DELETE, &format!("/v1/invoices/INV0000000{}", 1 + round % 8), "");
        // Another user undoes some of it.
        let _ = client.sandbox.unpost_invoice(&format!("INV0000000{}", 1 + round % 5));
        client.advance(7);
        if round % 2 == 1 {
            let token = client.token(&form(CLIENT_ID, CLIENT_SECRET));
            client.set("authorization", &format!("Bearer {}", token.body["access_token"].as_str().unwrap()));
        }
    }
    client.sandbox.faults().clear();
    client.advance(600);
    client
}

fn text(seed: u64) -> String {
    story(seed).sandbox.journal().to_string()
}

#[test]
fn chaos_is_reproducible_to_the_byte() {
    let (one, other) = (text(7), text(8));
    assert_eq!(one, text(7));
    assert_ne!(one, other);
    for fault in ["lose response", "execute after", "duplicate", "stale by", "expire token"] {
        assert!(one.contains(fault) || other.contains(fault), "{fault}");
    }
}

#[test]
fn a_key_never_has_two_effects() {
    for seed in 0..6 {
        let client = story(seed);
        for round in 0..30 {
            let key = format!("run-{round}");
            let runs = client.sandbox.journal().effects_of_key(&key);
            assert!(
                runs.filter(|effect| effect.kind == EffectKind::BillRunCreated).count() <= 1,
                "{seed} {key}"
            );
            let key = format!("invoices-{round}");
            let invoices = client.sandbox.journal().effects_of_key(&key);
            assert!(invoices.filter(|effect| effect.kind == EffectKind::InvoiceCreated).count() <= 2);
        }
    }
}

#[test]
fn the_effects_add_up_to_the_state() {
    for seed in 0..6 {
        let mut client = story(seed);
        let token = client.token(&form(CLIENT_ID, CLIENT_SECRET));
        client.set("authorization", &format!("Bearer {}", token.body["access_token"].as_str().unwrap()));
        let mut expected = BTreeMap::new();
        for effect in client.sandbox.journal().effects() {
            let status = match effect.kind {
                EffectKind::InvoiceCreated => "Draft",
                EffectKind::InvoicePosted => "Posted",
                EffectKind::InvoiceUnposted => "Draft",
                EffectKind::InvoiceCanceled => "Canceled",
                EffectKind::InvoiceDeleted => {
                    assert!(expected.remove(&effect.id).is_some(), "{seed}");
                    continue;
                }
                _ => continue,
            };
            let before = expected.insert(effect.id.clone(), status.to_owned());
            assert_eq!(before.is_none(), effect.kind == EffectKind::InvoiceCreated, "{seed}");
        }
        let mut shown = BTreeMap::new();
        let mut page = "/object-query/invoices?pageSize=99".to_owned();
        loop {
            let body = client.get(&page).body;
            let rows = body["data"].as_array().unwrap().iter();
            shown.extend(rows.map(|row| (text_of(row, "id"), text_of(row, "status"))));
            match body["nextPage"].as_str() {
                Some(cursor) => page = format!("/object-query/invoices?pageSize=99&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(shown, expected, "{seed}");
    }
}

fn text_of(row: &serde_json::Value, name: &str) -> String {
    row[name].as_str().unwrap().to_owned()
}
