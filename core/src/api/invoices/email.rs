//! `POST /v1/invoices/{invoiceKey}/emails`

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::envelope::Success;
use crate::model::json;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::{FileId, InvoiceKey};

static SPEC: Spec = Spec::keyed("email_invoice", "/v1/invoices/{invoiceKey}/emails");

/// `POST /v1/invoices/{invoiceKey}/emails` ("Email an invoice"): emails a posted invoice.
///
/// By default the email is sent to the work or personal address of the bill-to contact. [`to`](Self::to) and
/// [`use_template_addresses`](Self::use_template_addresses) choose other recipients.
///
/// The notification "Manual Email For Invoice" must be active. It names the e-mail template in its delivery options,
/// by default "Invoice Posted Default Email Template". The PDF file is attached only when the notification says so
/// ("Include Invoice PDF").
///
/// ```
/// use zuora_core::invoices::EmailInvoice;
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     let target = (request.method().as_str(), request.uri().path());
/// #     assert_eq!(target, ("POST", "/v1/invoices/INV00000155/emails"));
/// #     assert_eq!(&request.body()[..], br#"{"emailAddresses":"a@example.com,b@example.com"}"#);
/// #     Ok(FakeTransport::json(200, r#"{"success":true}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let email = EmailInvoice::new("INV00000155").to(["a@example.com", "b@example.com"]);
/// let response = client.call(&email)?;
/// assert_eq!(response.envelope.success, Some(true));
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "email_invoice")]
#[doc(alias = "EmailBillingDocumentRequest")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmailInvoice {
    #[serde(rename = "invoiceKey")]
    pub(in crate::api) invoice: InvoiceKey,
    body: Body,
}

model! {
    pub(super) body Body {
        email_addresses: Option<String> = "emailAddresses",
        include_additional_email_addresses: Option<bool> = "includeAdditionalEmailAddresses",
        pdf_file_id: Option<FileId> = "pdfFileId" [ID],
        use_email_template_setting: Option<bool> = "useEmailTemplateSetting",
    }
}

impl EmailInvoice {
    /// Creates the operation for an invoice id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), body: Body::default() }
    }

    /// Sets the addresses that the email is sent to, instead of the addresses of the template or of the
    /// contact. An empty list, or an empty address, is an error of the request.
    #[must_use]
    pub fn to<A: AsRef<str>>(mut self, addresses: impl IntoIterator<Item = A>) -> Self {
        let addresses: Vec<A> = addresses.into_iter().collect();
        let addresses: Vec<&str> = addresses.iter().map(A::as_ref).collect();
        self.body.email_addresses = Some(addresses.join(","));
        self.body.use_email_template_setting = None;
        self
    }

    /// Sets whether the email is sent to the addresses of the email template, and not to those of [`to`](Self::to). With
    /// `false`, the default of the service, it is sent to the addresses of `to`, or else to those of the bill-to contact.
    #[doc(alias = "useEmailTemplateSetting")]
    #[doc(alias = "use_email_template_setting")]
    #[must_use]
    pub fn use_template_addresses(mut self, use_template: bool) -> Self {
        if use_template {
            self.body.email_addresses = None;
        }
        self.body.use_email_template_setting = Some(use_template);
        self
    }

    /// Sets whether the email is also sent to the additional addresses of the account; `false` by default.
    #[must_use]
    pub fn include_additional_addresses(mut self, include: bool) -> Self {
        self.body.include_additional_email_addresses = Some(include);
        self
    }

    /// Sets the PDF file to attach. By default the latest file is attached.
    #[must_use]
    pub fn pdf_file(mut self, file: impl Into<FileId>) -> Self {
        self.body.pdf_file_id = Some(file.into());
        self
    }
}

impl Operation for EmailInvoice {
    type Output = Success;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        self.body.check_fields(&Path::ROOT)?;
        if self
            .body
            .email_addresses
            .as_deref()
            .is_some_and(|list| list.split(',').any(|one| one.trim().is_empty()))
        {
            let why = "must have at least one address and no empty one; leave it out to send the email to the bill-to \
                       contact";
            return Err(Error::invalid("emailAddresses", why));
        }
        RequestBuilder::with_keys(&SPEC, &[self.invoice.as_str()])?.json(&self.body, 128)
    }

    fn parse(&self, success: &HttpResponse) -> Result<Success> {
        json::read(success)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queued_operation_sends_the_same_request() {
        let email = EmailInvoice::new("INV1")
            .to(["x@example.com"])
            .use_template_addresses(true)
            .include_additional_addresses(true);
        let email = email.pdf_file("2c98901f62d7d83d0162d7facea6262d");
        let text = serde_json::to_string(&email).unwrap();
        let request = serde_json::from_str::<EmailInvoice>(&text).unwrap().request().unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/v1/invoices/INV1/emails"));
        assert_eq!(
            std::str::from_utf8(request.body()).unwrap(),
            r#"{"includeAdditionalEmailAddresses":true,"pdfFileId":"2c98901f62d7d83d0162d7facea6262d","#
                .to_owned()
                + r#""useEmailTemplateSetting":true}"#
        );
        assert_eq!(&EmailInvoice::new("1").request().unwrap().body()[..], b"{}");
    }

    #[test]
    fn an_empty_list_of_addresses_is_rejected() {
        for addresses in
            [&[][..], &[""], &["", "a@example.com"], &["a@example.com", " "], &["a@example.com,"], &["", ""]]
        {
            let error = EmailInvoice::new("1").to(addresses).request().unwrap_err();
            assert_eq!(error.field(), Some("emailAddresses"), "{addresses:?}");
        }
    }

    #[test]
    fn the_template_setting_can_be_false() {
        let body = |email: EmailInvoice| String::from_utf8(email.request().unwrap().body().to_vec()).unwrap();
        let email = EmailInvoice::new("1").use_template_addresses(false);
        assert_eq!(body(email.clone()), r#"{"useEmailTemplateSetting":false}"#);
        let addressed = email.to(["a@example.com"]).use_template_addresses(false);
        assert_eq!(
            body(addressed.clone()),
            r#"{"emailAddresses":"a@example.com","useEmailTemplateSetting":false}"#
        );
        let template = addressed.use_template_addresses(true);
        assert_eq!(body(template), r#"{"useEmailTemplateSetting":true}"#);
    }

    #[test]
    fn a_number_is_not_a_valid_file_id() {
        assert_eq!(EmailInvoice::new("1").pdf_file("7").request().unwrap_err().field(), Some("pdfFileId"));
    }
}
