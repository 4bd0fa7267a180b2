//! The report of a row about itself: applied, rejected or unknown.

use crate::api::invoices::row_cursor::Fields;
use crate::error::reason::{Reason, ReasonCategory};
use crate::exchange::envelope_reader::flag;
use crate::exchange::success_flag::is_flag;
use crate::model::envelope::Envelope;

/// The report of one row about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowReport {
    Applied,
    Rejected,
    Unknown,
}

/// The values of the success flag.
#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    is_true: bool,
    is_false: bool,
}

/// Whether the flags and reasons of a response reject the request as a whole.
pub(super) fn rejects(flags: Flags, has_reasons: impl Fn() -> bool) -> bool {
    flags.is_false || (!flags.is_true && has_reasons())
}

/// Returns what a row reports by its flags and reasons. Reasons of categories 60, 61 and 99 decide nothing: the work may have been
/// done.
pub(super) fn report(flags: Flags, reasons: &[Reason]) -> RowReport {
    let category = |reason: &Reason| reason.category();
    match (flags.is_true, flags.is_false) {
        (true, false) => RowReport::Applied,
        (false, true) if !reasons.iter().map(category).any(ReasonCategory::leaves_doubt) => {
            RowReport::Rejected
        }
        (false, false) if !reasons.is_empty() => {
            let began =
                |reason: &Reason| !matches!(reason.category(), ReasonCategory::Lock | ReasonCategory::Limit);
            if reasons.iter().any(began) { RowReport::Unknown } else { RowReport::Rejected }
        }
        _ => RowReport::Unknown,
    }
}

/// Returns all values of the success flag, which an object may contain twice.
pub(super) fn flags(fields: &Fields<'_>) -> Flags {
    let mut flags = Flags::default();
    for (_, json) in fields.iter().filter(|(name, _)| is_flag(name)) {
        match flag(json) {
            Some(true) => flags.is_true = true,
            Some(false) => flags.is_false = true,
            None => {}
        }
    }
    flags
}

pub(super) fn flags_of(envelope: &Envelope) -> Flags {
    Flags { is_true: envelope.success == Some(true), is_false: envelope.success == Some(false) }
}

#[cfg(test)]
mod tests {
    use crate::api::invoices::row_reader::BulkBody;
    use crate::api::invoices::rows::RowName;
    use crate::api::invoices::{CreatedInvoices, Invoice};
    use crate::wire::budget::DEFAULT_CAP;

    #[test]
    fn reasons_without_a_flag_reject_the_request_as_a_whole() {
        // A body with an unreadable amount is not read at once.
        for amount in ["1", "\"n/a\""] {
            let is_rejection = |head: &str| {
                let row = format!(r#"{{"id":"i1","success":true,"amount":{amount}}}"#);
                let body = format!(r#"{{{head}"invoices":[{row}]}}"#);
                let read =
                    BulkBody::<Invoice, CreatedInvoices>::read(body.as_bytes(), DEFAULT_CAP, RowName::Id);
                read.unwrap().is_rejection
            };
            let reasons = r#""reasons":[{"code":"58490020"}],"#;
            assert!(is_rejection(reasons) && is_rejection(r#""reasons":7,"#), "{amount}");
            assert!(!is_rejection("") && !is_rejection(&format!(r#""success":true,{reasons}"#)), "{amount}");
        }
    }
}
