//! Files: an answer that is no JSON, and a body of several parts.

use zuora_core::files::GetFiles;
use zuora_core::invoices::UploadInvoiceFile;
use zuora_core::{Error, Kind, Operation, Response};

use crate::facts::Facts;
use crate::invoice_requests::ID;
use crate::ledger::Ledger;
use crate::operations::{self, UNSAFE_KEYS};
use crate::subject::plan;

const PDF: &[u8] = b"%PDF-1.7 \xff";

/// The download, whose answer is no text.
pub(crate) fn check_download(facts: &Facts, ledger: &mut Ledger) {
    let download = GetFiles::new(ID);
    let operation = facts.operation("get_files").expect("it is documented");
    operations::check_one(operation, download.spec(), &plan(&download).expect("a legal request"), ledger);
    for key in UNSAFE_KEYS {
        let error = plan(&GetFiles::new(key)).expect_err("a key that is not safe in a path");
        assert_eq!(error.field(), Some(&*operation.path_params[0].name), "{key:?}");
    }
    ledger.seen("operation get_files.keys");
    let file = download.parse(&Response::new(PDF.into())).expect("any bytes are a file");
    assert!(file.is_pdf() && file.bytes == PDF);
}

/// The documented part of the upload, and what is refused before it is sent.
pub(crate) fn check_upload(facts: &Facts) {
    let operation = facts.operation("upload_file_for_invoice").expect("it is documented");
    let [part] = &operation.multipart_fields[..] else { panic!("one part is documented") };
    let request = plan(&upload(PDF)).expect("a legal request");
    let content_type = request.headers()["content-type"].to_str().expect("ASCII");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("a boundary");
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"a.pdf\"\r\nContent-Type: {}\r\n\r\n",
        part.name, part.content_type
    );
    let body = [head.as_bytes(), PDF, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
    assert_eq!(request.body()[..], body);

    let file = |size| [PDF, &vec![b'x'; size][..]].concat()[..size].to_vec();
    assert!(plan(&upload(&file(part.max_bytes))).is_ok());
    for refused in [&file(part.max_bytes + 1)[..], b"", b"GIF89a"] {
        assert!(refuses(plan(&upload(refused)), &part.name), "{} bytes", refused.len());
    }
    assert!(refuses(plan(&UploadInvoiceFile::new(ID, "a\r\nb.pdf", PDF)), "filename"));
}

fn upload(file: &[u8]) -> UploadInvoiceFile {
    UploadInvoiceFile::new(ID, "a.pdf", file.to_vec())
}

fn refuses<T>(result: Result<T, Error>, field: &str) -> bool {
    result.is_err_and(|error| error.kind() == Kind::Build && error.field() == Some(field))
}
