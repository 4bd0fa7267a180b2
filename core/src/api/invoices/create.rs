//! `POST /v1/invoices`

use crate::api::invoices::Invoice;
use crate::api::invoices::contact::{BillTo, Contact, NewContact};
use crate::api::invoices::new_item::NewInvoiceItem;
use crate::api::invoices::terms::{InvoiceStatus, TransferredToAccounting};
use crate::error::Result;
use crate::model::json;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::{AccountId, AccountNumber, Amount, ContactId, Date};

static SPEC: Spec = Spec::keyed("create_standalone_invoice", "/v1/invoices");

model! {
    /// `POST /v1/invoices` ("Create a standalone invoice"): creates an invoice that bills its own items
    /// instead of subscriptions.
    ///
    /// The invoice is a draft, unless [`status`](Self::status) requests a posted one.
    ///
    /// Requires the permissions "Create Standalone Invoice" and "Modify Invoice". Users with a custom role or of an
    /// older tenant may lack the first one. Contacts, payment term, sequence set and template require Flexible Billing
    /// Attributes.
    ///
    /// ```
    /// use zuora_core::invoices::{CreateStandaloneInvoice, InvoiceStatus, NewInvoiceItem};
    /// use zuora_core::types::AccountNumber;
    /// use zuora_core::{Amount, Date};
    /// # use zuora_core::{Client, Config};
    /// # use zuora_core::testing::FakeTransport;
    /// #
    /// # let transport = FakeTransport::new(|request| {
    /// #     assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/v1/invoices"));
    /// #     Ok(FakeTransport::json(200, r#"{"success":true,"invoiceNumber":"INV00000155","status":"Draft",
    /// #         "amount":250.00}"#))
    /// # });
    /// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
    /// let today = Date::new(2024, 6, 1)?;
    /// let item = NewInvoiceItem::named("Setup", Amount::new(250_00, 2)?, today);
    /// let account = AccountNumber::from("A00000001");
    /// let create = CreateStandaloneInvoice::new(account, today, [item]).comments("Welcome");
    /// let invoice = client.call(&create)?;
    /// assert_eq!((invoice.status()?, invoice.amount()?), (&InvoiceStatus::Draft, &Amount::new(250_00, 2)?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build), naming the field, when the service would reject the
    /// invoice.
    #[doc(alias = "create_standalone_invoice")]
    #[doc(alias = "CreateInvoiceRequest")]
    pub request CreateStandaloneInvoice {
        account_id: Option<AccountId> = "accountId" (by hand),
        account_number: Option<AccountNumber> = "accountNumber" (by hand),
        /// Date on the invoice, in an open accounting period.
        invoice_date: Option<Date> = "invoiceDate" [REQUIRED],
        /// Date on which payment is due; by default calculated from the payment term.
        due_date: Option<Date> = "dueDate",
        /// Custom invoice number that is not in use: up to 32 letters, digits, `-` and `_`.
        invoice_number: Option<String> = "invoiceNumber" [len(1, 32)],
        /// Status of the new invoice: `Draft`, which is the default, or `Posted`.
        status: Option<InvoiceStatus> = "status",
        /// Currency of all amounts, an ISO 4217 code; by default the currency of the account. Requires
        /// Multiple Currencies.
        currency: Option<String> = "currency",
        /// Custom exchange rates, at most 2. Requires `Zuora-Version` 224.0 or later.
        custom_rates: Vec<CustomRate> = "customRates" [entries(0, 2)],
        /// Comments on the invoice, at most 255 characters.
        comments: Option<String> = "comments" [max_len(255)],
        /// Whether the invoice is paid automatically; `false` by default.
        auto_pay: Option<bool> = "autoPay",
        /// Payment term, such as `Net 30`.
        payment_term: Option<String> = "paymentTerm" [max_len(100)],
        /// Sequence set that assigns the invoice number.
        sequence_set: Option<String> = "sequenceSet" [max_len(50)],
        /// Id of the invoice template.
        template_id: Option<String> = "templateId" [ID],
        /// Id of the communication profile that controls notifications about the invoice.
        communication_profile_id: Option<String> = "communicationProfileId",
        /// Status of the transfer to an accounting system.
        transferred_to_accounting: Option<TransferredToAccounting> = "transferredToAccounting",
        bill_to_contact_id: Option<ContactId> = "billToContactId" (by hand) [ID],
        bill_to_contact: Option<NewContact> = "billToContact" (by hand),
        sold_to_contact_id: Option<ContactId> = "soldToContactId" (by hand) [ID],
        sold_to_contact: Option<NewContact> = "soldToContact" (by hand),
        sold_to_same_as_bill_to: Option<bool> = "soldToSameAsBillTo" (by hand),
        ship_to_contact_id: Option<ContactId> = "shipToContactId" (by hand) [ID],
        ship_to_contact: Option<NewContact> = "shipToContact" (by hand),
        ship_to_same_as_bill_to: Option<bool> = "shipToSameAsBillTo" (by hand),
        /// Id of the corresponding object in NetSuite.
        integration_id_ns: Option<String> = "IntegrationId__NS" [max_len(255)],
        /// Status of the synchronization with NetSuite.
        integration_status_ns: Option<String> = "IntegrationStatus__NS" [max_len(255)],
        /// Time of the last synchronization with NetSuite.
        sync_date_ns: Option<String> = "SyncDate__NS" [max_len(255)],
        items: Vec<NewInvoiceItem> = "invoiceItems" (by hand) [entries(1, 1000)],
    }
}

