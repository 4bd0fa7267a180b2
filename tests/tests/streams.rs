//! Pages and items are streams under the feature `stream`.

use std::future::poll_fn;
use std::pin::Pin;

use futures_core::Stream;
use zuora_core::bill_runs::{AdHoc, Batches, BillRunGoal, BillRunWaiter, CreateBillRun};
use zuora_core::object_query::QueryInvoices;
use zuora_core::polling::PollingPolicy;
use zuora_core::{AsyncClient, Config, Date};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, InProcess};

async fn collect<S: Stream + Unpin>(mut stream: S) -> Vec<S::Item> {
    let mut items = Vec::new();
    while let Some(item) = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await {
        items.push(item);
    }
    items
}

#[tokio::test]
async fn a_list_is_streamed_to_its_end_or_its_first_error() {
    let config = Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET);
    let client = AsyncClient::with_transport(&config, InProcess::demo()).unwrap();
    let create = CreateBillRun::new(Batches::all(), AdHoc::up_to(Date::new(2026, 3, 31).unwrap()));
    let run = client.call(&create).await.unwrap();
    let goal = BillRunWaiter::new(run.id().unwrap().clone(), BillRunGoal::Completed);
    let run = client.wait(goal, PollingPolicy::default()).await.unwrap();

    let query = QueryInvoices::of_bill_run(run.number().unwrap().clone()).page_size(5);
    let sizes: Vec<_> =
        collect(client.pages(&query)).await.iter().map(|page| page.as_ref().unwrap().len()).collect();
    assert_eq!(sizes, [5, 5, 2]);
    assert_eq!(collect(client.items(&query)).await.len(), 12);

    let rejected = Fault::json(http::StatusCode::BAD_REQUEST, r#"{"reasons":[{"code":50000027}]}"#);
    let mut rows = client.items(&query);
    rows.next().await.unwrap().unwrap();
    client.transport().sandbox().faults().push(rejected);
    let rest = collect(rows).await;
    assert_eq!(rest.len(), 5, "the rows that were read before, then the error, then the end");
    assert!(rest[..4].iter().all(Result::is_ok) && rest[4].is_err());
}
