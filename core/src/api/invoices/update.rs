//! `PUT /v1/invoices/{invoiceKey}`

use serde::{Deserialize, Serialize};

use crate::api::invoices::Invoice;
use crate::api::invoices::item_update::ItemUpdate;
use crate::api::invoices::terms::{InvoiceStatus, TransferredToAccounting};
use crate::api::shared::required_fields;
use crate::error::Result;
use crate::model::json;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::{AccountId, Amount, Date, DateTime, InvoiceId, InvoiceKey, InvoiceNumber};

static SPEC: Spec = Spec::put("update_invoice", "/v1/invoices/{invoiceKey}");

/// `PUT /v1/invoices/{invoiceKey}` ("Update an invoice"): changes an invoice.
///
/// Dates, amounts and items can be changed on a draft only; a posted invoice takes a few fields, such as custom
/// ones. Takes no idempotency key, and a repeat that adds items adds them twice: once the outcome is unknown, read
/// the invoice and its items.
///
/// ```
/// use zuora_core::invoices::{InvoicePatch, ItemUpdate, UpdateInvoice};
/// use zuora_core::{Date, Operation};
///
/// let changes = InvoicePatch::default()
///     .due_date(Date::new(2024, 7, 1)?)
///     .items([ItemUpdate::remove("2c86c8955bd63cc1015bd7c151af02ef")]);
/// let request = UpdateInvoice::new("INV00000155", changes).request()?;
/// assert_eq!(request.uri(), "/v1/invoices/INV00000155");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateInvoice {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    changes: InvoicePatch,
}

impl UpdateInvoice {
    /// Changes the invoice of this id or number.
    pub fn new(invoice: impl Into<InvoiceKey>, changes: InvoicePatch) -> Self {
        Self { invoice: invoice.into(), changes }
    }
}

impl Operation for UpdateInvoice {
    type Output = UpdatedInvoice;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        self.changes.check(&Path::ROOT)?;
        RequestBuilder::with_keys(&SPEC, &[self.invoice.as_str()])?.json(&self.changes, self.changes.size())
    }

    fn parse(&self, success: &HttpResponse) -> Result<UpdatedInvoice> {
        json::read(success.body())
    }
}

model! {
    /// Changes of an invoice; what is not named stays.
    pub request InvoicePatch {
        id: Option<InvoiceId> = "id" (by hand),
        invoice_date: Option<Date> = "invoiceDate" (by hand),
        due_date: Option<Date> = "dueDate" (by hand),
        /// Text on the invoice.
        pub comments: Option<String> = "comments" [max_len(255)],
        /// Whether the account pays it without being asked.
        pub auto_pay: Option<bool> = "autoPay",
        /// The template that it is printed with.
        pub template_id: Option<String> = "templateId" [max_len(32)],
        /// Whether it has been handed to an accounting system. Changing it away from `Yes` needs a permission.
        pub transferred_to_accounting: Option<TransferredToAccounting> = "transferredToAccounting",
        /// Items that are added, changed or taken away, at most 1,000.
        pub items: Vec<ItemUpdate> = "invoiceItems" [entries(0, 1000)],
        /// Id in NetSuite.
        pub integration_id_ns: Option<String> = "IntegrationId__NS" [max_len(255)],
        /// Where the transfer to NetSuite stands.
        pub integration_status_ns: Option<String> = "IntegrationStatus__NS" [max_len(255)],
        /// When it was last transferred to NetSuite.
        pub sync_date_ns: Option<String> = "SyncDate__NS" [max_len(255)],
    }
}

impl InvoicePatch {
    /// Date on the invoice. The service changes this or the due date, not both: takes the place of
    /// [`due_date`](Self::due_date).
    #[must_use]
    pub fn invoice_date(mut self, date: Date) -> Self {
        (self.invoice_date, self.due_date) = (Some(date), None);
        self
    }

    /// Day by which it is to be paid. The service changes this or the invoice date, not both: takes the place of
    /// [`invoice_date`](Self::invoice_date).
    #[must_use]
    pub fn due_date(mut self, date: Date) -> Self {
        (self.invoice_date, self.due_date) = (None, Some(date));
        self
    }

    /// As a row of a bulk update.
    pub(super) fn of(mut self, invoice: InvoiceId) -> Self {
        self.id = Some(invoice);
        self
    }

    pub(super) fn invoice(&self) -> Option<&InvoiceId> {
        self.id.as_ref()
    }

