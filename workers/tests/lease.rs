//! The lease at each sending: nothing is sent after its end, and a renewal counts only once the line has it.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a failed test may panic")]

mod memory;

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use zuora_core::invoices::{CreateStandaloneInvoice, NewInvoiceItem, PostInvoice};
use zuora_core::transport::{
    AsyncTransport, HttpRequest, HttpResponse, Limits as TransportLimits, Seed, Timestamp, TransportError,
};
use zuora_core::types::AccountId;
use zuora_core::{Amount, AsyncClient, Client, Config};
use zuora_sandbox::{ApiOperation, CLIENT_ID, CLIENT_SECRET, EffectKind, Fault, InProcess, RequestPattern};
use zuora_workers::{Decision, Job, Lease, Limits, deliver};

use self::memory::Memory;

/// The sandbox with a clock that the test moves.
#[derive(Clone, Debug)]
struct Stepped(InProcess);

impl AsyncTransport for Stepped {
    async fn send(
        &self,
        request: HttpRequest,
        limits: TransportLimits,
    ) -> Result<HttpResponse, TransportError> {
        AsyncTransport::send(&self.0, request, limits).await
    }

    async fn sleep_until(&self, time: Timestamp) {
        std::future::poll_fn(|_| if self.now() >= time { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    fn now(&self) -> Timestamp {
        AsyncTransport::now(&self.0)
    }

    fn seed(&self) -> Result<Seed, TransportError> {
        AsyncTransport::seed(&self.0)
    }
}

const LEASE: Duration = Duration::from_secs(10);

/// Delivers a posting whose first sending is throttled for longer than a lease. `heartbeat` is called every second.
/// Returns the decision, the number of sendings and that of the postings.
fn deliver_throttled(heartbeat: impl Fn(&Stepped, &Lease, &Memory)) -> (Decision, usize, usize) {
    let transport = Stepped(InProcess::demo());
    let config = Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET);
    let client = Client::with_transport(&config, transport.0.clone()).unwrap();
    let day = "2026-03-01".parse().unwrap();
    let fee = NewInvoiceItem::named("Fee", "12.50".parse::<Amount>().unwrap(), day);
    let account = AccountId::from("2c92a08282fa634378aca02a1626d315");
    let invoice = client.call(&CreateStandaloneInvoice::new(account, day, [fee])).unwrap();
    let post = PostInvoice::new(invoice.id().unwrap().to_string());
    let job = Job::new("post", &client.intent(post).unwrap()).unwrap();
    let posting = ApiOperation::PostInvoice;
    transport.0.sandbox().faults().push(Fault::throttled(15).on_operation(posting));
    let client = AsyncClient::with_transport(&config, transport.clone()).unwrap();
    let (log, lease) = (Memory::default(), Lease::until(transport.now() + LEASE));
    let limits = Limits::default();
    let mut delivery = pin!(deliver(&client, &log, &job, &lease, &limits));
    let posted = || transport.0.sandbox().journal().effects_of_kind(EffectKind::InvoicePosted).count();
    for step in 1.. {
        let before = posted();
        let polled = delivery.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if posted() > before {
            let line = log.0.lock().unwrap();
            let now = transport.now().wall().unwrap();
            assert!(line.sent.unwrap().last > now, "the next worker would not wait for this sending");
        }
        if let Poll::Ready(ended) = polled {
            let (decision, _) = ended.unwrap();
            let sent = transport.0.sandbox().journal().count(&RequestPattern::operation(posting));
            return (decision, sent, posted());
        }
        assert!(step < 6000, "it does not end");
        transport.0.advance(Duration::from_millis(50));
        if step % 20 == 0 {
            heartbeat(&transport, &lease, &log);
        }
    }
    unreachable!()
}

#[test]
fn a_renewed_lease_lets_a_delayed_write_go_out_after_the_line_has_moved() {
    let (decision, sent, posted) =
        deliver_throttled(|transport, lease, _| lease.renew(transport.now() + LEASE));
    assert_eq!((decision.state(), sent, posted), ("done", 2, 1), "{decision:?}");
}

#[test]
fn nothing_is_sent_after_the_end_of_a_lease() {
    let (decision, sent, posted) = deliver_throttled(|_, _, _| {});
    assert_eq!((decision.state(), sent, posted), ("waiting", 1, 0), "{decision:?}");
}

#[test]
fn a_renewal_counts_for_nothing_once_another_worker_has_written_the_line() {
    let (decision, sent, posted) = deliver_throttled(|transport, lease, log| {
        lease.renew(transport.now() + LEASE);
        let posting = RequestPattern::operation(ApiOperation::PostInvoice);
        if transport.0.sandbox().journal().count(&posting) == 1 {
            let mut line = log.0.lock().unwrap();
            *line = line.clone().written();
        }
    });
    assert_eq!((decision.state(), sent, posted), ("waiting", 1, 0), "{decision:?}");
}
