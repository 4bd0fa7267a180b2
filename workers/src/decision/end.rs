//! The ends of a delivery.

use serde::{Deserialize, Serialize};
use zuora_core::transport::WallTime;

/// The end of one delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Decision {
    /// The service accepted the operation, or a read shows that it was applied. The job is done.
    Acknowledge(Acknowledged),
    /// Deliver the job again, not before a time.
    NotBefore {
        /// The time.
        at: WallTime,
        /// The reason, as text for a person.
        why: String,
    },
    /// No further delivery can find out whether the operation was applied: a person decides.
    InDoubt(Box<InDoubt>),
    /// The operation was not applied, and never will be as it is.
    Rejected(Rejected),
}

/// The proof that an operation was accepted or applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Acknowledged {
    /// The service accepted the request. The text is its response as JSON, with every digit of its amounts.
    Response(String),
    /// A later read shows the effect, or a person vouches for it.
    Evidence(String),
}

/// Everything that a person needs to decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InDoubt {
    /// Name of the operation in the API, such as `post_invoice`; empty if the intent cannot be read.
    pub operation: String,
    /// Method and path of the request.
    pub request: String,
    /// The facts that were found.
    pub why: String,
    /// Idempotency key under which it was sent.
    pub idempotency_key: Option<String>,
    /// First and last possible sending, in milliseconds since 1970 UTC.
    pub first_sent: Option<WallTime>,
    /// Last possible sending, in milliseconds since 1970 UTC.
    pub last_sent: Option<WallTime>,
    /// Earliest time at which the state of the tenant decides, in milliseconds since 1970 UTC. Until then, the service
    /// may still be at work.
    #[serde(default)]
    pub look_from: Option<WallTime>,
    /// `updatedDate` of the object before the first sending.
    pub baseline: Option<String>,
    /// Ids that Zuora's support asks for.
    pub request_id: Option<String>,
    /// Process id of the last error response.
    pub process_id: Option<String>,
    /// Facts to look for, and the commands that end the doubt.
    pub advice: String,
}

/// The reasons of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rejected {
    /// Codes and messages of the service, or the fault of the intent itself.
    pub reasons: Vec<String>,
}

impl Decision {
    /// Returns the state of a job with this end, in one word: `done`, `waiting`, `in doubt` or `rejected`.
    pub fn state(&self) -> &'static str {
        match self {
            Self::Acknowledge(_) => "done",
            Self::NotBefore { .. } => "waiting",
            Self::InDoubt(_) => "in doubt",
            Self::Rejected(_) => "rejected",
        }
    }

    pub(crate) fn rejected(reason: impl Into<String>) -> Self {
        Self::Rejected(Rejected { reasons: vec![cut(&reason.into(), LONGEST_REASON)] })
    }

    pub(super) fn not_before(at: WallTime, why: impl Into<String>) -> Self {
        Self::NotBefore { at, why: cut(&why.into(), LONGEST_REASON) }
    }
}

/// Longest reason, in characters. A queue stores it next to the text of the job, and accepts a limited size in all. A
/// reason with the whole text could never be stored.
pub(super) const LONGEST_REASON: usize = 4000;

/// Returns a text as it is, or its beginning with a remark.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{} .. (cut off, {} bytes in all)", &text[..end], text.len()),
    }
}
