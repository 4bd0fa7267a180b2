//! `GET /v1/invoices/{invoiceKey}/application-parts`

use serde::{Deserialize, Serialize};

use crate::api::invoices::paging::numbered_pages;
use crate::model::model;
use crate::operation::Spec;
use crate::types::{Amount, CreditMemoId, DateTime, InvoiceKey, PaymentId};

static SPEC: Spec =
    Spec::read("get_invoice_application_parts", "/v1/invoices/{invoiceKey}/application-parts");

/// `GET /v1/invoices/{invoiceKey}/application-parts` ("List all application parts of an invoice"): lists what payments and credit memos have settled of an
/// invoice.
///
/// Needs Invoice Settlement. From `Zuora-Version` 341.0 on only processed payments are listed. The service may give
/// everything at once; a page is asked for only when one is set.
///
/// ```
/// use zuora_core::invoices::GetInvoiceApplicationParts;
/// use zuora_core::Operation;
///
/// let request = GetInvoiceApplicationParts::new("INV00000155").request()?;
/// assert_eq!(request.uri(), "/v1/invoices/INV00000155/application-parts");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetInvoiceApplicationParts {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_size: Option<u32>,
}

impl GetInvoiceApplicationParts {
    /// Of the invoice of this id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), page: None, page_size: None }
    }
}

numbered_pages! {
    GetInvoiceApplicationParts { keys: [invoice], page: page, size: page_size } -> ApplicationParts { parts: ApplicationPart }
}

model! {
    /// What has settled an invoice.
    pub response ApplicationParts {
        /// The parts.
        pub parts: Vec<ApplicationPart> = "applicationParts",
        /// Address of the next page; none on the last one. It is not followed.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

model! {
    /// What one payment or one credit memo has settled of an invoice.
    pub struct ApplicationPart {
        /// How much, in the currency of the invoice.
        pub applied_amount: Option<Amount> = "appliedAmount",
        /// The credit memo, if it was one.
        pub credit_memo_id: Option<CreditMemoId> = "creditMemoId",
        /// The payment, if it was one.
        pub payment_id: Option<PaymentId> = "paymentId",
        /// Id of the user who applied it.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// When it was applied, in the tenant's time zone.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who changed it last.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// When it was changed last, in the tenant's time zone.
        pub updated_date: Option<DateTime> = "updatedDate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Paginated};
    use crate::transport::HttpResponse;

    #[test]
    fn a_next_page_is_asked_for_only_when_there_is_one() {
        let list = GetInvoiceApplicationParts::new("INV1");
        let split = |body: &'static str| list.into_page(list.parse(&HttpResponse::new(body.into())).unwrap());
        let (parts, next) = split(
            r#"{"success":true,"applicationParts":[{"appliedAmount":"5.10","paymentId":"p","creditMemoId":null}]}"#,
        );
        assert_eq!((parts[0].applied_amount.as_ref().unwrap().to_string().as_str(), next), ("5.10", None));
        let (_, next) = split(r#"{"applicationParts":[{}],"nextPage":"x"}"#);
        let next = next.unwrap().page_size(40);
        assert_eq!(next.request().unwrap().uri(), "/v1/invoices/INV1/application-parts?pageSize=40&page=2");
        assert_eq!(
            serde_json::from_str::<GetInvoiceApplicationParts>(&serde_json::to_string(&next).unwrap())
                .unwrap(),
            next
        );
    }

    #[test]
    fn pages_that_do_not_exist_are_not_asked_for() {
        let fault =
            |list: GetInvoiceApplicationParts| list.request().unwrap_err().field().unwrap().to_owned();
        assert_eq!(fault(GetInvoiceApplicationParts::new("1").page_size(41)), "pageSize");
        assert_eq!(fault(GetInvoiceApplicationParts::new("1").page(0)), "page");
    }
}
