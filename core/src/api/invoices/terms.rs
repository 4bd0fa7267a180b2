//! Enumerations that several invoice operations share.

use crate::types::open_enum::open_enum;

open_enum! {
    /// Status of an invoice. A reversed or written-off invoice keeps the status `Posted`.
    pub enum InvoiceStatus {
        /// Open for changes and not yet due.
        Draft = "Draft",
        /// Due for payment, and locked.
        Posted = "Posted",
        /// Canceled permanently. Only a canceled invoice can be deleted.
        Canceled = "Canceled",
        /// Being canceled in the background.
        CancelInProgress = "CancelInProgress",
        /// Being generated: a placeholder for the invoice of a large account.
        Generating = "Generating",
        /// Waiting for the tax calculation.
        PendingForTax = "PendingForTax",
        /// Split into other invoices.
        Split = "Split",
        /// Failed during generation.
        Error = "Error",
    }
}

open_enum! {
    /// Status of the transfer of an invoice to an accounting system.
    ///
    /// Some servers send a boolean, which is decoded as `true` or `false`.
    pub enum TransferredToAccounting {
        /// Not transferred yet.
        No = "No",
        /// Being transferred.
        Processing = "Processing",
        /// Transferred.
        Yes = "Yes",
        /// The transfer failed.
        Error = "Error",
        /// Excluded from the transfer.
        Ignore = "Ignore",
        /// Older form of `Yes`.
        True = "true",
        /// Older form of `No`.
        False = "false",
    }
}

open_enum! {
    /// Process that created an invoice.
    pub enum InvoiceSource {
        /// Bill run, whose number is the source id.
        BillRun = "BillRun",
        /// API call.
        Api = "API",
        /// Subscribe call of an older API.
        ApiSubscribe = "ApiSubscribe",
        /// Amend call of an older API.
        ApiAmend = "ApiAmend",
    }
}

open_enum! {
    /// Kind of objects that an invoice bills.
    pub enum InvoiceSourceType {
        /// Subscriptions.
        Subscription = "Subscription",
        /// Items of a standalone invoice.
        Standalone = "Standalone",
        /// Order line items.
        Order = "Order",
        /// Several kinds of objects.
        Consolidation = "Consolidation",
    }
}

open_enum! {
    /// Status of an electronic invoice.
    pub enum EInvoiceStatus {
        /// Being generated or sent.
        Processing = "Processing",
        /// Accepted.
        Success = "Success",
        /// Not generated or not accepted.
        Failed = "Failed",
        /// Not required for this invoice.
        Skipped = "Skipped",
        /// Accepted with conditions.
        ConditionalSuccess = "ConditionalSuccess",
        /// Approved by the tax authority.
        ApprovedByAuthority = "ApprovedByAuthority",
        /// Rejected by the tax authority or the buyer.
        Rejected = "Rejected",
        /// Being canceled.
        CancelProcessing = "CancelProcessing",
        /// Canceled.
        Cancelled = "Cancelled",
        /// Cancellation failed.
        CancelFailed = "CancelFailed",
        /// Generated, but not sent yet.
        Generated = "Generated",
        /// Timed out while the result was retrieved.
        RetrieveTimeOut = "RetrieveTimeOut",
    }
}

open_enum! {
    /// Status of the tax calculation of an invoice.
    pub enum TaxStatus {
        /// All taxes are calculated.
        Complete = "Complete",
        /// Calculation failed.
        Error = "Error",
        /// Calculation failed with an unknown error.
        UnknownError = "UnknownError",
        /// Document already exists in the tax engine.
        DuplicateDoc = "DuplicateDoc",
        /// Request was rejected by the tax engine.
        InvalidRequest = "InvalidRequest",
        /// Response of the tax engine could not be decoded.
        InvalidResponse = "InvalidResponse",
        /// Tax engine failed.
        TaxEngineError = "TaxEngineError",
        /// Document was changed concurrently.
        ConcurrentModify = "ConcurrentModify",
        /// Service failed internally.
        InternalServerError = "InternalServerError",
        /// Tax code template contains an error.
        TaxCodeTemplateError = "TaxCodeTemplateError",
        /// Document was voided in the tax engine.
        Voided = "Voided",
    }
}

open_enum! {
    /// Tax mode: whether an amount includes tax.
    pub enum TaxMode {
        /// Amount before tax.
        TaxExclusive = "TaxExclusive",
        /// Amount including tax.
        TaxInclusive = "TaxInclusive",
    }
}

open_enum! {
    /// Type of a tax rate.
    pub enum TaxRateType {
        /// Fraction of the amount.
        Percentage = "Percentage",
        /// Fixed amount in the currency of the invoice.
        FlatFee = "FlatFee",
    }
}

open_enum! {
    /// Event that starts revenue recognition.
    pub enum RevRecTrigger {
        /// Date on which the contract takes effect.
        ContractEffectiveDate = "ContractEffectiveDate",
        /// Date on which the service is activated.
        ServiceActivationDate = "ServiceActivationDate",
        /// Date on which the customer accepts the service.
        CustomerAcceptanceDate = "CustomerAcceptanceDate",
    }
}

open_enum! {
    /// Kind of an invoice item.
    pub enum ProcessingType {
        /// Charge.
        Charge = "Charge",
        /// Discount on another item.
        Discount = "Discount",
        /// Prepayment.
        Prepayment = "Prepayment",
        /// Tax.
        Tax = "Tax",
        /// Difference from rounding the total of the invoice.
        Rounding = "Rounding",
        /// Surcharge.
        Surcharge = "Surcharge",
        /// Difference to a committed minimum.
        CommitmentTrueUp = "CommitmentTrueUp",
        /// Billing of a prepayment.
        PrepaymentBilling = "PrepaymentBilling",
        /// Use of a prepayment.
        PrepaymentApplication = "PrepaymentApplication",
    }
}

open_enum! {
    /// Kind of object that an invoice item was created from.
    pub enum ItemSource {
        /// Charge of a subscription.
        SubscriptionComponent = "SubscriptionComponent",
        /// Charge of the product catalog.
        ProductRatePlanCharge = "ProductRatePlanCharge",
        /// Order line item.
        OrderLineItem = "OrderLineItem",
        /// Item of another invoice.
        InvoiceDetail = "InvoiceDetail",
        /// Item of a credit memo.
        CreditMemoItem = "CreditMemoItem",
        /// Item of a debit memo.
        DebitMemoItem = "DebitMemoItem",
        /// Adjustment.
        Adjustment = "Adjustment",
        /// Rounding.
        Rounding = "Rounding",
        /// No other object.
        None = "None",
        /// Surcharge.
        Surcharge = "Surcharge",
        /// Commitment.
        Commitment = "Commitment",
    }
}

open_enum! {
    /// Type of a phone number.
    pub enum PhoneType {
        /// Work phone.
        Work = "Work",
        /// Mobile phone.
        Mobile = "Mobile",
        /// Home phone.
        Home = "Home",
        /// Other phone.
        Other = "Other",
    }
}
