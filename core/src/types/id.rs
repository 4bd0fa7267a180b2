//! Ids, numbers, and keys that take either.

/// Declares a type of id: text that is kept as it was read.
///
/// Any text makes one; what could not stand in a path (nothing at all, `.`, `..`, control characters) is refused
/// when a request is made of it.
macro_rules! id {
    ($($(#[$meta:meta])* pub struct $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text.
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
/// A key is made of ids and numbers.
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
    /// Number of a bill run, such as `BR-00000016`; invoices that the run made name it as their source.
    pub struct BillRunNumber;
    /// Id or number of a bill run, where the service takes either.
    pub struct BillRunKey;
    /// Id of an invoice: 32 hexadecimal digits. Never changes.
    pub struct InvoiceId;
    /// Number of an invoice, such as `INV00000155`. A draft may have a temporary one (`TMP-…`) that changes when it
    /// is posted: keep the id.
    pub struct InvoiceNumber;
    /// Id or number of an invoice, where the service takes either.
    pub struct InvoiceKey;
    /// Id of a line of an invoice.
    pub struct InvoiceItemId;
    /// Id of a tax line of an invoice item.
    pub struct TaxationItemId;
    /// Id of an account.
    pub struct AccountId;
    /// Number of an account, such as `A00000001`.
    pub struct AccountNumber;
    /// Id of a subscription.
    pub struct SubscriptionId;
    /// Id of a contact.
    pub struct ContactId;
    /// Id of a charge of the product catalog.
    pub struct ProductRatePlanChargeId;
    /// Id of a credit memo.
    pub struct CreditMemoId;
    /// Id of a debit memo.
    pub struct DebitMemoId;
    /// Id of a payment.
    pub struct PaymentId;
    /// Id under which a file is downloaded.
    pub struct FileId;
    /// Id of a job that works in the background.
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
