//! The invoice in a response.

use crate::api::invoices::terms::{
    EInvoiceStatus, InvoiceSource, InvoiceSourceType, InvoiceStatus, TaxStatus, TransferredToAccounting,
};
use crate::api::shared::required_fields;
use crate::model::model;
use crate::types::{AccountId, Amount, ContactId, Date, DateTime, InvoiceId, InvoiceNumber};

model! {
    /// Invoice in a response.
    ///
    /// Amounts are in the currency [`currency`](Self::currency). In the response of a bulk operation,
    /// [`envelope`](Self::envelope) reports whether the row failed.
    #[doc(alias = "InvoiceResponse")]
    pub response Invoice {
        /// Id of the invoice.
        pub id: Option<InvoiceId> = "id",
        /// Number of the invoice. The number of a draft may change when the draft is posted.
        pub number: Option<InvoiceNumber> = "invoiceNumber",
        /// Status of the invoice.
        pub status: Option<InvoiceStatus> = "status",
        /// Id of the account that owes the invoice.
        pub account_id: Option<AccountId> = "accountId",
        /// Currency of all amounts, an ISO 4217 code.
        pub currency: Option<Box<str>> = "currency",
        /// Total amount of the invoice, including tax.
        pub amount: Option<Amount> = "amount",
        /// Amount of the invoice before tax.
        pub amount_without_tax: Option<Amount> = "amountWithoutTax",
        /// Total tax on the invoice.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// Amount that is exempt from tax.
        pub tax_exempt_amount: Option<Amount> = "taxExemptAmount",
        /// Total of the discounts on the invoice.
        pub discount: Option<Amount> = "discount",
        /// Amount that is still due.
        pub balance: Option<Amount> = "balance",
        /// Amount of the payments that are applied to the invoice.
        pub payment_amount: Option<Amount> = "paymentAmount",
        /// Amount of the credit memos that are applied to the invoice. Only on tenants with Invoice
        /// Settlement.
        pub credit_memo_amount: Option<Amount> = "creditMemoAmount",
        /// Amount of the credit balance that is applied to the invoice. Only on tenants with Credit Balance
        /// and without Invoice Settlement.
        pub credit_balance_adjustment_amount: Option<Amount> = "creditBalanceAdjustmentAmount",
        /// Total of the adjustments of the invoice.
        pub adjustment_amount: Option<Amount> = "adjustmentAmount",
        /// Amount that was refunded.
        pub refund_amount: Option<Amount> = "refundAmount",
        /// Date on the invoice.
        pub invoice_date: Option<Date> = "invoiceDate",
        /// Date on which payment is due.
        pub due_date: Option<Date> = "dueDate",
        /// Target date: charges that were due on or before this day are billed.
        pub target_date: Option<Date> = "targetDate",
        /// Date on which the invoice was posted, in the tenant's time zone.
        pub posted_date: Option<DateTime> = "postedDate",
        /// Id of the user who posted the invoice.
        pub posted_by: Option<Box<str>> = "postedBy",
        /// Comments on the invoice.
        pub comments: Option<Box<str>> = "comments",
        /// Whether the invoice is paid automatically.
        pub auto_pay: Option<bool> = "autoPay",
        /// Process that created the invoice.
        pub source: Option<InvoiceSource> = "source",
        /// Number of the bill run that created the invoice; absent for other sources.
        pub source_id: Option<Box<str>> = "sourceId",
        /// Kind of objects that the invoice bills.
        pub source_type: Option<InvoiceSourceType> = "sourceType",
        /// Id of the bill run that created the invoice.
        pub bill_run_id: Option<crate::types::BillRunId> = "billRunId",
        /// Whether the invoice contains one-time charges.
        pub includes_one_time: Option<bool> = "includesOneTime",
        /// Whether the invoice contains recurring charges.
        pub includes_recurring: Option<bool> = "includesRecurring",
        /// Whether the invoice contains usage charges.
        pub includes_usage: Option<bool> = "includesUsage",
        /// Group number that separates the charges of one account into several invoices.
        pub invoice_group_number: Option<Box<str>> = "invoiceGroupNumber",
        /// Payment term, such as `Net 30`.
        pub payment_term: Option<Box<str>> = "paymentTerm",
        /// Id of the sequence set that assigns the invoice number.
        pub sequence_set_id: Option<Box<str>> = "sequenceSetId",
        /// Id of the invoice template.
        pub template_id: Option<Box<str>> = "templateId",
        /// Id of the communication profile that controls notifications about the invoice.
        pub communication_profile_id: Option<Box<str>> = "communicationProfileId",
        /// Id of the bill-to contact.
        pub bill_to_contact_id: Option<ContactId> = "billToContactId",
        /// Id of the snapshot of the bill-to contact, taken when the invoice was posted.
        pub bill_to_contact_snapshot_id: Option<Box<str>> = "billToContactSnapshotId",
        /// Id of the sold-to contact.
        pub sold_to_contact_id: Option<ContactId> = "soldToContactId",
        /// Id of the snapshot of the sold-to contact, taken when the invoice was posted.
        pub sold_to_contact_snapshot_id: Option<Box<str>> = "soldToContactSnapshotId",
        /// Id of the ship-to contact.
        pub ship_to_contact_id: Option<ContactId> = "shipToContactId",
        /// Id of the snapshot of the ship-to contact, taken when the invoice was posted.
        pub ship_to_contact_snapshot_id: Option<Box<str>> = "shipToContactSnapshotId",
        /// Status of the tax calculation.
        pub tax_status: Option<TaxStatus> = "taxStatus",
        /// Message of the tax engine.
        pub tax_message: Option<Box<str>> = "taxMessage",
        /// Status of the transfer to an accounting system.
        pub transferred_to_accounting: Option<TransferredToAccounting> = "transferredToAccounting",
        /// Status of the electronic invoice.
        pub e_invoice_status: Option<EInvoiceStatus> = "eInvoiceStatus" | "einvoiceStatus",
        /// Error code of the electronic invoice.
        pub e_invoice_error_code: Option<Box<str>> = "eInvoiceErrorCode" | "einvoiceErrorCode",
        /// Error message of the electronic invoice.
        pub e_invoice_error_message: Option<Box<str>> = "eInvoiceErrorMessage" | "einvoiceErrorMessage",
        /// Id of the file of the electronic invoice.
        pub e_invoice_file_id: Option<Box<str>> = "eInvoiceFileId" | "einvoiceFileId",
        /// Id of the request that reported the sales electronically.
        pub sales_ereporting_request_id: Option<Box<str>> = "salesEreportingRequestId",
        /// Id of the request that reported the receivables electronically.
        pub ar_ereporting_request_id: Option<Box<str>> = "arEreportingRequestId",
        /// Time of the last email, in the tenant's time zone.
        pub last_email_sent_date: Option<DateTime> = "lastEmailSentDate",
        /// Id of the user who created the invoice.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// Time of creation, in the tenant's time zone.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who last updated the invoice.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// Time of the last update, in the tenant's time zone.
        pub updated_date: Option<DateTime> = "updatedDate",
        /// Index of the invoice in the bulk request, counted from 0. Present in the rows of invoices that
        /// failed.
        pub object_index: Option<i64> = "objectIndex",
        /// Name of the organization, on tenants with several organizations.
        pub organization_label: Option<Box<str>> = "organizationLabel",
        /// Id of the corresponding object in NetSuite.
        pub integration_id_ns: Option<Box<str>> = "IntegrationId__NS",
        /// Status of the synchronization with NetSuite.
        pub integration_status_ns: Option<Box<str>> = "IntegrationStatus__NS",
        /// Time of the last synchronization with NetSuite.
        pub sync_date_ns: Option<Box<str>> = "SyncDate__NS",
    }
}

required_fields! {
    Invoice {
        /// Returns the id of the invoice.
        id: InvoiceId = "id",
        /// Returns the number of the invoice.
        number: InvoiceNumber = "invoiceNumber",
        /// Returns the status of the invoice.
        status: InvoiceStatus = "status",
        /// Returns the total amount of the invoice, including tax, in the currency of the invoice.
        amount: Amount = "amount",
        /// Returns the amount that is still due, in the currency of the invoice.
        balance: Amount = "balance",
    }
}
