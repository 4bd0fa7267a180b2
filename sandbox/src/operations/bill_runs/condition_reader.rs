//! Reading of the condition trees of `FilterCondition` filters.

use crate::http::{ApiError, Fields};
use crate::state::{Condition, FieldGetter, Operator};
use crate::values::Json;

/// The type of object that the fields of a condition belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectType {
    Account,
    Subscription,
    RatePlanCharge,
}

/// Maximum number of values of the operator `in`.
const MAX_VALUES: usize = 500;

impl ObjectType {
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text {
            "Account" => Some(Self::Account),
            "Subscription" => Some(Self::Subscription),
            "RatePlanCharge" => Some(Self::RatePlanCharge),
            _ => None,
        }
    }

    /// Returns the fields that the tenant file contains.
    fn fields(self) -> &'static [(&'static str, FieldGetter)] {
        match self {
            Self::Account => &[
                ("id", |(account, ..)| Some(account.id.clone())),
                ("accountNumber", |(account, ..)| Some(account.account_number.clone())),
                ("name", |(account, ..)| Some(account.name.clone())),
                ("batch", |(account, ..)| Some(account.batch.clone())),
                ("currency", |(account, ..)| Some(account.currency.clone())),
                ("billCycleDay", |(account, ..)| Some(account.bill_cycle_day.to_string())),
                ("paymentTerm", |(account, ..)| Some(account.payment_term.clone())),
                ("autoPay", |(account, ..)| Some(account.auto_pay.to_string())),
            ],
            Self::Subscription => &[
                ("id", |(_, subscription, _)| Some(subscription.id.clone())),
                ("name", |(_, subscription, _)| Some(subscription.name.clone())),
                ("status", |(_, subscription, _)| Some(subscription.status.clone())),
                ("termType", |(_, subscription, _)| Some(subscription.term_type.clone())),
                ("contractEffectiveDate", |(_, subscription, _)| {
                    Some(subscription.contract_effective_date.to_string())
                }),
            ],
            Self::RatePlanCharge => &[
                ("id", |(.., charge)| Some(charge.id.clone())),
                ("name", |(.., charge)| Some(charge.name.clone())),
                ("productRatePlanChargeId", |(.., charge)| Some(charge.product_rate_plan_charge_id.clone())),
                ("chargeType", |(.., charge)| Some(charge.charge_type.as_str().to_owned())),
                ("billingPeriod", |(.., charge)| Some(charge.billing_period?.as_str().to_owned())),
                ("price", |(.., charge)| Some(charge.price.to_string())),
                ("quantity", |(.., charge)| Some(charge.quantity.to_string())),
                ("unitOfMeasure", |(.., charge)| charge.unit_of_measure.clone()),
                ("effectiveStartDate", |(.., charge)| Some(charge.effective_start_date.to_string())),
                ("effectiveEndDate", |(.., charge)| Some(charge.effective_end_date?.to_string())),
            ],
        }
    }
}

impl Condition {
    /// Reads a condition; `path` is its position in the body, with a trailing dot.
    pub(crate) fn read(condition: &Json, object: ObjectType, path: &str) -> Result<Self, ApiError> {
        let known = ["conditions", "field", "operator", "relation", "value"];
        let fields = Fields::new(path, condition)?.deny_unknown(&known)?;
        let Some(rows) = fields.rows("conditions")?.filter(|rows| !rows.is_empty()) else {
            return Self::read_test(fields, object);
        };
        let all = match fields.required_text("relation")? {
            "and" => true,
            "or" => false,
            _ => return Err(ApiError::value(&fields.name("relation"), "and, or is expected")),
        };
        let read = |(index, row)| Self::read(row, object, &fields.name(&format!("conditions[{index}].")));
        let conditions = rows.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Self::Group { all, conditions })
    }

    fn read_test(fields: Fields<'_>, object: ObjectType) -> Result<Self, ApiError> {
        let name = fields.required_text("field")?;
        let found = object.fields().iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, field) = found.ok_or_else(|| {
            let known: Vec<&str> = object.fields().iter().map(|(name, _)| *name).collect();
            ApiError::value(&fields.name("field"), &format!("one of {} is expected", known.join(", ")))
        })?;
        let operator = Operator::read(fields.required_text("operator")?).ok_or_else(|| {
            ApiError::value(
                &fields.name("operator"),
                "eq, neq, gt, lt, gte, lte, lk, in, nl or nnl is expected",
            )
        })?;
        let value = match operator {
            Operator::Null | Operator::NotNull => "",
            _ => fields.required_text("value")?,
        };
        if operator == Operator::In && value.split(',').count() > MAX_VALUES {
            return Err(ApiError::rule("The operator in takes at most 500 values."));
        }
        Ok(Self::Test { field: *field, operator, value: value.to_owned() })
    }
}

