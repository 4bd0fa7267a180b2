//! Filters that define the scope of a bill run instead of batches.

use crate::model::model;
use crate::types::open_enum::open_enum;
use crate::types::{AccountId, SubscriptionId};

model! {
    /// A filter of a bill run, by account, by subscription or by condition.
    ///
    /// Responses of older servers omit the object and the condition of a condition filter.
    pub struct BillRunFilter {
        /// Type of the filter.
        pub filter_type: Option<FilterType> = "filterType",
        /// Id of the account, or of the account that owns the subscription.
        pub account_id: Option<AccountId> = "accountId" [ID],
        /// Id of the subscription.
        pub subscription_id: Option<SubscriptionId> = "subscriptionId" [ID],
        /// Type of the object whose fields the condition compares.
        pub object: Option<FilterObject> = "objectType",
        /// Condition that an object must meet.
        pub condition: Option<Condition> = "condition",
        /// Id of the invoice schedule that started the run.
        pub invoice_schedule_id: Option<String> = "invoiceScheduleId",
        /// Id of the invoice schedule item that started the run.
        pub invoice_schedule_item_id: Option<String> = "invoiceScheduleItemId",
        /// Id of a stored filter, which takes the place of the object and the condition.
        pub filter_id: Option<String> = "filterId",
    }
}

impl BillRunFilter {
    /// Creates a filter for all subscriptions of an account.
    pub fn account(account: impl Into<AccountId>) -> Self {
        Self { filter_type: Some(FilterType::Account), account_id: Some(account.into()), ..Self::default() }
    }

    /// Creates a filter for one subscription of an account.
    pub fn subscription(account: impl Into<AccountId>, subscription: impl Into<SubscriptionId>) -> Self {
        Self {
            filter_type: Some(FilterType::Subscription),
            account_id: Some(account.into()),
            subscription_id: Some(subscription.into()),
            ..Self::default()
        }
    }

    /// Creates a filter for all objects of a type that meet a condition.
    pub fn condition(object: FilterObject, condition: Condition) -> Self {
        Self {
            filter_type: Some(FilterType::FilterCondition),
            object: Some(object),
            condition: Some(condition),
            ..Self::default()
        }
    }
}

impl BillRunFilter {
    /// Creates a filter that uses a stored filter by its id.
    pub fn stored(filter: impl Into<String>) -> Self {
        Self {
            filter_type: Some(FilterType::FilterCondition),
            filter_id: Some(filter.into()),
            ..Self::default()
        }
    }
}

impl BillRunFilter {
    /// Returns the wire name of the field that the filter lacks, if its type is known.
    pub(super) fn missing_part(&self) -> Option<&'static str> {
        let account = self.account_id.is_none().then_some("accountId");
        match &self.filter_type {
            None => Some("filterType"),
            Some(FilterType::Account) => account,
            Some(FilterType::Subscription) => {
                account.or(self.subscription_id.is_none().then_some("subscriptionId"))
            }
            // A stored filter is its own object and condition.
            Some(FilterType::FilterCondition) if self.filter_id.is_some() => None,
            Some(FilterType::FilterCondition) if self.object.is_none() => Some("objectType"),
            Some(FilterType::FilterCondition) if self.condition.is_none() => Some("condition"),
            _ => None,
        }
    }
}

model! {
    /// A condition on the fields of an object. It compares one field with a value, or it is a group of conditions.
    ///
    /// ```
    /// use zuora_core::bill_runs::{Condition, Operator};
    ///
    /// let condition = Condition::all([
    ///     Condition::of("AccountNumber", Operator::In, "A00000001,A00000002"),
    ///     Condition::of("Region__c", Operator::IsNotNull, ""),
    /// ]);
    /// assert_eq!(condition.conditions.len(), 2);
    /// ```
    #[doc(alias = "BillRunCondition")]
    pub struct Condition {
        /// Name of the field to compare. Absent for a group.
        pub field: Option<String> = "field",
        /// Comparison operator. Absent for a group.
        pub operator: Option<Operator> = "operator",
        /// Value to compare with: a single value, comma-separated values for [`Operator::In`], or a variable such as
        /// `{{TargetDate}}`. Absent for [`Operator::IsNull`] and [`Operator::IsNotNull`].
        pub value: Option<String> = "value",
        /// Logical operator that joins the conditions of a group.
        pub relation: Option<Relation> = "relation",
        /// Conditions of a group.
        pub conditions: Vec<Condition> = "conditions",
    }
}

impl Condition {
    /// Creates a condition that compares a field with a value. The value is ignored for operators without a value.
    pub fn of(field: impl Into<String>, operator: Operator, value: impl Into<String>) -> Self {
        let takes_value = !matches!(operator, Operator::IsNull | Operator::IsNotNull);
        Self {
            field: Some(field.into()),
            operator: Some(operator),
            value: takes_value.then(|| value.into()),
            ..Self::default()
        }
    }

    /// Creates a group that is met if all of its conditions are met.
    pub fn all(conditions: impl IntoIterator<Item = Condition>) -> Self {
        Self::group(Relation::And, conditions)
    }

    /// Creates a group that is met if at least one of its conditions is met.
    pub fn any(conditions: impl IntoIterator<Item = Condition>) -> Self {
        Self::group(Relation::Or, conditions)
    }

    fn group(relation: Relation, conditions: impl IntoIterator<Item = Condition>) -> Self {
        Self { relation: Some(relation), conditions: conditions.into_iter().collect(), ..Self::default() }
    }
}

open_enum! {
    /// Type of a bill run filter.
    pub enum FilterType {
        /// Filters by account.
        Account = "Account",
        /// Filters by subscription.
        Subscription = "Subscription",
        /// Filters by a condition on the fields of an object.
        FilterCondition = "FilterCondition",
        /// Identifies the invoice schedule that started the run. Occurs in responses only.
        InvoiceSchedule = "InvoiceSchedule",
        /// Filters by the errors of an earlier bill run.
        BillRunErrors = "BillRunErrors",
    }
}

open_enum! {
    /// Type of the object whose fields a condition compares.
    pub enum FilterObject {
        /// Accounts.
        Account = "Account",
        /// Subscriptions.
        Subscription = "Subscription",
        /// Rate plan charges of subscriptions.
        RatePlanCharge = "RatePlanCharge",
    }
}

open_enum! {
    /// Comparison operator of a condition.
    pub enum Operator {
        /// Equal to the value.
        Equal = "eq",
        /// Not equal to the value.
        NotEqual = "neq",
        /// Greater than the value.
        Greater = "gt",
        /// Less than the value.
        Less = "lt",
        /// Greater than or equal to the value.
        GreaterOrEqual = "gte",
        /// Less than or equal to the value.
        LessOrEqual = "lte",
        /// Matches the pattern in the value.
        Like = "lk",
        /// Equal to one of at most 500 comma-separated values.
        In = "in",
        /// Null. No value is sent.
        IsNull = "nl",
        /// Not null. No value is sent.
        IsNotNull = "nnl",
    }
}

open_enum! {
    /// Logical operator that joins the conditions of a group.
    pub enum Relation {
        /// All conditions must be met.
        And = "and",
        /// At least one condition must be met.
        Or = "or",
    }
}
