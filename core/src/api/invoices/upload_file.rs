//! `POST /v1/invoices/{invoiceKey}/files`

use bytes::Bytes;
use http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::api::digest::Digest;
use crate::error::{Error, Result};
use crate::model::json;
use crate::model::model;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::{FileId, InvoiceKey};

static SPEC: Spec = Spec::keyed("upload_file_for_invoice", "/v1/invoices/{invoiceKey}/files");

/// Maximum size of a file in bytes. The limit of the service is 4 MB.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// `POST /v1/invoices/{invoiceKey}/files` ("Upload a file for an invoice"): attaches a custom PDF file to a
/// draft or posted invoice.
///
/// A file can have at most 4 MiB. An invoice can have at most 50 files, and their names must be distinct. Requires the
/// permission "Modify Invoice".
///
/// ```
/// use zuora_core::invoices::UploadInvoiceFile;
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     let target = (request.method().as_str(), request.uri().path());
/// #     assert_eq!(target, ("POST", "/v1/invoices/INV00000155/files"));
/// #     let content_type = request.headers()["content-type"].to_str().unwrap();
/// #     assert!(content_type.starts_with("multipart/form-data; boundary="));
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"fileId":"2c98901f62d7d83d0162d7facea6262d"}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let upload = UploadInvoiceFile::new("INV00000155", "terms.pdf", &b"%PDF-1.7 ..."[..]);
/// let uploaded = client.call(&upload)?;
/// assert_eq!(uploaded.file_id.as_ref().unwrap(), &"2c98901f62d7d83d0162d7facea6262d");
/// # Ok::<(), zuora_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Build`](crate::ErrorKind::Build) when the file is not a PDF or is too large (field `file`),
/// or when the name is empty or contains control characters (field `filename`).
#[doc(alias = "upload_file_for_invoice")]
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadInvoiceFile {
    #[serde(rename = "invoiceKey")]
    pub(in crate::api) invoice: InvoiceKey,
    #[serde(rename = "filename")]
    name: String,
    #[serde(with = "hexadecimal")]
    file: Bytes,
}

impl UploadInvoiceFile {
    /// Creates the operation for an invoice id or number, the name of the file and its content.
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
            return Err(Error::invalid("file", "must be a PDF that starts with `%PDF`"));
        }
        if self.file.len() > MAX_BYTES {
            return Err(Error::invalid("file", "must be at most 4 MiB"));
        }
        if self.name.is_empty() || self.name.chars().any(char::is_control) {
            return Err(Error::invalid("filename", "must not be empty or contain control characters"));
        }
        let boundary = boundary(&self.file);
        let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"))
            .map_err(|error| Error::invalid("content-type", error.to_string()))?;
        RequestBuilder::with_keys(&SPEC, &[self.invoice.as_str()])?
            .body(content_type, self.multipart(&boundary))
    }

    fn parse(&self, success: &HttpResponse) -> Result<UploadedFile> {
        json::read(success)
    }
}

impl UploadInvoiceFile {
    fn multipart(&self, boundary: &str) -> Vec<u8> {
        // Quotes in a file name are percent-encoded, as browsers do.
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

/// Returns a boundary that does not occur in the file: a file that contains its own hash cannot be made. It depends only
/// on the file, because a retry with the same idempotency key must send the same request.
fn boundary(file: &[u8]) -> String {
    let mut digest = Digest::new();
    digest.update(file);
    format!("zuora-{}", &digest.to_hex()[..32])
}

/// Serialization of the file as a string of hexadecimal digits.
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
        file.map(Bytes::from)
            .ok_or_else(|| D::Error::custom("the file must be a string of hexadecimal digits"))
    }
}

/// Shows the size of the file instead of its content.
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
    /// Response to an upload.
    #[doc(alias = "UploadFileResponse")]
    pub response UploadedFile {
        /// Id of the file, to download it with [`GetFiles`](crate::api::files::GetFiles).
        pub file_id: Option<FileId> = "fileId",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid_field(name: &str, file: Vec<u8>) -> Option<String> {
        let error = UploadInvoiceFile::new("1", name, file).request().err()?;
        error.field().map(ToOwned::to_owned)
    }

    #[test]
    fn the_multipart_body_is_deterministic() {
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
        let uploaded = upload.parse(&HttpResponse::new(r#"{"success":true,"fileId":"f"}"#.into())).unwrap();
        assert_eq!(uploaded.file_id.unwrap(), "f");
    }

    #[test]
    fn a_boundary_is_that_of_the_whole_file() {
        let mut file = b"%PDF".to_vec();
        let first = boundary(&file);
        assert_eq!(first, boundary(&file));
        file.extend_from_slice(first.as_bytes());
        let second = boundary(&file);
        assert_ne!(second, first, "the first one occurs in this file");
        assert!(second.len() <= 70, "the limit of RFC 2046");
    }

    #[test]
    fn invalid_fields_are_named() {
        let pdf = |size: usize| {
            let mut file = b"%PDF".to_vec();
            file.resize(size, 0);
            file
        };
        assert_eq!(invalid_field("a.pdf", pdf(MAX_BYTES)), None);
        assert_eq!(invalid_field("a.pdf", pdf(MAX_BYTES + 1)).unwrap(), "file");
        assert_eq!(invalid_field("a.pdf", b"GIF89a".to_vec()).unwrap(), "file");
        assert_eq!(invalid_field("", pdf(9)).unwrap(), "filename");
        assert_eq!(invalid_field("a\r\nX: y", pdf(9)).unwrap(), "filename");
    }
}
