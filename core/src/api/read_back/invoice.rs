//! The traces of a write in an invoice.

use super::reads::{FromSeen, QueriedCreditMemo, QueryCreditMemos, ReadObject, SeenObject};
use super::step::{Step, note};
use crate::api::invoices::{
    CreateStandaloneInvoice, GetInvoice, GetInvoiceItems, Invoice, InvoiceItems, InvoicePatch, InvoiceStatus,
    item_traces, query_of,
};
use crate::api::object_query::QueriedInvoices;
use crate::call::read_back::{Finding, Sight};
use crate::error::{Error, Result};
use crate::operation::Paginated;
use crate::transport::WallTime;
use crate::types::{DateTime, InvoiceKey};

/// A write on an invoice.
#[derive(Clone, Debug)]
pub(super) struct InvoiceCheck {
    pub(super) key: InvoiceKey,
    pub(super) wanted: WantedInvoice,
}

/// The state to which a write leads.
#[derive(Clone, Debug)]
pub(super) enum WantedInvoice {
    Posted,
    Canceled,
    Deleted,
    Reversed,
    WrittenOff {
        reason: String,
        /// Whether the write-off leaves no balance.
        is_whole: bool,
    },
    Changed(Box<InvoicePatch>),
    Created(Box<CreateStandaloneInvoice>),
}

impl InvoiceCheck {
    pub(super) fn new(key: impl Into<InvoiceKey>, wanted: WantedInvoice) -> Self {
        Self { key: key.into(), wanted }
    }

    pub(super) fn begin(&self) -> ReadObject {
        match self.wanted {
            WantedInvoice::Reversed => ReadObject::Invoices(query_of(&self.key)),
            _ => ReadObject::Invoice(GetInvoice::new(self.key.clone())),
        }
    }

    pub(super) fn observe<T: FromSeen>(
        &self,
        sight: &mut Sight<T>,
        read: &ReadObject,
        seen: Result<SeenObject>,
    ) -> Result<Step> {
        let seen = match seen {
            Ok(seen) => seen,
            Err(error) => return self.failed(error, read).map(Step::Found),
        };
        Ok(match (&seen, read) {
            (SeenObject::Invoice(invoice), _) => {
                note(sight, &seen, invoice.status.as_ref().map(InvoiceStatus::as_str), invoice.updated_date);
                self.evaluate(invoice)
            }
            (SeenObject::Invoices(page), _) => {
                note(sight, &seen, None, None);
                self.reversed(page)
            }
            (SeenObject::Items(page), ReadObject::Items(list)) => {
                self.item_changes(&mut sight.changes, list, page)
            }
            (SeenObject::CreditMemos(page), ReadObject::CreditMemos(query)) => {
                match (
                    page.data.iter().any(|memo| self.is_memo(memo, sight.not_sent_before)),
                    query.after(page),
                ) {
                    (true, _) => Step::Found(Finding::Applied),
                    (false, Some(next)) => Step::Read(ReadObject::CreditMemos(next)),
                    (false, None) => Step::Found(without_memo("no credit memo of this write-off is found")),
                }
            }
            _ => unexpected("the service returned another object"),
        })
    }

    fn failed(&self, error: Error, read: &ReadObject) -> Result<Finding> {
        match (read, &self.wanted) {
            (ReadObject::CreditMemos(_), _) if !error.is_retryable() => {
                Ok(without_memo("the credit memos of the invoice cannot be read"))
            }
            (ReadObject::Invoice(_), _) if !error.is_gone() => Err(error),
            (ReadObject::Invoice(_), WantedInvoice::Deleted) => Ok(Finding::Applied),
            (ReadObject::Invoice(_), WantedInvoice::Created(_)) => Ok(Finding::Absent),
            (ReadObject::Invoice(_), _) => Ok(Finding::Unexpected("the invoice no longer exists".to_owned())),
            _ => Err(error),
        }
    }

    fn evaluate(&self, invoice: &Invoice) -> Step {
        use InvoiceStatus::{CancelInProgress, Canceled, Draft, Posted};
        if let WantedInvoice::Created(create) = &self.wanted {
            return Step::Found(created(create, invoice));
        }
        if let WantedInvoice::Changed(changes) = &self.wanted {
            return self.changed(changes, invoice);
        }
        let Some(status) = &invoice.status else { return unexpected("the invoice has no status") };
        Step::Found(match (&self.wanted, status) {
            (WantedInvoice::Posted, Posted) | (WantedInvoice::Canceled, Canceled) => Finding::Applied,
            (WantedInvoice::Canceled, CancelInProgress) => Finding::UnderWay,
            (WantedInvoice::Posted | WantedInvoice::Canceled, Draft) | (WantedInvoice::Deleted, Canceled) => {
                Finding::Unchanged
            }
            (WantedInvoice::Reversed, Posted) => match &invoice.balance {
                Some(balance) if !balance.is_zero() => Finding::Unchanged,
                _ => Finding::Unexpected(
                    "the invoice has no balance although it is not reversed: paid, written off, or reversed a moment \
                     ago"
                        .to_owned(),
                ),
            },
            (WantedInvoice::WrittenOff { is_whole, .. }, Posted) => return written_off(invoice, *is_whole),
            _ => Finding::Unexpected(format!("the invoice is {status}, which the write does not explain")),
        })
    }

