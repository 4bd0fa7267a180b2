//! Strategies for property tests, of this crate and of yours: any request, any answer, and what they are made of.
//!
//! With the feature `proptest`, [`any`](proptest::prelude::any) draws a value of each type here. An operation that
//! is drawn is a legal one: its [`request`](crate::Operation::request) succeeds. An answer is one that the service
//! could give, so far as its types go: each field is there or not, by itself, and no two of them agree with each
//! other by more than chance. A failing case shrinks to the fields that matter.
//!
//! ```
//! use zuora_core::invoices::{CreateStandaloneInvoice, NewInvoiceItem};
//! use zuora_core::testing::strategies::{money, proptest};
//! use zuora_core::{Amount, Operation};
//! use proptest::prelude::*;
//!
//! /// What somebody wants to test: items of nothing are left out.
//! fn without_zeros(items: Vec<NewInvoiceItem>) -> Vec<NewInvoiceItem> {
//!     items.into_iter().filter(|item| !item.amount.as_ref().is_some_and(Amount::is_zero)).collect()
//! }
//!
//! proptest! {
//! #   #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
//! #   /*
//!     #[test]
//! #   */
//!     fn the_total_stays(items in prop::collection::vec((any::<NewInvoiceItem>(), money()), 0..5)) {
//!         let items: Vec<_> = items.into_iter().map(|(item, amount)| item.amount(amount)).collect();
//!         let total = |items: &[NewInvoiceItem]| Amount::sum(items.iter().filter_map(|item| item.amount.as_ref()));
//!         prop_assert_eq!(total(&items)?, total(&without_zeros(items))?);
//!     }
//!
//! #   /*
//!     #[test]
//! #   */
//!     fn a_queue_keeps_every_request(create: CreateStandaloneInvoice) {
//!         let line = serde_json::to_string(&create)?;
//!         let taken: CreateStandaloneInvoice = serde_json::from_str(&line)?;
//!         let (before, after) = (create.request()?, taken.request()?);
//!         prop_assert_eq!(before.body().as_ref(), after.body().as_ref());
//!     }
//! }
//! # the_total_stays();
//! # a_queue_keeps_every_request();
//! ```
//!
//! | Drawn | Mostly | Now and then |
//! | --- | --- | --- |
//! | [`Amount`](crate::Amount) | [`money`] | 28 digits or decimals, exponents, literals that no [`Decimal`](crate::types::Decimal) holds |
//! | [`Date`](crate::Date), [`DateTime`](crate::types::DateTime) | days from 2000 to 2035, the tenant's wall clock | any year, month ends, leap days and seconds, every form that is read |
//! | ids and numbers | 32 hexadecimal digits; `INV00000155` | any text that can stand in a path |
//! | text | a few letters | any character of Unicode; as long as the field allows |
//! | words of an enumeration | those with a name | one of tomorrow |
//! | lists | one to three entries | as many as the field allows, all the same |
//! | optional fields | absent | set |
//! | `extra` of a model | nothing | fields such as `Region__c`, with any JSON value |
//!
//! Not drawn: files of more than some hundred bytes, and what only a tenant can tell to be illegal.

mod bill_runs;
pub(crate) mod fields;
mod invoices;
mod items;
mod others;
pub(crate) mod values;

pub use proptest;
pub use values::{money, text};