impl Operator {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "eq" => Self::Equal,
            "neq" => Self::NotEqual,
            "gt" => Self::Greater,
            "lt" => Self::Less,
            "gte" => Self::AtLeast,
            "lte" => Self::AtMost,
            "lk" => Self::Like,
            "in" => Self::In,
            "nl" => Self::Null,
            "nnl" => Self::NotNull,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Account, Dates, Tenant};
    use crate::values::Date;

    fn numbers(object: ObjectType, condition: &str) -> Vec<String> {
        let condition = Condition::read(&Json::read(condition.as_bytes()).unwrap(), object, "").unwrap();
        let date = |text| Date::parse(text).unwrap();
        let dates =
            Dates { run: date("2026-03-15"), invoice: date("2026-03-31"), target: date("2026-04-30") };
        let tenant = Tenant::demo();
        let wanted = |account: &&Account| {
            let charges = account.subscriptions.iter().flat_map(|s| s.charges.iter().map(move |c| (s, c)));
            charges.into_iter().any(|(s, c)| condition.matches((account, s, c), &dates))
        };
        let number = |account: &Account| account.account_number.trim_start_matches(['A', '0']).to_owned();
        tenant.accounts.iter().filter(wanted).map(number).collect()
    }

    #[test]
    fn every_operator_selects() {
        use ObjectType::*;
        for (object, condition, expected) in [
            (Account, r#"{"field":"currency","operator":"eq","value":"EUR"}"#, "3 9 11"),
            (Account, r#"{"field":"currency","operator":"neq","value":"USD"}"#, "3 6 9 11"),
            (Account, r#"{"field":"accountNumber","operator":"gt","value":"A00000010"}"#, "11 12"),
            (Account, r#"{"field":"accountNumber","operator":"lte","value":"A00000002"}"#, "1 2"),
            (Account, r#"{"field":"billCycleDay","operator":"eq","value":"{{ AsRunDay }}"}"#, "2 5 8 9 12"),
            (Account, r#"{"field":"name","operator":"lk","value":"%e%s"}"#, "1 2 3 7 8 10 11"),
            (Account, r#"{"field":"name","operator":"lk","value":"Game"}"#, "7"),
            (Account, r#"{"field":"batch","operator":"in","value":"Batch1, Batch4"}"#, "1 2 3 10 11 12"),
            (Subscription, r#"{"field":"name","operator":"gte","value":"A-S00000019"}"#, "12"),
            (
                Subscription,
                r#"{"field":"contractEffectiveDate","operator":"lt","value":"2025-08-01"}"#,
                "4 10",
            ),
            (RatePlanCharge, r#"{"field":"effectiveEndDate","operator":"nnl"}"#, "10"),
            (RatePlanCharge, r#"{"field":"billingPeriod","operator":"eq","value":"Annual"}"#, "3 8"),
            (RatePlanCharge, r#"{"field":"price","operator":"gte","value":"1199.99"}"#, "3 6 7 8"),
            (
                RatePlanCharge,
                r#"{"relation":"or","conditions":[{"field":"price","operator":"gt","value":"9000"},{"relation":"and","conditions":[{"field":"chargeType","operator":"eq","value":"OneTime"},{"field":"unitOfMeasure","operator":"nl"}]}]}"#,
                "1 6 9",
            ),
            (
                RatePlanCharge,
                r#"{"field":"effectiveStartDate","operator":"gt","value":"{{TargetDate}}"}"#,
                "",
            ),
        ] {
            assert_eq!(numbers(object, condition).join(" "), expected, "{condition}");
        }
    }

    #[test]
    fn invalid_conditions_are_rejected_by_path() {
        let many = format!(r#"{{"field":"id","operator":"in","value":"{}"}}"#, ",".repeat(500));
        for (condition, says) in [
            (r#"{"field":"color","operator":"eq","value":"1"}"#, "'x.field'"),
            (r#"{"field":"id","operator":"is","value":"1"}"#, "'x.operator'"),
            (r#"{"field":"id","operator":"eq"}"#, "'x.value' is required"),
            (r#"{"relation":"xor","conditions":[{"field":"id","operator":"nl"}]}"#, "'x.relation'"),
            (r#"{"relation":"and","conditions":[{"operator":"nl"}]}"#, "'x.conditions[0].field' is required"),
            (many.as_str(), "at most 500 values"),
        ] {
            let json = Json::read(condition.as_bytes()).unwrap();
            let error = Condition::read(&json, ObjectType::Account, "x.").unwrap_err();
            assert!(error.reasons[0].message.contains(says), "{}", error.reasons[0].message);
        }
    }
}
