//! Code that several operations share.
//!
//! An operation is still one file: its path, its fields and its rules are written there. Only the parts that
//! would be the same text in every file are here.

use std::borrow::{Borrow, Cow};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::types::ExtraFields;

/// Implements [`Operation`](crate::operation::Operation) for an operation on one object, whose path contains
/// one key.
///
/// ```text
/// operation_by_key! { GetInvoice { invoice } -> Invoice, json::read }
/// operation_by_key! { PostInvoice { invoice, body } -> SubmittedJob, json::read }
/// operation_by_key! { CancelInvoice { invoice, {} } -> SubmittedJob, json::read }
/// ```
///
/// `invoice` is the field with the key, and `body` the field that is sent as JSON. `{}` sends an empty JSON
/// object: the service rejects a PUT without a body with 415. The static `SPEC` is the one next to the
/// operation.
macro_rules! operation_by_key {
    ($operation:ident { $key:ident } -> $output:ident, $read:path) => {
        $crate::api::shared::operation_by_key! { @ $operation $output $read, |operation| operation.$key, empty() }
    };
    ($operation:ident { $key:ident, {} } -> $output:ident, $read:path) => {
        $crate::api::shared::operation_by_key! {
            @ $operation $output $read, |operation| operation.$key, json(&$crate::api::shared::EmptyObject {}, 2)
        }
    };
    ($operation:ident { $key:ident, $body:ident } -> $output:ident, $read:path) => {
        $crate::api::shared::operation_by_key! {
            @ $operation $output $read, |operation| operation.$key, json(&operation.$body, 32)
        }
    };
    (@ $operation:ident $output:ident $read:path, |$self:ident| $key:expr, $method:ident($($body:expr),*)) => {
        impl $crate::operation::Operation for $operation {
            type Output = $output;

            fn spec(&self) -> &$crate::operation::Spec {
                &SPEC
            }

            fn request(&self) -> $crate::Result<$crate::transport::HttpRequest> {
                let $self = self;
                $crate::operation::request_builder::RequestBuilder::with_keys(&SPEC, &[$key.as_str()])?
                    .$method($($body),*)
            }

            fn parse(&self, success: &$crate::transport::HttpResponse) -> $crate::Result<$output> {
                $read(success)
            }
        }
    };
}

/// Declares methods that return a field, or an error when the service left the field out or sent a value that cannot be
/// read.
///
/// ```text
/// required_fields! { Invoice {
///     /// Returns the id of the invoice.
///     id: InvoiceId = "id",
/// } }
/// ```
macro_rules! required_fields {
    ($model:ident { $($(#[$doc:meta])* $field:ident: $type:ty = $name:literal,)* }) => {
        impl $model {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                #[doc = concat!(
                    "[`ErrorKind::Decode`](crate::ErrorKind::Decode) when the response does not contain `", $name,
                    "`, or when its value cannot be read.",
                )]
                pub fn $field(&self) -> $crate::Result<&$type> {
                    $crate::api::shared::required(&self.$field, &self.extra, $name)
                }
            )*
        }
    };
}

pub(crate) use {operation_by_key, required_fields};

/// Returns a field, or the error that the response does not contain it, or contains it in a form that cannot be read.
///
/// `name` is the wire name, with the path of the object that has it.
pub(crate) fn required<'a, T: Borrow<R>, R: ?Sized>(
    field: &'a Option<T>,
    extra: &ExtraFields,
    name: &'static str,
) -> Result<&'a R> {
    readable(extra, name)?;
    field.as_ref().map(T::borrow).ok_or_else(|| missing(name))
}

/// Returns an error if the response contains a field in a form that cannot be read.
pub(crate) fn readable(extra: &ExtraFields, name: &'static str) -> Result<()> {
    let own_name = name.rsplit('.').next().unwrap_or(name);
    match extra.fault(own_name) {
        None => Ok(()),
        Some(why) => Err(Error::unreadable(name, why.to_owned())),
    }
}

/// Returns the error for a field that the response does not contain.
#[cold]
pub(crate) fn missing(name: &'static str) -> Error {
    Error::unreadable(name, "missing")
}

/// Rejects a request with a field that the service would reject.
#[cold]
pub(crate) fn reject(field: impl Into<Cow<'static, str>>, why: &'static str) -> Result<()> {
    Err(Error::invalid(field, why))
}

/// The JSON object without fields.
#[derive(Serialize)]
pub(crate) struct EmptyObject {}
