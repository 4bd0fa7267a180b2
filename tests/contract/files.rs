//! Files: a body of several parts, and an answer that is no JSON. These operations have no text.

use zuora_core::files::GetFiles;
use zuora_core::invoices::UploadInvoiceFile;
use zuora_core::{Error, Kind, Operation, Response};

use crate::answers;
use crate::facts::Facts;
use crate::invoice_requests::ID;
use crate::json::Json;
use crate::ledger::Ledger;
use crate::operations::{self, UNSAFE_KEYS};
use crate::subject::plan;

const PDF: &[u8] = b"%PDF-1.7 \xff";

pub(crate) fn check_requests(facts: &Facts, ledger: &mut Ledger) {
    check_request(facts, &upload(PDF), ledger, |key| UploadInvoiceFile::new(key, "a.pdf", PDF));
    check_request(facts, &GetFiles::new(ID), ledger, |key| GetFiles::new(key));
}

fn check_request<O: Operation>(
    facts: &Facts,
    legal: &O,
    ledger: &mut Ledger,
    with_key: impl Fn(&'static str) -> O,
) {
    let spec = legal.spec();
    let operation = facts.operation(spec.name).expect("it is documented");
    operations::check_one(operation, spec, &plan(legal).expect("a legal request"), ledger);
    for key in UNSAFE_KEYS {
        let error = plan(&with_key(key)).expect_err("a key that is not safe in a path");
        assert_eq!(error.field(), Some(&*operation.path_params[0].name), "{key:?}");
    }
    ledger.seen(&format!("operation {}.keys", spec.name));
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

pub(crate) fn check_answers(facts: &Facts, ledger: &mut Ledger) {
    let read = |answer: &str| {
        let value = upload(PDF).parse(&Response::new(answer.to_owned().into()))?;
        Ok(Json::of(&serde_json::to_string(&value).expect("a value that was read can be written")))
    };
    answers::check_one(facts, "UploadFileResponse", &read, ledger);
    let file = GetFiles::new(ID).parse(&Response::new(PDF.into())).expect("any bytes are a file");
    assert!(file.is_pdf() && file.bytes == PDF);
}

fn upload(file: &[u8]) -> UploadInvoiceFile {
    UploadInvoiceFile::new(ID, "a.pdf", file.to_vec())
}

fn refuses<T>(result: Result<T, Error>, field: &str) -> bool {
    result.is_err_and(|error| error.kind() == Kind::Build && error.field() == Some(field))
}
