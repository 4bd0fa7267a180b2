//! `PUT /v1/invoices/{invoiceKey}/write-off`

use serde::{Deserialize, Serialize};

use crate::api::invoices::reverse::ReversalCreditMemo;
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

/// `PUT /v1/invoices/{invoiceKey}/write-off` ("Write off an invoice"): writes off the balance of a posted
/// invoice.
///
/// A credit memo reduces the whole balance to zero. The tenant's default application rule assigns its items and tax
/// lines to those of the invoice. A partial write-off is not possible. Requires Invoice Settlement.
///
/// An invoice cannot be written off if one of these is true:
///
/// - It has more than 2,000 items, discount items and tax lines in total.
/// - Its balance was changed by an adjustment before Invoice Settlement was enabled.
/// - Its items have a zero balance. The billing rule "Create credit memos mirroring invoice items" lifts this
///   restriction.
///
/// The service accepts no idempotency key. After an unknown outcome, reconcile before retrying.
///
/// ```
/// use zuora_core::invoices::{WriteOff, WriteOffInvoice};
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     let target = (request.method().as_str(), request.uri().path());
/// #     assert_eq!(target, ("PUT", "/v1/invoices/INV00000155/write-off"));
/// #     assert_eq!(&request.body()[..], br#"{"comment":"insolvent"}"#);
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"creditMemo":{"id":"2c94"}}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let write_off = WriteOffInvoice::new("INV00000155").details(WriteOff::default().comment("insolvent"));
/// let written_off = client.call(&write_off)?;
/// assert_eq!(written_off.credit_memo.as_ref().and_then(|memo| memo.id.as_ref()).unwrap(), &"2c94");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "write_off_invoice")]
#[doc(alias = "WriteOffInvoiceRequest")]
#[doc(alias = "bad debt")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WriteOffInvoice {
    #[serde(rename = "invoiceKey")]
    pub(in crate::api) invoice: InvoiceKey,
    pub(in crate::api) details: WriteOff,
}

impl WriteOffInvoice {
    /// Creates the operation for an invoice id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), details: WriteOff::default() }
    }

    /// Sets the details of the credit memo.
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
        json::read(success)
    }
}

