//! Responses and requests met in the field, each with the one right result.
//!
//! `tests/cases/index.json` describes the cases: the operation, the files that the service sends, and the expected
//! result. `net_*` cases are situations on the socket, which no fake transport can show.
//!
//! Run with `CASES=print` to print what each case gives today.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};
use zuora_core::bill_runs::{AdHoc, Batches, CancelBillRun, CreateBillRun, GetBillRun};
use zuora_core::files::GetFiles;
use zuora_core::invoices::{
    BulkPostInvoices, GetInvoice, GetInvoiceFiles, GetInvoiceItems, InvoicePatch, PostInvoice,
    ReverseInvoice, UpdateInvoice, WriteOffInvoice,
};
use zuora_core::object_query::QueryInvoices;
use zuora_core::operation::RawOperation;
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse, Timestamp, Transport};
use zuora_core::{Client, Config, DataCenter, Date, Error, Operation};

/// Cases whose right result this version does not give yet. A case that starts to give it must be removed from here.
const PENDING: &[&str] = &["tok_newline", "refusal_cut_emoji"];

#[derive(Deserialize)]
struct Case {
    id: String,
    operation: String,
    kind: Kind,
    /// One file for each response. The last one is repeated.
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The rule that the result follows from.
    rule: String,
    expect: Option<Expected>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Response,
    Pages,
    Token,
    Request,
    Network,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[serde(flatten)]
    seen: Seen,
    /// Parts of the error's text.
    #[serde(default)]
    says: Vec<String>,
    /// Parts that the error's text must not have.
    #[serde(default)]
    hides: Vec<String>,
    /// Seconds that the call waits at least.
    #[serde(default)]
    waits: f64,
}

