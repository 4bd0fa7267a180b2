//! Synthetic response bodies in the format of the service.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A page of invoice items of about 1,500 bytes each: 41 documented fields and 3 custom ones.
pub fn invoice_items(count: usize) -> Vec<u8> {
    page(0, count, false)
}

/// A page of invoice items from index `first`, optionally with a link to the next page.
pub fn page(first: usize, count: usize, has_next: bool) -> Vec<u8> {
    let mut body = String::from("{\"success\":true,\"invoiceItems\":[");
    for index in first..first + count {
        if index > first {
            body.push(',');
        }
        item(&mut body, index);
    }
    body.push_str(if has_next { r#"],"nextPage":"there is one"}"# } else { "]}" });
    body.into_bytes()
}

fn item(body: &mut String, index: usize) {
    let cents = index % 100;
    let day = index % 28 + 1;
    // Writing to a string does not fail.
    let _ = write!(
        body,
        r#"{{"id":"2c92c8955bd63cc1015bd7c1{index:08x}","processingType":"Charge","chargeType":"Recurring",
"chargeAmount":{index}.{cents:02},"taxAmount":{}.{cents:02},"balance":{index}.{cents:02}0000000,
"availableToCreditAmount":{index}.{cents:02},"quantity":{},"unitPrice":{index}.{cents:02}5,
"unitOfMeasure":"Seat","serviceStartDate":"2026-02-{day:02}","serviceEndDate":"2026-03-{day:02}",
"chargeDate":"2026-03-01 09:{:02}:{:02}","chargeName":"Team Plan: seats of the region","chargeDescription":"",
"description":"Seats in use, billed at the first of the month","productName":"Team Plan","sku":"SKU-{index:08}",
"chargeId":"2c92c8955bd63cc1015bd7c2{index:08x}",
"productRatePlanChargeId":"2c92c8955bd63cc1015bd7c3{index:08x}",
"subscriptionId":"2c92c8955bd63cc1015bd7c4{index:08x}","subscriptionName":"A-S{index:08}",
"sourceItemType":"SubscriptionComponent","bookingReference":"BOOK-{index}","purchaseOrderNumber":"PO-{index:06}",
"soldToContactId":"2c92c8955bd63cc1015bd7c5{index:08x}",
"shipToContactId":"2c92c8955bd63cc1015bd7c6{index:08x}","taxCode":"Standard","taxMode":"TaxExclusive",
"accountingCode":"Subscription Revenue","adjustmentLiabilityAccountingCode":"Adjustment Liability",
"adjustmentRevenueAccountingCode":"Adjustment Revenue","contractAssetAccountingCode":"Contract Asset",
"contractLiabilityAccountingCode":"Contract Liability","deferredRevenueAccountingCode":"Deferred Revenue",
"recognizedRevenueAccountingCode":"Subscription Revenue","unbilledReceivablesAccountingCode":"Unbilled",
"excludeItemBillingFromRevenueAccounting":false,"revRecCode":"RC-{index}",
"revRecTriggerCondition":"ContractEffectiveDate","revRecStartDate":"2026-02-01","Region__c":"EMEA",
"CostCenter__c":"CC-{index:05}","Margin__c":0.{cents:02}75}}"#,
        index / 10,
        index % 9 + 1,
        index / 60 % 60,
        index % 60,
    );
}

/// Position of `success` among the fields of a response.
#[derive(Clone, Copy, Debug)]
pub enum Flag {
    /// Before all other fields.
    First,
    /// In alphabetical order, where the sample on the service's reference page has it.
    Middle,
    /// After all other fields.
    Last,
}

impl Flag {
    /// All positions.
    pub const ALL: [Self; 3] = [Self::First, Self::Middle, Self::Last];

    /// Returns the words for the title of a table.
    pub fn place(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Middle => "in the middle",
            Self::Last => "last",
        }
    }

    /// Returns an id of a bill run whose response has the flag in this position.
    pub fn run(self) -> &'static str {
        match self {
            Self::First => "2c9890077e8a8490017e8bf3a5171a41",
            Self::Middle => "2c9890077e8a8490017e8bf3a5171a42",
            Self::Last => "2c9890077e8a8490017e8bf3a5171a43",
        }
    }
}

