//! Whole workflows over the sandbox, in process and on a virtual clock.

use std::collections::BTreeMap;
use std::time::Duration;

use zuora_core::bill_runs::{
    AdHoc, Batches, BillRun, BillRunGoal, BillRunStatus, BillRunWaiter, CancelBillRun, CreateBillRun,
    DeleteBillRun, EmailBillRun, GetBillRun, PostBillRun, PostIfUnchanged, ReviewBillRun, Schedule, Scope,
};
use zuora_core::invoices::{GetInvoice, GetInvoiceItems};
use zuora_core::object_query::QueryInvoices;
use zuora_core::polling::{Poller, PollingPolicy, Progress};
use zuora_core::types::Decimal;
use zuora_core::{Amount, AsyncClient, Client, Config, Date, Error, ErrorKind, Operation, Outcome};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, InProcess, Sandbox, Settings, Tenant};

fn config() -> Config {
    Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET)
}

fn client() -> Client<InProcess> {
    Client::with_transport(&config(), InProcess::demo()).unwrap()
}

fn day(year: u16, month: u8, day: u8) -> Date {
    Date::new(year, month, day).unwrap()
}

fn complete(client: &Client<InProcess>, scope: impl Into<Scope>) -> BillRun {
    let create = CreateBillRun::new(scope, AdHoc::up_to(day(2026, 3, 31)));
    let run = client.call(&create).unwrap();
    reach(client, &run, BillRunGoal::Completed).unwrap()
}

fn reach(client: &Client<InProcess>, run: &BillRun, goal: BillRunGoal) -> Result<BillRun, Error> {
    client.wait(BillRunWaiter::new(run.id()?.clone(), goal), PollingPolicy::default())
}

#[test]
fn a_run_is_created_polled_reviewed_and_posted() {
    let client = client();
    let created = client.call(&CreateBillRun::new(Batches::all(), AdHoc::up_to(day(2026, 3, 31)))).unwrap();
    assert_eq!(created.attempts(), 1);
    assert!(created.request_id().is_some());

    let mut poller = client.poller(
        BillRunWaiter::new(created.id().unwrap().clone(), BillRunGoal::Completed),
        PollingPolicy::default(),
    );
    let mut seen = Vec::new();
    let run = loop {
        let progress = poller.poll().unwrap();
        let status = poller.waiter().status().unwrap().as_str().to_owned();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        if let Progress::Ready(run) = progress {
            break run;
        }
    };
    assert_eq!(seen, ["Pending", "Processing", "Completed"]);

    let review = client.review(&run).unwrap();
    assert_eq!(review.invoice_count(), 12);
    let totals = review.totals().unwrap();
    assert_eq!(totals.keys().collect::<Vec<_>>(), ["EUR", "JPY", "USD"]);

    client.post_if_unchanged(&PostIfUnchanged::new(review.clone())).unwrap();
    let posted = reach(&client, &run, BillRunGoal::Posted).unwrap();
    assert_eq!(posted.status().unwrap(), &BillRunStatus::Posted);

    let mut sums = BTreeMap::<String, Decimal>::new();
    for reviewed in review.invoices() {
        let id = reviewed.id.as_str();
        let invoice = client.call(&GetInvoice::new(id)).unwrap();
        assert_eq!(invoice.status.as_ref().unwrap().as_str(), "Posted");
        let items = client.items(&GetInvoiceItems::new(id)).collect::<Result<Vec<_>, _>>().unwrap();
        let amounts: Vec<_> =
            items.iter().flat_map(|item| [&item.charge_amount, &item.tax_amount]).flatten().collect();
        let sum = Amount::sum(amounts).unwrap().to_decimal().unwrap();
        assert_eq!(sum, invoice.amount.as_ref().unwrap().to_decimal().unwrap());
        *sums.entry(reviewed.currency.clone()).or_default() += sum;
    }
    let totals = totals.into_iter().map(|(currency, total)| (currency, total.to_decimal().unwrap()));
    assert_eq!(sums, totals.collect(), "exact to the last digit");
}

#[test]
fn a_run_does_not_bill_again_what_an_earlier_run_billed() {
    let client = client();
    let first = complete(&client, Batches::all());
    let second = complete(&client, Batches::all());
    assert_eq!(client.review(&first).unwrap().invoice_count(), 12);
    let error = client.review(&second).unwrap_err();
    assert!(error.to_string().contains("lists no invoices"), "{error}");
    let reading = ReviewBillRun::new(client.session(), &second).unwrap().allow_empty();
    let empty = client.drive(reading).unwrap();
    assert_eq!(empty.invoice_count(), 0);
    let post = PostIfUnchanged::new(empty);
    assert_eq!(client.post_if_unchanged(&post).unwrap_err().kind(), ErrorKind::Build);
    client.post_if_unchanged(&post.allow_empty()).unwrap();
}

