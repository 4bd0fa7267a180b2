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

/// `POST /v1/invoices/{invoiceKey}/taxation-items` ("Create taxation items for an invoice"): adds 1 to 500
/// tax lines to the items of a draft invoice.
///
/// ```
/// use zuora_core::invoices::{CreateTaxationItems, NewTaxationItem, TaxRateType};
/// use zuora_core::{Amount, Date};
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     let target = (request.method().as_str(), request.uri().path());
/// #     assert_eq!(target, ("POST", "/v1/invoices/INV00000155/taxation-items"));
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"taxationItems":[{"id":"2c95","name":"State tax",
/// #         "taxAmount":8.75}]}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let line = NewTaxationItem::new("2c86c8955bd63cc1015bd7c151af02ef", "State tax", Date::new(2024, 6, 1)?)
///     .jurisdiction("CALIFORNIA")
///     .tax_amount(Amount::new(8_75, 2)?)
///     .tax_rate(Amount::new(875, 4)?)
///     .tax_rate_type(TaxRateType::Percentage);
/// let created = client.call(&CreateTaxationItems::new("INV00000155", [line]))?;
/// assert_eq!(created.lines[0].id.as_ref().unwrap(), &"2c95");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "create_invoice_taxation_items")]
#[doc(alias = "CreateTaxationItemsRequest")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreateTaxationItems {
    #[serde(rename = "invoiceKey")]
    pub(in crate::api) invoice: InvoiceKey,
    body: Body,
}

model! {
    pub(super) body Body {
        lines: Vec<NewTaxationItem> = "taxationItems" [entries(1, 500)],
    }
}

impl CreateTaxationItems {
    /// Creates the operation for an invoice id or number and 1 to 500 tax lines.
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
        json::read(success)
    }
}

model! {
    /// Tax line to add to an invoice item. Amounts are in the currency of the invoice.
    pub request NewTaxationItem {
        /// Id of the invoice item that is taxed.
        pub invoice_item_id: Option<InvoiceItemId> = "invoiceItemId" [REQUIRED, ID],
        /// Name of the tax.
        pub name: Option<String> = "name" [REQUIRED, len(1, usize::MAX)],
        /// Jurisdiction that levies the tax.
        pub jurisdiction: Option<String> = "jurisdiction" [REQUIRED, len(1, usize::MAX)],
        /// Amount of the tax.
        pub tax_amount: Option<Amount> = "taxAmount" [REQUIRED],
        /// Amount that is exempt from the tax.
        pub exempt_amount: Option<Amount> = "exemptAmount",
        /// Amount of the tax before rounding.
        pub applicable_tax_un_rounded: Option<Amount> = "applicableTaxUnRounded",
        /// Tax rate: a fraction of 1 or a fixed amount, depending on its type.
        pub tax_rate: Option<Amount> = "taxRate" [REQUIRED],
        /// Type of the tax rate.
        pub tax_rate_type: Option<TaxRateType> = "taxRateType" [REQUIRED],
        /// Description of the tax rate by the tax engine.
        pub tax_rate_description: Option<String> = "taxRateDescription",
        /// Date on which the tax applies.
        pub tax_date: Option<Date> = "taxDate" [REQUIRED],
        /// Tax mode: whether the amount of the item includes tax.
        pub tax_mode: Option<TaxMode> = "taxMode",
        /// Tax code.
        pub tax_code: Option<String> = "taxCode",
        /// Description of the tax code.
        pub tax_code_description: Option<String> = "taxCodeDescription",
        /// Code of the location.
        pub location_code: Option<String> = "locationCode",
        /// Country of the tax.
        pub country: Option<String> = "country",
        /// Accounting codes of the tax line.
        pub finance_information: Option<NewTaxFinance> = "financeInformation",
    }
}

impl NewTaxationItem {
    /// Creates a tax line for an item, with the name of the tax and the date on which it applies. The
    /// jurisdiction, amount, rate and type of the rate are required too.
    pub fn new(item: impl Into<InvoiceItemId>, name: impl Into<String>, date: Date) -> Self {
        Self::default().invoice_item_id(item).name(name).tax_date(date)
    }
}

model! {
    /// Accounting codes of a tax line to add.
    pub request NewTaxFinance {
        /// Accounting code for accounts receivable.
        pub accounts_receivable_accounting_code: Option<String> =
            "accountsReceivableAccountingCode" [max_len(100)],
        /// Accounting code for sales tax payable.
        pub sales_tax_payable_accounting_code: Option<String> = "salesTaxPayableAccountingCode" [max_len(100)],
    }
}

model! {
    /// Response with the tax lines that were added.
    #[doc(alias = "GetTaxationItemsResponse")]
    pub response CreatedTaxationItems {
        /// Tax lines that were created.
        pub lines: Vec<TaxationItem> = "taxationItems",
    }
}

