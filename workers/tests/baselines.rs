//! The state before a write: read again if the write was delayed.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a failed test may panic")]

mod memory;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use zuora_core::invoices::{
    CreateStandaloneInvoice, InvoicePatch, ItemUpdate, NewInvoiceItem, UpdateInvoice,
};
use zuora_core::transport::{
    AsyncTransport, HttpRequest, HttpResponse, Limits as TransportLimits, Seed, Timestamp, TransportError,
};
use zuora_core::types::AccountId;
use zuora_core::{Amount, AsyncClient, Client, Config};
use zuora_sandbox::{ApiOperation, CLIENT_ID, CLIENT_SECRET, EffectKind, Fault, InProcess, RequestPattern};
use zuora_workers::{Decision, Job, Lease, Limits, deliver};

use self::memory::Memory;

/// The sandbox, with an update by another user and a delay during the first wait of a worker after its read.
#[derive(Clone, Debug)]
struct Delayed {
    sandbox: InProcess,
    other: Arc<Mutex<Option<UpdateInvoice>>>,
}

impl AsyncTransport for Delayed {
    async fn send(
        &self,
        request: HttpRequest,
        limits: TransportLimits,
    ) -> Result<HttpResponse, TransportError> {
        AsyncTransport::send(&self.sandbox, request, limits).await
    }

    async fn sleep_until(&self, time: Timestamp) {
        let is_read =
            self.sandbox.sandbox().journal().count(&RequestPattern::operation(ApiOperation::ListItems)) > 0;
        if let Some(update) = self.other.lock().unwrap().take_if(|_| is_read) {
            self.sandbox.advance(Duration::from_secs(2));
            Client::with_transport(&config(), self.sandbox.clone()).unwrap().call(&update).unwrap();
            // The request of the worker gets lost on its way.
            let lost = Fault::status(zuora_core::http::StatusCode::GATEWAY_TIMEOUT);
            self.sandbox.sandbox().faults().push(lost.on_operation(ApiOperation::UpdateInvoice));
            self.sandbox.advance(Duration::from_secs(30));
        }
        AsyncTransport::sleep_until(&self.sandbox, time).await;
    }

    fn now(&self) -> Timestamp {
        AsyncTransport::now(&self.sandbox)
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        AsyncTransport::seed(&self.sandbox)
    }
}

fn config() -> Config {
    Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET).max_attempts(1)
}

fn fee(name: &str) -> NewInvoiceItem {
    NewInvoiceItem::named(name, "12.50".parse::<Amount>().unwrap(), "2026-03-01".parse().unwrap())
}

#[tokio::test]
async fn a_like_item_that_another_user_adds_during_a_delay_is_no_evidence() {
    let sandbox = InProcess::demo();
    let client = Client::with_transport(&config(), sandbox.clone()).unwrap();
    let account = AccountId::from("2c92a08282fa634378aca02a1626d315");
    let create = CreateStandaloneInvoice::new(account, "2026-03-01".parse().unwrap(), [fee("Base")]);
    let invoice = client.call(&create).unwrap().id().unwrap().to_string();
    let patch = InvoicePatch::default().items([ItemUpdate::from(fee("Added"))]);
    let update = UpdateInvoice::new(invoice, patch);
    let job = Job::new("update", &client.intent(update.clone()).unwrap()).unwrap();
    let transport = Delayed { sandbox: sandbox.clone(), other: Arc::new(Mutex::new(Some(update))) };
    let client = AsyncClient::with_transport(&config(), transport.clone()).unwrap();
    let log = Memory::default();
    loop {
        let lease = Lease::until(transport.now() + Duration::from_secs(60));
        let (decision, record) = deliver(&client, &log, &job, &lease, &Limits::default()).await.unwrap();
        if record.version != 0 {
            *log.0.lock().unwrap() = record.written();
        }
        let Decision::NotBefore { at, .. } = decision else {
            assert_eq!(decision.state(), "done", "{decision:?}");
            break;
        };
        sandbox.advance(at.since(transport.now().wall().unwrap()).unwrap_or_default());
    }
    let updates = sandbox.sandbox().journal().effects_of_kind(EffectKind::InvoiceUpdated).count();
    assert_eq!(updates, 2, "the update of the other user, and that of the job");
}
