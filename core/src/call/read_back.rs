//! The traces of a write that a read can show.

use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::transport::WallTime;

/// A write whose effect is visible in one object: the short form of [`Reconcile`], for operations defined outside this
/// crate.
pub trait ReadBack: Clone {
    /// Operation that reads the object.
    type Read: Operation + Clone;

    /// Returns the operation that reads the object.
    fn read_back(&self) -> Self::Read;

    /// Returns whether the object shows the effect of the write. `Some(false)` means that the object is in the state
    /// from which the write starts. `None` means that what was read shows neither; an error then remains.
    fn is_applied(&self, seen: Result<&<Self::Read as Operation>::Output, &Error>) -> Option<bool>;

    /// Returns the time of the last change of the object as text, the [`Baseline`](super::baseline::Baseline) of the
    /// write. `None` unless implemented.
    fn updated(&self, seen: &<Self::Read as Operation>::Output) -> Option<String> {
        let _ = seen;
        None
    }
}

/// A write that can be reconciled: which reads show its effect, and what they prove.
///
/// A *poll* is one or more reads, one after the other: of an object, then of what belongs to it. Every write of this
/// crate implements the trait, also those that no read can tell. Implement [`ReadBack`] for other operations.
pub trait Reconcile: Clone {
    /// Operation of a read.
    type Read: Operation + Clone;
    /// Object that is returned as evidence.
    type Object;

    /// Returns the name of the object for messages, such as `invoice INV00000155`.
    fn object(&self) -> String;

    /// Returns the first read of a poll, or `None` if no read can tell whether the write was applied.
    fn begin(&self) -> Option<Self::Read>;

    /// Notes in `sight` what a read of a poll has shown, and returns the next read of the poll.
    ///
    /// # Errors
    /// The read failed, and the failure shows nothing about the object.
    fn observe(
        &self,
        sight: &mut Sight<Self::Object>,
        read: &Self::Read,
        seen: Result<<Self::Read as Operation>::Output>,
    ) -> Result<Option<Self::Read>>;

    /// Returns the operation that reads the job with this id, which the lost response contained.
    fn job(&self, job: &str) -> Option<Self::Read> {
        let _ = job;
        None
    }

    /// Returns the way in which the service performs the write.
    fn processing(&self) -> Processing {
        Processing::Immediate
    }

    /// Returns the first read that counts the items of the object, which tell whether the service may use a job.
    fn count(&self) -> Option<Self::Read> {
        None
    }

    /// Adds the items of a page to `items`.
    ///
    /// # Errors
    /// The read failed.
    fn counted(
        &self,
        items: &mut u64,
        read: &Self::Read,
        page: Result<<Self::Read as Operation>::Output>,
    ) -> Result<JobCheck<Self::Read>> {
        let _ = (items, read);
        page.map(|_| JobCheck::Possible)
    }
}

/// The way in which the service performs a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processing {
    /// Within the request, which ends after 120 s at the latest.
    Immediate,
    /// Within the request or, for an object with many items, in a job of unlimited duration.
    MaybeJob,
    /// In the background without a last moment: that nothing is seen never proves that nothing will be done.
    Background,
}

/// Result of counting items.
#[derive(Clone, Debug, PartialEq)]
pub enum JobCheck<R> {
    /// There may be more items: read this page next.
    Next(R),
    /// The service may use a job.
    Possible,
    /// The object has so few items that the service uses no job.
    Impossible,
}

/// Result of a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The object is in the state to which the write leads.
    Applied,
    /// The service is changing the object to that state.
    UnderWay,
    /// The object is in the state from which the write starts.
    Unchanged,
    /// The object to create does not exist.
    Absent,
    /// The object shows neither: only an equal time of its last change shows that nothing was applied.
    Inconclusive,
    /// The write is applied to these objects and not to others. Contains their ids or numbers.
    Partly(Vec<String>),
    /// The object is in a state that neither the write nor its absence explains. Contains a description of the state.
    Unexpected(String),
}

/// Memory of one poll.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sight<T> {
    /// Finding, once the poll is complete.
    pub finding: Option<Finding>,
    /// Object that was read.
    pub object: Option<T>,
    /// Status of the object.
    pub status: Option<String>,
    /// Time of the last change of the object as text, or of each object in a line.
    pub updated: Option<String>,
    /// The write was not sent before this time. Absent when the time is not known.
    pub not_sent_before: Option<WallTime>,
    /// Findings about the first objects of a write on several objects, with their ids and times.
    pub(crate) parts: Vec<Part>,
    /// Ids gathered for the current object.
    pub(crate) ids: Vec<String>,
    /// Changes of items that were met in the items read so far: index of each, and whether its item shows it.
    pub(crate) changes: Vec<(usize, bool)>,
    /// Whether the current object was read, and its details are being read.
    pub(crate) in_details: bool,
}

/// Finding about one of several objects.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) id: String,
    pub(crate) finding: Finding,
    pub(crate) updated: Option<String>,
}

impl<T> Sight<T> {
    pub(crate) fn new(not_sent_before: Option<WallTime>) -> Self {
        Self {
            finding: None,
            object: None,
            status: None,
            updated: None,
            not_sent_before,
            parts: Vec::new(),
            ids: Vec::new(),
            changes: Vec::new(),
            in_details: false,
        }
    }
}

impl<O: ReadBack> Reconcile for O {
    type Read = O::Read;
    type Object = <O::Read as Operation>::Output;

    fn object(&self) -> String {
        format!("the object of {}", self.read_back().spec().name)
    }

    fn begin(&self) -> Option<Self::Read> {
        Some(self.read_back())
    }

    fn observe(
        &self,
        sight: &mut Sight<Self::Object>,
        _: &O::Read,
        seen: Result<Self::Object>,
    ) -> Result<Option<O::Read>> {
        let is_applied = self.is_applied(seen.as_ref());
        sight.finding = Some(match is_applied {
            Some(true) => Finding::Applied,
            Some(false) => Finding::Unchanged,
            None => Finding::Unexpected("the object shows neither state".to_owned()),
        });
        match seen {
            Ok(object) => {
                sight.updated = self.updated(&object);
                sight.object = Some(object);
            }
            Err(error) if is_applied.is_none() => return Err(error),
            Err(_) => {}
        }
        Ok(None)
    }
}