    /// Whether reading the invoice can show the changes: items stand elsewhere.
    pub(super) fn is_observable(&self) -> bool {
        self.items.is_empty() && *self != Self { id: self.id.clone(), ..Self::default() }
    }

    /// Whether an invoice that shows something else was certainly not changed. The service may have written text
    /// in its own way, so text proves only that it was.
    pub(super) fn is_conclusive(&self) -> bool {
        let texts =
            [&self.comments, &self.integration_id_ns, &self.integration_status_ns, &self.sync_date_ns];
        self.is_observable() && self.extra.is_empty() && texts.into_iter().all(Option::is_none)
    }

    /// Whether the invoice shows every change.
    pub(super) fn matches(&self, invoice: &Invoice) -> Option<bool> {
        fn same<T: PartialEq + ?Sized>(wanted: Option<&T>, shown: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| shown == Some(wanted))
        }
        let extra = self.extra.iter().all(|(name, value)| invoice.extra.raw(&name) == Some(value));
        self.is_observable().then(|| {
            extra
                && same(self.invoice_date.as_ref(), invoice.invoice_date.as_ref())
                && same(self.due_date.as_ref(), invoice.due_date.as_ref())
                && same(self.comments.as_deref(), invoice.comments.as_deref())
                && same(self.auto_pay.as_ref(), invoice.auto_pay.as_ref())
                && same(self.template_id.as_deref(), invoice.template_id.as_deref())
                && same(self.transferred_to_accounting.as_ref(), invoice.transferred_to_accounting.as_ref())
                && same(self.integration_id_ns.as_deref(), invoice.integration_id_ns.as_deref())
                && same(self.integration_status_ns.as_deref(), invoice.integration_status_ns.as_deref())
                && same(self.sync_date_ns.as_deref(), invoice.sync_date_ns.as_deref())
        })
    }

    pub(super) fn size(&self) -> usize {
        128 + 256 * self.items.len()
    }

    pub(super) fn check(&self, path: &Path<'_>) -> Result<()> {
        self.check_fields(path)?;
        if self.invoice_date.is_some() && self.due_date.is_some() {
            return Err(path.refuse("dueDate", "cannot be changed together with invoiceDate"));
        }
        for (index, item) in self.items.iter().enumerate() {
            item.check(&path.row("invoiceItems", index))?;
        }
        Ok(())
    }
}

model! {
    /// An invoice after an update. The service has other wire names here than in [`Invoice`](crate::api::invoices::Invoice);
    /// the fields are named the same.
    pub response UpdatedInvoice {
        /// Id of the invoice.
        pub id: Option<InvoiceId> = "id",
        /// Number of the invoice.
        pub number: Option<InvoiceNumber> = "number",
        /// Where it stands.
        pub status: Option<InvoiceStatus> = "status",
        /// The account that owes it.
        pub account_id: Option<AccountId> = "accountId",
        /// Currency of all amounts, an ISO 4217 code.
        pub currency: Option<Box<str>> = "currency",
        /// Its whole amount, tax included.
        pub amount: Option<Amount> = "amount",
        /// Its tax.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// The part that is free of tax.
        pub tax_exempt_amount: Option<Amount> = "totalTaxExemptAmount",
        /// Its discounts.
        pub discount: Option<Amount> = "discount",
        /// What is still owed.
        pub balance: Option<Amount> = "balance",
        /// What a credit balance has settled.
        pub credit_balance_adjustment_amount: Option<Amount> = "creditBalanceAdjustmentAmount",
        /// Date on the invoice.
        pub invoice_date: Option<Date> = "invoiceDate",
        /// Day by which it is to be paid.
        pub due_date: Option<Date> = "dueDate",
        /// Charges due on this day or before were billed.
        pub target_date: Option<Date> = "targetDate",
        /// When it was posted, in the tenant's time zone.
        pub posted_date: Option<DateTime> = "postedOn",
        /// Id of the user who posted it.
        pub posted_by: Option<Box<str>> = "postedById",
        /// When it was canceled, in the tenant's time zone.
        pub canceled_date: Option<DateTime> = "cancelledOn",
        /// Id of the user who canceled it.
        pub canceled_by: Option<Box<str>> = "cancelledById",
        /// Text on the invoice.
        pub comments: Option<Box<str>> = "comment",
        /// Whether the account pays it without being asked.
        pub auto_pay: Option<bool> = "autoPay",
        /// The template that it is printed with.
        pub template_id: Option<Box<str>> = "templateId",
        /// Whether it has been handed to an accounting system.
        pub transferred_to_accounting: Option<TransferredToAccounting> = "transferredToAccounting",
        /// Id of the user who created it.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// When it was created, in the tenant's time zone.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who changed it last.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// When it was changed last, in the tenant's time zone.
        pub updated_date: Option<DateTime> = "updatedDate",
        /// Id in NetSuite.
        pub integration_id_ns: Option<Box<str>> = "IntegrationId__NS",
        /// Where the transfer to NetSuite stands.
        pub integration_status_ns: Option<Box<str>> = "IntegrationStatus__NS",
        /// When it was last transferred to NetSuite.
        pub sync_date_ns: Option<Box<str>> = "SyncDate__NS",
    }
}

