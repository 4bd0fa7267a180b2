//! Closed enums.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum BillRunStatus {
    Pending,
    Processing,
    Completed,
    Error,
    Canceled,
    Posted,
    PostInProgress,
    CancelInProgress,
    RemoveInProgress,
    Paused,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum ChargeType {
    OneTime,
    Recurring,
    Usage,
    Others,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum EInvoiceStatus {
    Processing,
    Success,
    Failed,
    Skipped,
    ConditionalSuccess,
    ApprovedByAuthority,
    Rejected,
    CancelProcessing,
    Cancelled,
    CancelFailed,
    Generated,
    RetrieveTimeOut,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum FilterObject {
    Account,
    Subscription,
    RatePlanCharge,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum FilterType {
    Account,
    Subscription,
    FilterCondition,
    InvoiceSchedule,
    BillRunErrors,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum InvoiceSource {
    BillRun,
    #[serde(rename = "API")]
    Api,
    ApiSubscribe,
    ApiAmend,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum InvoiceSourceType {
    Subscription,
    Standalone,
    Order,
    Consolidation,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum InvoiceStatus {
    Draft,
    Posted,
    Canceled,
    CancelInProgress,
    Generating,
    PendingForTax,
    Split,
    Error,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum ItemSource {
    SubscriptionComponent,
    ProductRatePlanCharge,
    OrderLineItem,
    InvoiceDetail,
    CreditMemoItem,
    DebitMemoItem,
    Adjustment,
    Rounding,
    None,
    Surcharge,
    Commitment,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum Operator {
    #[serde(rename = "eq")]
    Equal,
    #[serde(rename = "neq")]
    NotEqual,
    #[serde(rename = "gt")]
    Greater,
    #[serde(rename = "lt")]
    Less,
    #[serde(rename = "gte")]
    GreaterOrEqual,
    #[serde(rename = "lte")]
    LessOrEqual,
    #[serde(rename = "lk")]
    Like,
    #[serde(rename = "in")]
    In,
    #[serde(rename = "nl")]
    IsNull,
    #[serde(rename = "nnl")]
    IsNotNull,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum ProcessingType {
    Charge,
    Discount,
    Prepayment,
    Tax,
    Rounding,
    Surcharge,
    CommitmentTrueUp,
    PrepaymentBilling,
    PrepaymentApplication,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum Relation {
    #[serde(rename = "and")]
    And,
    #[serde(rename = "or")]
    Or,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum RepeatType {
    None,
    Daily,
    Weekly,
    Monthly,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum RevRecTrigger {
    ContractEffectiveDate,
    ServiceActivationDate,
    CustomerAcceptanceDate,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum TaxMode {
    TaxExclusive,
    TaxInclusive,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum TaxRateType {
    Percentage,
    FlatFee,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum TaxStatus {
    Complete,
    Error,
    UnknownError,
    DuplicateDoc,
    InvalidRequest,
    InvalidResponse,
    TaxEngineError,
    ConcurrentModify,
    InternalServerError,
    TaxCodeTemplateError,
    Voided,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum TransferredToAccounting {
    No,
    Processing,
    Yes,
    Error,
    Ignore,
    #[serde(rename = "true")]
    True,
    #[serde(rename = "false")]
    False,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum Weekday {
    #[serde(rename = "Mon")]
    Monday,
    #[serde(rename = "Tue")]
    Tuesday,
    #[serde(rename = "Wed")]
    Wednesday,
    #[serde(rename = "Thu")]
    Thursday,
    #[serde(rename = "Fri")]
    Friday,
    #[serde(rename = "Sat")]
    Saturday,
    #[serde(rename = "Sun")]
    Sunday,
}
