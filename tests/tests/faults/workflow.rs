//! The main workflow over a service with injected faults: retries, outcomes, and work that is never done twice.

use std::time::Duration;

use http::header::{HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use zuora_core::bill_runs::{
    AdHoc, Batches, BillRunGoal, BillRunStatus, BillRunWaiter, CreateBillRun, GetBillRun, PostBillRun,
};
use zuora_core::object_query::QueryInvoices;
use zuora_core::polling::PollingPolicy;
use zuora_core::reconcile::Reconciled;
use zuora_core::transport::Transport;
use zuora_core::{CallOptions, Client, Config, Date, ErrorKind, Outcome};
use zuora_sandbox::{BackgroundJob, CLIENT_ID, CLIENT_SECRET, Fault, InProcess, Sandbox, Settings, Tenant};

fn config() -> Config {
    Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET)
}

fn client_over(settings: Settings) -> Client<InProcess> {
    let sandbox = Sandbox::new(Tenant::demo(), settings);
    Client::with_transport(&config(), InProcess::new(sandbox)).unwrap()
}

fn client() -> Client<InProcess> {
    client_over(Settings::default())
}

fn create() -> CreateBillRun {
    CreateBillRun::new(Batches::all(), AdHoc::up_to(Date::new(2026, 3, 31).unwrap()))
}

fn completed(client: &Client<InProcess>) -> PostBillRun {
    let run = client.call(&create()).unwrap();
    let id = run.id().unwrap().clone();
    client.wait(BillRunWaiter::new(id.clone(), BillRunGoal::Completed), PollingPolicy::default()).unwrap();
    PostBillRun::new(id)
}

fn inject(client: &Client<InProcess>, fault: impl Into<zuora_sandbox::PlannedFault>) {
    client.transport().sandbox().faults().push(fault);
}

fn seen(client: &Client<InProcess>, method: &Method, path: &str) -> usize {
    client.transport().sandbox().seen(method, path)
}

#[test]
fn a_creation_whose_response_is_lost_is_retried_under_its_key_and_done_once() {
    for settings in [Settings::default(), Settings::default().replay_as_conflict(true)] {
        let client = client_over(settings);
        inject(&client, Fault::LoseResponse.on(Method::POST, "/v1/bill-runs").times(2));
        let run = client.call(&create()).unwrap();
        assert_eq!(run.attempts(), 3);
        assert_eq!(run.number().unwrap().as_str(), "BR-00000001");
        let next = client.call(&create()).unwrap();
        assert_eq!(next.number().unwrap().as_str(), "BR-00000002", "three requests made one run");
    }
}

#[test]
fn a_restarted_caller_finds_its_run_by_the_key() {
    let client = client();
    let options = CallOptions::new().idempotency_key("march-2026");
    let first = client.call_with(&create(), &options).unwrap();
    let again = client.call_with(&create(), &options).unwrap();
    assert_eq!(first.id().unwrap(), again.id().unwrap());
}

#[test]
fn a_posting_whose_response_is_lost_is_never_sent_again_and_is_reconciled_by_reading() {
    let client = client();
    let post = completed(&client);
    inject(&client, Fault::LoseResponse.on(Method::PUT, "/post"));
    let error = client.call(&post).unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (ErrorKind::Transport, Outcome::Unknown, 1)
    );
    assert!(!error.is_retryable());
    let (Reconciled::Applied(Some(run)) | Reconciled::UnderWay(Some(run))) =
        client.reconcile(&post, &error).unwrap()
    else {
        panic!("the run was posted")
    };
    assert!(matches!(run.status().unwrap(), BillRunStatus::PostInProgress | BillRunStatus::Posted));
    assert_eq!(seen(&client, &Method::PUT, "/post"), 1);
}

