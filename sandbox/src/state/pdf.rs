//! Generated PDFs and uploaded files of an invoice.

use bytes::Bytes;

use crate::values::UnixTime;

/// The most recently requested PDF. Its status follows from the time alone.
#[derive(Clone, Debug)]
pub(crate) struct Pdf {
    pub(crate) requested: UnixTime,
    /// Time at which the generation starts.
    pub(crate) started: UnixTime,
    /// Time at which the generation ends, successfully or not.
    pub(crate) finished: UnixTime,
    pub(crate) failed: bool,
    /// Time of the first change of the invoice that the PDF does not show.
    pub(crate) outdated: Option<UnixTime>,
    pub(crate) url: String,
}

/// A file of an invoice.
#[derive(Clone, Debug)]
pub(crate) struct InvoiceFile {
    pub(crate) id: String,
    /// The id in the download URL, which is not the id of the file.
    pub(crate) download_id: String,
    /// File name of an upload.
    pub(crate) name: Option<String>,
    /// Time from which on the file is available.
    pub(crate) available_at: UnixTime,
    /// That time in milliseconds, or the next number that no other file of the invoice has.
    pub(crate) version: u64,
    pub(crate) bytes: Bytes,
}

impl InvoiceFile {
    pub(crate) fn url(&self) -> String {
        format!("/v1/files/{}", self.download_id)
    }
}
