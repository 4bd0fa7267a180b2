//! Object Query: lists of invoices and credit memos.
//!
//! `query.rs` reads the parameters and finds the rows of a page; the other files describe the objects.
//! A page whose filters name an id, a number, an account or a bill run does not depend on the number of objects.

mod credit_memos;
mod filter;
mod invoices;
mod query;
mod sorted;

pub(crate) use self::credit_memos::credit_memos;
pub(crate) use self::invoices::invoices;
