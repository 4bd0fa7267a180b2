//! What narrows the scope of a bill run in place of batches.

use crate::model::model;
use crate::types::open_enum::open_enum;
use crate::types::{AccountId, SubscriptionId};

model! {
    /// One filter of a bill run: an account, a subscription, or a condition.
    ///
    /// Older servers echo a condition filter without its object and condition.
    pub struct BillRunFilter {
        /// What the filter is by.
        pub filter_type: Option<FilterType> = "filterType",
        /// The account, or that of the subscription.
        pub account_id: Option<AccountId> = "accountId" [ID],
        /// The subscription.
        pub subscription_id: Option<SubscriptionId> = "subscriptionId" [ID],
        /// What the condition is about.
        pub object: Option<FilterObject> = "objectType",
        /// The condition.
        pub condition: Option<Condition> = "condition",
        /// Id of the invoice schedule that started the run.
        pub invoice_schedule_id: Option<String> = "invoiceScheduleId",
        /// Id of the item of that schedule.
        pub invoice_schedule_item_id: Option<String> = "invoiceScheduleItemId",
        /// Id of the filter.
        pub filter_id: Option<String> = "filterId",
    }
}

impl BillRunFilter {
    /// All subscriptions of an account.
    pub fn account(account: impl Into<AccountId>) -> Self {
        Self { filter_type: Some(FilterType::Account), account_id: Some(account.into()), ..Self::default() }
    }

    /// One subscription of an account.
    pub fn subscription(account: impl Into<AccountId>, subscription: impl Into<SubscriptionId>) -> Self {
        Self {
            filter_type: Some(FilterType::Subscription),
            account_id: Some(account.into()),
            subscription_id: Some(subscription.into()),
            ..Self::default()
        }
    }

    /// Everything that meets a condition.
    pub fn condition(object: FilterObject, condition: Condition) -> Self {
        Self {
            filter_type: Some(FilterType::FilterCondition),
            object: Some(object),
            condition: Some(condition),
            ..Self::default()
        }
    }
}

model! {
    /// A condition: a field compared with a value, or a group of conditions.
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
    pub struct Condition {
        /// Name of the field, in a single condition.
        pub field: Option<String> = "field",
        /// How the field is compared.
        pub operator: Option<Operator> = "operator",
        /// What it is compared with: a value, several with commas between them for `in`, or a variable such as
        /// `{{TargetDate}}`. None for the operators that ask for null.
        pub value: Option<String> = "value",
        /// How the conditions of a group are joined.
        pub relation: Option<Relation> = "relation",
        /// The conditions of a group.
        pub conditions: Vec<Condition> = "conditions",
    }
}

impl Condition {
    /// A field compared with a value; the value is not sent with operators that take none.
    pub fn of(field: impl Into<String>, operator: Operator, value: impl Into<String>) -> Self {
        let takes_value = !matches!(operator, Operator::IsNull | Operator::IsNotNull);
        Self {
            field: Some(field.into()),
            operator: Some(operator),
            value: takes_value.then(|| value.into()),
            ..Self::default()
        }
    }

    /// A group whose conditions must all be met.
    pub fn all(conditions: impl IntoIterator<Item = Condition>) -> Self {
        Self::group(Relation::And, conditions)
    }

    /// A group of which one condition must be met.
    pub fn any(conditions: impl IntoIterator<Item = Condition>) -> Self {
        Self::group(Relation::Or, conditions)
    }

    fn group(relation: Relation, conditions: impl IntoIterator<Item = Condition>) -> Self {
        Self { relation: Some(relation), conditions: conditions.into_iter().collect(), ..Self::default() }
    }
}

open_enum! {
    /// What a filter of a bill run is by.
    pub enum FilterType {
        /// An account.
        Account = "Account",
        /// A subscription.
        Subscription = "Subscription",
        /// A condition over the fields of an object.
        FilterCondition = "FilterCondition",
        /// The invoice schedule that started the run; in answers.
        InvoiceSchedule = "InvoiceSchedule",
        /// What failed in an earlier run.
        BillRunErrors = "BillRunErrors",
    }
}

open_enum! {
    /// What a condition of a bill run is about.
    pub enum FilterObject {
        /// Accounts.
        Account = "Account",
        /// Subscriptions.
        Subscription = "Subscription",
        /// Charges of subscriptions.
        RatePlanCharge = "RatePlanCharge",
    }
}

open_enum! {
    /// How a condition compares.
    pub enum Operator {
        /// Equal.
        Equal = "eq",
        /// Not equal.
        NotEqual = "neq",
        /// Greater.
        Greater = "gt",
        /// Less.
        Less = "lt",
        /// Greater or equal.
        GreaterOrEqual = "gte",
        /// Less or equal.
        LessOrEqual = "lte",
        /// Like a pattern.
        Like = "lk",
        /// One of at most 500 values with commas between them.
        In = "in",
        /// Null; takes no value.
        IsNull = "nl",
        /// Not null; takes no value.
        IsNotNull = "nnl",
    }
}

open_enum! {
    /// How the conditions of a group are joined.
    pub enum Relation {
        /// All must be met.
        And = "and",
        /// One must be met.
        Or = "or",
    }
}
