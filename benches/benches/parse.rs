//! Reading responses, against hand-written derived structs.

use bytes::Bytes;
use zuora_benches::{Bench, LargePage, Table, plain, wire};
use zuora_core::Operation;
use zuora_core::bill_runs::GetBillRun;
use zuora_core::invoices::GetInvoice;
use zuora_core::transport::HttpResponse;

fn main() {
    let bench = Bench::from_args();

    let items = HttpResponse::new(Bytes::from(wire::invoice_items(1_000)));
    let get_items = LargePage::new("INV00000155");
    bench.table(
        Table::new("Reading 1,000 invoice items", "item", 1_000)
            .case("plain derived structs", || {
                serde_json::from_slice::<plain::InvoiceItems>(items.body()).ok()
            })
            .case("this library", || get_items.parse(&items).ok()),
    );

    let run = HttpResponse::new(Bytes::from(wire::BILL_RUN));
    let get_run = GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43");
    bench.table(
        Table::new("Reading a bill run", "response", 1)
            .case("plain derived structs", || serde_json::from_slice::<plain::BillRun>(run.body()).ok())
            .case("this library", || get_run.parse(&run).ok()),
    );

    let invoice = HttpResponse::new(Bytes::from(wire::INVOICE));
    let get_invoice = GetInvoice::new("INV00000155");
    bench.table(
        Table::new("Reading an invoice", "response", 1)
            .case("plain derived structs", || serde_json::from_slice::<plain::Invoice>(invoice.body()).ok())
            .case("this library", || get_invoice.parse(&invoice).ok()),
    );
}
