//! What holds for any request and any answer, whatever is in them. Values come from `zuora_core::strategies`.

use std::any::type_name;
use std::fmt::Debug;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zuora_core::strategies::proptest;
use zuora_core::{Operation, Request};

mod requests;
mod responses;
mod setters;

/// An operation that can be drawn, and kept as text.
trait Subject: Operation + Arbitrary + Clone + PartialEq + Serialize + DeserializeOwned {}

impl<O: Operation + Arbitrary + Clone + PartialEq + Serialize + DeserializeOwned> Subject for O {}

/// Where the body of an operation stands in its own text.
#[derive(Clone, Copy)]
enum Written {
    /// It sends none.
    Nowhere,
    /// It is all of it.
    Whole,
    /// Under this name.
    Under(&'static str),
    /// It is always this.
    Always(&'static str),
    /// It is a form around a file.
    Form,
}

/// Calls a function for each operation that can be kept as text, with the place of its body; gives what it gives.
macro_rules! for_each_operation {
    ($check:ident) => {{
        use crate::Written::{Always, Form, Nowhere, Under, Whole};
        use zuora_core::bill_runs::*;
        use zuora_core::files::GetFiles;
        use zuora_core::invoices::*;
        use zuora_core::jobs::GetOperationJob;
        use zuora_core::object_query::QueryInvoices;
        [
            $check::<CreateBillRun>(Whole),
            $check::<GetBillRun>(Nowhere),
            $check::<PostBillRun>(Under("body")),
            $check::<CancelBillRun>(Under("body")),
            $check::<DeleteBillRun>(Nowhere),
            $check::<EmailBillRun>(Under("body")),
            $check::<QueryInvoices>(Nowhere),
            $check::<CreateStandaloneInvoice>(Whole),
            $check::<BulkCreateStandaloneInvoices>(Whole),
            $check::<BulkPostInvoices>(Whole),
            $check::<BulkUpdateInvoices>(Whole),
            $check::<GetInvoice>(Nowhere),
            $check::<GetInvoiceItems>(Nowhere),
            $check::<GetInvoiceFiles>(Nowhere),
            $check::<UploadInvoiceFile>(Form),
            $check::<GetInvoicePdfStatus>(Nowhere),
            $check::<GetInvoiceApplicationParts>(Nowhere),
            $check::<GetTaxationItems>(Nowhere),
            $check::<CreateTaxationItems>(Under("body")),
            $check::<UpdateInvoice>(Under("changes")),
            $check::<PostInvoice>(Under("body")),
            $check::<CancelInvoice>(Always("{}")),
            $check::<DeleteInvoice>(Nowhere),
            $check::<ReverseInvoice>(Under("body")),
            $check::<WriteOffInvoice>(Under("details")),
            $check::<EmailInvoice>(Under("body")),
            $check::<GetOperationJob>(Nowhere),
            $check::<GetFiles>(Nowhere),
        ]
    }};
}
use for_each_operation;

/// Tries a property with so many values.
///
/// # Panics
/// With the smallest value for which it does not hold.
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

/// A body as text.
fn body(request: &Request) -> &str {
    std::str::from_utf8(request.body()).expect("a body of UTF-8")
}
