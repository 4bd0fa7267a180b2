//! Everything that is documented of the API, in `tests/reference/*.json`, held against the library.
//!
//! The facts drive the tests: what they name is demanded, and a demand that no test meets fails unless it stands in
//! [`NOT_YET_COVERED`]. What stands there and is met fails too, so that the list only shrinks.

#![allow(clippy::unwrap_used, clippy::panic)] // A test fails by panicking.

mod bill_runs;
mod creation_constraints;
mod facts;
mod files;
mod invoice_constraints;
mod invoice_requests;
mod invoices;
mod ledger;
mod operations;
mod requests;
mod responses;
mod subject;
mod token;

use facts::Facts;
use ledger::Ledger;
use subject::Subject;

/// Claims that no test covers, or that do not hold yet; `Schema` stands for all of `Schema.…`.
const NOT_YET_COVERED: &[&str] = &[];

/// Every operation of the library that has a text.
fn subjects() -> Vec<Subject> {
    bill_runs::subjects().into_iter().chain(invoices::subjects()).collect()
}

#[test]
fn operations_are_asked_for_as_documented() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    operations::check(&facts, &subjects(), &mut ledger);
    files::check_download(&facts, &mut ledger);
    token::check_request(&facts, &mut ledger);
    ledger.close("operation", NOT_YET_COVERED);
}

#[test]
fn answers_lose_nothing() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    responses::check(&facts, &subjects(), &mut ledger);
    token::check_answer(&facts, &mut ledger);
    ledger.close("answer", NOT_YET_COVERED);
}

#[test]
fn refusals_are_told_in_full() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    responses::check_refusals(&facts, &*subjects()[0].legal[0], &mut ledger);
    ledger.close("refusal", NOT_YET_COVERED);
}

#[test]
fn every_documented_field_can_be_sent() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    requests::check_fields(&facts, &subjects(), &mut ledger);
    ledger.close("request", NOT_YET_COVERED);
}

#[test]
fn no_limit_of_a_field_can_be_passed() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    requests::check_limits(&facts, &subjects(), &mut ledger);
    files::check_upload(&facts);
    token::check_limits();
    ledger.close("limit", NOT_YET_COVERED);
}

#[test]
fn constraints_are_kept_before_anything_is_sent() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    let constraints = [bill_runs::constraints(), invoice_constraints::constraints(), token::constraints()];
    let constraints = constraints.into_iter().flatten().collect();
    requests::check_constraints(&facts, constraints, &mut ledger);
    ledger.close("constraint", NOT_YET_COVERED);
}

#[test]
fn known_values_have_names() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    let words = [bill_runs::words(), invoices::words()].concat();
    requests::check_words(&facts, &words, &mut ledger);
    ledger.close("word", NOT_YET_COVERED);
}
