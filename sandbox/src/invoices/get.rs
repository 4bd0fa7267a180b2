//! `GET /v1/invoices/{invoiceKey}`.

use rust_decimal::Decimal;

use super::Invoice;
use crate::call::Call;
use crate::json::Json;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::tenant::{ChargeType, Tenant};
use crate::world::World;

/// One invoice by id or number.
pub(crate) fn get(world: &mut World, _call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let invoice = world.find_invoice(keys.first().copied().unwrap_or_default())?;
    Ok(Reply::Success(world.invoices[invoice].json(&world.tenant)))
}

impl Invoice {
    /// The invoice as the `/v1` operations show it.
    pub(crate) fn json(&self, tenant: &Tenant) -> Json {
        let zero = || Json::from(Decimal::ZERO);
        let origin = self.origin.as_ref();
        Json::filled([
            ("id", (&self.id).into()),
            ("invoiceNumber", (&self.number).into()),
            ("accountId", (&self.account_id).into()),
            ("status", self.status.wire().into()),
            ("amount", self.amount().into()),
            ("amountWithoutTax", self.amount_without_tax().into()),
            ("taxAmount", self.tax_amount().into()),
            ("taxExemptAmount", self.tax_exempt_amount().into()),
            ("discount", self.discount().into()),
            ("balance", self.balance().into()),
            ("adjustmentAmount", zero()),
            ("creditMemoAmount", self.credited().into()),
            ("paymentAmount", self.paid().into()),
            ("refundAmount", zero()),
            ("currency", (&self.currency).into()),
            ("autoPay", self.auto_pay.into()),
            ("paymentTerm", (&self.payment_term).into()),
            ("billToContactId", (&self.bill_to_contact_id).into()),
            ("soldToContactId", (&self.sold_to_contact_id).into()),
            ("shipToContactId", self.ship_to_contact_id.clone().into()),
            ("comments", self.comments.clone().into()),
            ("templateId", self.template_id.clone().into()),
            ("communicationProfileId", self.communication_profile_id.clone().into()),
            ("invoiceDate", self.invoice_date.into()),
            ("dueDate", self.due_date.into()),
            ("targetDate", origin.map(|origin| origin.target_date).into()),
            ("includesOneTime", self.includes(ChargeType::OneTime).into()),
            ("includesRecurring", self.includes(ChargeType::Recurring).into()),
            ("includesUsage", self.includes(ChargeType::Usage).into()),
            ("billRunId", origin.map(|origin| &origin.run_id).into()),
            ("source", self.source().into()),
            ("sourceId", origin.map(|origin| &origin.run_number).into()),
            ("sourceType", self.source_type().into()),
            ("transferredToAccounting", (&self.transferred).into()),
            ("postedBy", self.posted.map(|_| &tenant.user_id).into()),
            ("postedDate", self.posted.map(|at| tenant.zone.date(at)).into()),
            ("lastEmailSentDate", self.emailed.map(|at| tenant.zone.stamp(at)).into()),
            ("createdById", (&tenant.user_id).into()),
            ("createdDate", tenant.zone.stamp(self.created).into()),
            ("updatedById", (&tenant.user_id).into()),
            ("updatedDate", tenant.zone.stamp(self.updated).into()),
        ])
        .followed_by(self.kept.all())
    }

    pub(crate) fn source(&self) -> &'static str {
        if self.is_standalone() { "API" } else { "BillRun" }
    }

    pub(crate) fn source_type(&self) -> &'static str {
        if self.is_standalone() { "Standalone" } else { "Subscription" }
    }
}