model! {
    /// Tax line that was added. Amounts are in the currency of the invoice.
    pub struct TaxationItem {
        /// Id of the tax line.
        pub id: Option<TaxationItemId> = "id",
        /// Id of the invoice item that is taxed.
        pub invoice_item_id: Option<InvoiceItemId> = "invoiceItemId",
        /// Id of the memo item that is taxed.
        pub memo_item_id: Option<Box<str>> = "memoItemId",
        /// Id of the tax line that this tax line was created from.
        pub source_tax_item_id: Option<TaxationItemId> = "sourceTaxItemId",
        /// Name of the tax.
        pub name: Option<Box<str>> = "name",
        /// Jurisdiction that levies the tax.
        pub jurisdiction: Option<Box<str>> = "jurisdiction",
        /// Code of the location.
        pub location_code: Option<Box<str>> = "locationCode",
        /// Country of the tax.
        pub country: Option<Box<str>> = "country",
        /// Amount of the tax.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// Amount that is exempt from the tax.
        pub exempt_amount: Option<Amount> = "exemptAmount",
        /// Amount of the tax before rounding.
        pub applicable_tax_un_rounded: Option<Amount> = "applicableTaxUnRounded",
        /// Tax rate: a fraction of 1 or a fixed amount, depending on its type.
        pub tax_rate: Option<Amount> = "taxRate",
        /// Type of the tax rate.
        pub tax_rate_type: Option<TaxRateType> = "taxRateType",
        /// Description of the tax rate by the tax engine.
        pub tax_rate_description: Option<Box<str>> = "taxRateDescription",
        /// Date on which the tax applies.
        pub tax_date: Option<Date> = "taxDate",
        /// Tax mode: whether the amount of the item includes tax.
        pub tax_mode: Option<TaxMode> = "taxMode",
        /// Tax code.
        pub tax_code: Option<Box<str>> = "taxCode",
        /// Description of the tax code.
        pub tax_code_description: Option<Box<str>> = "taxCodeDescription",
        /// Accounting codes of the tax line.
        pub finance_information: Option<TaxFinance> = "financeInformation",
        /// Id of the user who created the tax line.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// Time of creation, in the tenant's time zone.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who last updated the tax line.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// Time of the last update, in the tenant's time zone.
        pub updated_date: Option<DateTime> = "updatedDate",
    }
}

model! {
    /// Accounting codes of a tax line that was added.
    pub struct TaxFinance {
        /// Accounting code for accounts receivable.
        pub accounts_receivable_accounting_code: Option<Box<str>> = "accountsReceivableAccountingCode",
        /// Type of the accounting code for accounts receivable.
        pub accounts_receivable_accounting_code_type: Option<Box<str>> = "accountsReceivableAccountingCodeType",
        /// Accounting code for on-account amounts.
        pub on_account_accounting_code: Option<Box<str>> = "onAccountAccountingCode",
        /// Type of the accounting code for on-account amounts.
        pub on_account_accounting_code_type: Option<Box<str>> = "onAccountAccountingCodeType",
        /// Accounting code for sales tax payable.
        pub sales_tax_payable_accounting_code: Option<Box<str>> = "salesTaxPayableAccountingCode",
        /// Type of the accounting code for sales tax payable.
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
    fn a_queued_operation_sends_the_same_request() {
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
    fn invalid_fields_are_named() {
        let invalid_field = |lines: Vec<NewTaxationItem>| {
            CreateTaxationItems::new("INV1", lines)
                .request()
                .err()
                .map(|error| error.field().unwrap().to_owned())
        };
        assert_eq!(invalid_field(vec![]).unwrap(), "taxationItems");
        assert_eq!(invalid_field(vec![line(); 500]), None);
        assert_eq!(invalid_field(vec![line(); 501]).unwrap(), "taxationItems");
        assert_eq!(
            invalid_field(vec![line().invoice_item_id("1")]).unwrap(),
            "taxationItems[0].invoiceItemId"
        );
        assert_eq!(invalid_field(vec![line().jurisdiction("")]).unwrap(), "taxationItems[0].jurisdiction");
        let finance = NewTaxFinance::default().sales_tax_payable_accounting_code("x".repeat(101));
        assert_eq!(
            invalid_field(vec![line(), line().finance_information(finance)]).unwrap(),
            "taxationItems[1].financeInformation.salesTaxPayableAccountingCode"
        );
    }

    #[test]
    fn created_tax_lines_are_decoded() {
        let body = r#"{"success":true,"taxationItems":[{"id":"1","taxAmount":1.900,"taxMode":"Sideways"}]}"#;
        let created = CreateTaxationItems::new("1", []).parse(&HttpResponse::new(body.into())).unwrap();
        assert_eq!(created.lines[0].tax_amount.as_ref().unwrap().to_string(), "1.900");
        assert!(!created.lines[0].tax_mode.as_ref().unwrap().is_known());
    }
}
