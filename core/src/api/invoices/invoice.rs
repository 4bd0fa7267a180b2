//! An invoice as the service shows it.

use crate::api::invoices::terms::{
    EInvoiceStatus, InvoiceSource, InvoiceSourceType, InvoiceStatus, TaxStatus, TransferredToAccounting,
};
use crate::api::shared::required_fields;
use crate::model::model;
use crate::types::{AccountId, Amount, ContactId, Date, DateTime, InvoiceId, InvoiceNumber};

model! {
    /// An invoice.
    ///
    /// Amounts are in [`currency`](Self::currency). In a bulk answer a row may have failed: see
    /// [`verdict`](Self::verdict).
    pub response Invoice {
        /// Id of the invoice.
        pub id: Option<InvoiceId> = "id",
        /// Number of the invoice. That of a draft may change when it is posted.
        pub number: Option<InvoiceNumber> = "invoiceNumber",
        /// Where it stands.
        pub status: Option<InvoiceStatus> = "status",
        /// The account that owes it.
        pub account_id: Option<AccountId> = "accountId",
        /// Currency of all amounts, an ISO 4217 code.
        pub currency: Option<Box<str>> = "currency",
        /// Its whole amount, tax included.
        pub amount: Option<Amount> = "amount",
        /// Its amount before tax.
        pub amount_without_tax: Option<Amount> = "amountWithoutTax",
        /// Its tax.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// The part that is free of tax.
        pub tax_exempt_amount: Option<Amount> = "taxExemptAmount",
        /// Its discounts.
        pub discount: Option<Amount> = "discount",
        /// What is still owed.
        pub balance: Option<Amount> = "balance",
        /// What payments have settled.
        pub payment_amount: Option<Amount> = "paymentAmount",
        /// What credit memos have settled; only on tenants with Invoice Settlement.
        pub credit_memo_amount: Option<Amount> = "creditMemoAmount",
        /// What a credit balance has settled; only on tenants with Credit Balance and no Invoice Settlement.
        pub credit_balance_adjustment_amount: Option<Amount> = "creditBalanceAdjustmentAmount",
        /// What adjustments have changed.
        pub adjustment_amount: Option<Amount> = "adjustmentAmount",
        /// What was paid back.
        pub refund_amount: Option<Amount> = "refundAmount",
        /// Date on the invoice.
        pub invoice_date: Option<Date> = "invoiceDate",
        /// Day by which it is to be paid.
        pub due_date: Option<Date> = "dueDate",
        /// Charges due on this day or before were billed.
        pub target_date: Option<Date> = "targetDate",
        /// Day on which it was posted.
        pub posted_date: Option<DateTime> = "postedDate",
        /// Id of the user who posted it.
        pub posted_by: Option<Box<str>> = "postedBy",
        /// Text on the invoice.
        pub comments: Option<Box<str>> = "comments",
        /// Whether the account pays it without being asked.
        pub auto_pay: Option<bool> = "autoPay",
        /// What made it.
        pub source: Option<InvoiceSource> = "source",
        /// Number of the bill run when one made it.
        pub source_id: Option<Box<str>> = "sourceId",
        /// What it bills.
        pub source_type: Option<InvoiceSourceType> = "sourceType",
        /// Id of the bill run that made it.
        pub bill_run_id: Option<crate::types::BillRunId> = "billRunId",
        /// Whether it has one-time charges.
        pub includes_one_time: Option<bool> = "includesOneTime",
        /// Whether it has recurring charges.
        pub includes_recurring: Option<bool> = "includesRecurring",
        /// Whether it has usage charges.
        pub includes_usage: Option<bool> = "includesUsage",
        /// Number that keeps the charges of one account on several invoices apart.
        pub invoice_group_number: Option<Box<str>> = "invoiceGroupNumber",
        /// Term of payment, such as `Net 30`.
        pub payment_term: Option<Box<str>> = "paymentTerm",
        /// The sequence that its number comes from.
        pub sequence_set_id: Option<Box<str>> = "sequenceSetId",
        /// The template that it is printed with.
        pub template_id: Option<Box<str>> = "templateId",
        /// The profile by which notifications about it are sent.
        pub communication_profile_id: Option<Box<str>> = "communicationProfileId",
        /// Whom the bill goes to.
        pub bill_to_contact_id: Option<ContactId> = "billToContactId",
        /// That contact as it was when the invoice was posted.
        pub bill_to_contact_snapshot_id: Option<Box<str>> = "billToContactSnapshotId",
        /// Whom it was sold to.
        pub sold_to_contact_id: Option<ContactId> = "soldToContactId",
        /// That contact as it was when the invoice was posted.
        pub sold_to_contact_snapshot_id: Option<Box<str>> = "soldToContactSnapshotId",
        /// Whom it was shipped to.
        pub ship_to_contact_id: Option<ContactId> = "shipToContactId",
        /// That contact as it was when the invoice was posted.
        pub ship_to_contact_snapshot_id: Option<Box<str>> = "shipToContactSnapshotId",
        /// How its taxes were worked out.
        pub tax_status: Option<TaxStatus> = "taxStatus",
        /// What the tax engine said.
        pub tax_message: Option<Box<str>> = "taxMessage",
        /// Whether it has been handed to an accounting system.
        pub transferred_to_accounting: Option<TransferredToAccounting> = "transferredToAccounting",
        /// Where its electronic form stands.
        pub e_invoice_status: Option<EInvoiceStatus> = "eInvoiceStatus" | "einvoiceStatus",
        /// Code of what went wrong with its electronic form.
        pub e_invoice_error_code: Option<Box<str>> = "eInvoiceErrorCode" | "einvoiceErrorCode",
        /// What went wrong with its electronic form.
        pub e_invoice_error_message: Option<Box<str>> = "eInvoiceErrorMessage" | "einvoiceErrorMessage",
        /// File of its electronic form.
        pub e_invoice_file_id: Option<Box<str>> = "eInvoiceFileId" | "einvoiceFileId",
        /// Request by which its sales were reported electronically.
        pub sales_ereporting_request_id: Option<Box<str>> = "salesEreportingRequestId",
        /// Request by which its receivables were reported electronically.
        pub ar_ereporting_request_id: Option<Box<str>> = "arEreportingRequestId",
        /// When it was e-mailed last, in the tenant's time zone.
        pub last_email_sent_date: Option<DateTime> = "lastEmailSentDate",
        /// Id of the user who created it.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// When it was created, in the tenant's time zone.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who changed it last.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// When it was changed last, in the tenant's time zone.
        pub updated_date: Option<DateTime> = "updatedDate",
        /// ErrorPath in the request of the invoice that failed, counted from 0; in the rows of a bulk answer.
        pub object_index: Option<i64> = "objectIndex",
        /// Name of the organization, on tenants that have several.
        pub organization_label: Option<Box<str>> = "organizationLabel",
        /// Id that an invoice has in NetSuite.
        pub integration_id_ns: Option<Box<str>> = "IntegrationId__NS",
        /// Where the transfer to NetSuite stands.
        pub integration_status_ns: Option<Box<str>> = "IntegrationStatus__NS",
        /// When it was last transferred to NetSuite.
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
