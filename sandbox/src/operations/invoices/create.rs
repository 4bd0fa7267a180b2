//! `POST /v1/invoices`.

use std::sync::Arc;

use super::contacts::Contacts;
use super::item_reader::{ItemReader, MAX_ITEMS};
use crate::http::{ApiError, ApiRequest, Fields, ResponseBody, Version};
use crate::settings::Settings;
use crate::state::{Account, EffectKind, ExtraFields, Invoice, Item, State, TEMPORARY, Tenant};

/// First six digits of the error codes of creation.
pub(crate) const CREATE_CODE: u32 = 584_900;

const FIELDS: [&str; 22] = [
    "accountId",
    "accountNumber",
    "autoPay",
    "billToContact",
    "billToContactId",
    "comments",
    "communicationProfileId",
    "currency",
    "dueDate",
    "invoiceDate",
    "invoiceItems",
    "invoiceNumber",
    "paymentTerm",
    "sequenceSet",
    "shipToContact",
    "shipToContactId",
    "shipToSameAsBillTo",
    "soldToContact",
    "soldToContactId",
    "soldToSameAsBillTo",
    "status",
    "templateId",
];

/// Fields that require the feature Flexible Billing Attributes.
const FLEXIBLE: [&str; 11] = [
    "billToContact",
    "billToContactId",
    "paymentTerm",
    "sequenceSet",
    "shipToContact",
    "shipToContactId",
    "shipToSameAsBillTo",
    "soldToContact",
    "soldToContactId",
    "soldToSameAsBillTo",
    "templateId",
];

/// Prefixes that the service reserves for its own numbers.
const RESERVED: [&str; 8] = [TEMPORARY, "TMP-CM-", "TMP-DM-", "PREVIEW-", "PM-", "PG-", "P-", "R-"];

/// Creates one standalone invoice, as a draft or posted.
pub(crate) fn create(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let body = request.json(&state.settings)?;
    let added = state.add_standalone(Fields::new("", &body)?, request.version);
    let index = added.map_err(|error| error.with_resource(CREATE_CODE))?;
    Ok(ResponseBody::Success(state.invoices[index].json(&state.tenant)))
}

impl State {
    /// Validates and adds an invoice; changes nothing on error.
    pub(crate) fn add_standalone(&mut self, fields: Fields<'_>, version: Version) -> Result<usize, ApiError> {
        let known = |name: &str| match name {
            "customRates" => version.custom_rates,
            "transferredToAccounting" => true,
            _ => FIELDS.contains(&name) || ExtraFields::is_extra(name),
        };
        let fields = fields.deny_unknown_by(known)?;
        check_features(&self.settings, fields)?;
        let tenant = Arc::clone(&self.tenant);
        let account = find_account(&tenant, fields)?;
        self.check_unlocked(account)?;
        let invoice_date = fields.required_date("invoiceDate")?;
        let mut invoice = Invoice::draft(&mut self.ids, &tenant, account, invoice_date, self.now);
        read_terms(&mut invoice, &tenant, fields)?;
        let contacts = Contacts::read(self, account, fields)?;
        invoice.bill_to_contact_id = contacts.bill_to;
        invoice.sold_to_contact_id = contacts.sold_to;
        invoice.ship_to_contact_id = contacts.ship_to;
        invoice.items = self.read_items(&invoice, fields)?;
        check_total(&invoice)?;
        invoice.number = self.read_number(fields)?;
        let posted = fields.one_of("status", &["Draft", "Posted"])? == Some("Posted");
        for contact in contacts.new {
            self.contacts.push(contact);
        }
        self.record(EffectKind::InvoiceCreated, &invoice.id);
        let index = self.invoices.push(invoice);
        if posted {
            self.post_invoice(index, None);
        }
        Ok(index)
    }

    fn read_items(&mut self, invoice: &Invoice, fields: Fields<'_>) -> Result<Vec<Item>, ApiError> {
        let mut reader = ItemReader {
            tenant: &self.tenant,
            settings: &self.settings,
            ids: &mut self.ids,
            currency: invoice.currency.clone(),
            invoice_date: invoice.invoice_date,
            now: self.now,
        };
        let rows = fields.rows_within("invoiceItems", MAX_ITEMS)?;
        if rows.is_empty() {
            return Err(ApiError::missing(&fields.name("invoiceItems")));
        }
        let mut items = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let path = fields.name(&format!("invoiceItems[{index}]."));
            items.extend(reader.item(Fields::new(&path, row)?.deny_unknown_by(ItemReader::is_of_items)?)?);
        }
        Ok(items)
    }

    /// Returns the number in the request, or the next generated one.
    fn read_number(&mut self, fields: Fields<'_>) -> Result<String, ApiError> {
        let Some(number) = fields.text("invoiceNumber")? else { return Ok(self.draft_number()) };
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=32).contains(&number.len()) || !number.bytes().all(is_valid) {
            let expected = "1 to 32 letters, digits, - or _ are expected";
            return Err(ApiError::value(&fields.name("invoiceNumber"), expected));
        }
        if let Some(prefix) = RESERVED.into_iter().find(|prefix| number.starts_with(prefix)) {
            let expected =
                format!("a number that does not start with the reserved prefix {prefix} is expected");
            return Err(ApiError::value(&fields.name("invoiceNumber"), &expected));
        }
        if self.invoices.find(number).is_some() {
            let expected = format!("the number {number} is taken, a new one is expected");
            return Err(ApiError::value(&fields.name("invoiceNumber"), &expected));
        }
        self.ids.take_invoice_number(number);
        Ok(number.to_owned())
    }
}

