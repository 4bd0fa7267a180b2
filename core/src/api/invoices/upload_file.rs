//! `POST /v1/invoices/{invoiceKey}/files`

use bytes::Bytes;
use http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::json;
use crate::model::model;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::{FileId, InvoiceKey};

static SPEC: Spec = Spec::keyed("upload_file_for_invoice", "/v1/invoices/{invoiceKey}/files");

/// Most bytes of a file: the service says 4 MB.
const MOST: usize = 4 * 1024 * 1024;

/// `POST /v1/invoices/{invoiceKey}/files` ("Upload a file for an invoice"): attaches a PDF of your own to a draft or posted invoice.
///
/// At most 4 MiB, at most 50 files an invoice, each name only once.
///
/// ```
/// use zuora_core::invoices::UploadInvoiceFile;
/// use zuora_core::Operation;
///
/// let request = UploadInvoiceFile::new("INV00000155", "terms.pdf", &b"%PDF-1.7 ..."[..]).request()?;
/// assert_eq!(request.uri(), "/v1/invoices/INV00000155/files");
/// assert!(request.headers()["content-type"].to_str()?.starts_with("multipart/form-data; boundary="));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Build`](crate::ErrorKind::Build) for what is no PDF (`file`), is too large (`file`), or has no name
/// (`filename`).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadInvoiceFile {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    #[serde(rename = "filename")]
    name: String,
    #[serde(with = "hexadecimal")]
    file: Bytes,
}

impl UploadInvoiceFile {
    /// Attaches this file, under this name, to the invoice of this id or number.
    pub fn new(invoice: impl Into<InvoiceKey>, name: impl Into<String>, file: impl Into<Bytes>) -> Self {
        Self { invoice: invoice.into(), name: name.into(), file: file.into() }
    }
}

impl Operation for UploadInvoiceFile {
    type Output = UploadedFile;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        if !self.file.starts_with(b"%PDF") {
            return Err(Error::invalid("file", "is no PDF: it does not begin with %PDF"));
        }
        if self.file.len() > MOST {
            return Err(Error::invalid("file", "is larger than 4 MiB"));
        }
        if self.name.is_empty() || self.name.chars().any(char::is_control) {
            return Err(Error::invalid("filename", "is empty or has control characters"));
        }
        let boundary = boundary(&self.file);
        let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"))
            .map_err(|error| Error::invalid("content-type", error.to_string()))?;
        RequestBuilder::with_keys(&SPEC, &[self.invoice.as_str()])?
            .body(content_type, self.multipart(&boundary))
    }

    fn parse(&self, success: &HttpResponse) -> Result<UploadedFile> {
        json::read(success.body())
    }
}

impl UploadInvoiceFile {
    fn multipart(&self, boundary: &str) -> Vec<u8> {
        // As browsers do it: quotes in a name are written in percent form.
        let name = self.name.replace('"', "%22");
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/pdf\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let mut body = Vec::with_capacity(head.len() + self.file.len() + tail.len());
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&self.file);
        body.extend_from_slice(tail.as_bytes());
        body
    }
}

/// A line that does not occur in the file. It depends on the file alone: a repeat under the same idempotency key has
/// to be the same request.
fn boundary(file: &[u8]) -> String {
    // FNV-1a.
    let hash = |seed| {
        file.iter().fold(seed, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
    };
    let mut seed = 0xcbf2_9ce4_8422_2325;
    loop {
        let boundary = format!("zuora-{:016x}", hash(seed));
        if !file.windows(boundary.len()).any(|window| window == boundary.as_bytes()) {
            return boundary;
        }
        seed = seed.wrapping_add(1);
    }
}

/// The file as it lies in a queue.
mod hexadecimal {
    use std::fmt::Write as _;

    use bytes::Bytes;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(file: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(2 * file.len());
        for byte in file {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let byte = |pair: &[u8]| match *pair {
            [high, low] => Some((digit(high)? * 16 + digit(low)?) as u8),
            _ => None,
        };
        let file: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        file.map(Bytes::from).ok_or_else(|| D::Error::custom("the file is not in hexadecimal digits"))
    }
}

/// Prints the size of the file only.
impl std::fmt::Debug for UploadInvoiceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UploadInvoiceFile")
            .field("invoice", &self.invoice)
            .field("name", &self.name)
            .field("bytes", &self.file.len())
            .finish()
    }
}

model! {
    /// The file that was attached.
    pub response UploadedFile {
        /// The id under which it is downloaded.
        pub file_id: Option<FileId> = "fileId",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(name: &str, file: Vec<u8>) -> Option<String> {
        let error = UploadInvoiceFile::new("1", name, file).request().err()?;
        error.field().map(ToOwned::to_owned)
    }

    #[test]
    fn the_file_is_one_part_and_the_same_each_time() {
        let upload = UploadInvoiceFile::new("INV1", "a \"b\".pdf", &b"%PDF-1.7 \xff\r\n--zuora-"[..]);
        let request = upload.request().unwrap();
        let content_type = request.headers()["content-type"].to_str().unwrap();
        let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        let body = request.body().as_ref();
        let text = String::from_utf8_lossy(body);
        assert!(text.starts_with(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a %22b%22.pdf\"\r\n\
             Content-Type: application/pdf\r\n\r\n%PDF-1.7 "
        )));
        assert!(body.ends_with(format!("\r\n--zuora-\r\n--{boundary}--\r\n").as_bytes()));
        let queued = serde_json::to_string(&upload).unwrap();
        let again = serde_json::from_str::<UploadInvoiceFile>(&queued).unwrap().request().unwrap();
        assert_eq!((again.body(), again.headers()), (request.body(), request.headers()));
        assert!(serde_json::from_str::<UploadInvoiceFile>(&queued.replace("\"25", "\"2")).is_err());
        let answer = upload.parse(&HttpResponse::new(r#"{"success":true,"fileId":"f"}"#.into())).unwrap();
        assert_eq!(answer.file_id.unwrap(), "f");
    }

    #[test]
    fn a_boundary_does_not_occur_in_the_file() {
        let plain = b"%PDF".to_vec();
        let mut file = plain.clone();
        for _ in 0..3 {
            file.extend_from_slice(boundary(&file).as_bytes());
        }
        let boundary = boundary(&file);
        assert!(!file.windows(boundary.len()).any(|window| window == boundary.as_bytes()));
    }

    #[test]
    fn what_the_service_refuses_is_named() {
        let pdf = |size: usize| {
            let mut file = b"%PDF".to_vec();
            file.resize(size, 0);
            file
        };
        assert_eq!(fault("a.pdf", pdf(MOST)), None);
        assert_eq!(fault("a.pdf", pdf(MOST + 1)).unwrap(), "file");
        assert_eq!(fault("a.pdf", b"GIF89a".to_vec()).unwrap(), "file");
        assert_eq!(fault("", pdf(9)).unwrap(), "filename");
        assert_eq!(fault("a\r\nX: y", pdf(9)).unwrap(), "filename");
    }
}
