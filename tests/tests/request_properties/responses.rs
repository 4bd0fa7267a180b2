//! Any response gives a value or an error with its path, and no part of the response is lost.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseResult, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zuora_core::files::GetFiles;
use zuora_core::invoices::BulkCreateStandaloneInvoices;
use zuora_core::session::CreateToken;
use zuora_core::testing::strategies::proptest;
use zuora_core::transport::HttpResponse;
use zuora_core::types::Secret;
use zuora_core::{ErrorKind, Operation};

use crate::for_any;

const CASES: u32 = 48;

/// Calls a function for each operation with a JSON response.
macro_rules! for_each_json_response {
    ($check:ident) => {{
        use zuora_core::bill_runs::*;
        use zuora_core::invoices::*;
        use zuora_core::jobs::GetOperationJob;
        use zuora_core::object_query::QueryInvoices;
        $check::<GetBillRun>();
        $check::<EmailBillRun>();
        $check::<QueryInvoices>();
        $check::<GetInvoice>();
        $check::<BulkCreateStandaloneInvoices>();
        $check::<BulkPostInvoices>();
        $check::<GetInvoiceItems>();
        $check::<GetInvoiceFiles>();
        $check::<UploadInvoiceFile>();
        $check::<GetInvoicePdfStatus>();
        $check::<GetInvoiceApplicationParts>();
        $check::<GetTaxationItems>();
        $check::<CreateTaxationItems>();
        $check::<UpdateInvoice>();
        $check::<PostInvoice>();
        $check::<DeleteInvoice>();
        $check::<ReverseInvoice>();
        $check::<WriteOffInvoice>();
        $check::<GetOperationJob>();
    }};
}

/// An operation whose responses can be drawn at random.
trait JsonResponse: Operation<Output: Arbitrary + PartialEq + Serialize + DeserializeOwned> + Arbitrary {
    /// Returns one operation. Only the rows of a bulk response depend on the request.
    fn sample() -> Self {
        let any = any::<Self>().new_tree(&mut TestRunner::deterministic());
        any.expect("a value").current()
    }
}

impl<O: Operation<Output: Arbitrary + PartialEq + Serialize + DeserializeOwned> + Arbitrary> JsonResponse
    for O
{
}

#[test]
fn a_response_is_read_written_and_read_again_without_loss() {
    fn check<O: JsonResponse>() {
        let operation = O::sample();
        for_any(CASES, &any::<O::Output>(), |output| {
            let text = serde_json::to_string(&output)?;
            prop_assert_eq!(&serde_json::from_str::<O::Output>(&text)?, &output);
            let read = operation.parse(&response(text.clone()));
            // Bulk rows are those of the request: see below. A bulk response without any is an error.
            if matches!(operation.spec().name, "bulk_create_standalone_invoices" | "bulk_post_invoices") {
                prop_assert_eq!(read.is_ok(), text.contains(r#""invoices":["#));
            } else {
                let read = read?;
                prop_assert_eq!(&read, &output);
                prop_assert_eq!(serde_json::to_string(&read)?, text);
            }
            Ok(())
        });
    }
    for_each_json_response!(check);
}

#[test]
fn rows_are_sorted_and_none_is_lost() {
    type Created = <BulkCreateStandaloneInvoices as Operation>::Output;
    let some = any::<Created>().prop_filter("at least one row", |output| !output.invoices.is_empty());
    let rows = some.prop_flat_map(|output| {
        let places = (0..output.invoices.len()).collect::<Vec<_>>();
        (Just(output), Just(places).prop_shuffle())
    });
    for_any(CASES, &rows, |(mut output, places)| {
        for (place, row) in output.invoices.iter_mut().enumerate() {
            row.object_index = i64::try_from(place).ok();
            row.envelope.success = Some(place % 2 == 0);
            row.envelope.reasons.clear();
        }
        output.envelope = Default::default();
        let request = BulkCreateStandaloneInvoices::new(places.iter().map(|_| Default::default()));
        let mut sent = output.clone();
        sent.invoices = places.iter().map(|place| output.invoices[*place].clone()).collect();
        let read = request.parse(&response(serde_json::to_string(&sent)?))?;
        prop_assert_eq!(serde_json::to_string(&read)?, serde_json::to_string(&output)?);
        prop_assert_eq!(read, output);
        Ok(())
    });
}

#[test]
fn a_damaged_response_is_a_value_or_an_error() {
    fn check<O: JsonResponse>() {
        let operation = O::sample();
        for_any(CASES, &(any::<O::Output>(), vec(Damage::any(), 1..=4)), |(output, damages)| {
            let mut text = serde_json::to_vec(&output)?;
            for damage in damages {
                damage.apply_to(&mut text);
            }
            gives_value_or_located_error(&operation, &text)
        });
    }
    for_each_json_response!(check);
}

#[test]
fn any_bytes_are_a_value_or_an_error() {
    fn check<O: JsonResponse>() {
        let operation = O::sample();
        let bytes = prop_oneof![
            vec(any::<u8>(), 0..60),
            vec(select(TOKENS), 0..60).prop_map(|tokens| tokens.concat().into_bytes()),
        ];
        for_any(CASES, &bytes, |bytes| gives_value_or_located_error(&operation, &bytes));
    }
    for_each_json_response!(check);
}

#[test]
fn a_file_is_any_bytes() {
    let operation = GetFiles::new("file");
    for_any(4 * CASES, &vec(any::<u8>(), 0..60), |bytes| {
        match operation.parse(&response(bytes.clone())) {
            Ok(file) => prop_assert_eq!(file.bytes.as_ref(), &bytes[..]),
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Decode),
        }
        Ok(())
    });
}

#[test]
fn a_damaged_token_response_is_a_value_or_an_error() {
    let operation = CreateToken::new("client", Secret::from("hunter2"));
    let output = r#"{"access_token":"abc","token_type":"bearer","expires_in":3599,"scope":"a b","jti":"1"}"#;
    for_any(4 * CASES, &vec(Damage::any(), 0..=4), |damages| {
        let mut text = output.as_bytes().to_vec();
        for damage in damages {
            damage.apply_to(&mut text);
        }
        match operation.parse(&response(text)) {
            Ok(token) => prop_assert!(!token.access_token.expose().is_empty()),
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Decode),
        }
        Ok(())
    });
}

