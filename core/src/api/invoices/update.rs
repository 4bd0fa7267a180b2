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

/// `PUT /v1/invoices/{invoiceKey}` ("Update an invoice"): updates an invoice.
///
/// Dates, amounts and items can be changed on a draft only. On a posted invoice only a few fields can be
/// changed, such as custom fields. The service accepts no idempotency key, and a retry that adds items adds
/// them twice. After an unknown outcome, read the invoice and its items before retrying.
///
/// ```
/// use zuora_core::Date;
/// use zuora_core::invoices::{InvoicePatch, ItemUpdate, UpdateInvoice};
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/invoices/INV00000155"));
/// #     assert!(request.body().starts_with(br#"{"dueDate":"2024-07-01""#));
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"id":"2c92","number":"INV00000155",
/// #         "dueDate":"2024-07-01"}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let changes = InvoicePatch::default()
///     .due_date(Date::new(2024, 7, 1)?)
///     .items([ItemUpdate::remove("2c86c8955bd63cc1015bd7c151af02ef")]);
/// let updated = client.call(&UpdateInvoice::new("INV00000155", changes))?;
/// assert_eq!(updated.due_date, Some(Date::new(2024, 7, 1)?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "update_invoice")]
#[doc(alias = "UpdateInvoiceRequest")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateInvoice {
    #[serde(rename = "invoiceKey")]
    pub(in crate::api) invoice: InvoiceKey,
    pub(in crate::api) changes: InvoicePatch,
}

impl UpdateInvoice {
    /// Creates the operation for an invoice id or number.
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
        json::read(success)
    }
}

model! {
    /// Changes to an invoice. Fields that are not set do not change.
    pub request InvoicePatch {
        id: Option<InvoiceId> = "id" (by hand),
        invoice_date: Option<Date> = "invoiceDate" (by hand),
        due_date: Option<Date> = "dueDate" (by hand),
        /// Comments on the invoice, at most 255 characters.
        pub comments: Option<String> = "comments" [max_len(255)],
        /// Whether the invoice is paid automatically.
        pub auto_pay: Option<bool> = "autoPay",
        /// Id of the invoice template.
        pub template_id: Option<String> = "templateId" [max_len(32)],
        /// Status of the transfer to an accounting system. Changing it from `Yes` requires a permission.
        pub transferred_to_accounting: Option<TransferredToAccounting> = "transferredToAccounting",
        /// Items to add, modify or remove, at most 1,000.
        pub items: Vec<ItemUpdate> = "invoiceItems" [entries(0, 1000)],
        /// Id of the corresponding object in NetSuite.
        pub integration_id_ns: Option<String> = "IntegrationId__NS" [max_len(255)],
        /// Status of the synchronization with NetSuite.
        pub integration_status_ns: Option<String> = "IntegrationStatus__NS" [max_len(255)],
        /// Time of the last synchronization with NetSuite.
        pub sync_date_ns: Option<String> = "SyncDate__NS" [max_len(255)],
    }
}

impl InvoicePatch {
    /// Sets the date on the invoice. An update can change either this date or the due date, so this method
    /// unsets [`due_date`](Self::due_date).
    #[must_use]
    pub fn invoice_date(mut self, date: Date) -> Self {
        (self.invoice_date, self.due_date) = (Some(date), None);
        self
    }

    /// Sets the date on which payment is due. An update can change either this date or the date on the
    /// invoice, so this method unsets [`invoice_date`](Self::invoice_date).
    #[must_use]
    pub fn due_date(mut self, date: Date) -> Self {
        (self.invoice_date, self.due_date) = (None, Some(date));
        self
    }

    /// Returns the changes as a row of a bulk update.
    pub(super) fn of(mut self, invoice: InvoiceId) -> Self {
        self.id = Some(invoice);
        self
    }

    /// Returns the id of the invoice in a row of a bulk update.
    pub(in crate::api) fn invoice(&self) -> Option<&InvoiceId> {
        self.id.as_ref()
    }