impl CreateStandaloneInvoice {
    /// Creates the operation for an account, the date on the invoice and 1 to 1,000 items.
    pub fn new(
        account: impl Into<InvoicedAccount>,
        invoice_date: Date,
        items: impl IntoIterator<Item = NewInvoiceItem>,
    ) -> Self {
        let (account_id, account_number) = match account.into() {
            InvoicedAccount::Id(id) => (Some(id), None),
            InvoicedAccount::Number(number) => (None, Some(number)),
            InvoicedAccount::Both(id, number) => (Some(id), Some(number)),
        };
        let items = items.into_iter().collect();
        Self { account_id, account_number, invoice_date: Some(invoice_date), items, ..Self::default() }
    }

    /// Sets the bill-to contact; by default the bill-to contact of the account.
    #[must_use]
    pub fn bill_to(mut self, contact: impl Into<BillTo>) -> Self {
        (self.bill_to_contact_id, self.bill_to_contact) = match contact.into() {
            BillTo::Existing(id) => (Some(id), None),
            BillTo::New(contact) => (None, Some(*contact)),
        };
        self
    }

    /// Sets the sold-to contact; by default the sold-to contact of the account.
    #[must_use]
    pub fn sold_to(mut self, contact: impl Into<Contact>) -> Self {
        (self.sold_to_contact_id, self.sold_to_contact, self.sold_to_same_as_bill_to) = parts(contact.into());
        self
    }

    /// Sets the ship-to contact; by default the ship-to contact of the account.
    #[must_use]
    pub fn ship_to(mut self, contact: impl Into<Contact>) -> Self {
        (self.ship_to_contact_id, self.ship_to_contact, self.ship_to_same_as_bill_to) = parts(contact.into());
        self
    }

    /// Returns the items.
    pub fn items(&self) -> &[NewInvoiceItem] {
        &self.items
    }

    /// Returns the number of the invoice that the caller chose.
    pub(in crate::api) fn own_number(&self) -> Option<&str> {
        self.invoice_number.as_deref()
    }

    /// Returns whether an invoice with this number is the one to create: its account, currency and total agree.
    /// `None` if they cannot be compared.
    pub(in crate::api) fn agrees_with(&self, invoice: &Invoice) -> Option<bool> {
        let account = self.account_id.as_ref().zip(invoice.account_id.as_ref());
        if account.is_some_and(|(wanted, seen)| wanted != seen) {
            return Some(false);
        }
        let number = self.account_number.as_ref().zip(invoice.extra.raw("accountNumber"));
        if number.is_some_and(|(wanted, seen)| seen != "null" && seen.trim_matches('"') != wanted.as_str()) {
            return Some(false);
        }
        let currency = self.currency.as_deref().zip(invoice.currency.as_deref());
        if currency.is_some_and(|(wanted, seen)| wanted != seen) {
            return Some(false);
        }
        let discounts = self.items.iter().flat_map(|item| &item.discount_items);
        let amounts = self.items.iter().map(|item| item.amount.as_ref());
        let amounts: Option<Vec<&Amount>> =
            amounts.chain(discounts.map(|discount| discount.amount.as_ref())).collect();
        let total = Amount::sum(amounts?).ok()?;
        // The total is before tax, or includes it: the tax mode of the tenant decides.
        let seen = [invoice.amount.as_ref(), invoice.amount_without_tax.as_ref()];
        seen.iter().any(Option::is_some).then(|| seen.into_iter().flatten().any(|seen| *seen == total))
    }

    /// Returns the approximate size of the body in bytes. An item with a dozen fields has about 370 bytes.
    pub(super) fn size(&self) -> usize {
        256 + 384 * self.items.len()
    }

