//! Files: a response that is not JSON, and a multipart body.

use zuora_core::files::GetFiles;
use zuora_core::invoices::UploadInvoiceFile;
use zuora_core::transport::HttpResponse;
use zuora_core::{Error, ErrorKind, Operation};

use crate::facts::Facts;
use crate::invoice_requests::ID;
use crate::ledger::Ledger;
use crate::operations::{self, UNSAFE_KEYS};
use crate::subject::dry_run;

const PDF: &[u8] = b"%PDF-1.7 \xff";

/// Checks the download, whose response is not text.
pub(crate) fn check_download(facts: &Facts, ledger: &mut Ledger) {
    let download = GetFiles::new(ID);
    let operation = facts.operation("get_files").expect("the operation is documented");
    operations::check_one(operation, download.spec(), &dry_run(&download).expect("a valid request"), ledger);
    for key in UNSAFE_KEYS {
        let error = dry_run(&GetFiles::new(key)).expect_err("a key that is not safe in a path");
        assert_eq!(error.field(), Some(&*operation.path_params[0].name), "{key:?}");
    }
    ledger.seen("operation get_files.keys");
    let file = download.parse(&HttpResponse::new(PDF.into())).expect("any bytes are a file");
    assert!(file.is_pdf() && file.bytes == PDF);
}

/// Checks the documented part of the upload, and the files that are rejected before they are sent.
pub(crate) fn check_upload(facts: &Facts) {
    let operation = facts.operation("upload_file_for_invoice").expect("the operation is documented");
    let [part] = &operation.multipart_fields[..] else { panic!("one part is documented") };
    let request = dry_run(&upload(PDF)).expect("a valid request");
    let content_type = request.headers()["content-type"].to_str().expect("ASCII");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("a boundary");
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"a.pdf\"\r\nContent-Type: {}\r\n\r\n",
        part.name, part.content_type
    );
    let body = [head.as_bytes(), PDF, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
    assert_eq!(request.body()[..], body);

    let file = |size| [PDF, &vec![b'x'; size][..]].concat()[..size].to_vec();
    assert!(dry_run(&upload(&file(part.max_bytes))).is_ok());
    for rejected in [&file(part.max_bytes + 1)[..], b"", b"GIF89a"] {
        assert!(rejects(dry_run(&upload(rejected)), &part.name), "{} bytes", rejected.len());
    }
    assert!(rejects(dry_run(&UploadInvoiceFile::new(ID, "a\r\nb.pdf", PDF)), "filename"));
}

fn upload(file: &[u8]) -> UploadInvoiceFile {
    UploadInvoiceFile::new(ID, "a.pdf", file.to_vec())
}

fn rejects<T>(result: Result<T, Error>, field: &str) -> bool {
    result.is_err_and(|error| error.kind() == ErrorKind::Build && error.field() == Some(field))
}