required_fields! {
    UpdatedInvoice {
        /// Returns the id of the invoice.
        id: InvoiceId = "id",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::invoices::{DiscountPatch, DiscountUpdate, ItemPatch, NewDiscountItem, NewInvoiceItem};

    fn day() -> Date {
        "2024-06-01".parse().unwrap()
    }

    fn update(changes: InvoicePatch) -> UpdateInvoice {
        UpdateInvoice::new("INV1", changes)
    }

    #[test]
    fn three_things_happen_to_items() {
        let change = ItemPatch::of("2").description("x").without_tax().discount_items([
            DiscountUpdate::from(DiscountPatch::of("5").amount(-2)),
            NewDiscountItem::named("Spring", -1).into(),
        ]);
        let changes = InvoicePatch::default().due_date(day()).invoice_date(day()).items([
            ItemUpdate::from(NewInvoiceItem::named("Setup", 1, day())),
            change.into(),
            ItemUpdate::remove("3"),
        ]);
        let text = serde_json::to_string(&update(changes.clone())).unwrap();
        let back = serde_json::from_str::<UpdateInvoice>(&text).unwrap();
        assert_eq!(back, update(changes));
        assert_eq!(
            std::str::from_utf8(back.request().unwrap().body()).unwrap(),
            r#"{"invoiceDate":"2024-06-01","invoiceItems":[{"chargeName":"Setup","amount":1,"#.to_owned()
                + r#""serviceStartDate":"2024-06-01"},{"id":"2","description":"x","taxCode":null,"taxMode":null,"#
                + r#""discountItems":[{"id":"5","amount":-2},{"chargeName":"Spring","amount":-1}]},"#
                + r#"{"id":"3","delete":true}]}"#
        );
        assert_eq!(&update(InvoicePatch::default()).request().unwrap().body()[..], b"{}");
    }

    #[test]
    fn what_the_service_refuses_is_named() {
        let fault = |changes| update(changes).request().unwrap_err().field().unwrap().to_owned();
        let both = r#"{"invoiceDate":"2024-06-01","dueDate":"2024-06-01"}"#;
        assert_eq!(fault(serde_json::from_str(both).unwrap()), "dueDate");
        let removals = vec![ItemUpdate::remove("1"); 1001];
        assert_eq!(fault(InvoicePatch::default().items(removals)), "invoiceItems");
        let late = NewDiscountItem::of_charge("c", -1);
        let change = ItemPatch::of("2").discount_items([late]);
        assert_eq!(
            fault(InvoicePatch::default().items([change])),
            "invoiceItems[0].discountItems[0].productRatePlanChargeId"
        );
        let long = ItemPatch::of("2").sku("x".repeat(256));
        assert_eq!(
            fault(InvoicePatch::default().items([ItemUpdate::remove("1"), long.into()])),
            "invoiceItems[1].sku"
        );
    }

    #[test]
    fn the_answer_speaks_the_vocabulary_of_invoices() {
        let body =
            r#"{"number":"INV1","comment":"x","postedOn":"2024-06-01 10:00:00","totalTaxExemptAmount":0.00}"#;
        let invoice = update(InvoicePatch::default()).parse(&HttpResponse::new(body.into())).unwrap();
        assert_eq!(
            (invoice.number.as_ref().unwrap().as_str(), invoice.comments.as_deref()),
            ("INV1", Some("x"))
        );
        assert!(invoice.extra.is_empty());
        assert_eq!(
            serde_json::to_string(&invoice).unwrap(),
            r#"{"number":"INV1","totalTaxExemptAmount":0.00,"postedOn":"2024-06-01 10:00:00","comment":"x"}"#
        );
    }
}