    /// Evaluates the fields of the invoice, and reads the items if they can show more.
    fn changed(&self, changes: &InvoicePatch, invoice: &Invoice) -> Step {
        let fields = changes.without_items();
        Step::Found(match fields.matches(invoice) {
            Some(false) if fields.is_conclusive() => Finding::Unchanged,
            Some(true) if changes.items.is_empty() => Finding::Applied,
            _ if changes.items.is_empty() => Finding::Inconclusive,
            Some(false) => Finding::Inconclusive,
            None if fields.is_observable() => Finding::Inconclusive,
            _ if item_traces::are_observable(&changes.items) => {
                return Step::Read(ReadObject::Items(GetInvoiceItems::new(self.key.clone())));
            }
            _ => Finding::Inconclusive,
        })
    }

    /// Evaluates the items, once all of them are read. An item that is absent shows a removal only if each page has items,
    /// all with their ids, and no field that cannot be read.
    fn item_changes(
        &self,
        met: &mut Vec<(usize, bool)>,
        list: &GetInvoiceItems,
        page: &InvoiceItems,
    ) -> Step {
        let WantedInvoice::Changed(changes) = &self.wanted else {
            return unexpected("the service returned another object");
        };
        let (items, next) = list.into_page(page.clone());
        items.iter().for_each(|item| item_traces::note(&changes.items, item, met));
        let is_complete = page.extra.unreadable().next().is_none()
            && !items.is_empty()
            && items.iter().all(|item| item.id.is_some());
        match next {
            Some(next) if is_complete => return Step::Read(ReadObject::Items(next)),
            _ => {}
        }
        Step::Found(match item_traces::decide(&changes.items, met) {
            Some(true) if is_complete => Finding::Applied,
            Some(false) => Finding::Unchanged,
            Some(true) | None => Finding::Inconclusive,
        })
    }

    fn reversed(&self, page: &QueriedInvoices) -> Step {
        match page.data.first().map(|invoice| invoice.reversed) {
            Some(Some(true)) => Step::Found(Finding::Applied),
            // The query may lag behind: the invoice itself must have its balance.
            Some(Some(false)) => Step::Read(ReadObject::Invoice(GetInvoice::new(self.key.clone()))),
            Some(None) => unexpected("the service does not tell whether the invoice is reversed"),
            None => unexpected("no query finds the invoice"),
        }
    }

    /// Whether a credit memo is the one of this write-off.
    fn is_memo(&self, memo: &QueriedCreditMemo, not_sent_before: Option<WallTime>) -> bool {
        let WantedInvoice::WrittenOff { reason, .. } = &self.wanted else { return false };
        let is_after = || {
            let created = unix_seconds(memo.created_date?)?;
            let earliest = i64::try_from(not_sent_before?.unix_millis() / 1000).ok()?;
            Some(created >= earliest)
        };
        memo.reason_code.as_deref() == Some(reason.as_str())
            && memo.source_type.as_deref().is_none_or(|source| source == "Invoice")
            && memo.status.as_deref() != Some("Canceled")
            && is_after() == Some(true)
    }
}

fn unexpected(what: &str) -> Step {
    Step::Found(Finding::Unexpected(what.to_owned()))
}

fn without_memo(why: &str) -> Finding {
    Finding::Unexpected(format!(
        "the invoice has no balance, but {why}: it may have been paid, or had none before"
    ))
}

fn created(create: &CreateStandaloneInvoice, invoice: &Invoice) -> Finding {
    match create.agrees_with(invoice) {
        Some(true) => Finding::Applied,
        Some(false) => Finding::Unexpected(
            "the number belongs to an invoice with another account, currency or amount".to_owned(),
        ),
        None => Finding::Unexpected("an invoice has the number, but it cannot be compared".to_owned()),
    }
}

fn written_off(invoice: &Invoice, is_whole: bool) -> Step {
    match (&invoice.balance, &invoice.id) {
        (Some(balance), Some(id)) if balance.is_zero() => {
            Step::Read(ReadObject::CreditMemos(QueryCreditMemos::of(id.clone())))
        }
        (Some(balance), None) if balance.is_zero() => Step::Found(without_memo("its id is absent")),
        (Some(_), _) if is_whole => Step::Found(Finding::Unchanged),
        (Some(_), _) => Step::Found(Finding::Inconclusive),
        (None, _) => unexpected("the invoice has no balance field"),
    }
}

/// Returns the seconds since 1970 of a time with an offset.
fn unix_seconds(time: DateTime) -> Option<i64> {
    let offset = i64::from(time.offset()?);
    let date = time.date();
    // Days since 1970-01-01 in the proleptic Gregorian calendar, with years that begin in March.
    let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
    let year = if month <= 2 { year - 1 } else { year };
    let (era, month) = (year.div_euclid(400), (month + 9) % 12);
    let year_of_era = year.rem_euclid(400);
    let day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + day_of_era - 719_468;
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    Some(days * 86_400 + seconds - offset * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_an_offset_are_compared_by_utc() {
        let seconds = |text: &str| unix_seconds(text.parse().unwrap());
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2000-03-01T00:00:00+01:00"), Some(951_865_200));
        assert_eq!(seconds("2026-01-01T00:00:00-07:00"), Some(1_767_250_800));
        assert_eq!(seconds("2026-01-01 00:00:00"), None, "a time of the tenant's zone");
        for (time, expected) in [
            ("2024-02-29T12:30:15Z", 1_709_209_815),
            ("2023-12-31T23:59:59Z", 1_704_067_199),
            ("1999-01-01T00:00:00Z", 915_148_800),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("2026-07-15T06:00:00Z", 1_784_095_200),
            ("2001-08-31T01:02:03Z", 999_219_723),
        ] {
            assert_eq!(seconds(time), Some(expected), "{time}");
        }
    }
}