/// A bill run with the fields of the sample on the reference page of *Create a bill run*, in its order.
const BILL_RUN_FIELDS: [&str; 25] = [
    r#""autoEmail": false"#,
    r#""autoPost": false"#,
    r#""autoRenewal": true"#,
    r#""batches": null"#,
    r#""billCycleDay": null"#,
    r#""billRunFilters": [{"filterType": "Account", "accountId": "2c92a08282fa634378aca02a1626d315"}]"#,
    r#""billRunNumber": "BR-00000127""#,
    r#""chargeTypeToExclude": ["OneTime", "Usage"]"#,
    r#""createdById": "2c92a0a298c9161b6cbca40d7c6dfe1a""#,
    r#""createdDate": "2026-03-01 09:00:27""#,
    r#""id": "2c9890077e8a8490017e8bf3a5171a43""#,
    r#""invoiceDate": "2026-03-01""#,
    r#""invoiceDateOffset": null"#,
    r#""name": "March, Team Plan""#,
    r#""noEmailForZeroAmountInvoice": true"#,
    r#""schedule": null"#,
    r#""scheduledExecutionTime": null"#,
    r#""status": "Pending""#,
    SUCCESS,
    r#""targetDate": "2026-03-31""#,
    r#""targetDateOffset": null"#,
    r#""updatedById": "2c92a0a298c9161b6cbca40d7c6dfe1a""#,
    r#""updatedDate": "2026-03-01 09:00:27""#,
    r#""includeSubscriptions": true"#,
    r#""includeOrderLineItems": true"#,
];

const SUCCESS: &str = r#""success": true"#;

/// Returns a bill run in the format of the reference page's sample.
pub fn bill_run(flag: Flag) -> Vec<u8> {
    let mut fields = BILL_RUN_FIELDS.to_vec();
    if !matches!(flag, Flag::Middle) {
        fields.retain(|field| *field != SUCCESS);
        let at = if matches!(flag, Flag::First) { 0 } else { fields.len() };
        fields.insert(at, SUCCESS);
    }
    format!("{{\n  {}\n}}", fields.join(",\n  ")).into_bytes()
}

/// A posted invoice.
pub const INVOICE: &[u8] =
    br#"{"id":"2c92c8955bd63cc1015bd7c151af02ab","invoiceNumber":"INV00000155","status":"Posted",
"accountId":"2c92a08282fa634378aca02a1626d315","currency":"EUR","amount":1234.50,"amountWithoutTax":1037.39,
"taxAmount":197.11,"discount":0.00,"balance":1234.500000000,"invoiceDate":"2026-03-01","dueDate":"2026-03-31",
"targetDate":"2026-03-01","postedDate":"2026-03-01 09:10:00","postedBy":"2c92a0a298c9161b6cbca40d7c6dfe1a",
"comments":null,"autoPay":false,"source":"BillRun","sourceId":"BR-00000016","sourceType":"Subscription",
"billRunId":"2c9890077e8a8490017e8bf3a5171a43","includesOneTime":true,"includesRecurring":true,
"includesUsage":false,"invoiceGroupNumber":null,"paymentTerm":"Net 30","sequenceSetId":null,
"templateId":"2c92a0a298c9161b6cbca40d7c6dfe1b","billToContactId":"2c92a0583de5c3e1ff2c1a22991f8b64",
"billToContactSnapshotId":null,"soldToContactId":"2c92a0b2ca4779c84d11577ba767d023",
"soldToContactSnapshotId":null,"taxStatus":"Complete","taxMessage":null,"transferredToAccounting":"No",
"eInvoiceStatus":null,"lastEmailSentDate":"2026-03-01 09:11:00",
"createdById":"2c92a0a298c9161b6cbca40d7c6dfe1a","createdDate":"2026-03-01 09:00:40",
"updatedById":"2c92a0a298c9161b6cbca40d7c6dfe1a","updatedDate":"2026-03-01 09:10:00","Region__c":"EMEA",
"success":true}"#;

/// The response to a bulk creation in which all invoices were created.
pub fn created_invoices(count: usize) -> Vec<u8> {
    let row = std::str::from_utf8(INVOICE).unwrap_or_default();
    let rows = vec![row; count].join(",");
    format!("{{\"success\":true,\"invoices\":[{rows}]}}").into_bytes()
}

/// Returns a body in gzip.
pub fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to a vector does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}
