//! Kinds of background jobs.

/// Work that continues after the response; [`Sandbox::fail_next`](crate::Sandbox::fail_next) makes it fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackgroundJob {
    /// A bill run creates its invoices. On failure, the run ends in `Error`.
    Billing,
    /// A bill run creates its invoices. On failure, the account at that position, from 0 among the accounts that
    /// have charges due, gets no invoice, and the run ends in `Completed`. The next run bills the account.
    BillingOf(usize),
    /// A bill run posts its invoices. On failure, the last invoice stays a draft and the run returns to
    /// `Completed`.
    Posting,
    /// A bill run posts its drafts. On failure, the draft at that position, from 0 in the order of creation,
    /// stays a draft and the run returns to `Completed`. Without a draft at that position, the failure has no
    /// effect.
    PostingOf(usize),
    /// An operation on a large invoice. On failure, the job ends in `Failed` and the invoice is unchanged.
    Job,
    /// The PDF of an invoice is generated. On failure, its status becomes `Error`. The failure is assigned
    /// when the generation is requested.
    Pdf,
}
