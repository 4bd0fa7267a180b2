//! Faults that a test plans for future requests.

use std::collections::VecDeque;
use std::time::Duration;

use super::chaos::Chaos;
use super::fault::Fault;
use super::planned_fault::PlannedFault;
use super::request_pattern::RequestTarget;
use crate::values::UnixTime;

/// The planned faults, oldest first, and the chaos that adds to them.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    planned: VecDeque<PlannedFault>,
    chaos: Option<Chaos>,
}

/// The faults that apply to one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppliedFaults {
    pub(crate) delivery: Option<Fault>,
    pub(crate) execution: Option<Fault>,
    /// Time that is added to the arrival of the response or of the transport error.
    pub(crate) delay: Duration,
}

impl Faults {
    /// Adds a fault.
    pub fn push(&mut self, fault: impl Into<PlannedFault>) {
        let planned = fault.into();
        if planned.times > 0 {
            self.planned.push_back(planned);
        }
    }

    /// Removes all planned faults, and ends the chaos.
    pub fn clear(&mut self) {
        self.planned.clear();
        self.chaos = None;
    }

    /// Returns the planned faults, oldest first.
    pub(crate) fn planned(&self) -> impl Iterator<Item = &PlannedFault> {
        self.planned.iter()
    }

    /// Returns the chaos.
    pub(crate) fn chaos(&self) -> Option<&Chaos> {
        self.chaos.as_ref()
    }

    /// Removes all planned faults, and starts the chaos again from its seed.
    pub(crate) fn restart(&self) -> Self {
        let chaos = self.chaos.as_ref().map(|chaos| Chaos::new(chaos.seed(), chaos.rate()));
        Self { planned: VecDeque::new(), chaos }
    }

    /// Whether no planned fault is left.
    pub fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }

    /// Draws a fault for a part of the requests to which no planned fault applies.
    pub fn set_chaos(&mut self, chaos: Chaos) {
        self.chaos = Some(chaos);
    }

    /// Takes the faults that apply to a request: the oldest of its delivery and the oldest of its execution; `None`
    /// if there are none. They are boxed, since they are large and most requests have none.
    pub(crate) fn take(&mut self, request: &RequestTarget<'_>, now: UnixTime) -> Option<Box<AppliedFaults>> {
        if self.planned.is_empty() && self.chaos.is_none() {
            return None;
        }
        let mut applied = Box::<AppliedFaults>::default();
        self.planned.retain_mut(|planned| planned.is_in_force(now));
        for planned in &mut self.planned {
            let place = match planned.fault.affects_execution() {
                true => &mut applied.execution,
                false => &mut applied.delivery,
            };
            if place.is_none() && planned.apply(request) {
                *place = Some(planned.fault.clone());
                applied.delay = applied.delay.saturating_add(planned.delay);
            }
        }
        self.planned.retain(|planned| planned.times > 0);
        if let (Some(chaos), None, None) = (&mut self.chaos, &applied.delivery, &applied.execution) {
            match chaos.draw(request) {
                Some(fault) if fault.affects_execution() => applied.execution = Some(fault),
                fault => applied.delivery = fault,
            }
        }
        (applied.delivery.is_some() || applied.execution.is_some()).then_some(applied)
    }

    /// Returns how far back requests may read because of a fault.
    pub(crate) fn stale_by(&self) -> Option<Duration> {
        let planned = self.planned.iter().filter_map(PlannedFault::stale_by);
        planned.chain(self.chaos.as_ref().map(Chaos::stale_by)).max()
    }
}

