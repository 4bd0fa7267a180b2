//! Categories of failures that tests plan.

/// Category of a failure that the service reports: the last two digits of the code of the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureCategory {
    /// 30: a business rule is broken; status 400.
    Rule,
    /// 50: lock contention; status 409.
    Lock,
    /// 60: internal error; status 500.
    Internal,
    /// 61: temporary error; status 500.
    Temporary,
    /// 99: an external system failed; status 500.
    External,
}
