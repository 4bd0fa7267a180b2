//! The samples of the page "Create a bill run", with values of our own.

use serde_json::{Value, json};
use zuora_core::Operation;
use zuora_core::bill_runs::{BillRunStatus, ChargeType, CreateBillRun};
use zuora_core::transport::HttpResponse;

fn request() -> Value {
    json!({"autoEmail": false, "autoPost": false, "autoRenewal": false, "chargeTypeToExclude": ["OneTime"],
        "billRunFilters": [{"filterType": "Account", "accountId": "2c92c8955bd63cc1015bd7c151af02ab"}],
        "invoiceDate": "2026-02-01", "name": "February", "noEmailForZeroAmountInvoice": false,
        "targetDate": "2026-02-01"})
}

#[test]
fn the_sample_of_a_creation_is_read_and_sent_with_the_same_fields() {
    let create: CreateBillRun = serde_json::from_value(request()).unwrap();
    let sent = create.request().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(sent.body()).unwrap(), request());
}

#[test]
fn the_sample_of_a_created_run_is_read_without_a_rest() {
    let mut body = request();
    let more = json!({"batches": null, "billCycleDay": null, "billRunNumber": "BR-00000016",
        "createdById": "8ad09bc2", "createdDate": "2026-01-24 19:58:27", "id": "2c9890077e8a8490017e8bf3a5171a43",
        "invoiceDateOffset": null, "schedule": null, "scheduledExecutionTime": null, "status": "Pending",
        "success": true, "targetDateOffset": null, "updatedById": "8ad09bc2",
        "updatedDate": "2026-01-24 19:58:27"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(body.as_object().unwrap().len(), 23);

    let create: CreateBillRun = serde_json::from_value(request()).unwrap();
    let run = create.parse(&HttpResponse::new(body.to_string().into())).unwrap();
    assert_eq!(run.extra, Default::default(), "every field is declared");
    assert_eq!(run.status().unwrap(), &BillRunStatus::Pending);
    assert_eq!(run.excluded_charge_types, [ChargeType::OneTime]);
    assert_eq!(run.filters.len(), 1);
    assert!(run.batches.is_empty() && run.schedule.is_none() && run.bill_cycle_day.is_none());
    assert!(run.scheduled_execution_time.is_none());
    assert_eq!((run.invoice_date_offset, run.target_date_offset), (None, None));
    let written = serde_json::to_value(&run).unwrap();
    for (name, value) in body.as_object().unwrap().iter().filter(|(_, value)| !value.is_null()) {
        assert_eq!(&written[name], value, "{name}");
    }
}
