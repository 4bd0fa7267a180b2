//! Any answer gives a value or an error that says where, and nothing of it is lost.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseResult, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zuora_core::files::GetFiles;
use zuora_core::invoices::BulkCreateStandaloneInvoices;
use zuora_core::strategies::proptest;
use zuora_core::{CreateToken, Kind, Operation, Response, Secret};

use crate::for_any;

const CASES: u32 = 48;

/// Calls a function for each operation with an answer of JSON.
macro_rules! for_each_answer {
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

/// An operation whose answers can be drawn.
trait Answered: Operation<Output: Arbitrary + PartialEq + Serialize + DeserializeOwned> + Arbitrary {
    /// One of them: how an answer is read does not depend on what is asked.
    fn one() -> Self {
        let any = any::<Self>().new_tree(&mut TestRunner::deterministic());
        any.expect("a value").current()
    }
}

impl<O: Operation<Output: Arbitrary + PartialEq + Serialize + DeserializeOwned> + Arbitrary> Answered for O {}

#[test]
fn an_answer_is_read_written_and_read_again_without_loss() {
    fn check<O: Answered>() {
        let operation = O::one();
        for_any(CASES, &any::<O::Output>(), |answer| {
            let text = serde_json::to_string(&answer)?;
            prop_assert_eq!(&serde_json::from_str::<O::Output>(&text)?, &answer);
            let read = operation.parse(&response(text.clone()))?;
            if operation.spec().name != "bulk_create_standalone_invoices" {
                prop_assert_eq!(&read, &answer);
                prop_assert_eq!(serde_json::to_string(&read)?, text);
            }
            Ok(())
        });
    }
    for_each_answer!(check);
}

#[test]
fn rows_are_put_in_order_and_none_is_lost() {
    let operation = BulkCreateStandaloneInvoices::one();
    let answers = any::<<BulkCreateStandaloneInvoices as Operation>::Output>();
    for_any(CASES, &(answers, vec(proptest::option::of(-1..4_i64), 4)), |(mut answer, places)| {
        for (row, place) in answer.invoices.iter_mut().zip(&places) {
            row.object_index = *place;
        }
        let read = operation.parse(&response(serde_json::to_string(&answer)?))?;
        let rows = |answer: &zuora_core::invoices::CreatedInvoices| {
            let mut rows: Vec<_> = answer.invoices.iter().map(|row| format!("{row:?}")).collect();
            rows.sort();
            rows
        };
        prop_assert_eq!(rows(&read), rows(&answer));
        let first = |place| answer.invoices.iter().find(|row| row.object_index == Some(place));
        for (place, row) in (0_i64..).zip(&read.invoices) {
            if let Some(wanted) = first(place) {
                prop_assert_eq!(row, wanted);
            }
        }
        Ok(())
    });
}

#[test]
fn a_spoiled_answer_is_a_value_or_an_error() {
    fn check<O: Answered>() {
        let operation = O::one();
        for_any(CASES, &(any::<O::Output>(), vec(Damage::any(), 1..=4)), |(answer, damages)| {
            let mut text = serde_json::to_vec(&answer)?;
            for damage in damages {
                damage.be_done_to(&mut text);
            }
            read_or_named(&operation, &text)
        });
    }
    for_each_answer!(check);
}

#[test]
fn any_bytes_are_a_value_or_an_error() {
    fn check<O: Answered>() {
        let operation = O::one();
        let bytes = prop_oneof![
            vec(any::<u8>(), 0..60),
            vec(select(TOKENS), 0..60).prop_map(|tokens| tokens.concat().into_bytes()),
        ];
        for_any(CASES, &bytes, |bytes| read_or_named(&operation, &bytes));
    }
    for_each_answer!(check);
}

#[test]
fn a_file_is_any_bytes() {
    let operation = GetFiles::new("file");
    for_any(4 * CASES, &vec(any::<u8>(), 0..60), |bytes| {
        match operation.parse(&response(bytes.clone())) {
            Ok(file) => prop_assert_eq!(file.bytes.as_ref(), &bytes[..]),
            Err(error) => prop_assert_eq!(error.kind(), Kind::Decode),
        }
        Ok(())
    });
}

#[test]
fn a_token_answer_may_be_spoiled_too() {
    let operation = CreateToken::new("client", Secret::from("hunter2"));
    let answer = r#"{"access_token":"abc","token_type":"bearer","expires_in":3599,"scope":"a b","jti":"1"}"#;
    for_any(4 * CASES, &vec(Damage::any(), 0..=4), |damages| {
        let mut text = answer.as_bytes().to_vec();
        for damage in damages {
            damage.be_done_to(&mut text);
        }
        match operation.parse(&response(text)) {
            Ok(token) => prop_assert!(!token.access_token.expose().is_empty()),
            Err(error) => prop_assert_eq!(error.kind(), Kind::Decode),
        }
        Ok(())
    });
}

/// Never a panic, never another kind of error, and never one of two lines.
fn read_or_named<O: Operation>(operation: &O, bytes: &[u8]) -> TestCaseResult {
    if let Err(error) = operation.parse(&response(bytes.to_vec())) {
        prop_assert_eq!(error.kind(), Kind::Decode);
        prop_assert!(error.field().is_some_and(|path| !path.is_empty()));
        prop_assert!(!error.to_string().contains('\n'));
    }
    Ok(())
}

fn response(body: impl Into<bytes::Bytes>) -> Response {
    Response::new(body.into())
}

/// What JSON is made of, and some names that models know.
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

/// What happens to an answer on its way.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte becomes another.
    Changed(Index, u8),
    /// The end is missing.
    Cut(Index),
    /// A part stands twice.
    Doubled(Index, Index),
    /// Something comes between.
    Inserted(Index, &'static str),
    /// Something opens over and over.
    Nested(Index, &'static str, usize),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        let place = any::<Index>;
        prop_oneof![
            4 => (place(), any::<u8>()).prop_map(|(at, byte)| Self::Changed(at, byte)),
            1 => place().prop_map(Self::Cut),
            2 => (place(), place()).prop_map(|(from, to)| Self::Doubled(from, to)),
            4 => (place(), select(TOKENS)).prop_map(|(at, token)| Self::Inserted(at, token)),
            1 => (place(), select(vec!["[", "{\"nextRun\":", "{\"a\":"]), 100..5000_usize)
                .prop_map(|(at, opening, depth)| Self::Nested(at, opening, depth)),
        ]
    }

    fn be_done_to(&self, text: &mut Vec<u8>) {
        let at = |index: &Index| index.index(text.len() + 1);
        match self {
            Self::Changed(place, byte) => {
                let place = at(place);
                text.splice(place..(place + 1).min(text.len()), [*byte]);
            }
            Self::Cut(place) => text.truncate(at(place)),
            Self::Doubled(from, to) => {
                let (from, to) = (at(from).min(at(to)), at(from).max(at(to)));
                let part = text[from..to].to_vec();
                text.splice(to..to, part);
            }
            Self::Inserted(place, token) => {
                let place = at(place);
                text.splice(place..place, token.bytes());
            }
            Self::Nested(place, opening, depth) => {
                let place = at(place);
                text.splice(place..place, opening.repeat(*depth).into_bytes());
            }
        }
    }
}