    /// Returns whether the changes are visible in the retrieved invoice, which does not contain the items.
    pub(in crate::api) fn is_observable(&self) -> bool {
        self.items.is_empty() && *self != Self { id: self.id.clone(), ..Self::default() }
    }

    /// Returns the changes apart from those of items.
    pub(in crate::api) fn without_items(&self) -> Self {
        Self { items: Vec::new(), ..self.clone() }
    }

    /// Returns whether an invoice with other values proves that the changes were not applied. The service may
    /// normalize text, so different text proves nothing.
    pub(in crate::api) fn is_conclusive(&self) -> bool {
        let texts =
            [&self.comments, &self.integration_id_ns, &self.integration_status_ns, &self.sync_date_ns];
        self.is_observable() && self.extra.is_empty() && texts.into_iter().all(Option::is_none)
    }

    /// Returns whether the invoice contains every change, or `None` when the changes are not visible in it. A field that
    /// the invoice lacks shows nothing.
    pub(in crate::api) fn matches(&self, invoice: &Invoice) -> Option<bool> {
        fn same<T: PartialEq + ?Sized>(change: Option<&T>, current: Option<&T>) -> Option<bool> {
            change.map_or(Some(true), |change| current.map(|current| current == change))
        }
        // A field that could not be read proves nothing.
        if !self.is_observable() || invoice.extra.unreadable().next().is_some() {
            return None;
        }
        let extra = self.extra.iter().map(|(name, value)| same(Some(value), invoice.extra.raw(&name)));
        let fields = [
            same(self.invoice_date.as_ref(), invoice.invoice_date.as_ref()),
            same(self.due_date.as_ref(), invoice.due_date.as_ref()),
            same(self.comments.as_deref(), invoice.comments.as_deref()),
            same(self.auto_pay.as_ref(), invoice.auto_pay.as_ref()),
            same(self.template_id.as_deref(), invoice.template_id.as_deref()),
            same(self.transferred_to_accounting.as_ref(), invoice.transferred_to_accounting.as_ref()),
            same(self.integration_id_ns.as_deref(), invoice.integration_id_ns.as_deref()),
            same(self.integration_status_ns.as_deref(), invoice.integration_status_ns.as_deref()),
            same(self.sync_date_ns.as_deref(), invoice.sync_date_ns.as_deref()),
        ];
        let all: Vec<Option<bool>> = extra.chain(fields).collect();
        match all.contains(&Some(false)) {
            true => Some(false),
            false => (!all.contains(&None)).then_some(true),
        }
    }

    /// Returns the approximate size of the body in bytes.
    pub(super) fn size(&self) -> usize {
        128 + 256 * self.items.len()
    }

    pub(super) fn check(&self, path: &Path<'_>) -> Result<()> {
        self.check_fields(path)?;
        if self.invoice_date.is_some() && self.due_date.is_some() {
            return Err(
                path.reject("dueDate", "cannot be changed together with `invoiceDate`: send two updates")
            );
        }
        for (index, item) in self.items.iter().enumerate() {
            item.check(&path.row("invoiceItems", index))?;
        }
        Ok(())
    }
}

