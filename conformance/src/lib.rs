//! The requirements on a transport of the Zuora Billing SDK, as a list of cases to run against your own transport.
//!
//! Each case starts a server on a loopback port that behaves well or badly in one way, sends one or more requests
//! through the transport, and compares two records: the results that the transport reported and the requests that
//! the server received. A write that is reported as not sent must not have arrived. Each request arrives at most
//! once, exactly as given. A response is returned with the status, headers and body that the server wrote.
//!
//! ```
//! use zuora_core::transport::Transport;
//!
//! fn conforms(transport: &impl Transport) {
//!     let report = zuora_conformance::run(transport);
//!     assert!(report.passed(), "{report}");
//! }
//! ```
//!
//! [`run_async`] runs the same list against an async transport. The whole list takes a few seconds and needs no
//! network but the loopback interface.
//!
//! # Proxies
//! A loopback address must be reached without a proxy, and a process cannot change its environment safely. Run the list
//! a second time in a process whose `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` name a closed port: every case then
//! fails if the transport uses the proxy.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod case;
mod caught;
mod clock;
mod list;
mod run;
mod server;

use std::fmt;

use zuora_core::transport::{AsyncTransport, Transport};

use crate::clock::{clock, seeds};

pub use case::{Case, CaseResult, Scenario};
pub use list::cases;

/// Runs every case against a blocking transport. A panic of the transport fails its case.
pub fn run(transport: &(impl Transport + ?Sized)) -> Report {
    let results = cases().into_iter().map(|case| case.run(transport));
    let other = [clock(|| transport.now(), true), seeds(|| transport.seed())];
    Report { results: results.chain(other).collect() }
}

/// Runs every case against an async transport, one after the other. A panic of the transport fails its case.
pub async fn run_async(transport: &impl AsyncTransport) -> Report {
    let mut results = Vec::new();
    for case in cases() {
        results.push(case.run_async(transport).await);
    }
    results.extend([clock(|| transport.now(), true), seeds(|| transport.seed())]);
    Report { results }
}

/// Runs the cases that do not depend on sockets against a blocking transport that has none, such as one that
/// calls a simulator. `simulate` makes the next request meet the given [`Scenario`]. The clock may be simulated too.
pub fn run_simulated(transport: &(impl Transport + ?Sized), simulate: impl Fn(&Scenario) + Sync) -> Report {
    let results = cases().into_iter().filter_map(|case| case.run_simulated(transport, &simulate));
    let other = [clock(|| transport.now(), false), seeds(|| transport.seed())];
    Report { results: results.chain(other).collect() }
}

/// Does the same as [`run_simulated`] for an async transport.
pub async fn run_simulated_async(
    transport: &impl AsyncTransport,
    simulate: impl Fn(&Scenario) + Sync,
) -> Report {
    let mut results = Vec::new();
    for case in cases() {
        results.extend(case.run_simulated_async(transport, &simulate).await);
    }
    results.extend([clock(|| transport.now(), false), seeds(|| transport.seed())]);
    Report { results }
}

/// The results of all cases. `Display` prints a line for each case and, below each failed one, the results that
/// were seen and the problems with them.
#[derive(Clone, Debug)]
pub struct Report {
    results: Vec<CaseResult>,
}

impl Report {
    /// Whether the transport conforms in every case.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// Returns the results of the cases in which the transport does not conform.
    pub fn failures(&self) -> impl Iterator<Item = &CaseResult> {
        self.results.iter().filter(|result| !result.problems.is_empty())
    }

    /// Returns the results of all cases, in the order of the list.
    pub fn results(&self) -> &[CaseResult] {
        &self.results
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for result in &self.results {
            writeln!(f, "{result}")?;
        }
        write!(f, "{} cases, {} failed", self.results.len(), self.failures().count())
    }
}

impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problems.is_empty() {
            return write!(f, "ok      {}", self.case);
        }
        write!(f, "FAILED  {}", self.case)?;
        for line in &self.seen {
            write!(f, "\n          saw    {line}")?;
        }
        for line in &self.problems {
            write!(f, "\n          wrong  {line}")?;
        }
        Ok(())
    }
}
