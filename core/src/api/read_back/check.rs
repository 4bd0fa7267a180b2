//! The traces of a write in its objects, one after the other.

use super::bill_run::BillRunCheck;
use super::invoice::InvoiceCheck;
use super::reads::{FromSeen, ReadObject, SeenObject};
use super::step::Step;
use crate::api::jobs::JobStatus;
use crate::call::read_back::{Finding, Part, Sight};
use crate::error::Result;

/// The check of one object.
#[derive(Clone, Debug)]
pub(super) enum Check {
    Invoice(InvoiceCheck),
    BillRun(BillRunCheck),
    /// No read can tell, for an object that is called this.
    Unreadable(String),
}

impl Check {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Invoice(check) => format!("invoice {}", check.key),
            Self::BillRun(check) => format!("bill run {}", check.id),
            Self::Unreadable(name) => name.clone(),
        }
    }

    fn id(&self) -> String {
        match self {
            Self::Invoice(check) => check.key.to_string(),
            Self::BillRun(check) => check.id.to_string(),
            Self::Unreadable(name) => name.clone(),
        }
    }

    pub(super) fn begin(&self) -> Option<ReadObject> {
        match self {
            Self::Invoice(check) => Some(check.begin()),
            Self::BillRun(check) => Some(check.begin()),
            Self::Unreadable(_) => None,
        }
    }

    fn observe<T: FromSeen>(
        &self,
        sight: &mut Sight<T>,
        read: &ReadObject,
        seen: Result<SeenObject>,
    ) -> Result<Step> {
        match self {
            Self::Invoice(check) => check.observe(sight, read, seen),
            Self::BillRun(check) => check.observe(sight, read, seen),
            Self::Unreadable(_) => Ok(Step::Found(Finding::Inconclusive)),
        }
    }
}

/// Takes the result of a read, and returns the next one.
pub(super) fn observe<T: FromSeen>(
    checks: &[Check],
    sight: &mut Sight<T>,
    read: &ReadObject,
    seen: Result<SeenObject>,
) -> Result<Option<ReadObject>> {
    if let Ok(SeenObject::Job(job)) = &seen {
        sight.status = job.status.as_ref().map(|status| format!("{status} (job)"));
        sight.finding = match &job.status {
            Some(JobStatus::Completed) => Some(Finding::Applied),
            Some(JobStatus::Pending | JobStatus::Processing) => Some(Finding::UnderWay),
            _ => return Ok(checks.first().and_then(Check::begin)),
        };
        return Ok(None);
    }
    skip_unreadable(checks, sight);
    if let Some(check) = checks.get(sight.parts.len()) {
        match check.observe(sight, read, seen)? {
            Step::Read(next) => {
                sight.in_details = true;
                return Ok(Some(next));
            }
            Step::Found(finding) => add(sight, check, finding),
        }
    }
    skip_unreadable(checks, sight);
    if let Some(next) = checks.get(sight.parts.len()).and_then(Check::begin) {
        return Ok(Some(next));
    }
    let parts = std::mem::take(&mut sight.parts);
    sight.updated = times(&parts);
    sight.finding = Some(combined(&parts));
    Ok(None)
}

fn skip_unreadable<T>(checks: &[Check], sight: &mut Sight<T>) {
    while let Some(check @ Check::Unreadable(_)) = checks.get(sight.parts.len()) {
        add(sight, check, Finding::Inconclusive);
    }
}

fn add<T>(sight: &mut Sight<T>, check: &Check, finding: Finding) {
    let updated = if matches!(check, Check::Unreadable(_)) { None } else { sight.updated.take() };
    sight.parts.push(Part { id: check.id(), finding, updated });
    sight.in_details = false;
    sight.ids.clear();
    sight.changes.clear();
}

/// Returns the times of the last change of all objects, in lines, if each has one.
fn times(parts: &[Part]) -> Option<String> {
    let times: Option<Vec<&str>> = parts.iter().map(|part| part.updated.as_deref()).collect();
    times.map(|times| times.join("\n"))
}

/// Combines the findings about all objects.
fn combined(parts: &[Part]) -> Finding {
    let is_applied = |part: &&Part| matches!(part.finding, Finding::Applied | Finding::UnderWay);
    let applied: Vec<String> = parts.iter().filter(is_applied).map(|part| part.id.clone()).collect();
    let all = |wanted: &Finding| parts.iter().all(|part| part.finding == *wanted);
    let unexpected = parts.iter().find(|part| matches!(part.finding, Finding::Unexpected(_)));
    match (parts, unexpected) {
        ([part], _) => part.finding.clone(),
        _ if !applied.is_empty() && applied.len() == parts.len() => {
            if all(&Finding::Applied) {
                Finding::Applied
            } else {
                Finding::UnderWay
            }
        }
        _ if !applied.is_empty() => Finding::Partly(applied),
        (_, Some(Part { id, finding: Finding::Unexpected(what), .. })) => {
            Finding::Unexpected(format!("{id}: {what}"))
        }
        _ if all(&Finding::Unchanged) => Finding::Unchanged,
        _ if all(&Finding::Absent) => Finding::Absent,
        _ => Finding::Inconclusive,
    }
}