    pub(super) fn check(&self, path: &Path<'_>) -> Result<()> {
        self.check_fields(path)?;
        if self.account_id.is_none() && self.account_number.is_none() {
            return Err(path.reject("accountId", "either `accountId` or `accountNumber` is required"));
        }
        if self.invoice_number.as_ref().is_some_and(|number| !number.chars().all(is_allowed_in_number)) {
            return Err(path.reject("invoiceNumber", "must contain only letters, digits, `-` and `_`"));
        }
        let is_impossible = matches!(
            self.status,
            Some(
                InvoiceStatus::Canceled
                    | InvoiceStatus::CancelInProgress
                    | InvoiceStatus::Generating
                    | InvoiceStatus::PendingForTax
                    | InvoiceStatus::Split
                    | InvoiceStatus::Error
            )
        );
        if is_impossible {
            return Err(path.reject("status", "must be `Draft` or `Posted` on a new invoice"));
        }
        for (index, rate) in self.custom_rates.iter().enumerate() {
            rate.check_fields(&path.row("customRates", index))?;
        }
        let bill_to = (&self.bill_to_contact_id, &self.bill_to_contact, None);
        let sold_to = (&self.sold_to_contact_id, &self.sold_to_contact, self.sold_to_same_as_bill_to);
        let ship_to = (&self.ship_to_contact_id, &self.ship_to_contact, self.ship_to_same_as_bill_to);
        for (name, (id, contact, same)) in
            [("billToContact", bill_to), ("soldToContact", sold_to), ("shipToContact", ship_to)]
        {
            if usize::from(id.is_some()) + usize::from(contact.is_some()) + usize::from(same == Some(true))
                > 1
            {
                return Err(path.reject(
                    name,
                    "must be only one of: existing contact, new contact, same as bill-to contact",
                ));
            }
            if let Some(contact) = contact {
                contact.check_fields(&path.part(name))?;
            }
        }
        for (index, item) in self.items.iter().enumerate() {
            item.check(&path.row("invoiceItems", index))?;
        }
        Ok(())
    }
}

fn is_allowed_in_number(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')
}

/// Returns the id, the new contact and the "same as bill-to" flag.
fn parts(contact: Contact) -> (Option<ContactId>, Option<NewContact>, Option<bool>) {
    match contact {
        Contact::Existing(id) => (Some(id), None, None),
        Contact::New(contact) => (None, Some(*contact), None),
        Contact::SameAsBillTo => (None, None, Some(true)),
    }
}

impl Operation for CreateStandaloneInvoice {
    type Output = Invoice;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        self.check(&Path::ROOT)?;
        RequestBuilder::new(&SPEC).json(self, self.size())
    }

    fn parse(&self, success: &HttpResponse) -> Result<Invoice> {
        json::read(success)
    }
}

/// Account of a new invoice.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InvoicedAccount {
    /// Id of the account.
    Id(AccountId),
    /// Number of the account.
    Number(AccountNumber),
    /// Id and number of the same account.
    Both(AccountId, AccountNumber),
}

impl From<AccountId> for InvoicedAccount {
    fn from(id: AccountId) -> Self {
        Self::Id(id)
    }
}

impl From<AccountNumber> for InvoicedAccount {
    fn from(number: AccountNumber) -> Self {
        Self::Number(number)
    }
}

model! {
    /// Custom exchange rate of one invoice.
    pub request CustomRate {
        /// Target currency of the rate, an ISO 4217 code: the home currency or the reporting currency.
        pub currency: Option<String> = "currency" [REQUIRED, max_len(3)],
        /// Amount of the target currency for one unit of the currency of the invoice.
        pub rate: Option<Amount> = "customFxRate" [REQUIRED],
        /// Date of the rate.
        pub rate_date: Option<Date> = "rateDate",
    }
}

