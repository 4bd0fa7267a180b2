//! Faults that are drawn at random, from a seed.

use std::time::Duration;

use http::{Method, StatusCode};

use super::fault::{Duplication, Fault};
use super::operation::ApiOperation;
use super::request_pattern::RequestTarget;
use crate::values::FailureCategory;

/// A source of faults that are drawn at random: the same seed and the same requests give the same faults.
///
/// ```
/// use zuora_sandbox::{Chaos, InProcess};
///
/// let transport = InProcess::demo();
/// transport.sandbox().faults().set_chaos(Chaos::new(7, 0.05));
/// ```
#[derive(Clone, Debug)]
pub struct Chaos {
    seed: u64,
    state: u64,
    rate: f64,
}

/// The longest time that a read is stale, in seconds.
const MAX_STALE: u64 = 30;

impl Chaos {
    /// Creates a source of faults for a share of the requests, from 0 to 1.
    pub const fn new(seed: u64, rate: f64) -> Self {
        Self { seed, state: seed, rate }
    }

    /// Returns the seed.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the share of the requests that have a fault.
    pub const fn rate(&self) -> f64 {
        self.rate
    }

    /// Draws a fault for a request, or none.
    pub(super) fn draw(&mut self, request: &RequestTarget<'_>) -> Option<Fault> {
        // Both numbers are drawn for every request, so that the rate does not change later draws.
        let (chance, choice) = (self.next(), self.next());
        // 53 bits are exact in a float.
        let share = (chance >> 11) as f64 / (1_u64 << 53) as f64;
        if share >= self.rate {
            return None;
        }
        let mut choice = Choice(choice);
        Some(match request.operation {
            Some(ApiOperation::CreateToken) => choice.transport_fault(),
            _ if *request.method == Method::GET => choice.read_fault(),
            operation => choice.write_fault(operation),
        })
    }

    pub(super) fn stale_by(&self) -> Duration {
        Duration::from_secs(MAX_STALE)
    }

    /// Draws from the splitmix64 generator.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

/// A random number from which several small ones are taken.
struct Choice(u64);

impl Choice {
    /// Takes a number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        let taken = self.0 % end;
        self.0 /= end;
        taken
    }

    fn index(&mut self, end: u64) -> usize {
        usize::try_from(self.below(end)).unwrap_or_default()
    }

    fn seconds(&mut self, end: u64) -> Duration {
        Duration::from_secs(self.below(end))
    }

    fn gateway_status(&mut self) -> StatusCode {
        [
            StatusCode::INTERNAL_SERVER_ERROR,
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ][self.index(4)]
    }

    /// Draws a fault that any request can meet.
    fn transport_fault(&mut self) -> Fault {
        match self.below(7) {
            0 => Fault::LoseResponse,
            1 => Fault::NotSent,
            2 => Fault::html(self.gateway_status()),
            3 => Fault::Delay(self.seconds(30)),
            4 => Fault::Truncate(self.index(200)),
            5 => Fault::Garble(self.index(200)),
            // The longest page, of about 100 KB, arrives within a minute.
            _ => Fault::Drip {
                bytes: 200 + self.index(800),
                pause: Duration::from_millis(10 * (1 + self.below(10))),
            },
        }
    }

    fn service_fault(&mut self) -> Fault {
        let category = [FailureCategory::Lock, FailureCategory::Internal, FailureCategory::Temporary];
        match self.below(4) {
            0 => Fault::throttled(1 + self.below(30)),
            1 => Fault::ExpireToken,
            2 => Fault::ExpireTokenAfter,
            _ => Fault::Fail(category[self.index(3)]),
        }
    }

    fn read_fault(&mut self) -> Fault {
        match self.below(3) {
            0 => self.transport_fault(),
            1 => self.service_fault(),
            _ => Fault::StaleRead(Duration::from_secs(1 + self.below(MAX_STALE))),
        }
    }

    fn write_fault(&mut self, operation: Option<ApiOperation>) -> Fault {
        match (self.below(9), operation) {
            (0, _) => self.transport_fault(),
            (1, _) => self.service_fault(),
            (2, _) => Fault::execute_then(self.gateway_status()),
            (3, _) => Fault::execute_later(self.seconds(120)),
            (4, _) => Fault::lose_then_execute(self.seconds(120)),
            (5, _) => Fault::ExecuteThenFail(FailureCategory::External),
            (6, _) => Fault::Duplicate(match self.below(3) {
                0 => Duplication::FirstResponse,
                1 => Duplication::SecondResponse,
                _ => Duplication::Later(self.seconds(120)),
            }),
            (_, Some(ApiOperation::PostBillRun)) => Fault::FailDocument(self.index(4)),
            (_, Some(operation)) if operation.has_rows() => {
                Fault::FailRow(self.index(3), FailureCategory::Temporary)
            }
            (_, Some(operation)) if operation.may_be_a_job() => {
                Fault::RunAsJob(Duration::from_secs(1 + self.below(300)))
            }
            _ => Fault::LoseResponse,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64, rate: f64) -> Vec<Option<String>> {
        let mut chaos = Chaos::new(seed, rate);
        let request = RequestTarget {
            method: &Method::PUT,
            path: "/v1/bill-runs/1/post",
            operation: Some(ApiOperation::PostBillRun),
            key: None,
        };
        (0..2000).map(|_| chaos.draw(&request).map(|fault| fault.describe())).collect()
    }

    #[test]
    fn a_seed_gives_the_same_faults_again_and_another_seed_other_ones() {
        assert_eq!(drawn(7, 0.05), drawn(7, 0.05));
        assert_ne!(drawn(7, 0.05), drawn(8, 0.05));
    }

    #[test]
    fn every_kind_of_request_meets_each_fault_of_a_transport() {
        for operation in [None, Some(ApiOperation::CreateToken), Some(ApiOperation::GetInvoice)] {
            let method = if operation == Some(ApiOperation::GetInvoice) { Method::GET } else { Method::POST };
            let request = RequestTarget { method: &method, path: "/v1/x", operation, key: None };
            let mut chaos = Chaos::new(7, 1.0);
            let faults: Vec<Fault> = (0..2000).filter_map(|_| chaos.draw(&request)).collect();
            let texts: Vec<String> = faults.iter().map(Fault::describe).collect();
            for name in ["lose response", "not sent", "delay", "truncate", "garble", "drip"] {
                assert!(texts.iter().any(|text| text.starts_with(name)), "{operation:?}: {name}");
            }
            for fault in faults {
                if let Fault::Drip { bytes, pause } = fault {
                    let pieces = u32::try_from(100_000 / bytes).unwrap();
                    assert!(pause > Duration::ZERO && pause * pieces < Duration::from_secs(60));
                }
            }
        }
    }

    #[test]
    fn the_rate_is_the_share_of_requests_and_does_not_change_the_faults() {
        let count = |faults: &[Option<String>]| faults.iter().flatten().count();
        let (few, many) = (drawn(7, 0.05), drawn(7, 0.5));
        assert!((60..140).contains(&count(&few)), "{}", count(&few));
        assert!((900..1100).contains(&count(&many)), "{}", count(&many));
        assert!(few.iter().zip(&many).all(|(few, many)| few.is_none() || few == many));
        assert_eq!((count(&drawn(7, 0.0)), count(&drawn(7, 1.0))), (0, 2000));
    }
}
