//! Charges that are due: which charge, for which period, and how much.
//!
//! A recurring or usage charge has periods of one, three or twelve months, counted from its start date; a
//! one-time charge has only its start date. A period is due on its first day. A period that is billed in
//! arrears is due on the day after its last day, and usage always is. There is no proration: a period that
//! begins before the charge ends is billed in full. The bill cycle day of an account selects the runs that
//! include the account and does not affect its periods; in the demo tenant both are the same day of the
//! month.

use rust_decimal::Decimal;

use super::tenant::{Account, Charge, ChargeType, Subscription, Tenant};
use crate::values::{Date, TextMap};

/// The charge periods that are billed on a draft or posted invoice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(TextMap<Vec<Date>>);

impl Ledger {
    fn has(&self, charge: &str, start: Date) -> bool {
        self.0.get(charge).is_some_and(|periods| periods.binary_search(&start).is_ok())
    }

    /// Records that the period of the charge from `start` on is billed.
    pub(crate) fn bill(&mut self, charge: &str, start: Date) {
        let periods = self.0.entry(charge.into()).or_default();
        if let Err(place) = periods.binary_search(&start) {
            periods.insert(place, start);
        }
    }

    /// Releases the period, so that it can be billed again.
    pub(crate) fn release(&mut self, charge: &str, start: Date) {
        if let Some(periods) = self.0.get_mut(charge) {
            periods.retain(|period| *period != start);
        }
    }
}

/// One charge for one period.
pub(crate) struct DueCharge<'t> {
    pub(crate) subscription: &'t Subscription,
    pub(crate) charge: &'t Charge,
    pub(crate) start: Date,
    /// The last day of the period.
    pub(crate) end: Date,
    pub(crate) quantity: Decimal,
    /// Price times quantity, rounded half up to the decimals of the account's currency.
    pub(crate) amount: Decimal,
}

/// Returns the charges of an account that are due by `target` and not billed, in the order of the tenant
/// file.
pub(crate) fn due_charges<'t>(
    tenant: &Tenant,
    ledger: &Ledger,
    account: &'t Account,
    target: Date,
    wanted: impl Fn(&Subscription, &Charge) -> bool,
) -> Vec<DueCharge<'t>> {
    let mut rows = Vec::new();
    for subscription in &account.subscriptions {
        for charge in subscription.charges.iter().filter(|charge| wanted(subscription, charge)) {
            for (start, end) in periods(charge, target) {
                let quantity = quantity(charge, start, end);
                let unused = charge.charge_type == ChargeType::Usage && quantity.is_zero();
                if !unused && !ledger.has(&charge.id, start) {
                    let amount = tenant.round(&account.currency, charge.price.saturating_mul(quantity));
                    rows.push(DueCharge { subscription, charge, start, end, quantity, amount });
                }
            }
        }
    }
    rows
}

/// Returns the first and last days of the periods that are due by `target`.
fn periods(charge: &Charge, target: Date) -> Vec<(Date, Date)> {
    let start = charge.effective_start_date;
    let Some(period) = charge.billing_period.filter(|_| charge.charge_type != ChargeType::OneTime) else {
        return if start <= target { vec![(start, start)] } else { Vec::new() };
    };
    let arrears = charge.in_arrears || charge.charge_type == ChargeType::Usage;
    let mut periods = Vec::new();
    for index in 0.. {
        let first = start.plus_months(index * period.months());
        let next = start.plus_months((index + 1) * period.months());
        let due = if arrears { next } else { first };
        let ended = charge.effective_end_date.is_some_and(|end| first >= end);
        // A period fails to advance only at the end of the calendar.
        if due > target || ended || next <= first {
            break;
        }
        periods.push((first, next.plus_days(-1)));
    }
    periods
}

fn quantity(charge: &Charge, start: Date, end: Date) -> Decimal {
    if charge.charge_type != ChargeType::Usage {
        return charge.quantity;
    }
    let within = charge.usage.iter().filter(|usage| start <= usage.date && usage.date <= end);
    within.fold(Decimal::ZERO, |sum, usage| sum.saturating_add(usage.quantity))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(line: &str) -> Charge {
        let common =
            r#""id":"","productRatePlanChargeId":"","name":"","productName":"","sku":"","accountingCode":"""#;
        serde_json::from_str(&format!("{{{common},{line}}}")).unwrap()
    }

    fn shown(charge: &Charge, target: &str) -> Vec<String> {
        let target = Date::parse(target).unwrap();
        periods(charge, target).into_iter().map(|(start, end)| format!("{start} {end}")).collect()
    }

    #[test]
    fn advance_periods_are_due_on_their_first_day() {
        let monthly = charge(
            r#""chargeType":"Recurring","billingPeriod":"Month","price":1,"effectiveStartDate":"2026-01-31","effectiveEndDate":"2026-04-30""#,
        );
        assert_eq!(shown(&monthly, "2026-01-30"), [""; 0]);
        assert_eq!(shown(&monthly, "2026-02-28"), ["2026-01-31 2026-02-27", "2026-02-28 2026-03-30"]);
        assert_eq!(shown(&monthly, "2027-01-01").len(), 3, "the charge ends");
    }

    #[test]
    fn arrears_and_usage_are_due_when_the_period_is_over() {
        for kind in [r#""chargeType":"Recurring","inArrears":true"#, r#""chargeType":"Usage""#] {
            let quarterly = charge(&format!(
                r#"{kind},"billingPeriod":"Quarter","price":1,"effectiveStartDate":"2026-01-01""#
            ));
            assert_eq!(shown(&quarterly, "2026-03-31"), [""; 0]);
            assert_eq!(shown(&quarterly, "2026-04-01"), ["2026-01-01 2026-03-31"]);
        }
    }

    #[test]
    fn one_time_charges_are_due_once() {
        let once = charge(r#""chargeType":"OneTime","price":1,"effectiveStartDate":"2026-03-05""#);
        assert_eq!(shown(&once, "2026-03-04"), [""; 0]);
        assert_eq!(shown(&once, "2026-12-31"), ["2026-03-05 2026-03-05"]);
    }

    #[test]
    fn the_calendar_ends_without_a_loop() {
        let daily = charge(
            r#""chargeType":"Recurring","billingPeriod":"Month","price":1,"effectiveStartDate":"9999-11-30""#,
        );
        assert_eq!(shown(&daily, "9999-12-31").len(), 1);
    }
}
