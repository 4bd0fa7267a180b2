//! Changes by other users, snapshots and resets.

use http::Method;
use rust_decimal::Decimal;
use zuora_sandbox::{ApiOperation, EffectKind, Fault, RequestPattern, Settings, UnixTime};

use crate::client::{START, TestClient, form};

const ALL: &str = r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#;
const INVOICE: &str = r#"{"accountNumber":"A00000001","invoiceDate":"2026-03-01",
    "invoiceItems":[{"chargeName":"Work","amount":10,"serviceStartDate":"2026-03-01"}]}"#;

fn invoice(client: &mut TestClient) -> (String, String) {
    let path = client.standalone(INVOICE);
    let id = path.rsplit('/').next().unwrap().to_owned();
    (path, id)
}

fn status(client: &mut TestClient, path: &str) -> String {
    client.get(path).body["status"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn another_user_changes_an_invoice_through_its_whole_life() {
    let mut client = TestClient::demo();
    let (path, id) = invoice(&mut client);
    client.sandbox.comment_on_invoice(&id, "checked").unwrap();
    client.sandbox.post_invoice(&id).unwrap();
    assert_eq!(status(&mut client, &path), "Posted");
    client.sandbox.unpost_invoice(&id).unwrap();
    assert_eq!(status(&mut client, &path), "Draft");
    client.sandbox.post_invoice(&id).unwrap();
    client.sandbox.pay(&id, Decimal::TEN).unwrap();
    assert_eq!(
        client.sandbox.unpost_invoice(&id).unwrap_err().to_string(),
        format!(
            "cannot unpost {id}: An invoice to which payments or credit memos are applied cannot be unposted."
        )
    );
    client.sandbox.unapply_payment(&id).unwrap();
    assert_eq!(client.get(&path).body["balance"], 10);
    client.sandbox.unpost_invoice(&id).unwrap();
    client.sandbox.cancel_invoice(&id).unwrap();
    client.sandbox.delete_invoice(&id).unwrap();
    assert_eq!(client.get(&path).status, 404);

    let (_, second) = invoice(&mut client);
    client.sandbox.post_invoice(&second).unwrap();
    client.sandbox.reverse_invoice(&second).unwrap();
    let (_, third) = invoice(&mut client);
    client.sandbox.post_invoice(&third).unwrap();
    client.sandbox.write_off_invoice(&third).unwrap();
    let effects = client.sandbox.journal().effects();
    let by_hand = effects.filter(|effect| effect.kind != EffectKind::InvoiceCreated);
    assert!(by_hand.clone().all(|effect| effect.request.is_none() && effect.operation.is_none()));
    assert_eq!(by_hand.count(), 13);
}

#[test]
fn a_change_that_the_service_rejects_is_an_error() {
    let mut client = TestClient::demo();
    let (_, id) = invoice(&mut client);
    let before = client.effects();
    for (change, says) in [
        (client.sandbox.unpost_invoice(&id), "Invoice must be in Posted status to unpost"),
        (client.sandbox.delete_invoice(&id), "Only invoices with Canceled status can be deleted."),
        (client.sandbox.reverse_invoice(&id), "Only invoices with Posted status can be reversed."),
        (client.sandbox.write_off_invoice(&id), "Only invoices with Posted status can be written off."),
        (client.sandbox.unapply_payment(&id), "No payment is applied to the invoice."),
        (client.sandbox.post_bill_run("BR-1"), "Cannot find entity by key: 'BR-1'."),
    ] {
        let error = change.unwrap_err().to_string();
        assert!(error.ends_with(says), "{error}");
    }
    assert_eq!(client.effects(), before);
}

#[test]
fn another_user_changes_a_run() {
    let mut client = TestClient::demo();
    let run = client.completed(ALL);
    let drafts = client.invoices(&run);
    client.sandbox.post_bill_run("BR-00000001").unwrap();
    client.advance(1);
    assert_eq!(client.status(&run), "Posted");
    client.sandbox.unpost_invoice(drafts[0]["id"].as_str().unwrap()).unwrap();
    assert_eq!(client.status(&run), "Completed", "so that the draft can be posted again");
    assert_eq!(client.put(&format!("{run}/post"), "{}").status, 200);
    client.advance(1);
    assert_eq!(client.status(&run), "Posted");
    let posted = client.sandbox.journal().effects_of_kind(EffectKind::InvoicePosted).count();
    assert_eq!(posted, drafts.len() + 1);

    let second = client.create(r#"{"batches":["AllBatches"],"targetDate":"2026-04-30"}"#);
    client.advance(2);
    client.sandbox.cancel_bill_run("BR-00000002").unwrap();
    client.advance(1);
    assert_eq!(client.status(&second), "Canceled");
    client.sandbox.delete_bill_run("BR-00000002").unwrap();
    client.advance(1);
    assert_eq!(client.get(&second).status, 404);
}

#[test]
fn a_snapshot_restores_everything() {
    let mut client = TestClient::with(Settings::default());
    let (path, id) = invoice(&mut client);
    client.sandbox.faults().push(Fault::LoseResponse.on(Method::PUT, "/post"));
    let text = client.sandbox.journal().to_string();
    let before = client.sandbox.snapshot();
    client.sandbox.post_invoice(&id).unwrap();
    client.sandbox.revoke_tokens();
    client.sandbox.faults().clear();
    for _ in 0..2 {
        client.sandbox.restore(&before);
        assert_eq!(client.sandbox.journal().to_string(), text);
        assert!(!client.sandbox.faults().is_empty());
        assert_eq!(status(&mut client, &path), "Draft");
    }
}

#[test]
fn a_reset_keeps_tenant_and_settings_only() {
    let mut client = TestClient::with(Settings::default().concurrency_limit(7_u32));
    let first = client.sandbox.journal().to_string();
    let (path, _) = invoice(&mut client);
    client.sandbox.faults().push(Fault::NotSent);
    client.sandbox.reset();
    assert!(client.sandbox.faults().is_empty());
    assert_eq!(client.sandbox.journal().entries().len(), 0);
    assert_eq!(client.get(&path).status, 401, "tokens are gone");
    client.sandbox.reset();
    let token = client.token(&form(zuora_sandbox::CLIENT_ID, zuora_sandbox::CLIENT_SECRET));
    assert_eq!(client.sandbox.journal().to_string(), first, "as at the start");
    client.set("authorization", &format!("Bearer {}", token.body["access_token"].as_str().unwrap()));
    let gone = client.get(&path);
    assert_eq!((gone.status, gone.header("concurrency-limit-limit")), (404, "7"));
}

#[test]
fn another_user_acts_at_a_time_and_around_a_request() {
    let mut client = TestClient::demo();
    let (path, id) = invoice(&mut client);
    let (unposted, canceled) = (id.clone(), id.clone());
    client.sandbox.schedule(UnixTime::from_secs(START + 60), move |sandbox| {
        sandbox.unpost_invoice(&unposted).unwrap();
    });
    let later = Fault::execute_later(std::time::Duration::from_secs(30));
    client.sandbox.faults().push(later.on(Method::PUT, "/post"));
    client.delivered(Method::PUT, &format!("{path}/post"), "{}");
    client.advance(59);
    assert_eq!(status(&mut client, &path), "Posted");
    client.advance(600);
    assert_eq!(status(&mut client, &path), "Draft");
    let times: Vec<_> = client.sandbox.journal().effects_on(&id).map(|effect| effect.at).collect();
    assert_eq!(times, [0, 30, 60].map(|seconds| UnixTime::from_secs(START + seconds)));

    client.sandbox.before_next(RequestPattern::path(Method::PUT, "/post"), move |sandbox| {
        sandbox.cancel_invoice(&canceled).unwrap();
    });
    let rejected = client.delivered(Method::PUT, &format!("{path}/post"), "{}");
    assert_eq!(rejected.status, 400);

    let (path, id) = invoice(&mut client);
    client.sandbox.after_next(RequestPattern::operation(ApiOperation::PostInvoice), move |sandbox| {
        sandbox.unpost_invoice(&id).unwrap();
    });
    assert_eq!(client.delivered(Method::PUT, &format!("{path}/post"), "{}").status, 200);
    assert_eq!(status(&mut client, &path), "Draft");
}
