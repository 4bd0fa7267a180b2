//! The reads that show what became of a write.

use crate::api::bill_runs::{BillRun, GetBillRun};
use crate::api::invoices::{GetInvoice, GetInvoiceItems, Invoice, InvoiceItems};
use crate::api::jobs::{GetOperationJob, OperationJob};
use crate::api::object_query::{QueriedInvoice, QueriedInvoices, QueryInvoices};
use crate::error::Result;
use crate::model::json;
use crate::model::model;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Quota, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::{CreditMemoId, DateTime, InvoiceId};

macro_rules! reads {
    ($($(#[$doc:meta])* $read:ident($operation:ty) => $output:ty,)*) => {
        /// A read of a reconciliation.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum ReadObject {
            $($(#[$doc])* $read($operation),)*
        }

        /// Output of a [`ReadObject`].
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum SeenObject {
            $($(#[$doc])* $read(Box<$output>),)*
        }

        impl Operation for ReadObject {
            type Output = SeenObject;

            fn spec(&self) -> &Spec {
                match self {
                    $(Self::$read(read) => read.spec(),)*
                }
            }

            fn request(&self) -> Result<HttpRequest> {
                match self {
                    $(Self::$read(read) => read.request(),)*
                }
            }

            fn parse(&self, success: &HttpResponse) -> Result<SeenObject> {
                match self {
                    $(Self::$read(read) => {
                        read.parse(success).map(|seen| SeenObject::$read(Box::new(seen)))
                    })*
                }
            }
        }
    };
}

reads! {
    /// Bill run.
    BillRun(GetBillRun) => BillRun,
    /// Invoice.
    Invoice(GetInvoice) => Invoice,
    /// Page of the items of an invoice.
    Items(GetInvoiceItems) => InvoiceItems,
    /// Page of invoices with more fields.
    Invoices(QueryInvoices) => QueriedInvoices,
    /// Page of the credit memos of an invoice.
    CreditMemos(QueryCreditMemos) => QueriedCreditMemos,
    /// Job.
    Job(GetOperationJob) => OperationJob,
}

/// The object that a reconciliation returns.
pub trait FromSeen: Sized {
    /// Returns the object, if it is of this type.
    fn from_seen(seen: &SeenObject) -> Option<Self>;
}

impl FromSeen for SeenObject {
    fn from_seen(seen: &SeenObject) -> Option<Self> {
        Some(seen.clone())
    }
}

impl FromSeen for BillRun {
    fn from_seen(seen: &SeenObject) -> Option<Self> {
        if let SeenObject::BillRun(run) = seen { Some((**run).clone()) } else { None }
    }
}

impl FromSeen for Invoice {
    fn from_seen(seen: &SeenObject) -> Option<Self> {
        if let SeenObject::Invoice(invoice) = seen { Some((**invoice).clone()) } else { None }
    }
}

impl FromSeen for QueriedInvoice {
    fn from_seen(seen: &SeenObject) -> Option<Self> {
        if let SeenObject::Invoices(page) = seen { page.data.first().cloned() } else { None }
    }
}

static SPEC: Spec =
    Spec::read("query_credit_memos", "/object-query/credit-memos").with_quota(Quota::ObjectQuery);

/// `GET /object-query/credit-memos`: the credit memos of an invoice.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryCreditMemos {
    invoice: InvoiceId,
    cursor: Option<Box<str>>,
}

impl QueryCreditMemos {
    pub(super) fn of(invoice: InvoiceId) -> Self {
        Self { invoice, cursor: None }
    }

    /// Returns the query of the page after `page`, if there is one.
    pub(super) fn after(&self, page: &QueriedCreditMemos) -> Option<Self> {
        let cursor = page.next_page.clone().filter(|cursor| !cursor.is_empty())?;
        (self.cursor.as_ref() != Some(&cursor)).then(|| Self { cursor: Some(cursor), ..self.clone() })
    }
}

impl Operation for QueryCreditMemos {
    type Output = QueriedCreditMemos;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        let mut request = RequestBuilder::new(&SPEC).query_number("pageSize", 99);
        if let Some(cursor) = &self.cursor {
            request = request.query("cursor", cursor);
        }
        request.query("filter[]", &format!("invoiceid.EQ:{}", self.invoice)).empty()
    }

    fn parse(&self, success: &HttpResponse) -> Result<QueriedCreditMemos> {
        json::read(success)
    }
}

model! {
    /// A page of credit memos.
    pub response QueriedCreditMemos {
        /// Credit memos of the page.
        pub data: Vec<QueriedCreditMemo> = "data",
        /// Cursor of the next page. Absent on the last page.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

model! {
    /// A credit memo as reported by Object Query.
    pub struct QueriedCreditMemo {
        /// Id of the credit memo.
        pub id: Option<CreditMemoId> = "id",
        /// Status of the credit memo.
        pub status: Option<Box<str>> = "status",
        /// Reason code of the credit memo.
        pub reason_code: Option<Box<str>> = "reasonCode",
        /// Type of the object that the credit memo was created from.
        pub source_type: Option<Box<str>> = "sourceType",
        /// Time of creation, with a UTC offset.
        pub created_date: Option<DateTime> = "createdDate",
    }
}
