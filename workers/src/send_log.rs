//! The send log: what may have been sent, outside any engine.

use std::future::Future;

use crate::decision::Record;

/// The lines of all jobs, in a store that all workers share.
///
/// The attempt count and the lock of an engine are not enough: adding a job to a queue again clears them, and two
/// workers can hold one job.
pub trait SendLog: Sync {
    /// An error of the store.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Returns the line of a job. A record with version 0 means that there is none.
    ///
    /// # Errors
    /// The store cannot be reached, or the line cannot be read.
    fn read(&self, key: &str) -> impl Future<Output = Result<Record, Self::Error>> + Send;

    /// Writes the line if it still has the version in `record`, in one statement. The line gets the next version.
    /// Returns whether it was written.
    ///
    /// # Errors
    /// The store cannot be reached. The line may have been written.
    fn write(&self, key: &str, record: &Record) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}
