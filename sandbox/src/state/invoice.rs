//! Invoices and the changes that an invoice allows.
//!
//! ```text
//!         post            reverse, write off: still posted, balance zero
//! Draft ────────→ Posted ────────────────────────────────────────────────→ Posted
//!    │ cancel
//!    └────────→ Canceled → deleted
//! ```

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::application::Application;
use super::billing::{DueCharge, Ledger};
use super::extra_fields::ExtraFields;
use super::ids::Ids;
use super::item::Item;
use super::pdf::{InvoiceFile, Pdf};
use super::tenant::{Account, ChargeType, Tenant};
use crate::values::{Date, UnixTime};

/// One invoice. Account data is copied when the invoice is created and does not change with the account.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) status: InvoiceStatus,
    pub(crate) reversed: bool,
    pub(crate) account_id: String,
    pub(crate) currency: String,
    pub(crate) payment_term: String,
    pub(crate) auto_pay: bool,
    pub(crate) bill_to_contact_id: String,
    pub(crate) sold_to_contact_id: String,
    pub(crate) ship_to_contact_id: Option<String>,
    pub(crate) invoice_date: Date,
    pub(crate) due_date: Date,
    /// Whether a request has set the due date.
    pub(crate) due_date_given: bool,
    /// The bill run that created the invoice; `None` for a standalone invoice.
    pub(crate) origin: Option<Arc<Origin>>,
    pub(crate) transferred: String,
    pub(crate) comments: Option<String>,
    pub(crate) template_id: Option<String>,
    pub(crate) communication_profile_id: Option<String>,
    pub(crate) created: UnixTime,
    pub(crate) updated: UnixTime,
    pub(crate) posted: Option<UnixTime>,
    pub(crate) canceled: Option<UnixTime>,
    pub(crate) emailed: Option<UnixTime>,
    /// The items in order; a discount follows the item that it applies to.
    pub(crate) items: Vec<Item>,
    pub(crate) applications: Vec<Application>,
    /// Positions of the credit memos that were created from the invoice.
    pub(crate) memos: Vec<usize>,
    /// Uploads, and PDFs that are finished or in progress.
    pub(crate) files: Vec<InvoiceFile>,
    pub(crate) pdf: Option<Pdf>,
    pub(crate) extra_fields: ExtraFields,
    /// The body of the response that shows the invoice, if it was shown and `Invoices` keeps it. `Invoices` drops it when
    /// the invoice changes. Clients poll invoices that do not change for long.
    pub(crate) shown: ShownText,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvoiceStatus {
    Draft,
    Posted,
    Canceled,
}

/// The bill run that created an invoice, with the dates of that run. The invoices of a run share it.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) run_id: String,
    pub(crate) run_number: String,
    pub(crate) invoice_date: Date,
    pub(crate) target_date: Date,
}

impl InvoiceStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Posted => "Posted",
            Self::Canceled => "Canceled",
        }
    }
}

/// A text that is made when it is first read. A copy has none, since a copy is made to be changed.
#[derive(Debug, Default)]
pub(crate) struct ShownText(OnceLock<Bytes>);

impl ShownText {
    pub(crate) fn get_or_write(&self, write: impl FnOnce() -> Bytes) -> Bytes {
        self.0.get_or_init(write).clone()
    }

    pub(crate) fn clear(&mut self) {
        self.0.take();
    }

    #[cfg(test)]
    pub(crate) fn is_kept(&self) -> bool {
        self.0.get().is_some()
    }
}

impl Clone for ShownText {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Invoice {
    /// Creates a draft without items, on the usual terms of the account.
    pub(crate) fn draft(
        ids: &mut Ids,
        tenant: &Tenant,
        account: &Account,
        invoice_date: Date,
        now: UnixTime,
    ) -> Self {
        Self {
            id: ids.entity(),
            number: String::new(),
            status: InvoiceStatus::Draft,
            reversed: false,
            account_id: account.id.clone(),
            currency: account.currency.clone(),
            payment_term: account.payment_term.clone(),
            auto_pay: account.auto_pay,
            bill_to_contact_id: account.bill_to_contact_id.clone(),
            sold_to_contact_id: account.sold_to_contact_id.clone(),
            ship_to_contact_id: None,
            invoice_date,
            due_date: tenant.due_date(invoice_date, &account.payment_term),
            due_date_given: false,
            origin: None,
            transferred: "No".to_owned(),
            comments: None,
            template_id: None,
            communication_profile_id: None,
            created: now,
            updated: now,
            posted: None,
            canceled: None,
            emailed: None,
            items: Vec::new(),
            applications: Vec::new(),
            memos: Vec::new(),
            files: Vec::new(),
            pdf: None,
            extra_fields: ExtraFields::default(),
            shown: ShownText::default(),
        }
    }

