//! `PUT /v1/invoices/{invoiceKey}`.

use super::create::check_total;
use super::item_reader::{ItemReader, MAX_ITEMS};
use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{EffectKind, ExtraFields, Invoice, InvoiceStatus, Item, State, Tenant};
use crate::values::Json;

const FIELDS: [&str; 7] = [
    "autoPay",
    "comments",
    "dueDate",
    "invoiceDate",
    "invoiceItems",
    "templateId",
    "transferredToAccounting",
];

/// Updates an invoice: a draft in all its fields, a posted one in a few.
pub(crate) fn update(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let index = state.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let body = request.json(&state.settings)?;
    let fields = Fields::new("", &body)?;
    let updated = fields.deny_unknown_by(is_known).and_then(|fields| state.update_invoice(index, fields));
    updated.map_err(|error| error.with_resource(state.settings.invoice_code))?;
    Ok(ResponseBody::Success(state.invoices[index].updated_json(&state.tenant)))
}

pub(crate) fn is_known(name: &str) -> bool {
    FIELDS.contains(&name) || ExtraFields::is_extra(name)
}

/// The effect of an update on the PDF.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PdfEffect {
    None,
    Outdates,
    Remakes,
}

impl State {
    /// Validates and applies an update; changes nothing on error.
    pub(crate) fn update_invoice(&mut self, index: usize, fields: Fields<'_>) -> Result<(), ApiError> {
        let mut invoice = self.invoices[index].clone();
        let before = (invoice.tax_amount(), invoice.comments.clone());
        if invoice.status == InvoiceStatus::Canceled || invoice.reversed {
            return Err(ApiError::rule("An invoice that is canceled or reversed cannot be changed."));
        }
        self.read_terms(&mut invoice, fields)?;
        let rows = fields.rows_within("invoiceItems", MAX_ITEMS)?;
        if !rows.is_empty() {
            self.update_items(&mut invoice, fields, rows)?;
            check_total(&invoice)?;
        }
        invoice.updated = self.now;
        let effect = if before != (invoice.tax_amount(), invoice.comments.clone()) {
            PdfEffect::Remakes
        } else if !rows.is_empty() || fields.has("invoiceDate") || fields.has("dueDate") {
            PdfEffect::Outdates
        } else {
            PdfEffect::None
        };
        self.record(EffectKind::InvoiceUpdated, &invoice.id);
        self.invoices[index] = invoice;
        match effect {
            PdfEffect::Remakes => self.make_pdf(index),
            PdfEffect::Outdates => self.invoices[index].outdate_pdf(self.now),
            PdfEffect::None => {}
        }
        Ok(())
    }

    /// Reads all fields but the items.
    fn read_terms(&self, invoice: &mut Invoice, fields: Fields<'_>) -> Result<(), ApiError> {
        if fields.has("invoiceDate") && fields.has("dueDate") {
            return Err(ApiError::rule("Only one of invoiceDate and dueDate can be changed at once."));
        }
        if let Some(date) = fields.date("invoiceDate")? {
            if invoice.status != InvoiceStatus::Draft {
                return Err(ApiError::rule("Only invoices with Draft status can get another invoice date."));
            }
            invoice.set_invoice_date(date, &self.tenant);
        }
        if let Some(date) = fields.date("dueDate")? {
            invoice.set_due_date(date);
        }
        if let Some(auto_pay) = fields.flag("autoPay")? {
            invoice.auto_pay = auto_pay;
        }
        for (name, max_len, text) in
            [("comments", 255, &mut invoice.comments), ("templateId", 32, &mut invoice.template_id)]
        {
            let new = fields.text_within(name, max_len)?;
            if new.is_some() || fields.is_null(name) {
                *text = new.map(str::to_owned);
            }
        }
        if let Some(word) =
            fields.one_of("transferredToAccounting", &["Processing", "Yes", "Error", "Ignore"])?
        {
            if invoice.transferred == "Yes" && word != "Yes" && !self.settings.change_transferred {
                let message = "Changing an invoice that was transferred needs a permission.";
                return Err(ApiError::permission(message));
            }
            word.clone_into(&mut invoice.transferred);
        }
        invoice.extra_fields.read(fields)
    }

    fn update_items(
        &mut self,
        invoice: &mut Invoice,
        fields: Fields<'_>,
        rows: &[Json],
    ) -> Result<(), ApiError> {
        let open = invoice.status == InvoiceStatus::Draft && invoice.is_standalone();
        let mut reader = ItemReader {
            tenant: &self.tenant,
            settings: &self.settings,
            ids: &mut self.ids,
            currency: invoice.currency.clone(),
            invoice_date: invoice.invoice_date,
            now: self.now,
        };
        for (index, row) in rows.iter().enumerate() {
            let path = fields.name(&format!("invoiceItems[{index}]."));
            let known = |name: &str| ItemReader::is_of_items(name) || ["delete", "id"].contains(&name);
            let row = Fields::new(&path, row)?.deny_unknown_by(known)?;
            match row.text("id")? {
                _ if !open => update_extra_fields_only(invoice, row)?,
                None => add(invoice, &mut reader, row)?,
                Some(id) if row.flag("delete")? == Some(true) => remove(invoice, row, id)?,
                Some(id) => change(invoice, &mut reader, row, id)?,
            }
        }
        match invoice.items.is_empty() {
            true => Err(ApiError::rule("An invoice cannot lose its last item.")),
            false => Ok(()),
        }
    }
}