model! {
    /// Invoice after an update.
    ///
    /// The fields have the same names as in [`Invoice`](crate::api::invoices::Invoice), although the service
    /// uses other names for some of them in this response. Amounts are in the currency
    /// [`currency`](Self::currency).
    #[doc(alias = "UpdateInvoiceResponse")]
    pub response UpdatedInvoice {
        /// Id of the invoice.
        pub id: Option<InvoiceId> = "id",
        /// Number of the invoice.
        pub number: Option<InvoiceNumber> = "number",
        /// Status of the invoice.
        pub status: Option<InvoiceStatus> = "status",
        /// Id of the account that owes the invoice.
        pub account_id: Option<AccountId> = "accountId",
        /// Currency of all amounts, an ISO 4217 code.
        pub currency: Option<Box<str>> = "currency",
        /// Total amount of the invoice, including tax.
        pub amount: Option<Amount> = "amount",
        /// Total tax on the invoice.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// Amount that is exempt from tax.
        pub tax_exempt_amount: Option<Amount> = "totalTaxExemptAmount",
        /// Total of the discounts on the invoice.
        pub discount: Option<Amount> = "discount",
        /// Amount that is still due.
        pub balance: Option<Amount> = "balance",
        /// Amount of the credit balance that is applied to the invoice.
        pub credit_balance_adjustment_amount: Option<Amount> = "creditBalanceAdjustmentAmount",
        /// Date on the invoice.
        pub invoice_date: Option<Date> = "invoiceDate",
        /// Date on which payment is due.
        pub due_date: Option<Date> = "dueDate",
        /// Target date: charges that were due on or before this day are billed.
        pub target_date: Option<Date> = "targetDate",
        /// Time at which the invoice was posted, in the tenant's time zone.
        pub posted_date: Option<DateTime> = "postedOn",
        /// Id of the user who posted the invoice.
        pub posted_by: Option<Box<str>> = "postedById",
        /// Time at which the invoice was canceled, in the tenant's time zone.
        pub canceled_date: Option<DateTime> = "cancelledOn",
        /// Id of the user who canceled the invoice.
        pub canceled_by: Option<Box<str>> = "cancelledById",
        /// Comments on the invoice.
        pub comments: Option<Box<str>> = "comment",
        /// Whether the invoice is paid automatically.
        pub auto_pay: Option<bool> = "autoPay",
        /// Id of the invoice template.
        pub template_id: Option<Box<str>> = "templateId",
        /// Status of the transfer to an accounting system.
        pub transferred_to_accounting: Option<TransferredToAccounting> = "transferredToAccounting",
        /// Id of the user who created the invoice.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// Time of creation, in the tenant's time zone.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who last updated the invoice.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// Time of the last update, in the tenant's time zone.
        pub updated_date: Option<DateTime> = "updatedDate",
        /// Id of the corresponding object in NetSuite.
        pub integration_id_ns: Option<Box<str>> = "IntegrationId__NS",
        /// Status of the synchronization with NetSuite.
        pub integration_status_ns: Option<Box<str>> = "IntegrationStatus__NS",
        /// Time of the last synchronization with NetSuite.
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
    fn items_are_added_modified_and_removed() {
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
        let queued = serde_json::from_str::<UpdateInvoice>(&text).unwrap();
        assert_eq!(queued, update(changes));
        assert_eq!(
            std::str::from_utf8(queued.request().unwrap().body()).unwrap(),
            r#"{"invoiceDate":"2024-06-01","invoiceItems":[{"chargeName":"Setup","amount":1,"#.to_owned()
                + r#""serviceStartDate":"2024-06-01"},{"id":"2","description":"x","taxCode":null,"taxMode":null,"#
                + r#""discountItems":[{"id":"5","amount":-2},{"chargeName":"Spring","amount":-1}]},"#
                + r#"{"id":"3","delete":true}]}"#
        );
        assert_eq!(&update(InvoicePatch::default()).request().unwrap().body()[..], b"{}");
    }

    #[test]
    fn invalid_fields_are_named() {
        let invalid_field = |changes| update(changes).request().unwrap_err().field().unwrap().to_owned();
        let both = r#"{"invoiceDate":"2024-06-01","dueDate":"2024-06-01"}"#;
        assert_eq!(invalid_field(serde_json::from_str(both).unwrap()), "dueDate");
        let removals = vec![ItemUpdate::remove("1"); 1001];
        assert_eq!(invalid_field(InvoicePatch::default().items(removals)), "invoiceItems");
        let from_catalog = NewDiscountItem::of_charge("c", -1);
        let change = ItemPatch::of("2").discount_items([from_catalog]);
        assert_eq!(
            invalid_field(InvoicePatch::default().items([change])),
            "invoiceItems[0].discountItems[0].productRatePlanChargeId"
        );
        let long = ItemPatch::of("2").sku("x".repeat(256));
        assert_eq!(
            invalid_field(InvoicePatch::default().items([ItemUpdate::remove("1"), long.into()])),
            "invoiceItems[1].sku"
        );
    }

    #[test]
    fn the_response_has_the_field_names_of_an_invoice() {
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