/// What a caller sees.
#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
struct Seen {
    /// The output as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Fields that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<String>,
    /// Fields whose text was repaired.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    repaired: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<SeenError>,
    /// Number of requests that were sent, without token requests unless the case is about them.
    sent: u32,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct SeenError {
    kind: String,
    outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    codes: Vec<String>,
    retryable: bool,
}

impl SeenError {
    fn of(error: &Error) -> Self {
        Self {
            kind: format!("{:?}", error.kind()),
            outcome: format!("{:?}", error.outcome()),
            field: error.field().map(ToOwned::to_owned),
            codes: error.reasons().iter().map(|reason| reason.code.clone()).collect(),
            retryable: error.is_retryable(),
        }
    }
}

struct Run {
    seen: Seen,
    text: String,
    waited: f64,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn cases() -> Vec<Case> {
    let text = fs::read_to_string(folder().join("index.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

impl Case {
    fn file(&self, index: usize) -> Bytes {
        let name = self.files.get(index).or(self.files.last()).expect("a case has a file");
        fs::read(folder().join(name)).unwrap().into()
    }

    fn response(&self, index: usize) -> HttpResponse {
        let mut response = FakeTransport::json(self.status, self.file(index));
        for (name, value) in &self.headers {
            let name: http::HeaderName = name.parse().unwrap();
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    }

    fn run(&self) -> Run {
        if self.kind == Kind::Request {
            return self.build();
        }
        let sent = Cell::new(0_u32);
        let of_token = self.kind == Kind::Token;
        let transport = FakeTransport::bare(|request: &HttpRequest| {
            let is_token = request.uri().path() == "/oauth/token";
            if is_token == of_token {
                sent.set(sent.get() + 1);
            }
            Ok(match (is_token, of_token) {
                (true, false) => FakeTransport::json(200, r#"{"access_token":"t","expires_in":3599}"#),
                (false, true) => FakeTransport::json(200, r#"{"id":"i","success":true}"#),
                _ => self.response(sent.get() as usize - 1),
            })
        });
        let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
        let client = Client::with_transport(&config, transport).unwrap();
        let mut seen = Seen::default();
        let mut text = String::new();
        match self.call(&client, &mut seen) {
            Ok(value) => seen.value = Some(value),
            Err(error) => {
                text = error.to_string();
                seen.error = Some(SeenError::of(&error));
            }
        }
        seen.sent = sent.get();
        let waited = Timestamp::default().until(client.transport().now()).as_secs_f64();
        Run { seen, text, waited }
    }

    /// Reads a request, and writes it again.
    fn build(&self) -> Run {
        let body = self.file(0);
        let create: CreateBillRun = serde_json::from_slice(&body).unwrap();
        let request = create.request().unwrap();
        let value = std::str::from_utf8(request.body()).unwrap().to_owned();
        Run { seen: Seen { value: Some(value), ..Seen::default() }, text: String::new(), waited: 0.0 }
    }

    fn call<T: Transport>(&self, client: &Client<T>, seen: &mut Seen) -> Result<String, Error> {
        fn written(value: &impl Serialize) -> String {
            serde_json::to_string(value).unwrap()
        }
        fn body(response: HttpResponse) -> String {
            String::from_utf8(response.into_body().to_vec()).unwrap()
        }
        let day: Date = "2026-03-31".parse().unwrap();
        let raw = |method, path| RawOperation::new(method, path).body("{}");
        Ok(match self.operation.as_str() {
            "query_invoices" => written(&*client.call(&QueryInvoices::new())?),
            "query_all" => written(&client.items(&QueryInvoices::new()).collect::<Result<Vec<_>, _>>()?),
            "items_all" => {
                written(&client.items(&GetInvoiceItems::new("INV1")).collect::<Result<Vec<_>, _>>()?)
            }
            "create_bill_run" => {
                written(&*client.call(&CreateBillRun::new(Batches::all(), AdHoc::up_to(day)))?)
            }
            "cancel_bill_run" => written(&*client.call(&CancelBillRun::new("2c98"))?),
            "get_bill_run" => written(&*client.call(&GetBillRun::new("2c98"))?),
            "get_invoice" => {
                let invoice = client.call(&GetInvoice::new("INV1"))?;
                seen.unreadable = invoice.extra.unreadable().map(|(name, _)| name.to_owned()).collect();
                seen.repaired = invoice.extra.repaired().map(ToOwned::to_owned).collect();
                written(&*invoice)
            }
            "get_invoice_items" => written(&*client.call(&GetInvoiceItems::new("INV1"))?),
            "get_invoice_files" => written(&*client.call(&GetInvoiceFiles::new("INV1"))?),
            "write_off_invoice" => written(&*client.call(&WriteOffInvoice::new("INV1"))?),
            "reverse_invoice" => written(&*client.call(&ReverseInvoice::new("INV1"))?),
            "post_invoice" => written(&*client.call(&PostInvoice::new("INV1"))?),
            "update_invoice" => {
                let patch = InvoicePatch::default().comments("x".to_owned());
                written(&*client.call(&UpdateInvoice::new("INV1", patch))?)
            }
            "bulk_post" => {
                let posted = client.call(&BulkPostInvoices::new(["8ad083f096d239110196d438cee520d5"]))?;
                let rows: Vec<_> = posted
                    .results()
                    .map(|row| match row {
                        Ok(row) => format!("posted {}", row.id.as_ref().unwrap()),
                        Err(envelope) => format!("refused {}", envelope.reasons[0]),
                    })
                    .collect();
                rows.join("; ")
            }
            "get_files" => format!("{:?}", &*client.call(&GetFiles::new("2c98"))?),
            "raw_put" => body(client.call(&raw(Method::PUT, "/v1/object/invoice/1"))?.into_inner()),
            "raw_post" => body(client.call(&raw(Method::POST, "/v1/action/x"))?.into_inner()),
            "raw_query" => {
                body(client.call(&raw(Method::POST, "/v1/action/query").read_only())?.into_inner())
            }
            other => panic!("no operation {other}"),
        })
    }
}

fn differences(expected: &Expected, run: &Run) -> Vec<String> {
    let mut differences = Vec::new();
    if run.seen != expected.seen {
        differences.push(format!("saw {:?}\n    instead of {:?}", run.seen, expected.seen));
    }
    for part in expected.says.iter().filter(|part| !run.text.contains(*part)) {
        differences.push(format!("{:?} is not in {:?}", part, run.text));
    }
    for part in expected.hides.iter().filter(|part| run.text.contains(*part)) {
        differences.push(format!("{:?} is in {:?}", part, run.text));
    }
    if run.waited < expected.waits {
        differences.push(format!("waited {} s instead of {} s", run.waited, expected.waits));
    }
    differences
}

#[test]
fn every_case_has_its_right_result() {
    let prints = std::env::var("CASES").is_ok_and(|mode| mode == "print");
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases() {
        assert!(!case.rule.is_empty(), "{} follows from a rule", case.id);
        if case.kind == Kind::Network {
            assert!(case.expect.is_none(), "{} is described only", case.id);
            continue;
        }
        count += 1;
        let run = case.run();
        if prints {
            let seen = serde_json::to_string(&run.seen).unwrap();
            println!("{}\t{seen}\t{}\t{}", case.id, run.waited, serde_json::to_string(&run.text).unwrap());
            continue;
        }
        let expected = case.expect.as_ref().unwrap_or_else(|| panic!("{} has no expectation", case.id));
        let differences = differences(expected, &run);
        match (differences.is_empty(), PENDING.contains(&case.id.as_str())) {
            (true, false) | (false, true) => {}
            (true, true) => wrong.push(format!("{} is right now: remove it from PENDING", case.id)),
            (false, false) => wrong.push(format!("{} ({}): {}", case.id, case.rule, differences.join("; "))),
        }
    }
    assert!(prints || count == 69, "{count} cases ran");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_belongs_to_a_case() {
    let cases = cases();
    let named: Vec<_> = cases.iter().flat_map(|case| &case.files).collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "index.json" || name == "README.md" || named.contains(&&name), "{name}");
    }
    for id in PENDING {
        assert!(cases.iter().any(|case| case.id == *id), "{id}");
    }
}
