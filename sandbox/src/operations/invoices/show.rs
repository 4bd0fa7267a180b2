//! Invoices, items and application parts as the `/v1` operations show them.

use rust_decimal::Decimal;

use crate::state::{Application, AppliedBy, ChargeType, Invoice, Item, Line, TaxItem, TaxMode, Tenant};
use crate::values::Json;

impl Invoice {
    /// Shows the invoice.
    pub(crate) fn json(&self, tenant: &Tenant) -> Json {
        let zero = || Json::from(Decimal::ZERO);
        let origin = self.origin.as_ref();
        Json::non_null([
            ("id", (&self.id).into()),
            ("invoiceNumber", (&self.number).into()),
            ("accountId", (&self.account_id).into()),
            ("status", self.status.as_str().into()),
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
        .append(self.extra_fields.all())
    }

    pub(crate) fn source(&self) -> &'static str {
        if self.is_standalone() { "API" } else { "BillRun" }
    }

    pub(crate) fn source_type(&self) -> &'static str {
        if self.is_standalone() { "Standalone" } else { "Subscription" }
    }
}

impl Item {
    /// Shows the item; `lines` are those of the item and of its taxes.
    pub(crate) fn json(&self, invoice: &Invoice, lines: &[Line]) -> Json {
        let line = lines.first().copied().unwrap_or_default();
        let subscribed = self.subscribed.as_ref();
        let charge_date = self.charge_date.clone();
        let source = match (&self.subscribed, &self.product_rate_plan_charge_id) {
            (Some(_), _) => "SubscriptionComponent",
            (None, Some(_)) => "ProductRatePlanCharge",
            (None, None) => "InvoiceDetail",
        };
        let taxes = self.taxes.iter().zip(lines.iter().skip(1));
        let taxes: Vec<Json> = taxes.map(|(tax, line)| tax.json(*line)).collect();
        Json::non_null([
            ("id", (&self.id).into()),
            ("appliedToItemId", self.applied_to.clone().into()),
            ("chargeId", subscribed.map(|one| &one.charge_id).into()),
            ("chargeName", (&self.charge_name).into()),
            ("chargeType", self.charge_type.as_str().into()),
            ("chargeAmount", self.net().into()),
            (
                "chargeDate",
                charge_date.unwrap_or_else(|| format!("{} 00:00:00", invoice.invoice_date)).into(),
            ),
            ("chargeDescription", "".into()),
            ("taxAmount", self.tax().into()),
            ("taxCode", self.tax_code.clone().into()),
            ("taxMode", self.tax_mode.map(TaxMode::as_str).into()),
            ("balance", line.balance().into()),
            ("availableToCreditAmount", (line.amount - line.credited).into()),
            ("quantity", self.quantity.into()),
            ("unitPrice", self.unit_price.into()),
            ("serviceStartDate", self.service_start.into()),
            ("serviceEndDate", self.service_end.into()),
            ("processingType", if self.applied_to.is_some() { "Discount" } else { "Charge" }.into()),
            ("sourceItemType", source.into()),
            ("subscriptionId", subscribed.map(|one| &one.subscription_id).into()),
            ("subscriptionName", subscribed.map(|one| &one.subscription_name).into()),
            ("productName", self.product_name.clone().into()),
            ("productRatePlanChargeId", self.product_rate_plan_charge_id.clone().into()),
            ("shipToContactId", invoice.ship_to_contact_id.clone().into()),
            ("soldToContactId", (&invoice.sold_to_contact_id).into()),
            ("excludeItemBillingFromRevenueAccounting", self.excluded_from_revenue.into()),
            ("taxationItems", Json::object([("data", Json::Array(taxes))])),
        ])
        .append(self.extra_fields.all())
    }
}

impl TaxItem {
    /// Shows the tax item as a part of its invoice item.
    pub(crate) fn json(&self, line: Line) -> Json {
        self.common()
            .append(self.about.all())
            .prepend("availableToCreditAmount", (line.amount - line.credited).into())
            .prepend("balance", line.balance().into())
            .prepend("creditAmount", line.credited.into())
            .prepend("paymentAmount", line.paid.into())
    }

    /// Shows the tax item as its creation does.
    pub(crate) fn created_json(&self, item: &str, tenant: &Tenant) -> Json {
        let stamp = tenant.zone.stamp(self.created);
        self.common()
            .prepend("taxMode", self.mode.as_str().into())
            .prepend("invoiceItemId", item.into())
            .prepend("createdById", (&tenant.user_id).into())
            .prepend("createdDate", stamp.clone().into())
            .prepend("updatedById", (&tenant.user_id).into())
            .prepend("updatedDate", stamp.into())
            .append(self.about.all())
            .append(self.details.all())
    }

    fn common(&self) -> Json {
        Json::object([
            ("id", (&self.id).into()),
            ("name", (&self.name).into()),
            ("taxAmount", self.amount.into()),
            ("exemptAmount", self.exempt.into()),
            ("taxRate", self.rate.into()),
            ("taxRateType", (&self.rate_type).into()),
            ("taxDate", self.date.into()),
        ])
    }
}

impl Application {
    /// Shows the application part.
    pub(crate) fn json(&self, tenant: &Tenant) -> Json {
        let (payment, memo) = match &self.by {
            AppliedBy::Payment(id) => (Some(id), None),
            AppliedBy::CreditMemo(id) => (None, Some(id)),
        };
        let stamp = tenant.zone.stamp(self.at);
        Json::object([
            ("appliedAmount", self.amount.into()),
            ("createdById", (&tenant.user_id).into()),
            ("createdDate", stamp.clone().into()),
            ("creditMemoId", memo.into()),
            ("paymentId", payment.into()),
            ("updatedById", (&tenant.user_id).into()),
            ("updatedDate", stamp.into()),
        ])
    }
}
