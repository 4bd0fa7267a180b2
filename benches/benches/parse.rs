//! Reading responses, against hand-written derived structs.

use bytes::Bytes;
use zuora_benches::wire::{self, Flag};
use zuora_benches::{Bench, LargePage, Table, plain};
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
            .case("derived structs, `from_str`", || plain::read::<plain::InvoiceItems>(items.body()))
            .case("this library", || get_items.parse(&items).ok())
            .case("derived structs, `from_slice`", || {
                serde_json::from_slice::<plain::InvoiceItems>(items.body()).ok()
            })
            .case("derived structs of 8 fields, `from_str`", || {
                plain::read::<plain::LeanInvoiceItems>(items.body())
            }),
    );

    let run = HttpResponse::new(Bytes::from(wire::bill_run(Flag::Middle)));
    let get_run = GetBillRun::new(Flag::Middle.run());
    bench.table(
        Table::new("Reading a bill run", "response", 1)
            .case("derived structs, `from_str`", || plain::read::<plain::BillRun>(run.body()))
            .case("this library", || get_run.parse(&run).ok())
            .case("derived structs, `from_slice`", || {
                serde_json::from_slice::<plain::BillRun>(run.body()).ok()
            }),
    );

    let invoice = HttpResponse::new(Bytes::from(wire::INVOICE));
    let get_invoice = GetInvoice::new("INV00000155");
    bench.table(
        Table::new("Reading an invoice", "response", 1)
            .case("derived structs, `from_str`", || plain::read::<plain::Invoice>(invoice.body()))
            .case("this library", || get_invoice.parse(&invoice).ok())
            .case("derived structs, `from_slice`", || {
                serde_json::from_slice::<plain::Invoice>(invoice.body()).ok()
            }),
    );
}