/// Updates the extra fields of an item, the only ones that change once an item is posted or billed by a run.
fn update_extra_fields_only(invoice: &mut Invoice, row: Fields<'_>) -> Result<(), ApiError> {
    let others = |name: &str| name != "id" && !ExtraFields::is_extra(name);
    if row.members().iter().any(|(name, _)| others(name)) {
        return Err(ApiError::rule(
            "Items can be added, changed and removed on drafts of standalone invoices only.",
        ));
    }
    let id = row.required_text("id")?;
    let position = position(invoice, row, id)?;
    invoice.items[position].extra_fields.read(row)
}

fn add(invoice: &mut Invoice, reader: &mut ItemReader<'_>, row: Fields<'_>) -> Result<(), ApiError> {
    if row.has("delete") {
        return Err(ApiError::value(&row.name("delete"), "an id beside it is expected"));
    }
    invoice.items.extend(reader.item(row)?);
    Ok(())
}

/// Removes an item together with its discounts.
fn remove(invoice: &mut Invoice, row: Fields<'_>, id: &str) -> Result<(), ApiError> {
    position(invoice, row, id)?;
    invoice.items.retain(|item| item.id != id && item.applied_to.as_deref() != Some(id));
    Ok(())
}

fn change(
    invoice: &mut Invoice,
    reader: &mut ItemReader<'_>,
    row: Fields<'_>,
    id: &str,
) -> Result<(), ApiError> {
    let changed = position(invoice, row, id)?;
    reader.change(&mut invoice.items[changed], row)?;
    let parent = invoice.items[changed].clone();
    if row.has("taxCode") || row.has("taxMode") || row.is_null("taxCode") || row.is_null("taxMode") {
        let is_discount = |item: &&mut Item| item.applied_to.as_deref() == Some(parent.id.as_str());
        for discount in invoice.items.iter_mut().filter(is_discount) {
            reader.tax_as(discount, &parent);
        }
    }
    for (index, discount) in row.rows_within("discountItems", 10)?.iter().enumerate() {
        let path = row.name(&format!("discountItems[{index}]."));
        let known = |name: &str| ItemReader::is_of_discounts(name) || name == "id";
        let discount = Fields::new(&path, discount)?.deny_unknown_by(known)?;
        match discount.text("id")? {
            Some(id) => {
                let of_item =
                    |item: &Item| item.id == id && item.applied_to.as_deref() == Some(parent.id.as_str());
                let Some(item) = invoice.items.iter_mut().find(|item| of_item(item)) else {
                    let field = discount.name("id");
                    return Err(ApiError::value(&field, "the id of a discount on the item is expected"));
                };
                reader.change(item, discount)?;
            }
            None => {
                for name in ["productRatePlanChargeId", "bookingReference", "taxItems"] {
                    if discount.has(name) {
                        let message = format!("The field '{}' is for new items only.", discount.name(name));
                        return Err(ApiError::rule(message));
                    }
                }
                let item = reader.discount(discount, &parent)?;
                invoice.items.insert(changed + 1 + discounts(invoice, &parent.id), item);
            }
        }
    }
    match discounts(invoice, &parent.id) > 10 {
        true => {
            Err(ApiError::value(&row.name("discountItems"), "at most 10 discounts on an item are expected"))
        }
        false => Ok(()),
    }
}

fn discounts(invoice: &Invoice, id: &str) -> usize {
    invoice.items.iter().filter(|item| item.applied_to.as_deref() == Some(id)).count()
}

fn position(invoice: &Invoice, row: Fields<'_>, id: &str) -> Result<usize, ApiError> {
    let found = invoice.items.iter().position(|item| item.id == id);
    found.ok_or_else(|| ApiError::value(&row.name("id"), "the id of an item of the invoice is expected"))
}

impl Invoice {
    /// Shows the invoice as an update does, with some fields named differently from `get`.
    fn updated_json(&self, tenant: &Tenant) -> Json {
        let stamp = |at| tenant.zone.stamp(at);
        Json::non_null([
            ("id", (&self.id).into()),
            ("number", (&self.number).into()),
            ("accountId", (&self.account_id).into()),
            ("status", self.status.as_str().into()),
            ("amount", self.amount().into()),
            ("taxAmount", self.tax_amount().into()),
            ("totalTaxExemptAmount", self.tax_exempt_amount().into()),
            ("discount", self.discount().into()),
            ("balance", self.balance().into()),
            ("currency", (&self.currency).into()),
            ("autoPay", self.auto_pay.into()),
            ("comment", self.comments.clone().into()),
            ("templateId", self.template_id.clone().into()),
            ("invoiceDate", self.invoice_date.into()),
            ("dueDate", self.due_date.into()),
            ("targetDate", self.origin.as_ref().map(|origin| origin.target_date).into()),
            ("transferredToAccounting", (&self.transferred).into()),
            ("postedById", self.posted.map(|_| &tenant.user_id).into()),
            ("postedOn", self.posted.map(stamp).into()),
            ("createdById", (&tenant.user_id).into()),
            ("createdDate", stamp(self.created).into()),
            ("updatedById", (&tenant.user_id).into()),
            ("updatedDate", stamp(self.updated).into()),
        ])
        .append(self.extra_fields.all())
    }
}
