//! Object Query: lists of invoices and credit memos.
//!
//! `query.rs` reads the parameters, `page.rs` finds the rows of a page; `invoices.rs` and `credit_memos.rs` describe the
//! objects.
//! A page whose filters name an id, a number, an account or a bill run does not depend on the number of objects.

mod credit_memos;
mod filter;
mod invoices;
mod page;
mod query;

pub(crate) use self::credit_memos::credit_memos;
pub(crate) use self::invoices::invoices;
