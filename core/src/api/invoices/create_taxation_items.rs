//! `POST /v1/invoices/{invoiceKey}/taxation-items`

use serde::{Deserialize, Serialize};

use crate::api::invoices::terms::{TaxMode, TaxRateType};
use crate::error::Result;
use crate::model::json;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::{Amount, Date, DateTime, InvoiceItemId, InvoiceKey, TaxationItemId};

static SPEC: Spec = Spec::keyed("create_invoice_taxation_items", "/v1/invoices/{invoiceKey}/taxation-items");

/// `POST /v1/invoices/{invoiceKey}/taxation-items` ("Create taxation items for an invoice"): adds up to 500 tax lines to the items of a draft invoice.
///
/// ```
/// use zuora_core::invoices::{CreateTaxationItems, NewTaxationItem, TaxRateType};
/// use zuora_core::{Amount, Date, Operation};
///
/// let line = NewTaxationItem::new("2c86c8955bd63cc1015bd7c151af02ef", "State tax", Date::new(2024, 6, 1)?)
///     .jurisdiction("CALIFORNIA")
///     .tax_amount(Amount::new(8_75, 2)?)
///     .tax_rate(Amount::new(875, 4)?)
///     .tax_rate_type(TaxRateType::Percentage);
/// let request = CreateTaxationItems::new("INV00000155", [line]).request()?;
/// assert_eq!(request.uri(), "/v1/invoices/INV00000155/taxation-items");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreateTaxationItems {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    body: Body,
}

model! {
    pub(super) struct Body {
        lines: Vec<NewTaxationItem> = "taxationItems" [entries(1, 500)],
    }
}

impl CreateTaxationItems {
    /// Adds these lines to the invoice of this id or number.
    pub fn new(invoice: impl Into<InvoiceKey>, lines: impl IntoIterator<Item = NewTaxationItem>) -> Self {
        let lines = lines.into_iter().collect();
        Self { invoice: invoice.into(), body: Body { lines, ..Body::default() } }
    }
}

impl Operation for CreateTaxationItems {
    type Output = CreatedTaxationItems;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        self.body.check_fields(&Path::ROOT)?;
        for (index, line) in self.body.lines.iter().enumerate() {
            let path = Path::ROOT.row("taxationItems", index);
            line.check_fields(&path)?;
            if let Some(finance) = &line.finance_information {
                finance.check_fields(&path.part("financeInformation"))?;
            }
        }
        let size = 32 + 256 * self.body.lines.len();
        RequestBuilder::with_keys(&SPEC, &[self.invoice.as_str()])?.json(&self.body, size)
    }

    fn parse(&self, success: &HttpResponse) -> Result<CreatedTaxationItems> {
        json::read(success.body())
    }
}

model! {
    /// A tax line that is added to an invoice item. Amounts are in the currency of the invoice.
    pub request NewTaxationItem {
        /// The item.
        pub invoice_item_id: Option<InvoiceItemId> = "invoiceItemId" [REQUIRED, ID],
        /// Name of the tax.
        pub name: Option<String> = "name" [REQUIRED, len(1, usize::MAX)],
        /// Who levies it.
        pub jurisdiction: Option<String> = "jurisdiction" [REQUIRED, len(1, usize::MAX)],
        /// The tax.
        pub tax_amount: Option<Amount> = "taxAmount" [REQUIRED],
        /// The part of the item that is free of this tax.
        pub exempt_amount: Option<Amount> = "exemptAmount",
        /// The tax before rounding.
        pub applicable_tax_un_rounded: Option<Amount> = "applicableTaxUnRounded",
        /// The rate, by its type.
        pub tax_rate: Option<Amount> = "taxRate" [REQUIRED],
        /// What the rate is.
        pub tax_rate_type: Option<TaxRateType> = "taxRateType" [REQUIRED],
        /// What the tax engine says of the rate.
        pub tax_rate_description: Option<String> = "taxRateDescription",
        /// Day that the tax counts for.
        pub tax_date: Option<Date> = "taxDate" [REQUIRED],
        /// Whether the amount of the item has the tax in it.
        pub tax_mode: Option<TaxMode> = "taxMode",
        /// Code of the tax.
        pub tax_code: Option<String> = "taxCode",
        /// What the code means.
        pub tax_code_description: Option<String> = "taxCodeDescription",
        /// Code of the place.
        pub location_code: Option<String> = "locationCode",
        /// The country.
        pub country: Option<String> = "country",
        /// Accounting codes of the line.
        pub finance_information: Option<NewTaxFinance> = "financeInformation",
    }
}

impl NewTaxationItem {
    /// A tax on this item, on a day. Jurisdiction, tax, rate and its type are needed too.
    pub fn new(item: impl Into<InvoiceItemId>, name: impl Into<String>, date: Date) -> Self {
        Self::default().invoice_item_id(item).name(name).tax_date(date)
    }
}

model! {
    /// Accounting codes of a new tax line.
    pub request NewTaxFinance {
        /// For receivables.
        pub accounts_receivable_accounting_code: Option<String> =
            "accountsReceivableAccountingCode" [max_len(100)],
        /// For the tax that is owed to whoever levies it.
        pub sales_tax_payable_accounting_code: Option<String> = "salesTaxPayableAccountingCode" [max_len(100)],
    }
}

model! {
    /// The tax lines that were added.
    pub response CreatedTaxationItems {
        /// The lines.
        pub lines: Vec<TaxationItem> = "taxationItems",
    }
}