fn check_features(settings: &Settings, fields: Fields<'_>) -> Result<(), ApiError> {
    let used = |names: &[&'static str]| names.iter().find(|name| fields.has(name)).copied();
    if let Some(name) = used(&FLEXIBLE).filter(|_| !settings.flexible_billing) {
        let message = format!("The field '{}' needs Flexible Billing Attributes.", fields.name(name));
        return Err(ApiError::permission(message));
    }
    if let Some(name) = used(&["currency"]).filter(|_| !settings.multiple_currencies) {
        let message = format!("The field '{}' needs Multiple Currencies.", fields.name(name));
        return Err(ApiError::permission(message));
    }
    Ok(())
}

fn find_account<'t>(tenant: &'t Tenant, fields: Fields<'_>) -> Result<&'t Account, ApiError> {
    let found = |field: &str, find: fn(&'t Tenant, &str) -> Option<&'t Account>| {
        let Some(key) = fields.text(field)? else { return Ok(None) };
        let account = find(tenant, key);
        let not_found = || ApiError::unknown(format!("No account is found with {field} {key}."));
        account.map(Some).ok_or_else(not_found)
    };
    let by_id = found("accountId", Tenant::account)?;
    let by_number = found("accountNumber", Tenant::account_by_number)?;
    match (by_id, by_number) {
        (Some(one), Some(other)) if one.id != other.id => {
            Err(ApiError::rule("The fields accountId and accountNumber name two accounts."))
        }
        (Some(account), _) | (None, Some(account)) => Ok(account),
        (None, None) => Err(ApiError::missing(&fields.name("accountId"))),
    }
}

/// Reads all fields but contacts and items.
fn read_terms(invoice: &mut Invoice, tenant: &Tenant, fields: Fields<'_>) -> Result<(), ApiError> {
    if let Some(currency) = fields.text("currency")? {
        if !tenant.currencies.contains_key(currency) {
            let field = fields.name("currency");
            return Err(ApiError::value(&field, "a currency that the tenant uses is expected"));
        }
        currency.clone_into(&mut invoice.currency);
    }
    for (index, row) in fields.rows_within("customRates", 2)?.iter().enumerate() {
        let path = fields.name(&format!("customRates[{index}]."));
        let rate = Fields::new(&path, row)?.deny_unknown(&["currency", "customFxRate", "rateDate"])?;
        rate.required_text("currency")?;
        rate.required_decimal("customFxRate")?;
        rate.date("rateDate")?;
    }
    if let Some(term) = fields.text_within("paymentTerm", 100)? {
        if !tenant.has_payment_term(term) {
            return Err(ApiError::value(
                &fields.name("paymentTerm"),
                "a payment term of the tenant is expected",
            ));
        }
        term.clone_into(&mut invoice.payment_term);
        invoice.set_invoice_date(invoice.invoice_date, tenant);
    }
    if let Some(date) = fields.date("dueDate")? {
        invoice.set_due_date(date);
    }
    fields.text_within("sequenceSet", 50)?;
    let text = |name, max_len| fields.text_within(name, max_len).map(|text| text.map(str::to_owned));
    invoice.comments = text("comments", 255)?;
    invoice.template_id = text("templateId", 32)?;
    invoice.communication_profile_id = text("communicationProfileId", 32)?;
    invoice.auto_pay = fields.flag("autoPay")?.unwrap_or(false);
    let words = ["No", "Processing", "Yes", "Error", "Ignore"];
    if let Some(word) = fields.one_of("transferredToAccounting", &words)? {
        word.clone_into(&mut invoice.transferred);
    }
    invoice.extra_fields.read(fields)
}

/// Rejects a negative total, which would require a credit memo.
pub(crate) fn check_total(invoice: &Invoice) -> Result<(), ApiError> {
    match invoice.amount() < rust_decimal::Decimal::ZERO {
        true => Err(ApiError::rule("The total of a standalone invoice cannot be negative.")),
        false => Ok(()),
    }
}
