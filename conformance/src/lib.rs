//! What a transport of the Zuora Billing SDK owes, as a list of cases to run against yours.
//!
//! Each case starts a server on a loopback port that behaves well or badly in one way, sends a request or two
//! through the transport, and compares two records: what the transport reported and what the server got. A
//! write that is said to have never left must not have arrived; whatever is sent arrives at most once, exactly
//! as given; an answer is handed over with its status, headers and body as they came.
//!
//! ```
//! use zuora_core::Transport;
//!
//! fn does_its_duty(transport: &impl Transport) {
//!     let report = zuora_conformance::run(transport);
//!     assert!(report.passed(), "{report}");
//! }
//! ```
//!
//! For async transports there is [`run_async`], over the same list. The whole list takes a few seconds; no
//! network is needed but the loopback interface.

mod case;
mod list;
mod server;
mod trial;

use std::fmt;

use zuora_core::{AsyncTransport, Transport};

pub use case::{Case, Fate, Verdict};
pub use list::cases;

/// Plays every case against a blocking transport.
pub fn run(transport: &(impl Transport + ?Sized)) -> Report {
    let verdicts = cases().into_iter().map(|case| case.run(transport));
    Report { verdicts: verdicts.chain([seeded(transport.seed().is_ok())]).collect() }
}

/// Plays every case against an async transport, one after the other.
pub async fn run_async(transport: &impl AsyncTransport) -> Report {
    let mut verdicts = Vec::new();
    for case in cases() {
        verdicts.push(case.run_async(transport).await);
    }
    verdicts.push(seeded(transport.seed().is_ok()));
    Report { verdicts }
}

/// Plays the cases that are not about sockets against a blocking transport that has none, such as one that
/// calls a simulator. `arrange` sees to it that the next request meets the [`Fate`] that it is given.
pub fn run_arranged(transport: &(impl Transport + ?Sized), arrange: impl Fn(&Fate) + Sync) -> Report {
    let verdicts = cases().into_iter().filter_map(|case| case.run_arranged(transport, &arrange));
    Report { verdicts: verdicts.chain([seeded(transport.seed().is_ok())]).collect() }
}

/// [`run_arranged`] for async transports.
pub async fn run_arranged_async(transport: &impl AsyncTransport, arrange: impl Fn(&Fate) + Sync) -> Report {
    let mut verdicts = Vec::new();
    for case in cases() {
        verdicts.extend(case.run_arranged_async(transport, &arrange).await);
    }
    verdicts.push(seeded(transport.seed().is_ok()));
    Report { verdicts }
}

fn seeded(given: bool) -> Verdict {
    let problems = if given { Vec::new() } else { vec!["no seed".to_owned()] };
    Verdict { case: "a seed from the operating system".to_owned(), seen: Vec::new(), problems }
}

/// What came of all cases. Prints a line a case, and below each failed one what was seen and what is wrong.
#[derive(Clone, Debug)]
pub struct Report {
    verdicts: Vec<Verdict>,
}

impl Report {
    /// Whether the transport did its duty in every case.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The cases in which it did not.
    pub fn failures(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| !verdict.problems.is_empty())
    }

    /// Every case, in the order of the list.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for verdict in &self.verdicts {
            writeln!(f, "{verdict}")?;
        }
        write!(f, "{} cases, {} failed", self.verdicts.len(), self.failures().count())
    }
}

impl fmt::Display for Verdict {
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
