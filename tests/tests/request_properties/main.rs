//! Properties of any request and any response. The values are drawn from `zuora_core::testing::strategies`.

use std::any::type_name;
use std::fmt::Debug;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zuora_core::Operation;
use zuora_core::testing::strategies::proptest;
use zuora_core::transport::HttpRequest;

mod requests;
mod responses;
mod setters;

/// An operation that can be drawn at random, and written as JSON.
trait Subject: Operation + Arbitrary + Clone + PartialEq + Serialize + DeserializeOwned {}

impl<O: Operation + Arbitrary + Clone + PartialEq + Serialize + DeserializeOwned> Subject for O {}

/// The location of the body in the JSON of an operation.
#[derive(Clone, Copy)]
enum BodyLocation {
    /// The operation has no body.
    Absent,
    /// The body is the whole JSON.
    Whole,
    /// The body is the field of this name.
    Field(&'static str),
    /// The body is always this text.
    Constant(&'static str),
    /// The body is a multipart form with a file.
    Multipart,
}

/// Calls a function for each operation that can be written as JSON, with the location of its body, and returns the
/// results.
macro_rules! for_each_operation {
    ($check:ident) => {{
        use crate::BodyLocation::{Absent, Constant, Field, Multipart, Whole};
        use zuora_core::bill_runs::*;
        use zuora_core::files::GetFiles;
        use zuora_core::invoices::*;
        use zuora_core::jobs::GetOperationJob;
        use zuora_core::object_query::QueryInvoices;
        [
            $check::<CreateBillRun>(Whole),
            $check::<GetBillRun>(Absent),
            $check::<PostBillRun>(Field("body")),
            $check::<CancelBillRun>(Field("body")),
            $check::<DeleteBillRun>(Absent),
            $check::<EmailBillRun>(Field("body")),
            $check::<QueryInvoices>(Absent),
            $check::<CreateStandaloneInvoice>(Whole),
            $check::<BulkCreateStandaloneInvoices>(Whole),
            $check::<BulkPostInvoices>(Whole),
            $check::<BulkUpdateInvoices>(Whole),
            $check::<GetInvoice>(Absent),
            $check::<GetInvoiceItems>(Absent),
            $check::<GetInvoiceFiles>(Absent),
            $check::<UploadInvoiceFile>(Multipart),
            $check::<GetInvoicePdfStatus>(Absent),
            $check::<GetInvoiceApplicationParts>(Absent),
            $check::<GetTaxationItems>(Absent),
            $check::<CreateTaxationItems>(Field("body")),
            $check::<UpdateInvoice>(Field("changes")),
            $check::<PostInvoice>(Field("body")),
            $check::<CancelInvoice>(Constant("{}")),
            $check::<DeleteInvoice>(Absent),
            $check::<ReverseInvoice>(Field("body")),
            $check::<WriteOffInvoice>(Field("details")),
            $check::<EmailInvoice>(Field("body")),
            $check::<GetOperationJob>(Absent),
            $check::<GetFiles>(Absent),
        ]
    }};
}
use for_each_operation;

/// Tests a property with `cases` values.
///
/// # Panics
/// With the smallest value that violates the property.
#[track_caller]
fn for_any<S: Strategy<Value: Debug>>(
    cases: u32,
    strategy: &S,
    property: impl Fn(S::Value) -> TestCaseResult,
) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 10_000, ..Config::default() };
    if let Err(failure) = TestRunner::new(config).run(strategy, property) {
        panic!("{}: {failure}", type_name::<S::Value>());
    }
}

/// The body as text.
fn body(request: &HttpRequest) -> &str {
    std::str::from_utf8(request.body()).expect("a body of UTF-8")
}