model! {
    /// A tax line that was added. Amounts are in the currency of the invoice.
    pub struct TaxationItem {
        /// Id of the line.
        pub id: Option<TaxationItemId> = "id",
        /// The item that it belongs to.
        pub invoice_item_id: Option<InvoiceItemId> = "invoiceItemId",
        /// The item of a memo that it belongs to.
        pub memo_item_id: Option<Box<str>> = "memoItemId",
        /// The tax line that it comes from.
        pub source_tax_item_id: Option<TaxationItemId> = "sourceTaxItemId",
        /// Name of the tax.
        pub name: Option<Box<str>> = "name",
        /// Who levies it.
        pub jurisdiction: Option<Box<str>> = "jurisdiction",
        /// Code of the place.
        pub location_code: Option<Box<str>> = "locationCode",
        /// The country.
        pub country: Option<Box<str>> = "country",
        /// The tax.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// The part of the item that is free of this tax.
        pub exempt_amount: Option<Amount> = "exemptAmount",
        /// The tax before rounding.
        pub applicable_tax_un_rounded: Option<Amount> = "applicableTaxUnRounded",
        /// The rate, by its type.
        pub tax_rate: Option<Amount> = "taxRate",
        /// What the rate is.
        pub tax_rate_type: Option<TaxRateType> = "taxRateType",
        /// What the tax engine says of the rate.
        pub tax_rate_description: Option<Box<str>> = "taxRateDescription",
        /// Day that the tax counts for.
        pub tax_date: Option<Date> = "taxDate",
        /// Whether the amount of the item has the tax in it.
        pub tax_mode: Option<TaxMode> = "taxMode",
        /// Code of the tax.
        pub tax_code: Option<Box<str>> = "taxCode",
        /// What the code means.
        pub tax_code_description: Option<Box<str>> = "taxCodeDescription",
        /// Accounting codes of the line.
        pub finance_information: Option<TaxFinance> = "financeInformation",
        /// Id of the user who created it.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// When it was created, in the tenant's time zone.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who changed it last.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// When it was changed last, in the tenant's time zone.
        pub updated_date: Option<DateTime> = "updatedDate",
    }
}

model! {
    /// Accounting codes of a tax line.
    pub struct TaxFinance {
        /// For receivables.
        pub accounts_receivable_accounting_code: Option<Box<str>> = "accountsReceivableAccountingCode",
        /// Type of that code.
        pub accounts_receivable_accounting_code_type: Option<Box<str>> = "accountsReceivableAccountingCodeType",
        /// For what is on account.
        pub on_account_accounting_code: Option<Box<str>> = "onAccountAccountingCode",
        /// Type of that code.
        pub on_account_accounting_code_type: Option<Box<str>> = "onAccountAccountingCodeType",
        /// For the tax that is owed to whoever levies it.
        pub sales_tax_payable_accounting_code: Option<Box<str>> = "salesTaxPayableAccountingCode",
        /// Type of that code.
        pub sales_tax_payable_accounting_code_type: Option<Box<str>> = "salesTaxPayableAccountingCodeType",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &str = "2c86c8955bd63cc1015bd7c151af02ef";

    fn line() -> NewTaxationItem {
        NewTaxationItem::new(ITEM, "VAT", "2024-06-01".parse().unwrap())
            .jurisdiction("DE")
            .tax_amount("1.90".parse::<Amount>().unwrap())
            .tax_rate("0.19".parse::<Amount>().unwrap())
            .tax_rate_type(TaxRateType::Percentage)
    }

    #[test]
    fn a_request_is_the_same_out_of_a_queue() {
        let create = CreateTaxationItems::new("INV1", [line()]);
        let text = serde_json::to_string(&create).unwrap();
        let request = serde_json::from_str::<CreateTaxationItems>(&text).unwrap().request().unwrap();
        assert_eq!(request.uri(), "/v1/invoices/INV1/taxation-items");
        assert_eq!(
            std::str::from_utf8(request.body()).unwrap(),
            r#"{"taxationItems":[{"invoiceItemId":"2c86c8955bd63cc1015bd7c151af02ef","name":"VAT","#
                .to_owned()
                + r#""jurisdiction":"DE","taxAmount":1.90,"taxRate":0.19,"taxRateType":"Percentage","#
                + r#""taxDate":"2024-06-01"}]}"#
        );
    }

    #[test]
    fn what_the_service_refuses_is_named() {
        let fault = |lines: Vec<NewTaxationItem>| {
            CreateTaxationItems::new("INV1", lines)
                .request()
                .err()
                .map(|error| error.field().unwrap().to_owned())
        };
        assert_eq!(fault(vec![]).unwrap(), "taxationItems");
        assert_eq!(fault(vec![line(); 500]), None);
        assert_eq!(fault(vec![line(); 501]).unwrap(), "taxationItems");
        assert_eq!(fault(vec![line().invoice_item_id("1")]).unwrap(), "taxationItems[0].invoiceItemId");
        assert_eq!(fault(vec![line().jurisdiction("")]).unwrap(), "taxationItems[0].jurisdiction");
        let finance = NewTaxFinance::default().sales_tax_payable_accounting_code("x".repeat(101));
        assert_eq!(
            fault(vec![line(), line().finance_information(finance)]).unwrap(),
            "taxationItems[1].financeInformation.salesTaxPayableAccountingCode"
        );
    }

    #[test]
    fn the_lines_are_answered() {
        let body = r#"{"success":true,"taxationItems":[{"id":"1","taxAmount":1.900,"taxMode":"Sideways"}]}"#;
        let answer = CreateTaxationItems::new("1", []).parse(&HttpResponse::new(body.into())).unwrap();
        assert_eq!(answer.lines[0].tax_amount.as_ref().unwrap().to_string(), "1.900");
        assert!(!answer.lines[0].tax_mode.as_ref().unwrap().is_known());
    }
}
