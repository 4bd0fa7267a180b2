//! PDFs and uploaded files of an invoice.

use bytes::Bytes;

use crate::values::UnixTime;

/// The last PDF that was asked for. It gets on by the clock alone.
#[derive(Clone, Debug)]
pub(crate) struct Pdf {
    pub(crate) requested: UnixTime,
    /// When somebody takes it up.
    pub(crate) started: UnixTime,
    /// When it is there, or has failed.
    pub(crate) finished: UnixTime,
    pub(crate) failed: bool,
    /// When the invoice changed without a new PDF being asked for.
    pub(crate) outdated: Option<UnixTime>,
    pub(crate) url: String,
}

/// A file of an invoice.
#[derive(Clone, Debug)]
pub(crate) struct InvoiceFile {
    pub(crate) id: String,
    /// What the download is called by: not the id.
    pub(crate) download_id: String,
    /// Of an upload.
    pub(crate) name: Option<String>,
    /// When it is there.
    pub(crate) available_at: UnixTime,
    /// The same in milliseconds, or the next number that no other file of the invoice has.
    pub(crate) version: u64,
    pub(crate) bytes: Bytes,
}

impl InvoiceFile {
    pub(crate) fn url(&self) -> String {
        format!("/v1/files/{}", self.download_id)
    }
}
