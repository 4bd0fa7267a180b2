//! Property tests of an application's own requests, with the strategies of `zuora-core`.
//!
//! The application bills the usage of its customers. A fault of such code is rarely in the request itself: a line is
//! forgotten, billed twice, or rounded. The tests state the properties of the invoice for any usage.

use zuora_core::invoices::{CreateStandaloneInvoice, Invoice, NewInvoiceItem};
use zuora_core::types::{AccountNumber, AmountError, Decimal};
use zuora_core::{Amount, Date};

/// One line of a customer's usage.
#[derive(Clone, Debug)]
pub struct Usage {
    pub name: String,
    pub quantity: u16,
    pub price: Amount,
}

/// Builds the invoice for the usage of one customer, with the first day of its period. `None` if nothing is due: the
/// service rejects an invoice without items.
///
/// # Errors
/// An amount that cannot be represented exactly.
pub fn invoice(
    customer: &str,
    day: Date,
    usage: &[Usage],
) -> Result<Option<CreateStandaloneInvoice>, AmountError> {
    let mut items = Vec::new();
    for line in usage {
        let amount = line.price.to_decimal()? * Decimal::from(line.quantity);
        if !amount.is_zero() {
            items.push(NewInvoiceItem::named(line.name.as_str(), amount, day));
        }
    }
    let customer = AccountNumber::from(customer);
    Ok((!items.is_empty()).then(|| CreateStandaloneInvoice::new(customer, day, items)))
}

/// Describes an invoice for a list, whatever the service leaves out.
pub fn describe(invoice: &Invoice) -> String {
    let number = invoice.number.as_ref().map_or("without a number", |number| number.as_str());
    let amount = invoice.amount.as_ref().map_or_else(|| "?".to_owned(), Amount::to_string);
    format!("{number}: {amount} {}", invoice.currency.as_deref().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use zuora_core::Operation;
    use zuora_core::testing::strategies::money;
    use zuora_core::testing::strategies::proptest::prelude::*;

    use super::*;

    fn usage() -> impl Strategy<Value = Vec<Usage>> {
        let line = ("[A-Za-z ]{1,130}", 0..1000_u16, money()).prop_map(|(name, quantity, price)| Usage {
            name,
            quantity,
            price,
        });
        prop::collection::vec(line, 0..50)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn every_invoice_is_valid_and_bills_the_whole_usage(day: Date, usage in usage()) {
            let mut due = Decimal::ZERO;
            for line in &usage {
                due += line.price.to_decimal()? * Decimal::from(line.quantity);
            }
            let Some(create) = invoice("A00000001", day, &usage)? else {
                prop_assert!(usage.iter().all(|line| line.quantity == 0 || line.price.is_zero()));
                return Ok(());
            };
            create.request()?; // an invalid request is an error that names its field
            let billed = Amount::sum(create.items().iter().filter_map(|item| item.amount.as_ref()))?;
            prop_assert_eq!(billed.to_decimal()?, due);
        }

        #[test]
        fn the_same_usage_gives_the_same_bytes(day: Date, usage in usage()) {
            let body = || -> Result<_, TestCaseError> {
                Ok(match invoice("A00000001", day, &usage)? {
                    Some(create) => Some(create.request()?.into_body()),
                    None => None,
                })
            };
            prop_assert_eq!(body()?, body()?); // a retry under the same idempotency key has the same content
        }

        #[test]
        fn any_invoice_of_the_service_can_be_described(invoice: Invoice) {
            prop_assert!(describe(&invoice).contains(": "));
        }
    }
}