impl AppliedFaults {
    /// Describes the faults for the journal.
    pub(crate) fn describe(&self) -> String {
        let faults = self.delivery.iter().chain(&self.execution).map(Fault::describe);
        let delay = (!self.delay.is_zero()).then(|| format!("{:?} late", self.delay));
        faults.chain(delay).collect::<Vec<String>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::service::ApiOperation;
    use crate::values::FailureCategory;

    const START: UnixTime = UnixTime::from_secs(1000);

    fn target<'r>(method: &'r Method, path: &'r str) -> RequestTarget<'r> {
        RequestTarget { method, path, operation: None, key: None }
    }

    fn take_at(faults: &mut Faults, method: &Method, path: &str, now: UnixTime) -> AppliedFaults {
        *faults.take(&target(method, path), now).unwrap_or_default()
    }

    fn take(faults: &mut Faults, method: &Method, path: &str) -> Option<Fault> {
        take_at(faults, method, path, START).delivery
    }

    #[test]
    fn a_fault_applies_to_the_request_that_it_matches() {
        let mut faults = Faults::default();
        faults.push(Fault::LoseResponse.on(Method::PUT, "/v1/bill-runs/*/post").times(2));
        faults.push(Fault::NotSent);
        assert!(matches!(take(&mut faults, &Method::PUT, "/v1/bill-runs/1/post"), Some(Fault::LoseResponse)));
        assert!(matches!(take(&mut faults, &Method::POST, "/v1/bill-runs/1/post"), Some(Fault::NotSent)));
        assert!(take(&mut faults, &Method::GET, "/v1/bill-runs/1/post").is_none());
        assert!(matches!(take(&mut faults, &Method::PUT, "/v1/bill-runs/2/post"), Some(Fault::LoseResponse)));
        assert!(faults.is_empty());
    }

    #[test]
    fn the_nth_match_is_counted_per_fault() {
        let mut faults = Faults::default();
        faults.push(Fault::LoseResponse.on(Method::PUT, "/post").nth(3).times(2));
        let hits: Vec<bool> =
            (0..6).map(|_| take(&mut faults, &Method::PUT, "/v1/bill-runs/1/post").is_some()).collect();
        assert_eq!(hits, [false, false, true, true, false, false]);
    }

    #[test]
    fn a_lasting_fault_starts_with_the_next_request() {
        let mut faults = Faults::default();
        faults.push(Fault::LoseResponse.on(Method::GET, "/x").lasting(Duration::from_secs(10)));
        let at = |seconds| START.after(Duration::from_secs(seconds));
        assert!(take_at(&mut faults, &Method::PUT, "/x", at(0)).delivery.is_none());
        assert!(take_at(&mut faults, &Method::GET, "/x", at(5)).delivery.is_some());
        assert!(take_at(&mut faults, &Method::GET, "/x", at(9)).delivery.is_some());
        assert!(take_at(&mut faults, &Method::GET, "/x", at(10)).delivery.is_none());
        assert!(faults.is_empty());
    }

    #[test]
    fn one_request_gets_one_fault_of_its_delivery_and_one_of_its_execution() {
        let mut faults = Faults::default();
        faults.push(Fault::LoseResponse);
        faults.push(Fault::NotSent);
        faults.push(PlannedFault::from(Fault::FailDocument(1)).delayed(Duration::from_secs(2)));
        let post =
            RequestTarget { operation: Some(ApiOperation::PostBillRun), ..target(&Method::PUT, "/post") };
        let applied = faults.take(&post, START).unwrap();
        assert_eq!(applied.describe(), "lose response; fail document 1; 2s late");
        assert!(!faults.is_empty());
    }

    #[test]
    fn a_fault_waits_for_a_request_that_it_can_affect() {
        let second = Duration::from_secs(1);
        for (fault, other, affected) in [
            (
                Fault::FailRow(0, FailureCategory::Lock),
                ApiOperation::CreateInvoice,
                ApiOperation::CreateInvoices,
            ),
            (Fault::FailDocument(0), ApiOperation::PostInvoice, ApiOperation::PostBillRun),
            (Fault::RunAsJob(second), ApiOperation::UpdateInvoice, ApiOperation::CancelInvoice),
            (Fault::StaleRead(second), ApiOperation::UpdateInvoice, ApiOperation::QueryInvoices),
            (Fault::ExpireToken, ApiOperation::CreateToken, ApiOperation::GetInvoice),
            (Fault::ExpireTokenAfter, ApiOperation::CreateToken, ApiOperation::GetInvoice),
        ] {
            let name = fault.describe();
            let mut faults = Faults::default();
            faults.push(fault.nth(2));
            let mut takes = |operation: ApiOperation| {
                let reads = [ApiOperation::GetInvoice, ApiOperation::QueryInvoices].contains(&operation);
                let method = if reads { Method::GET } else { Method::PUT };
                let target = RequestTarget { operation: Some(operation), ..target(&method, "/x") };
                faults.take(&target, START).is_some()
            };
            let taken = [other, affected, other, affected, affected].map(&mut takes);
            assert_eq!(taken, [false, false, false, true, false], "{name}");
        }
    }
}
