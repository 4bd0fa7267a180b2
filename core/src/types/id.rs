//! Ids, numbers, and keys that are either.

/// Declares an id type, which preserves its text as read.
///
/// Any text is accepted. Text that cannot be a path segment (empty text, `.`, `..`, control characters) is rejected
/// when a request is built from the id.
macro_rules! id {
    ($($(#[$meta:meta])* pub struct $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            fn of_text(text: Box<str>) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                &*self.0 == text
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                &*self.0 == *text
            }
        }

        $crate::wire::values::text_on_the_wire!($name, own_text);
    )*};
}
/// Converts ids and numbers to a key.
macro_rules! key {
    ($key:ident: $($part:ident),*) => {$(
        impl From<$part> for $key {
            fn from(part: $part) -> Self {
                Self(part.0)
            }
        }

        impl From<&$part> for $key {
            fn from(part: &$part) -> Self {
                Self(part.0.clone())
            }
        }
    )*};
}

id! {
    /// Id of a bill run: 32 hexadecimal digits.
    pub struct BillRunId;
    /// Number of a bill run, such as `BR-00000016`. It is the `sourceId` of the invoices that the run created.
    pub struct BillRunNumber;
    /// Id or number of a bill run, for operations that accept either.
    ///
    /// ```
    /// use zuora_core::types::{BillRunId, BillRunKey, BillRunNumber};
    ///
    /// let by_id = BillRunKey::from(BillRunId::from("2c9890077e8a8490017e8bf3a5171a43"));
    /// let by_number = BillRunKey::from(BillRunNumber::from("BR-00000016"));
    /// assert_ne!(by_id, by_number);
    /// ```
    pub struct BillRunKey;
    /// Id of an invoice: 32 hexadecimal digits. An id never changes.
    pub struct InvoiceId;
    /// Number of an invoice, such as `INV00000155`.
    ///
    /// A draft invoice may have a temporary number (`TMP-…`), which changes when the invoice is posted. Store the
    /// [`InvoiceId`] instead.
    pub struct InvoiceNumber;
    /// Id or number of an invoice, for operations that accept either.
    ///
    /// ```
    /// use zuora_core::types::{InvoiceId, InvoiceKey, InvoiceNumber};
    ///
    /// let by_id = InvoiceKey::from(InvoiceId::from("2c92c8955bd63cc1015bd7c151af02ab"));
    /// let by_number = InvoiceKey::from(InvoiceNumber::from("INV00000155"));
    /// assert_ne!(by_id, by_number);
    /// ```
    pub struct InvoiceKey;
    /// Id of an invoice item.
    pub struct InvoiceItemId;
    /// Id of a taxation item, which is a tax line of an invoice item.
    pub struct TaxationItemId;
    /// Id of an account.
    pub struct AccountId;
    /// Number of an account, such as `A00000001`.
    pub struct AccountNumber;
    /// Id of a subscription.
    pub struct SubscriptionId;
    /// Id of a contact.
    pub struct ContactId;
    /// Id of a product rate plan charge in the product catalog.
    pub struct ProductRatePlanChargeId;
    /// Id of a credit memo.
    pub struct CreditMemoId;
    /// Id of a debit memo.
    pub struct DebitMemoId;
    /// Id of a payment.
    pub struct PaymentId;
    /// Id of a file that can be downloaded.
    pub struct FileId;
    /// Id of a background job.
    pub struct JobId;
}

key!(BillRunKey: BillRunId, BillRunNumber);
key!(InvoiceKey: InvoiceId, InvoiceNumber);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_an_id_or_a_number() {
        let id = InvoiceId::from("2c92c8955bd63cc1015bd7c151af02ab");
        assert_eq!(InvoiceKey::from(&id).as_str(), id.as_str());
        assert_eq!(InvoiceKey::from(InvoiceNumber::from("INV00000001")), "INV00000001");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"2c92c8955bd63cc1015bd7c151af02ab\"");
        assert_eq!(serde_json::from_str::<AccountId>("12").unwrap(), "12");
    }
}