impl CustomRate {
    /// Creates an exchange rate to a currency, an ISO 4217 code.
    pub fn new(currency: impl Into<String>, rate: impl Into<Amount>) -> Self {
        Self::default().currency(currency).rate(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::invoices::{NewDiscountItem, NewTaxItem, TaxMode, TaxRateType};

    fn day() -> Date {
        "2024-06-01".parse().unwrap()
    }

    fn item() -> NewInvoiceItem {
        NewInvoiceItem::named("Setup", "250.00".parse::<Amount>().unwrap(), day())
    }

    fn tax() -> NewTaxItem {
        NewTaxItem::new("VAT", 20, "0.08".parse::<Amount>().unwrap(), TaxRateType::Percentage, day())
    }

    fn create(items: impl IntoIterator<Item = NewInvoiceItem>) -> CreateStandaloneInvoice {
        CreateStandaloneInvoice::new(AccountId::from("acc"), day(), items)
    }

    fn invalid_field(create: &CreateStandaloneInvoice) -> String {
        create.request().err().map(|error| error.field().unwrap_or_default().to_owned()).unwrap_or_default()
    }

    #[test]
    fn a_queued_operation_sends_the_same_request() {
        let item = item().tax_items([tax()]).discount_items([NewDiscountItem::named("Spring", -25)]);
        let mut invoice = CreateStandaloneInvoice::new(
            InvoicedAccount::Both("acc".into(), "A1".into()),
            day(),
            [item, NewInvoiceItem::of_charge("charge", 1, day()).quantity(2)],
        )
        .status("Posted")
        .custom_rates([CustomRate::new("EUR", "1.0834".parse::<Amount>().unwrap())])
        .bill_to(NewContact::new("Ada", "Lovelace").country("United Kingdom"))
        .sold_to(Contact::SameAsBillTo)
        .ship_to(ContactId::from("2c92c8955bd63cc1015bd7c151af02ab"));
        invoice.set_custom("Region__c", "EU").unwrap();
        let text = serde_json::to_string(&invoice).unwrap();
        let request = serde_json::from_str::<CreateStandaloneInvoice>(&text).unwrap().request().unwrap();
        assert_eq!(
            std::str::from_utf8(request.body()).unwrap(),
            r#"{"accountId":"acc","accountNumber":"A1","invoiceDate":"2024-06-01","status":"Posted","#
                .to_owned()
                + r#""customRates":[{"currency":"EUR","customFxRate":1.0834}],"#
                + r#""billToContact":{"firstName":"Ada","lastName":"Lovelace","country":"United Kingdom"},"#
                + r#""soldToSameAsBillTo":true,"shipToContactId":"2c92c8955bd63cc1015bd7c151af02ab","#
                + r#""invoiceItems":[{"chargeName":"Setup","amount":250.00,"serviceStartDate":"2024-06-01","#
                + r#""taxItems":[{"name":"VAT","taxAmount":20,"taxDate":"2024-06-01","taxRate":0.08,"#
                + r#""taxRateType":"Percentage","taxMode":"TaxExclusive"}],"#
                + r#""discountItems":[{"chargeName":"Spring","amount":-25}]},"#
                + r#"{"productRatePlanChargeId":"charge","amount":1,"quantity":2,"#
                + r#""serviceStartDate":"2024-06-01"}],"Region__c":"EU"}"#
        );
    }

    #[test]
    fn limits_are_enforced_and_the_field_is_named() {
        assert_eq!(invalid_field(&create([])), "invoiceItems");
        assert_eq!(invalid_field(&create(vec![item(); 1000])), "");
        assert_eq!(invalid_field(&create(vec![item(); 1001])), "invoiceItems");
        assert_eq!(
            invalid_field(&create([item(), item().charge_name("x".repeat(131))])),
            "invoiceItems[1].chargeName"
        );
        assert_eq!(invalid_field(&create([item().tax_items(vec![tax(); 6])])), "invoiceItems[0].taxItems");
        let discounts = vec![NewDiscountItem::named("x", -1); 11];
        assert_eq!(
            invalid_field(&create([item().discount_items(discounts)])),
            "invoiceItems[0].discountItems"
        );
        assert_eq!(invalid_field(&create([item()]).invoice_number("A 1")), "invoiceNumber");
        assert_eq!(invalid_field(&create([item()]).invoice_number("x".repeat(33))), "invoiceNumber");
        assert_eq!(
            invalid_field(&create([item()]).custom_rates(vec![CustomRate::new("EUR", 1); 3])),
            "customRates"
        );
        assert_eq!(invalid_field(&create([item()]).bill_to(ContactId::from("7"))), "billToContactId");
        assert_eq!(invalid_field(&create([item()]).status("Canceled")), "status");
        assert_eq!(invalid_field(&create([item()]).status("Tomorrow")), "");
    }

    #[test]
    fn dependent_fields_are_required() {
        let mut nameless = item();
        nameless.charge_name = None;
        assert_eq!(invalid_field(&create([nameless])), "invoiceItems[0].chargeName");
        let both = item().tax_items([tax()]).tax_mode(TaxMode::TaxExclusive);
        assert_eq!(invalid_field(&create([both])), "invoiceItems[0].taxMode");
        let mut tax = tax();
        tax.tax_date = None;
        let discount = NewDiscountItem::named("x", -1).tax_items([tax]);
        assert_eq!(
            invalid_field(&create([item().discount_items([discount])])),
            "invoiceItems[0].discountItems[0].taxItems[0].taxDate"
        );
        assert_eq!(
            invalid_field(&create([item()]).bill_to(NewContact::new("", "x"))),
            "billToContact.firstName"
        );
        let two: CreateStandaloneInvoice = serde_json::from_str(
            r#"{"accountId":"a","invoiceDate":"2024-06-01","soldToContact":{"firstName":"a","lastName":"b"},
            "soldToSameAsBillTo":true,"invoiceItems":[{"amount":1,"serviceStartDate":"2024-06-01","chargeName":"x"}]}"#,
        )
        .unwrap();
        assert_eq!(invalid_field(&two), "soldToContact");
    }
}
