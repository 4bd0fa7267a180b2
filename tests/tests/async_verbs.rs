//! Every verb of the async client can be spawned, whatever the transport: its future is `Send`.

use zuora_core::bill_runs::{
    AdHoc, Batches, BillRunGoal, BillRunWaiter, CreateBillRun, GetBillRun, PostBillRun, PostIfUnchanged,
};
use zuora_core::http::Method;
use zuora_core::machine::Call;
use zuora_core::object_query::QueryInvoices;
use zuora_core::polling::{Poller, PollingPolicy, Progress};
use zuora_core::reconcile::{Reconciled, Reconciliation};
use zuora_core::transport::AsyncTransport;
use zuora_core::{AsyncClient, CallOptions, Config, Date, Outcome};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, InProcess};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_verb_can_be_spawned() {
    let transport = InProcess::demo();
    let config = Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET);
    let client = AsyncClient::with_transport(&config, transport.clone()).unwrap();
    let lose_the_response =
        move || transport.sandbox().faults().push(Fault::LoseResponse.on(Method::PUT, "/post"));
    spawned(every_verb(client, lose_the_response)).await;
}

async fn every_verb<T>(client: AsyncClient<T>, lose_next_response: impl Fn() + Send + 'static)
where
    T: AsyncTransport + Clone + 'static,
{
    // A spawned task cannot borrow the client, so each task owns a clone.
    macro_rules! spawned {
        (|$client:ident| $future:expr) => {{
            let $client = client.clone();
            spawned(async move { $future.await }).await
        }};
    }

    let options = CallOptions::new().track_id("async-verbs");
    let due = Date::new(2026, 2, 28).unwrap();
    let create = CreateBillRun::new(Batches::all(), AdHoc::up_to(due));
    let created = spawned!(|client| client.call_with(&create, &options)).unwrap();
    assert_eq!(created.track_id(), Some("async-verbs"));
    let id = created.id().unwrap().clone();

    let polled = {
        let (client, waiter) = (client.clone(), BillRunWaiter::new(id.clone(), BillRunGoal::Completed));
        spawned(async move {
            let mut poller = client.poller(waiter, PollingPolicy::default());
            loop {
                if let Progress::Ready(run) = poller.poll().await.unwrap() {
                    return run;
                }
            }
        })
        .await
    };
    assert_eq!(polled.status().unwrap().as_str(), "Completed");

    let run = {
        let id = id.clone();
        spawned!(|client| client.call(&GetBillRun::new(id))).unwrap()
    };
    let query = QueryInvoices::of_bill_run(run.number().unwrap().clone()).page_size(5);
    let in_pages = {
        let (client, query) = (client.clone(), query.clone());
        spawned(async move {
            let mut pages = client.pages(&query);
            let mut rows = 0;
            while let Some(page) = pages.next().await {
                rows += page.unwrap().len();
            }
            rows
        })
        .await
    };
    let in_rows = {
        let client = client.clone();
        spawned(async move {
            let mut items = client.items(&query);
            let mut rows = 0;
            while let Some(row) = items.next().await {
                row.unwrap();
                rows += 1;
            }
            rows
        })
        .await
    };
    assert_eq!(in_pages, in_rows);
    assert!(in_rows > 5, "more than a page");

    let review = {
        let run = run.clone();
        spawned!(|client| client.review(&run)).unwrap()
    };
    lose_next_response();
    let post = PostBillRun::new(id.clone());
    let lost = {
        let post = post.clone();
        spawned!(|client| client.call(&post)).unwrap_err()
    };
    assert_eq!(lost.outcome(), Outcome::Unknown);
    let kept = Reconciliation::new(&post, &lost);
    let policy = Reconciliation::<PostBillRun>::policy();
    assert!(matches!(
        spawned!(|client| client.reconcile(&post, &lost)),
        Ok(Reconciled::Applied(Some(_)) | Reconciled::UnderWay(Some(_)))
    ));
    let options = CallOptions::new();
    let post = PostBillRun::new(id.clone());
    let kept = kept.baseline(spawned!(|client| client.baseline(&post)).unwrap());
    let again = spawned!(|client| client.reconcile_with(kept, policy, &options)).unwrap();
    assert_eq!(again.outcome(), Outcome::Applied);
    let again = PostIfUnchanged::new(review);
    assert!(spawned!(|client| client.post_if_unchanged(&again)).is_err(), "the run is posted already");

    let waiter = BillRunWaiter::new(id.clone(), BillRunGoal::Posted);
    let posted = spawned!(|client| client.wait(waiter, PollingPolicy::default())).unwrap();
    assert_eq!(posted.status().unwrap().as_str(), "Posted");

    let path = format!("/v1/bill-runs/{id}");
    spawned!(|client| client.raw(Method::GET, &path, None)).unwrap();
    let by_hand = Call::new(client.session(), GetBillRun::new(id.clone()));
    spawned!(|client| client.drive(by_hand)).unwrap();
    let poller =
        Poller::new(client.session(), BillRunWaiter::new(id, BillRunGoal::Posted), PollingPolicy::default());
    let resumed = {
        let client = client.clone();
        spawned(async move { client.resume(poller).poll().await }).await
    };
    assert!(matches!(resumed, Ok(Progress::Ready(_))));
}

async fn spawned<F>(future: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(future).await.unwrap()
}
