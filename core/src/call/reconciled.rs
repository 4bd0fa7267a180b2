//! Results of reading back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Outcome};

/// Result of reading a write back.
///
/// That an object is in the wanted state does not say who changed it.
#[derive(Clone, Debug)]
pub enum Reconciled<T> {
    /// The object is in the wanted state. `None` when that state is that the object no longer exists.
    Applied(Option<T>),
    /// The service accepted the write and is carrying it out in the background: wait for the end.
    UnderWay(Option<T>),
    /// The write was not applied and will not be. `None` when there is no object.
    NotApplied(Option<T>),
    /// No read has decided it.
    Unknown(Undecided<T>),
}

impl<T> Reconciled<T> {
    /// Returns the outcome of the write. A write under way is applied.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Applied(_) | Self::UnderWay(_) => Outcome::Applied,
            Self::NotApplied(_) => Outcome::NotApplied,
            Self::Unknown(_) => Outcome::Unknown,
        }
    }
}

/// End of a reconciliation that did not decide the outcome: for a person to decide.
///
/// `{}` is one line with the object, its last status, the time of waiting, and the reason.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Undecided<T> {
    /// Name of the object, such as `invoice INV00000155`.
    pub object: String,
    /// Status of the object in the last poll.
    pub status: Option<String>,
    /// Object as of the last poll.
    pub last: Option<T>,
    /// Time from the first poll to the last.
    pub waited: Duration,
    /// Reason why the outcome is unknown.
    pub why: String,
    /// Ids or numbers of the objects to which a write on several objects is applied: the invoices of a bill run that
    /// are posted, or the rows of a bulk operation.
    pub applied_to: Vec<String>,
    /// Error of the read that ended the reconciliation.
    pub error: Option<Arc<Error>>,
}

impl<T> fmt::Display for Undecided<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "outcome unknown: {}", self.why)?;
        write!(f, " ({}", self.object)?;
        if let Some(status) = &self.status {
            write!(f, ", last status {status}")?;
        }
        write!(f, ", waited {} s)", self.waited.as_secs())?;
        if !self.applied_to.is_empty() {
            write!(f, "; applied to {}", self.applied_to.join(", "))?;
        }
        match &self.error {
            Some(error) => write!(f, "; {error}"),
            None => Ok(()),
        }
    }
}