#[test]
fn a_posting_that_a_gateway_cut_off_stays_unknown_because_the_service_posts_in_the_background() {
    let client = client();
    let post = completed(&client);
    inject(&client, Fault::status(StatusCode::GATEWAY_TIMEOUT).on(Method::PUT, "/post"));
    let sent = client.transport().now();
    let error = client.call(&post).unwrap_err();
    assert_eq!((error.outcome(), error.status()), (Outcome::Unknown, Some(StatusCode::GATEWAY_TIMEOUT)));
    let Reconciled::Unknown(undecided) = client.reconcile(&post, &error).unwrap() else {
        panic!("the run may still be posted")
    };
    assert_eq!(undecided.status.as_deref(), Some("Completed"));
    assert!(undecided.to_string().contains("background"), "{undecided}");
    assert!(sent.until(client.transport().now()) >= Duration::from_secs(590), "{undecided}");
}

#[test]
fn a_posting_that_was_not_sent_is_retried() {
    let client = client();
    let post = completed(&client);
    inject(&client, Fault::NotSent.on(Method::PUT, "/post").times(3));
    assert_eq!(client.call(&post).unwrap().attempts(), 4);
    assert_eq!(seen(&client, &Method::PUT, "/post"), 1);
}

#[test]
fn a_lock_is_retried_and_a_broken_rule_is_not() {
    let client = client();
    let post = completed(&client);
    let locked = r#"{"success":false,"processId":"A","reasons":[{"code":50000050,"message":"locked"}]}"#;
    inject(&client, Fault::json(StatusCode::CONFLICT, locked).on(Method::PUT, "/post").times(2));
    assert_eq!(client.call(&post).unwrap().attempts(), 3);

    let error = client.call(&post).unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (ErrorKind::Rejected, Outcome::NotApplied, 1)
    );
    assert!(!error.reasons().is_empty() && error.process_id().is_some(), "{error:#}");
}

#[test]
fn a_rejection_with_status_200_is_a_rejection() {
    let client = client();
    let options = CallOptions::new().api_version("341.0");
    let error = client.call_with(&GetBillRun::new("0".repeat(32)), &options).unwrap_err();
    assert_eq!((error.status(), error.kind()), (Some(StatusCode::OK), ErrorKind::Rejected));
    assert!(error.is_not_found());
}

#[test]
fn a_limit_that_is_used_up_throttles_the_whole_session() {
    let client = client();
    client.call(&QueryInvoices::new()).unwrap();
    let mut used_up = HeaderMap::new();
    used_up.insert("ratelimit-remaining", HeaderValue::from_static("0"));
    used_up.insert("ratelimit-reset", HeaderValue::from_static("45"));
    let limited =
        Fault::json(StatusCode::TOO_MANY_REQUESTS, r#"{"reasons":[{"code":70,"message":"minute"}]}"#);
    inject(&client, limited.headers(used_up).on(Method::GET, "/v1/bill-runs/*"));

    let clone = client.clone();
    let began = client.transport().now();
    let short_wait = CallOptions::new().max_wait(Duration::from_secs(20));
    let error = client.call_with(&GetBillRun::new("0".repeat(32)), &short_wait).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert!(error.retry_after() >= Some(Duration::from_secs(45)), "{error}");

    let error = clone.call_with(&GetBillRun::new("0".repeat(32)), &short_wait).unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Throttled, 0),
        "throttled before the request is sent"
    );
    clone.call_with(&QueryInvoices::new(), &short_wait).expect("another class is not throttled");

    assert!(clone.call(&GetBillRun::new("0".repeat(32))).unwrap_err().is_not_found());
    assert!(began.until(client.transport().now()) >= Duration::from_secs(45));
}