/// Asserts that reading these bytes never panics, and that an error is a one-line `Decode` error with a path.
fn gives_value_or_located_error<O: Operation>(operation: &O, bytes: &[u8]) -> TestCaseResult {
    if let Err(error) = operation.parse(&response(bytes.to_vec())) {
        prop_assert_eq!(error.kind(), ErrorKind::Decode);
        prop_assert!(error.field().is_some_and(|path| !path.is_empty()));
        prop_assert!(!error.to_string().contains('\n'));
    }
    Ok(())
}

fn response(body: impl Into<bytes::Bytes>) -> HttpResponse {
    HttpResponse::new(body.into())
}

/// Tokens of JSON, and some names of model fields.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "-",
    "0",
    "1e400",
    "12.50",
    "\"",
    "\"\"",
    "\"\\ud800\"",
    "\\",
    "\"id\":",
    "\"amount\":",
    "\"success\":",
    "\"reasons\":",
    "\"data\":",
    "\"invoices\":",
    "\"nextRun\":",
    "\"status\":",
    "\"invoiceDate\":",
    "\"Region__c\":",
    "\"objectIndex\":",
    " ",
    "\u{feff}",
];

/// A change to a response in transit.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte is replaced.
    Changed(Index, u8),
    /// The end is cut off.
    Cut(Index),
    /// A part occurs twice.
    Doubled(Index, Index),
    /// A token is inserted.
    Inserted(Index, &'static str),
    /// An opening token is inserted many times.
    Nested(Index, &'static str, usize),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        let index = any::<Index>;
        prop_oneof![
            4 => (index(), any::<u8>()).prop_map(|(at, byte)| Self::Changed(at, byte)),
            1 => index().prop_map(Self::Cut),
            2 => (index(), index()).prop_map(|(from, to)| Self::Doubled(from, to)),
            4 => (index(), select(TOKENS)).prop_map(|(at, token)| Self::Inserted(at, token)),
            1 => (index(), select(vec!["[", "{\"nextRun\":", "{\"a\":"]), 100..5000_usize)
                .prop_map(|(at, opening, depth)| Self::Nested(at, opening, depth)),
        ]
    }

    fn apply_to(&self, text: &mut Vec<u8>) {
        let at = |index: &Index| index.index(text.len() + 1);
        match self {
            Self::Changed(index, byte) => {
                let index = at(index);
                text.splice(index..(index + 1).min(text.len()), [*byte]);
            }
            Self::Cut(index) => text.truncate(at(index)),
            Self::Doubled(from, to) => {
                let (from, to) = (at(from).min(at(to)), at(from).max(at(to)));
                let part = text[from..to].to_vec();
                text.splice(to..to, part);
            }
            Self::Inserted(index, token) => {
                let index = at(index);
                text.splice(index..index, token.bytes());
            }
            Self::Nested(index, opening, depth) => {
                let index = at(index);
                text.splice(index..index, opening.repeat(*depth).into_bytes());
            }
        }
    }
}
