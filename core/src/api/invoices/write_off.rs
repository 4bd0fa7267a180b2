//! `PUT /v1/invoices/{invoiceKey}/write-off`

use serde::{Deserialize, Serialize};

use crate::api::invoices::reverse::ReversalCreditMemo;
use crate::api::invoices::{GetInvoice, InvoiceStatus};
use crate::api::shared::read_back_by_key;
use crate::error::{Error, Result};
use crate::model::json;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::open_enum::open_enum;
use crate::types::{Amount, Date, InvoiceItemId, InvoiceKey, TaxationItemId};

static SPEC: Spec = Spec::put("write_off_invoice", "/v1/invoices/{invoiceKey}/write-off");

/// `PUT /v1/invoices/{invoiceKey}/write-off` ("Write off an invoice"): writes off what is still owed on a posted invoice.
///
/// A credit memo takes the whole balance to zero; there is no writing off of a part. Needs Invoice Settlement, and
/// at most 2,000 items.
///
/// ```
/// use zuora_core::invoices::{WriteOff, WriteOffInvoice};
/// use zuora_core::Operation;
///
/// let request = WriteOffInvoice::new("INV00000155").details(WriteOff::default().comment("insolvent")).request()?;
/// assert_eq!(request.uri(), "/v1/invoices/INV00000155/write-off");
/// assert_eq!(&request.body()[..], br#"{"comment":"insolvent"}"#);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WriteOffInvoice {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    details: WriteOff,
}

impl WriteOffInvoice {
    /// Writes off the invoice of this id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), details: WriteOff::default() }
    }

    /// What the credit memo shall be like.
    #[must_use]
    pub fn details(mut self, details: WriteOff) -> Self {
        self.details = details;
        self
    }
}

impl Operation for WriteOffInvoice {
    type Output = WrittenOffInvoice;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        self.details.check()?;
        RequestBuilder::with_keys(&SPEC, &[self.invoice.as_str()])?
            .json(&self.details, 128 + 128 * self.details.items.len())
    }

    fn parse(&self, success: &HttpResponse) -> Result<WrittenOffInvoice> {
        json::read(success.body())
    }
}

read_back_by_key! {
    /// Read back through the invoice's balance. That it is zero does not say that it was written off: it may have been
    /// paid.
    WriteOffInvoice { invoice } with GetInvoice, |seen| {
        let invoice = seen.ok()?;
        Some(*invoice.status.as_ref()? == InvoiceStatus::Posted && invoice.balance.as_ref()?.is_zero())
    }
}

model! {
    /// What the credit memo of a write-off shall be like.
    pub request WriteOff {
        /// Text on the credit memo.
        pub comment: Option<String> = "comment" [max_len(255)],
        /// Date on the credit memo, not before that of the invoice; by default today.
        pub memo_date: Option<Date> = "memoDate",
        /// One of the tenant's reason codes; by default `Write-off`.
        pub reason_code: Option<String> = "reasonCode",
        /// Amount to write off, in the invoice's currency. Needs the permission for enhanced write-offs.
        pub amount: Option<Amount> = "amount",
        /// Whether the tax is worked out from the amounts.
        pub tax_auto_calculation: Option<bool> = "taxAutoCalculation",
        /// Whether revenue is affected; by default it is. Needs the permission for enhanced write-offs.
        pub revenue_impacting: Option<YesOrNo> = "revenueImpacting",
        /// Accounting code when revenue is not affected. Needs the permission for enhanced write-offs.
        pub non_revenue_write_off_accounting_code: Option<String> =
            "nonRevenueWriteOffAccountingCode" [max_len(100)],
        /// All items of the invoice, if any. Needs the permission for enhanced write-offs.
        pub items: Vec<WriteOffItem> = "items",
        /// Id in NetSuite.
        pub integration_id_ns: Option<String> = "IntegrationId__NS" [max_len(255)],
        /// Where the transfer to NetSuite stands.
        pub integration_status_ns: Option<String> = "IntegrationStatus__NS" [max_len(255)],
        /// Origin of the credit memo in NetSuite.
        pub origin_ns: Option<String> = "Origin__NS" [max_len(255)],
        /// When it was last transferred to NetSuite.
        pub sync_date_ns: Option<String> = "SyncDate__NS" [max_len(255)],
        /// The transaction in NetSuite.
        pub transaction_ns: Option<String> = "Transaction__NS" [max_len(255)],
    }
}

impl WriteOff {
    fn check(&self) -> Result<()> {
        self.check_fields(&Path::ROOT)?;
        let code = &self.non_revenue_write_off_accounting_code;
        if code.is_some() && matches!(self.revenue_impacting, None | Some(YesOrNo::Yes)) {
            return Err(Error::invalid(
                "nonRevenueWriteOffAccountingCode",
                "is only for revenueImpacting No",
            ));
        }
        for (index, item) in self.items.iter().enumerate() {
            let path = Path::ROOT.row("items", index);
            item.check_fields(&path)?;
            if let Some(finance) = &item.finance_information {
                finance.check_fields(&path.part("financeInformation"))?;
            }
            for (index, tax) in item.taxation_items.iter().enumerate() {
                tax.check_fields(&path.row("taxationItems", index))?;
            }
        }
        Ok(())
    }
}