#[test]
fn a_review_that_is_out_of_date_posts_nothing() {
    let client = client();
    let run = complete(&client, Batches::named(["Batch1"]));
    let review = client.review(&run).unwrap();
    let kept = serde_json::to_string(&review).unwrap();

    client.call(&PostBillRun::new(run.id().unwrap().clone())).unwrap();
    reach(&client, &run, BillRunGoal::Posted).unwrap();

    let review = serde_json::from_str(&kept).unwrap();
    let error = client.post_if_unchanged(&PostIfUnchanged::new(review)).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Failed, Outcome::NotApplied));
    let text = error.to_string();
    assert!(text.contains("530.40 USD Draft") && text.contains("530.40 USD Posted"), "{text}");
    assert_eq!(client.transport().sandbox().seen(&http::Method::PUT, "/post"), 1);
}

#[test]
fn a_run_is_canceled_and_deleted_and_its_charges_are_billed_again() {
    let client = client();
    let run = complete(&client, Batches::all());
    let id = run.id().unwrap().clone();
    let rejected = client.call(&DeleteBillRun::new(id.clone())).unwrap_err();
    assert_eq!((rejected.kind(), rejected.outcome()), (ErrorKind::Rejected, Outcome::NotApplied));

    client.call(&CancelBillRun::new(id.clone())).unwrap();
    assert_eq!(
        reach(&client, &run, BillRunGoal::Canceled).unwrap().status().unwrap(),
        &BillRunStatus::Canceled
    );
    client.call(&DeleteBillRun::new(id.clone())).unwrap();
    reach(&client, &run, BillRunGoal::Deleted).unwrap();
    assert!(client.call(&GetBillRun::new(id)).unwrap_err().is_not_found());

    let again = complete(&client, Batches::all());
    assert_eq!(client.review(&again).unwrap().invoice_count(), 12);
}

#[test]
fn one_occurrence_of_a_schedule_is_canceled_and_the_next_one_named() {
    let client = client();
    let schedule = Schedule::daily(day(2026, 3, 10), 6);
    let run = client.call(&CreateBillRun::new(Batches::all(), schedule)).unwrap();
    let canceled = client.call(&CancelBillRun::new(run.id().unwrap().clone()).this_occurrence()).unwrap();
    let next = canceled.next_run.as_ref().expect("the occurrence of the next day");
    assert_eq!(next.status().unwrap(), &BillRunStatus::Pending);
    assert_ne!(next.id().unwrap(), run.id().unwrap());
    let next = client.call(&GetBillRun::new(next.id().unwrap().clone())).unwrap();
    assert!(next.scheduled_execution_time.unwrap() > run.scheduled_execution_time.unwrap());
}

#[test]
fn posted_documents_are_emailed_by_number() {
    let client = client();
    let run = complete(&client, Batches::all());
    client.call(&PostBillRun::new(run.id().unwrap().clone())).unwrap();
    reach(&client, &run, BillRunGoal::Posted).unwrap();
    let documents = QueryInvoices::of_bill_run(run.number().unwrap().clone());
    let emailed = || {
        let invoices = client.items(&documents).collect::<Result<Vec<_>, _>>().unwrap();
        (invoices.len(), invoices.iter().filter(|invoice| invoice.last_email_sent_date.is_some()).count())
    };
    assert_eq!(emailed(), (12, 0));
    let mailed = client.call(&EmailBillRun::new(run.number().unwrap().as_str())).unwrap();
    assert_eq!(mailed.envelope.success, Some(true));
    assert_eq!(emailed(), (12, 12), "all documents of the run");
}

#[test]
fn one_account_is_billed_alone() {
    let client = client();
    let all = client.call(&QueryInvoices::new()).unwrap();
    assert!(all.data.is_empty());
    let tenant: serde_json::Value =
        serde_json::from_str(include_str!("../../sandbox/demo-tenant.json")).unwrap();
    let account = tenant["accounts"][2]["id"].as_str().unwrap();
    let run = complete(&client, Scope::account(account));
    let review = client.review(&run).unwrap();
    assert_eq!(review.invoice_count(), 1);
    assert_eq!(review.invoices().next().unwrap().account_id.unwrap(), account);
}

#[test]
fn a_poller_is_resumed_by_another_process() {
    let transport = InProcess::demo();
    let first = Client::with_transport(&config(), transport.clone()).unwrap();
    let run = complete(&first, Batches::all());
    first.call(&PostBillRun::new(run.id().unwrap().clone())).unwrap();
    let mut poller = first
        .poller(BillRunWaiter::new(run.id().unwrap().clone(), BillRunGoal::Posted), PollingPolicy::default());
    assert!(matches!(poller.poll().unwrap(), Progress::Pending(Some(_))));
    let now = zuora_core::transport::Transport::now(first.transport());
    let text = poller.into_poller().to_json(now).unwrap();
    drop(first);

    let second = Client::with_transport(&config(), transport).unwrap();
    let poller =
        Poller::<BillRunWaiter>::from_json(second.session(), &text, PollingPolicy::default()).unwrap();
    let run = second.drive(poller.until_done()).unwrap();
    assert_eq!(run.status().unwrap(), &BillRunStatus::Posted);
}