model! {
    /// Details of the credit memo of a write-off.
    pub request WriteOff {
        /// Comment on the credit memo, at most 255 characters.
        pub comment: Option<String> = "comment" [max_len(255)],
        /// Date on the credit memo, not before the date of the invoice; today by default.
        pub memo_date: Option<Date> = "memoDate",
        /// Reason code of the tenant; `Write-off` by default.
        pub reason_code: Option<String> = "reasonCode",
        /// Amount to write off, in the currency of the invoice. Requires the permission for enhanced
        /// write-offs.
        pub amount: Option<Amount> = "amount",
        /// Whether tax is calculated from the amounts.
        pub tax_auto_calculation: Option<bool> = "taxAutoCalculation",
        /// Revenue impact; `Yes` by default. Requires the permission for enhanced write-offs.
        pub revenue_impacting: Option<YesOrNo> = "revenueImpacting",
        /// Accounting code for a write-off that does not affect revenue. Requires the permission for enhanced
        /// write-offs.
        pub non_revenue_write_off_accounting_code: Option<String> =
            "nonRevenueWriteOffAccountingCode" [max_len(100)],
        /// Details of every item of the invoice, or none. Requires the permission for enhanced write-offs.
        pub items: Vec<WriteOffItem> = "items",
        /// Id of the corresponding object in NetSuite.
        pub integration_id_ns: Option<String> = "IntegrationId__NS" [max_len(255)],
        /// Status of the synchronization with NetSuite.
        pub integration_status_ns: Option<String> = "IntegrationStatus__NS" [max_len(255)],
        /// Origin of the credit memo in NetSuite.
        pub origin_ns: Option<String> = "Origin__NS" [max_len(255)],
        /// Time of the last synchronization with NetSuite.
        pub sync_date_ns: Option<String> = "SyncDate__NS" [max_len(255)],
        /// Related transaction in NetSuite.
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
                "is allowed only when `revenueImpacting` is `No`",
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
    /// Details of the write-off of one item.
    pub request WriteOffItem {
        /// Id of the invoice item.
        pub invoice_item_id: Option<InvoiceItemId> = "invoiceItemId" [REQUIRED],
        /// Amount before tax.
        pub amount_without_tax: Option<Amount> = "amountWithoutTax",
        /// Comment on the credit memo item, at most 255 characters.
        pub comment: Option<String> = "comment" [max_len(255)],
        /// Accounting codes of the credit memo item.
        pub finance_information: Option<CreditMemoItemFinance> = "financeInformation",
        /// First day of the service period.
        pub service_start_date: Option<Date> = "serviceStartDate",
        /// Last day of the service period.
        pub service_end_date: Option<Date> = "serviceEndDate",
        /// SKU of the credit memo item.
        pub sku_name: Option<String> = "skuName",
        /// Name of the unit.
        pub unit_of_measure: Option<String> = "unitOfMeasure",
        /// Whether the billing of the item is excluded from revenue accounting.
        pub exclude_item_billing_from_revenue_accounting: Option<bool> = "excludeItemBillingFromRevenueAccounting",
        /// Details of the tax lines.
        pub taxation_items: Vec<WriteOffTax> = "taxationItems",
    }
}

impl WriteOffItem {
    /// Creates the details for an item of the invoice.
    pub fn new(item: impl Into<InvoiceItemId>) -> Self {
        Self::default().invoice_item_id(item)
    }
}

model! {
    /// Accounting codes of a credit memo item.
    pub request CreditMemoItemFinance {
        /// Accounting code for deferred revenue.
        pub deferred_revenue_accounting_code: Option<String> = "deferredRevenueAccountingCode" [max_len(100)],
        /// Accounting code for on-account amounts.
        pub on_account_accounting_code: Option<String> = "onAccountAccountingCode" [max_len(100)],
        /// Accounting code for recognized revenue.
        pub recognized_revenue_accounting_code: Option<String> = "recognizedRevenueAccountingCode" [max_len(100)],
        /// Name of the revenue recognition rule.
        pub revenue_recognition_rule_name: Option<String> = "revenueRecognitionRuleName" [max_len(100)],
    }
}

model! {
    /// Details of the write-off of one tax line.
    pub request WriteOffTax {
        /// Id of the tax line of the invoice.
        pub taxation_item_id: Option<TaxationItemId> = "taxationItemId" [REQUIRED],
        /// Amount of tax to write off, in the currency of the invoice.
        pub amount: Option<Amount> = "amount",
    }
}

impl WriteOffTax {
    /// Creates the details for a tax line of the invoice.
    pub fn new(line: impl Into<TaxationItemId>) -> Self {
        Self::default().taxation_item_id(line)
    }
}

open_enum! {
    /// `Yes` or `No`, as the service writes some flags.
    pub enum YesOrNo {
        /// Yes.
        Yes = "Yes",
        /// No.
        No = "No",
    }
}

model! {
    /// Response to a write-off.
    #[doc(alias = "WriteOffInvoiceResponse")]
    pub response WrittenOffInvoice {
        /// Credit memo that was created and applied.
        pub credit_memo: Option<ReversalCreditMemo> = "creditMemo",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queued_operation_sends_the_same_request() {
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
    fn invalid_fields_are_named() {
        let invalid_field = |details| {
            let error = WriteOffInvoice::new("1").details(details).request().unwrap_err();
            error.field().unwrap().to_owned()
        };
        let long = "x".repeat(256);
        assert_eq!(invalid_field(WriteOff::default().comment(&long)), "comment");
        assert_eq!(
            invalid_field(WriteOff::default().non_revenue_write_off_accounting_code("1")),
            "nonRevenueWriteOffAccountingCode"
        );
        let items = |item| WriteOff::default().items([WriteOffItem::new("1"), item]);
        assert_eq!(invalid_field(items(WriteOffItem::default())), "items[1].invoiceItemId");
        let finance = CreditMemoItemFinance::default().on_account_accounting_code(&long);
        assert_eq!(
            invalid_field(items(WriteOffItem::new("2").finance_information(finance))),
            "items[1].financeInformation.onAccountAccountingCode"
        );
        let taxes = WriteOffItem::new("2").taxation_items([WriteOffTax::default()]);
        assert_eq!(invalid_field(items(taxes)), "items[1].taxationItems[0].taxationItemId");
    }

    #[test]
    fn the_credit_memo_is_decoded() {
        let body = r#"{"creditMemo":{"id":"cm"},"success":true}"#;
        let written_off = WriteOffInvoice::new("1").parse(&HttpResponse::new(body.into())).unwrap();
        assert_eq!(written_off.credit_memo.unwrap().id.unwrap(), "cm");
    }
}
