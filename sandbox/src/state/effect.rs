//! Effects: the changes that requests, background work and other users make to the tenant.

use std::fmt;
use std::sync::Arc;

use crate::values::UnixTime;

/// One change of one object, in the order in which changes happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effect {
    /// Time of the change.
    pub at: UnixTime,
    /// Kind of the change.
    pub kind: EffectKind,
    /// Id of the object: of the bill run, invoice or job that `kind` names.
    pub id: String,
    /// Number of the journal entry whose request caused the change, also if the change happened later in the
    /// background. `None` if the change was made through a method of [`Sandbox`](crate::Sandbox).
    pub request: Option<u64>,
    /// Operation of that request, such as `post_bill_run`.
    pub operation: Option<&'static str>,
    /// Idempotency key of that request.
    pub key: Option<Arc<str>>,
}

/// Declares [`EffectKind`]: each line is a kind and its text.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {
        /// Kind of an [`Effect`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum EffectKind {
            $($(#[$doc])* $name,)*
        }

        impl EffectKind {
            /// Returns the text of the kind, such as `invoice posted`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Parses the text of a kind.
            pub(crate) fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// A bill run was created, with status `Pending`.
    BillRunCreated "bill run created";
    /// A bill run started: status `Processing`.
    BillRunProcessing "bill run Processing";
    /// A bill run has status `Completed`: its drafts were created, or its posting failed in part.
    BillRunCompleted "bill run Completed";
    /// A bill run failed: status `Error`.
    BillRunError "bill run Error";
    /// Posting of a bill run started.
    BillRunPostInProgress "bill run PostInProgress";
    /// All invoices of a bill run were posted.
    BillRunPosted "bill run Posted";
    /// Canceling of a bill run started.
    BillRunCancelInProgress "bill run CancelInProgress";
    /// A bill run was canceled.
    BillRunCanceled "bill run Canceled";
    /// Deletion of a bill run started.
    BillRunRemoveInProgress "bill run RemoveInProgress";
    /// A bill run was deleted.
    BillRunDeleted "bill run deleted";
    /// The posted invoices of a bill run were emailed.
    BillRunEmailed "bill run emailed";
    /// An invoice was created.
    InvoiceCreated "invoice created";
    /// An invoice was updated.
    InvoiceUpdated "invoice updated";
    /// An invoice was posted.
    InvoicePosted "invoice posted";
    /// A posted invoice became a draft again.
    InvoiceUnposted "invoice unposted";
    /// An invoice was canceled.
    InvoiceCanceled "invoice canceled";
    /// An invoice was deleted.
    InvoiceDeleted "invoice deleted";
    /// An invoice was reversed.
    InvoiceReversed "invoice reversed";
    /// An invoice was written off.
    InvoiceWrittenOff "invoice written off";
    /// An invoice was paid in part or in full.
    InvoicePaid "invoice paid";
    /// A payment of an invoice was unapplied.
    PaymentUnapplied "payment unapplied";
    /// An invoice was emailed.
    InvoiceEmailed "invoice emailed";
    /// Tax items were added to an invoice.
    TaxItemsCreated "tax items created";
    /// A file was uploaded to an invoice.
    FileUploaded "file uploaded";
    /// A job was created that executes an operation in the background.
    JobStarted "job started";
    /// A job in the background ended with success.
    JobCompleted "job Completed";
    /// A job in the background failed.
    JobFailed "job Failed";
}

impl fmt::Display for EffectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The request that causes a change, now or later in the background.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cause {
    pub(crate) request: Option<u64>,
    pub(crate) operation: Option<&'static str>,
    pub(crate) key: Option<Arc<str>>,
}

/// The effects since they were last collected, and the cause of the next ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct EffectLog {
    pub(crate) cause: Cause,
    effects: Vec<Effect>,
}

impl EffectLog {
    /// Records a change that is made now.
    pub(crate) fn record(&mut self, at: UnixTime, kind: EffectKind, id: &str) {
        let Cause { request, operation, key } = self.cause.clone();
        self.effects.push(Effect { at, kind, id: id.to_owned(), request, operation, key });
    }

    /// Returns a position to which [`roll_back`](Self::roll_back) returns.
    pub(crate) fn position(&self) -> usize {
        self.effects.len()
    }

    /// Removes the effects since that position, since their changes were undone.
    pub(crate) fn roll_back(&mut self, position: usize) {
        self.effects.truncate(position);
    }

    /// Removes and returns the recorded effects.
    pub(crate) fn collect(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}