#[test]
fn a_token_is_transferred_to_the_next_process() {
    let transport = InProcess::demo();
    let first = Client::with_transport(&config(), transport.clone()).unwrap();
    assert!(first.token().is_none());
    first.call(&QueryInvoices::new()).unwrap();
    let token = first.token().unwrap();
    assert!(token.expires_in() > Duration::from_secs(3000));

    let second = Client::with_transport(&config(), transport.clone()).unwrap();
    second.set_token(&token).unwrap();
    second.call(&QueryInvoices::new()).unwrap();
    assert_eq!(transport.sandbox().seen(&http::Method::POST, "/oauth/token"), 1);
}

#[test]
fn every_list_is_read_to_its_end_in_pages() {
    let client = client();
    let run = complete(&client, Batches::all());
    let query = QueryInvoices::of_bill_run(run.number().unwrap().clone()).page_size(5);
    let sizes: Vec<_> = client.pages(&query).map(|page| page.unwrap().len()).collect();
    assert_eq!(sizes, [5, 5, 2]);

    let longest = client
        .items(&query)
        .map(|invoice| {
            let items = GetInvoiceItems::new(invoice.unwrap().id.unwrap()).page_size(2);
            let pages: Vec<_> = client.pages(&items).map(|page| page.unwrap().into_inner()).collect();
            assert!(pages.iter().rev().skip(1).all(|page| page.len() == 2));
            let ids: std::collections::BTreeSet<_> =
                pages.iter().flatten().map(|item| item.id.clone()).collect();
            assert_eq!(ids.len(), pages.iter().map(Vec::len).sum::<usize>(), "no item twice");
            ids.len()
        })
        .max();
    assert!(longest.unwrap() > 20);
}

#[test]
fn a_run_with_auto_post_can_be_waited_for_from_the_start() {
    let client = client();
    let create = CreateBillRun::new(Batches::all(), AdHoc::up_to(day(2026, 3, 31))).auto_post(true);
    let run = client.call(&create).unwrap();
    assert_eq!(reach(&client, &run, BillRunGoal::Posted).unwrap().status().unwrap(), &BillRunStatus::Posted);
}

#[test]
fn a_custom_tenant_is_read_from_a_file() {
    let json =
        include_str!("../../sandbox/demo-tenant.json").replace("\"price\": 9.995", "\"price\": 0.333333333");
    let tenant = Tenant::from_json(&json).unwrap();
    let transport = InProcess::new(Sandbox::new(tenant, Settings::default()));
    let client = Client::with_transport(&config(), transport).unwrap();
    let run = complete(&client, Batches::named(["Batch1"]));
    let id =
        client.items(&QueryInvoices::of_bill_run(run.number().unwrap().clone())).next().unwrap().unwrap().id;
    let item = client.items(&GetInvoiceItems::new(id.unwrap())).next().unwrap().unwrap();
    assert_eq!(item.unit_price.unwrap().to_string(), "0.333333333");
    assert_eq!(item.charge_amount.unwrap().to_string(), "1.00");
}

#[tokio::test]
async fn the_async_client_runs_the_same_workflow() {
    let client = AsyncClient::with_transport(&config(), InProcess::demo()).unwrap();
    let created =
        client.call(&CreateBillRun::new(Batches::all(), AdHoc::up_to(day(2026, 3, 31)))).await.unwrap();
    let id = created.id().unwrap().clone();
    let run = client
        .wait(BillRunWaiter::new(id.clone(), BillRunGoal::Completed), PollingPolicy::default())
        .await
        .unwrap();
    let review = client.review(&run).await.unwrap();
    assert_eq!(review.invoice_count(), 12);
    client.post_if_unchanged(&PostIfUnchanged::new(review)).await.unwrap();
    let posted =
        client.wait(BillRunWaiter::new(id, BillRunGoal::Posted), PollingPolicy::default()).await.unwrap();
    assert_eq!(posted.status().unwrap(), &BillRunStatus::Posted);

    let query = QueryInvoices::of_bill_run(run.number().unwrap().clone()).page_size(7);
    let mut rows = client.items(&query);
    let mut count = 0;
    while let Some(row) = rows.next().await {
        row.unwrap();
        count += 1;
    }
    assert_eq!(count, 12);
    assert_eq!(query.spec().name, "query_invoices");
}
