//! Everything that is documented about the API, in `tests/reference/*.json`, compared with the library.
//!
//! The facts drive the tests: each fact is a claim, and a claim that no test checks is a failure unless
//! [`NOT_YET_COVERED`] lists it. A listed claim that is checked is a failure too, so that the list only shrinks.

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
mod samples;
mod sdk_names;
mod subject;
mod token;
mod trace;

use facts::Facts;
use ledger::Ledger;
use subject::Subject;

/// Claims that no test covers, or that are not met yet; `Schema` includes all claims of `Schema.…`.
const NOT_YET_COVERED: &[&str] = &[];

/// Every operation of the library that can be written as JSON.
fn subjects() -> Vec<Subject> {
    bill_runs::subjects().into_iter().chain(invoices::subjects()).collect()
}

#[test]
fn operations_are_requested_as_documented() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    operations::check(&facts, &subjects(), &mut ledger);
    files::check_download(&facts, &mut ledger);
    token::check_request(&facts, &mut ledger);
    ledger.close("operation", NOT_YET_COVERED);
}

#[test]
fn responses_lose_nothing() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    responses::check(&facts, &subjects(), &mut ledger);
    token::check_response(&facts, &mut ledger);
    ledger.close("response", NOT_YET_COVERED);
}

#[test]
fn error_responses_are_reported_in_full() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    responses::check_rejections(&facts, &*subjects()[0].valid[0], &mut ledger);
    ledger.close("rejection", NOT_YET_COVERED);
}

#[test]
fn every_documented_field_can_be_sent() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    requests::check_fields(&facts, &subjects(), &mut ledger);
    ledger.close("request", NOT_YET_COVERED);
}

#[test]
fn no_limit_of_a_field_can_be_exceeded() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    requests::check_limits(&facts, &subjects(), &mut ledger);
    files::check_upload(&facts);
    token::check_limits();
    ledger.close("limit", NOT_YET_COVERED);
}

#[test]
fn constraints_are_enforced_before_anything_is_sent() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    let constraints = [bill_runs::constraints(), invoice_constraints::constraints(), token::constraints()];
    let constraints = constraints.into_iter().flatten().collect();
    requests::check_constraints(&facts, constraints, &mut ledger);
    ledger.close("constraint", NOT_YET_COVERED);
}

#[test]
fn known_values_have_names() {
    let (facts, mut ledger) = (Facts::read(), Ledger::default());
    let enumerations = [bill_runs::enumerations(), invoices::enumerations()].concat();
    requests::check_enumerations(&facts, &enumerations, &mut ledger);
    ledger.close("enumeration", NOT_YET_COVERED);
}