#[test]
fn a_revoked_token_causes_one_token_request_and_a_wrong_secret_no_second_one() {
    let client = client();
    client.call(&QueryInvoices::new()).unwrap();
    client.transport().sandbox().revoke_tokens();
    assert_eq!(
        client.call(&QueryInvoices::new()).unwrap().attempts(),
        2,
        "the rejected attempt and the retry"
    );
    assert_eq!(seen(&client, &Method::POST, "/oauth/token"), 2);

    let wrong = Config::new("https://rest.test.zuora.com", CLIENT_ID, "wrong");
    let unauthorized = Client::with_transport(&wrong, InProcess::demo()).unwrap();
    let error = unauthorized.call(&QueryInvoices::new()).unwrap_err();
    assert_eq!((error.kind(), error.outcome(), error.attempts()), (ErrorKind::Auth, Outcome::NotApplied, 0));
    assert!(error.to_string().contains("data center"), "{error}");
    assert!(!format!("{error:?} {error:#}").contains("wrong\""), "{error:?}");
    assert_eq!(seen(&unauthorized, &Method::POST, "/oauth/token"), 1);
}

#[test]
fn a_run_that_returns_to_completed_while_it_is_posted_differs_from_one_that_is_not_yet_posted() {
    let client = client();
    let post = completed(&client);
    client.transport().sandbox().fail_next(BackgroundJob::Posting);
    let run = client.call(&post).unwrap();
    let error = client
        .wait(BillRunWaiter::new(run.id().unwrap().clone(), BillRunGoal::Posted), PollingPolicy::default())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert!(error.to_string().contains("fell back"), "{error}");
}

#[test]
fn a_long_wait_outlives_failed_polls() {
    let client = client();
    let run = client.call(&create()).unwrap();
    inject(
        &client,
        Fault::status(StatusCode::SERVICE_UNAVAILABLE).on(Method::GET, "/v1/bill-runs/*").times(14),
    );
    let run = client
        .wait(BillRunWaiter::new(run.id().unwrap().clone(), BillRunGoal::Completed), PollingPolicy::default())
        .unwrap();
    assert_eq!(run.status().unwrap(), &BillRunStatus::Completed);
}

#[test]
fn undecodable_responses_report_the_known_outcome() {
    let client = client();
    let html = Fault::json(StatusCode::OK, "<html>maintenance</html>");
    inject(&client, html.on(Method::GET, "/invoices"));
    let error = client.call(&QueryInvoices::new()).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::NotApplied), "{error}");

    let post = completed(&client);
    inject(&client, Fault::json(StatusCode::OK, "{}").on(Method::PUT, "/post"));
    let error = client.call(&post).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown), "{error}");

    inject(&client, Fault::json(StatusCode::OK, r#"{"success":true,"batches":7}"#).on(Method::PUT, "/post"));
    let error = client.call(&post).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Applied), "{error}");
    assert_eq!(error.field(), Some("batches"));

    inject(&client, Fault::json(StatusCode::OK, r#"{"success":true,"status":[1]}"#).on(Method::PUT, "/post"));
    let run = client.call(&post).unwrap();
    assert_eq!(run.status().unwrap_err().field(), Some("status"), "asking for the field is the error");
}

#[test]
fn a_post_that_is_called_again_keeps_the_unknown_outcome_of_the_first_call() {
    let client = client();
    let once = CallOptions::new().max_attempts(1);
    inject(&client, Fault::LoseResponse.on(Method::POST, "/v1/bill-runs"));
    let first = client.call_with(&create(), &once).unwrap_err();
    assert_eq!((first.outcome(), first.is_retryable()), (Outcome::Unknown, true));

    let rejection = r#"{"success":false,"reasons":[{"code":50000030,"message":"closed"}]}"#;
    inject(&client, Fault::json(StatusCode::BAD_REQUEST, rejection).on(Method::POST, "/v1/bill-runs"));
    let second = client.call_with(&create(), &CallOptions::retry_of(&first)).unwrap_err();
    assert_eq!(second.outcome(), Outcome::Unknown, "the first call may have been applied");

    let run = client.call_with(&create(), &CallOptions::retry_of(&second)).unwrap();
    assert_eq!(run.number().unwrap().as_str(), "BR-00000001");
    assert_eq!(client.call(&create()).unwrap().number().unwrap().as_str(), "BR-00000002");
}
