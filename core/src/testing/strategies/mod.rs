//! Strategies for property tests of this crate and of applications: arbitrary requests, responses and their values.
//!
//! With the feature `proptest`, [`any`](proptest::prelude::any) generates values of the types of this crate. A generated
//! operation is always valid, so its [`request`](crate::Operation::request) succeeds. A generated response has fields of
//! the documented types, but the fields are independent of each other. Each field may be present or absent, and its
//! value agrees with the other fields only by chance. A failing case shrinks to the fields that cause the failure.
//!
//! ```
//! use zuora_core::invoices::{CreateStandaloneInvoice, NewInvoiceItem};
//! use zuora_core::testing::strategies::{money, proptest};
//! use zuora_core::{Amount, Operation};
//! use proptest::prelude::*;
//!
//! /// The function under test, which removes items with a zero amount.
//! fn without_zeros(items: Vec<NewInvoiceItem>) -> Vec<NewInvoiceItem> {
//!     items.into_iter().filter(|item| !item.amount.as_ref().is_some_and(Amount::is_zero)).collect()
//! }
//!
//! proptest! {
//! #   #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
//! #   /*
//!     #[test]
//! #   */
//!     fn the_total_is_unchanged(items in prop::collection::vec((any::<NewInvoiceItem>(), money()), 0..5)) {
//!         let items: Vec<_> = items.into_iter().map(|(item, amount)| item.amount(amount)).collect();
//!         let total = |items: &[NewInvoiceItem]| Amount::sum(items.iter().filter_map(|item| item.amount.as_ref()));
//!         prop_assert_eq!(total(&items)?, total(&without_zeros(items))?);
//!     }
//!
//! #   /*
//!     #[test]
//! #   */
//!     fn a_queued_request_is_unchanged(create: CreateStandaloneInvoice) {
//!         let line = serde_json::to_string(&create)?;
//!         let restored: CreateStandaloneInvoice = serde_json::from_str(&line)?;
//!         let (before, after) = (create.request()?, restored.request()?);
//!         prop_assert_eq!(before.body().as_ref(), after.body().as_ref());
//!     }
//! }
//! # the_total_is_unchanged();
//! # a_queued_request_is_unchanged();
//! ```
//!
//! | Type | Usual values | Occasional values |
//! | --- | --- | --- |
//! | [`Amount`](crate::Amount) | [`money`] | 28 digits or decimals, exponents, literals that a [`Decimal`](crate::types::Decimal) cannot represent |
//! | [`Date`](crate::Date), [`DateTime`](crate::types::DateTime) | days from 2000 to 2035, the tenant's wall clock | any year, month ends, leap days and seconds, every accepted format |
//! | ids and numbers | 32 hexadecimal digits; `INV00000155` | any text that is a valid path segment |
//! | text | a few letters | any Unicode character; the maximum length of the field |
//! | enumerations | known values | unknown values |
//! | lists | one to three entries | the maximum length of the field, with identical entries |
//! | optional fields | absent | present |
//! | `extra` of a model | empty | fields such as `Region__c`, with any JSON value |
//!
//! The strategies do not generate files of more than a few hundred bytes, or requests that are invalid only for some
//! tenants.

mod bill_runs;
pub(crate) mod fields;
mod invoices;
mod items;
mod others;
pub(crate) mod values;

pub use proptest;
pub use values::{money, text};