model! {
    /// How one item is written off.
    pub request WriteOffItem {
        /// The item of the invoice.
        pub invoice_item_id: Option<InvoiceItemId> = "invoiceItemId" [REQUIRED],
        /// Amount before tax.
        pub amount_without_tax: Option<Amount> = "amountWithoutTax",
        /// Text on the line.
        pub comment: Option<String> = "comment" [max_len(255)],
        /// Accounting codes of the line.
        pub finance_information: Option<CreditMemoItemFinance> = "financeInformation",
        /// First day of the period.
        pub service_start_date: Option<Date> = "serviceStartDate",
        /// Last day of the period.
        pub service_end_date: Option<Date> = "serviceEndDate",
        /// SKU on the line.
        pub sku_name: Option<String> = "skuName",
        /// Name of the unit.
        pub unit_of_measure: Option<String> = "unitOfMeasure",
        /// Whether revenue accounting leaves the billing of it out.
        pub exclude_item_billing_from_revenue_accounting: Option<bool> = "excludeItemBillingFromRevenueAccounting",
        /// How its tax lines are written off.
        pub taxation_items: Vec<WriteOffTax> = "taxationItems",
    }
}

impl WriteOffItem {
    /// For this item of the invoice.
    pub fn new(item: impl Into<InvoiceItemId>) -> Self {
        Self::default().invoice_item_id(item)
    }
}

model! {
    /// Accounting codes of a credit memo's line.
    pub request CreditMemoItemFinance {
        /// For deferred revenue.
        pub deferred_revenue_accounting_code: Option<String> = "deferredRevenueAccountingCode" [max_len(100)],
        /// For what is on account.
        pub on_account_accounting_code: Option<String> = "onAccountAccountingCode" [max_len(100)],
        /// For recognized revenue.
        pub recognized_revenue_accounting_code: Option<String> = "recognizedRevenueAccountingCode" [max_len(100)],
        /// Rule by which revenue is recognized.
        pub revenue_recognition_rule_name: Option<String> = "revenueRecognitionRuleName" [max_len(100)],
    }
}

model! {
    /// How one tax line is written off.
    pub request WriteOffTax {
        /// The tax line of the invoice.
        pub taxation_item_id: Option<TaxationItemId> = "taxationItemId" [REQUIRED],
        /// Amount of tax.
        pub amount: Option<Amount> = "amount",
    }
}

impl WriteOffTax {
    /// For this tax line of the invoice.
    pub fn new(line: impl Into<TaxationItemId>) -> Self {
        Self::default().taxation_item_id(line)
    }
}

open_enum! {
    /// Yes or no, where the service wants a word.
    pub enum YesOrNo {
        /// Yes.
        Yes = "Yes",
        /// No.
        No = "No",
    }
}

model! {
    /// What a write-off made.
    pub response WrittenOffInvoice {
        /// The credit memo.
        pub credit_memo: Option<ReversalCreditMemo> = "creditMemo",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_same_out_of_a_queue() {
        let item = WriteOffItem::new("item")
            .amount_without_tax("12.30".parse::<Amount>().unwrap())
            .finance_information(CreditMemoItemFinance::default().on_account_accounting_code("1200"))
            .taxation_items([WriteOffTax::new("tax").amount(2)]);
        let mut details = WriteOff::default().memo_date("2024-06-01".parse::<Date>().unwrap()).items([item]);
        details.set_custom("Why__c", "insolvent").unwrap();
        let text = serde_json::to_string(&WriteOffInvoice::new("INV1").details(details)).unwrap();
        let request = serde_json::from_str::<WriteOffInvoice>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/invoices/INV1/write-off"));
        assert_eq!(
            std::str::from_utf8(request.body()).unwrap(),
            r#"{"memoDate":"2024-06-01","items":[{"invoiceItemId":"item","amountWithoutTax":12.30,"#
                .to_owned()
                + r#""financeInformation":{"onAccountAccountingCode":"1200"},"taxationItems":[{"taxationItemId":"#
                + r#""tax","amount":2}]}],"Why__c":"insolvent"}"#
        );
        assert_eq!(&WriteOffInvoice::new("1").request().unwrap().body()[..], b"{}");
    }

    #[test]
    fn what_the_service_refuses_is_named() {
        let fault = |details| {
            let error = WriteOffInvoice::new("1").details(details).request().unwrap_err();
            error.field().unwrap().to_owned()
        };
        let long = "x".repeat(256);
        assert_eq!(fault(WriteOff::default().comment(&long)), "comment");
        assert_eq!(
            fault(WriteOff::default().non_revenue_write_off_accounting_code("1")),
            "nonRevenueWriteOffAccountingCode"
        );
        let items = |item| WriteOff::default().items([WriteOffItem::new("1"), item]);
        assert_eq!(fault(items(WriteOffItem::default())), "items[1].invoiceItemId");
        let finance = CreditMemoItemFinance::default().on_account_accounting_code(&long);
        assert_eq!(
            fault(items(WriteOffItem::new("2").finance_information(finance))),
            "items[1].financeInformation.onAccountAccountingCode"
        );
        let taxes = WriteOffItem::new("2").taxation_items([WriteOffTax::default()]);
        assert_eq!(fault(items(taxes)), "items[1].taxationItems[0].taxationItemId");
    }

    #[test]
    fn the_credit_memo_is_answered() {
        let body = r#"{"creditMemo":{"id":"cm"},"success":true}"#;
        let answer = WriteOffInvoice::new("1").parse(&HttpResponse::new(body.into())).unwrap();
        assert_eq!(answer.credit_memo.unwrap().id.unwrap(), "cm");
    }
}
