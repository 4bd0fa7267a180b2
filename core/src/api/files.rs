//! Downloads of files, such as the PDF files of invoices.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, ResponseFormat, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::FileId;

static SPEC: Spec = Spec::read("get_files", "/v1/files/{file-id}").with_format(ResponseFormat::File);

/// Downloads a file.
///
/// `GET /v1/files/{file-id}` ("Retrieve a file")
///
/// The file id is the last part of the `pdfFileUrl` of an invoice file. It is not the `id` of the invoice file.
///
/// ```
/// use zuora_core::files::GetFiles;
/// # use zuora_core::testing::FakeTransport;
/// # use zuora_core::{Client, Config, DataCenter};
///
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.uri().path(), "/v1/files/2c98901f62d7d83d0162d7facea6262d");
/// #     Ok(FakeTransport::json(200, "%PDF-1.7"))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let file = client.call(&GetFiles::new("2c98901f62d7d83d0162d7facea6262d"))?;
/// assert!(file.is_pdf());
/// assert_eq!(file.bytes.len(), 8);
/// # Ok::<(), zuora_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response is empty, an HTML page, a JSON object or an XML error
/// instead of the file. The service sends an XML error for files larger than 2,047 MB. See
/// [`accept_any`](GetFiles::accept_any).
#[doc(alias = "get_files")]
#[doc(alias = "GET_Files")]
#[doc(alias = "download")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetFiles {
    #[serde(rename = "file-id")]
    file: FileId,
    #[serde(default, skip_serializing_if = "is_false")]
    accept_any: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
fn is_false(flag: &bool) -> bool {
    !flag
}

impl GetFiles {
    /// Downloads the file with this id.
    pub fn new(file: impl Into<FileId>) -> Self {
        Self { file: file.into(), accept_any: false }
    }

    /// Accepts any content. By default, a response that is empty, an HTML page, a JSON object or an XML error is an
    /// error, because it is a page of a gateway or a rejection instead of the file.
    #[must_use]
    pub fn accept_any(mut self) -> Self {
        self.accept_any = true;
        self
    }
}

impl Operation for GetFiles {
    type Output = File;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        RequestBuilder::with_keys(&SPEC, &[self.file.as_str()])?.empty()
    }

    fn parse(&self, success: &HttpResponse) -> Result<File> {
        let content_type = success.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let file =
            File { bytes: success.body().clone(), content_type: content_type.unwrap_or_default().to_owned() };
        match file.pretender().filter(|_| !self.accept_any) {
            Some(found) => Err(Error::unreadable("$", format!("expected a file, found {found}"))),
            None => Ok(file),
        }
    }
}

/// A downloaded file.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// Content of the file.
    pub bytes: Bytes,
    /// Media type reported by the service, such as `application/pdf;charset=UTF-8`, or empty if none was reported.
    pub content_type: String,
}

impl File {
    /// Returns whether the content starts with the signature of a PDF file.
    pub fn is_pdf(&self) -> bool {
        self.bytes.starts_with(b"%PDF")
    }

    /// Names what the content is, if it is not a file of the service.
    fn pretender(&self) -> Option<&'static str> {
        let start = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes).trim_ascii_start();
        let start = &start[..start.len().min(1024)];
        let contains = |word: &[u8]| start.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
        let begins =
            |word: &[u8]| start.get(..word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word));
        match start {
            [] => Some("nothing"),
            [b'{', ..] => Some("a JSON object"),
            _ if begins(b"<!doctype html") || begins(b"<html") => Some("an HTML page"),
            [b'<', ..] if contains(b"<html") => Some("an HTML page"),
            [b'<', ..] if contains(b"<error") => Some("an XML error"),
            _ if self
                .content_type
                .trim_start()
                .get(..9)
                .is_some_and(|kind| kind.eq_ignore_ascii_case("text/html")) =>
            {
                Some("an HTML page")
            }
            _ => None,
        }
    }
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({} bytes, {:?})", self.bytes.len(), self.content_type)
    }
}

/// A description with size and media type: the bytes are not JSON.
impl Serialize for File {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(content_type: &str, body: &'static [u8]) -> Result<File> {
        let mut response = HttpResponse::new(Bytes::from_static(body));
        response.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
        GetFiles::new("f").parse(&response)
    }

    #[test]
    fn a_pdf_and_an_xml_error_are_distinguished() {
        let file = parse("application/pdf;charset=UTF-8", b"%PDF-1.7 \xff\x00").unwrap();
        assert!(file.is_pdf() && file.bytes.len() == 11);
        assert!(!parse("text/csv", b"a,b").unwrap().is_pdf());
        assert!(parse("application/xml", b"<invoice/>").is_ok());
        for body in
            [&b"<?xml version=\"1.0\"?><Error><Code>TooLarge</Code></Error>"[..], b"\n<error>no</error>"]
        {
            assert_eq!(parse("application/xml", body).unwrap_err().kind(), crate::ErrorKind::Decode);
        }
    }

    #[test]
    fn what_is_no_file_is_an_error_unless_asked_for() {
        for (content_type, body, found) in [
            ("application/pdf", &b""[..], "nothing"),
            ("application/pdf", b" \r\n", "nothing"),
            ("text/html", b"<!DOCTYPE html><html></html>", "an HTML page"),
            ("application/pdf", b"\n<HTML><head>", "an HTML page"),
            ("text/html; charset=utf-8", b"Sign in", "an HTML page"),
            ("application/json", b"\xef\xbb\xbf {\"message\":\"no\"}", "a JSON object"),
        ] {
            let mut response = HttpResponse::new(Bytes::from_static(body));
            response.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
            let error = GetFiles::new("f").parse(&response).unwrap_err();
            assert!(error.to_string().contains(found), "{error}");
            assert_eq!(GetFiles::new("f").accept_any().parse(&response).unwrap().bytes, body);
        }
        let text = serde_json::to_string(&GetFiles::new("f").accept_any()).unwrap();
        assert_eq!(serde_json::from_str::<GetFiles>(&text).unwrap(), GetFiles::new("f").accept_any());
        assert_eq!(serde_json::to_string(&GetFiles::new("f")).unwrap(), r#"{"file-id":"f"}"#);
    }
}
