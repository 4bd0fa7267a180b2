//! Words that several invoice operations share.

use crate::types::open_enum::open_enum;

open_enum! {
    /// Where an invoice stands. A reversed or written-off invoice stays `Posted`.
    pub enum InvoiceStatus {
        /// Open to changes, not yet owed.
        Draft = "Draft",
        /// Owed and locked.
        Posted = "Posted",
        /// Canceled for good; only such an invoice can be deleted.
        Canceled = "Canceled",
        /// Being canceled in the background.
        CancelInProgress = "CancelInProgress",
        /// Being made; a placeholder of a large account.
        Generating = "Generating",
        /// Waiting for its taxes.
        PendingForTax = "PendingForTax",
        /// Split into others.
        Split = "Split",
        /// Something failed while it was made.
        Error = "Error",
    }
}

open_enum! {
    /// Whether an invoice has been handed to an accounting system.
    ///
    /// Some servers write a boolean instead of a word; it reads as the text `true` or `false`.
    pub enum TransferredToAccounting {
        /// Not yet.
        No = "No",
        /// On its way.
        Processing = "Processing",
        /// Yes.
        Yes = "Yes",
        /// The transfer failed.
        Error = "Error",
        /// Not to be transferred.
        Ignore = "Ignore",
        /// An older form of `Yes`.
        True = "true",
        /// An older form of `No`.
        False = "false",
    }
}

open_enum! {
    /// What made an invoice.
    pub enum InvoiceSource {
        /// A bill run; its number is the source id.
        BillRun = "BillRun",
        /// An API call.
        Api = "API",
        /// The subscribe call of an older API.
        ApiSubscribe = "ApiSubscribe",
        /// The amend call of an older API.
        ApiAmend = "ApiAmend",
    }
}

open_enum! {
    /// What an invoice bills.
    pub enum InvoiceSourceType {
        /// Subscriptions.
        Subscription = "Subscription",
        /// Items of its own: a standalone invoice.
        Standalone = "Standalone",
        /// Order line items.
        Order = "Order",
        /// Several of these.
        Consolidation = "Consolidation",
    }
}

open_enum! {
    /// Where an electronic invoice stands.
    pub enum EInvoiceStatus {
        /// Being made or sent.
        Processing = "Processing",
        /// Accepted.
        Success = "Success",
        /// Not made or not accepted.
        Failed = "Failed",
        /// Not needed for this invoice.
        Skipped = "Skipped",
        /// Accepted under conditions.
        ConditionalSuccess = "ConditionalSuccess",
        /// Approved by the tax authority.
        ApprovedByAuthority = "ApprovedByAuthority",
        /// Rejected by the tax authority or the buyer.
        Rejected = "Rejected",
        /// Being canceled.
        CancelProcessing = "CancelProcessing",
        /// Canceled.
        Cancelled = "Cancelled",
        /// Could not be canceled.
        CancelFailed = "CancelFailed",
        /// Made, not yet sent.
        Generated = "Generated",
        /// The result could not be fetched in time.
        RetrieveTimeOut = "RetrieveTimeOut",
    }
}

open_enum! {
    /// How the taxes of an invoice were worked out.
    pub enum TaxStatus {
        /// All of them.
        Complete = "Complete",
        /// An error of the calculation.
        Error = "Error",
        /// An error that nobody can name.
        UnknownError = "UnknownError",
        /// The tax engine has the document already.
        DuplicateDoc = "DuplicateDoc",
        /// The tax engine did not accept the request.
        InvalidRequest = "InvalidRequest",
        /// The tax engine's answer could not be read.
        InvalidResponse = "InvalidResponse",
        /// The tax engine failed.
        TaxEngineError = "TaxEngineError",
        /// Somebody else changed the document meanwhile.
        ConcurrentModify = "ConcurrentModify",
        /// An error inside the service.
        InternalServerError = "InternalServerError",
        /// The template of the tax code has an error.
        TaxCodeTemplateError = "TaxCodeTemplateError",
        /// Voided in the tax engine.
        Voided = "Voided",
    }
}

open_enum! {
    /// Whether an amount has its tax in it.
    pub enum TaxMode {
        /// The amount is before tax.
        TaxExclusive = "TaxExclusive",
        /// The amount has the tax in it.
        TaxInclusive = "TaxInclusive",
    }
}

open_enum! {
    /// What a tax rate is.
    pub enum TaxRateType {
        /// A share of the amount.
        Percentage = "Percentage",
        /// A fixed amount in the invoice's currency.
        FlatFee = "FlatFee",
    }
}

open_enum! {
    /// What starts the recognition of revenue.
    pub enum RevRecTrigger {
        /// The day the contract takes effect.
        ContractEffectiveDate = "ContractEffectiveDate",
        /// The day the service is activated.
        ServiceActivationDate = "ServiceActivationDate",
        /// The day the customer accepts.
        CustomerAcceptanceDate = "CustomerAcceptanceDate",
    }
}

open_enum! {
    /// What an item of an invoice is.
    pub enum ProcessingType {
        /// A charge.
        Charge = "Charge",
        /// A discount on another item.
        Discount = "Discount",
        /// A payment in advance.
        Prepayment = "Prepayment",
        /// A tax.
        Tax = "Tax",
        /// What rounding the whole invoice adds or takes.
        Rounding = "Rounding",
        /// A surcharge.
        Surcharge = "Surcharge",
        /// What is missing to a committed minimum.
        CommitmentTrueUp = "CommitmentTrueUp",
        /// The billing of a prepayment.
        PrepaymentBilling = "PrepaymentBilling",
        /// The use of a prepayment.
        PrepaymentApplication = "PrepaymentApplication",
    }
}

open_enum! {
    /// What an item of an invoice comes from.
    pub enum ItemSource {
        /// A charge of a subscription.
        SubscriptionComponent = "SubscriptionComponent",
        /// A charge of the product catalog.
        ProductRatePlanCharge = "ProductRatePlanCharge",
        /// An item of an order.
        OrderLineItem = "OrderLineItem",
        /// Another item of an invoice.
        InvoiceDetail = "InvoiceDetail",
        /// An item of a credit memo.
        CreditMemoItem = "CreditMemoItem",
        /// An item of a debit memo.
        DebitMemoItem = "DebitMemoItem",
        /// An adjustment.
        Adjustment = "Adjustment",
        /// Rounding.
        Rounding = "Rounding",
        /// Nothing else.
        None = "None",
        /// A surcharge.
        Surcharge = "Surcharge",
        /// A commitment.
        Commitment = "Commitment",
    }
}

open_enum! {
    /// What a telephone number is for.
    pub enum PhoneType {
        /// Work.
        Work = "Work",
        /// On the move.
        Mobile = "Mobile",
        /// At home.
        Home = "Home",
        /// Anything else.
        Other = "Other",
    }
}
