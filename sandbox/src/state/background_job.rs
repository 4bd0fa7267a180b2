//! Background jobs that a test can make fail.

/// Work that goes on after the answer; [`Sandbox::fail_next`] makes it fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackgroundJob {
    /// A run makes its invoices; failing, it ends in `Error`.
    Billing,
    /// A run posts its invoices; failing, the last one stays a draft and the run falls back to `Completed`.
    Posting,
    /// An operation on one large invoice; failing, the job ends in `Failed` and the invoice stays as it was.
    Job,
    /// A PDF is made of an invoice; failing, its status becomes `Error`. Which one fails is decided when the
    /// PDF is asked for.
    Pdf,
}