    /// Creates the draft of a bill run for one account.
    pub(crate) fn of_run(
        ids: &mut Ids,
        tenant: &Tenant,
        account: &Account,
        rows: &[DueCharge<'_>],
        origin: Arc<Origin>,
        number: String,
        now: UnixTime,
    ) -> Self {
        let draft = Self::draft(ids, tenant, account, origin.invoice_date, now);
        Self {
            number,
            origin: Some(origin),
            items: rows.iter().map(|row| Item::of_charge(ids.entity().into(), row)).collect(),
            ..draft
        }
    }

    pub(crate) fn is_of_run(&self, run: &str) -> bool {
        self.origin.as_ref().is_some_and(|origin| origin.run_id == run)
    }

    pub(crate) fn is_standalone(&self) -> bool {
        self.origin.is_none()
    }

    pub(crate) fn source_type(&self) -> &'static str {
        if self.is_standalone() { "Standalone" } else { "Subscription" }
    }

    pub(crate) fn includes(&self, charge_type: ChargeType) -> bool {
        self.items.iter().any(|item| item.charge_type == charge_type)
    }

    /// Counts items and tax items, as the limits of reversal and write-off do.
    pub(crate) fn lines_count(&self) -> usize {
        self.items.iter().map(|item| 1 + item.taxes.len()).sum()
    }

    /// Sets the invoice date, and the due date by the payment term.
    pub(crate) fn set_invoice_date(&mut self, invoice_date: Date, tenant: &Tenant) {
        self.invoice_date = invoice_date;
        self.due_date = tenant.due_date(invoice_date, &self.payment_term);
        self.due_date_given = false;
    }

    /// Sets the due date, which posting with another invoice date does not change.
    pub(crate) fn set_due_date(&mut self, due_date: Date) {
        self.due_date = due_date;
        self.due_date_given = true;
    }

    /// Posts a draft, optionally with another invoice date. A due date that a request has set is kept.
    pub(crate) fn post(&mut self, invoice_date: Option<Date>, tenant: &Tenant, now: UnixTime) {
        if let Some(date) = invoice_date {
            let due_date = self.due_date;
            let given = self.due_date_given;
            self.set_invoice_date(date, tenant);
            if given {
                self.set_due_date(due_date);
            }
        }
        self.status = InvoiceStatus::Posted;
        self.posted = Some(now);
        self.updated = now;
    }

    /// Cancels the invoice, so that its charges can be billed again.
    pub(crate) fn cancel(&mut self, ledger: &mut Ledger, now: UnixTime) {
        self.status = InvoiceStatus::Canceled;
        self.canceled = Some(now);
        self.updated = now;
        self.drop_unfinished_pdf(now);
        self.release_charges(ledger);
    }

    /// Releases the charges of the invoice, so that they can be billed again.
    pub(crate) fn release_charges(&self, ledger: &mut Ledger) {
        for item in &self.items {
            if let Some(subscribed) = &item.subscribed {
                ledger.release(&subscribed.charge_id, item.service_start);
            }
        }
    }

    /// Marks the PDF as obsolete, since the invoice has changed.
    pub(crate) fn outdate_pdf(&mut self, now: UnixTime) {
        if let Some(pdf) = &mut self.pdf {
            pdf.outdated = Some(now);
        }
    }

    /// Drops a PDF that is in progress; finished files stay.
    pub(crate) fn drop_unfinished_pdf(&mut self, now: UnixTime) {
        self.files.retain(|file| file.available_at <= now);
        if self.pdf.as_ref().is_some_and(|pdf| pdf.finished > now) {
            self.pdf = None;
        }
    }

    /// Returns a version number that no other file has, for a file that is available from that time on.
    pub(crate) fn free_version(&self, available_at: UnixTime) -> u64 {
        let mut version = available_at.millis();
        while self.files.iter().any(|file| file.version == version) {
            version += 1;
        }
        version
    }
}
