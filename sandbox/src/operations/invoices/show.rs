//! Invoices, items and application parts as the `/v1` operations show them.

use rust_decimal::Decimal;

use crate::state::{Application, AppliedBy, ChargeType, Invoice, Item, Line, TaxItem, TaxMode, Tenant};
use crate::values::{Json, ObjectWriter};

impl Invoice {
    /// Shows the invoice.
    pub(crate) fn json(&self, tenant: &Tenant) -> Json {
        self.common_members(tenant)
            .member("discount", self.discount())
            .member("billRunId", self.origin.as_ref().map(|origin| &origin.run_id))
            .member("postedDate", self.posted.map(|at| tenant.zone.date(at)))
            .member("lastEmailSentDate", self.emailed.map(|at| tenant.zone.stamp(at)))
            .member("createdDate", tenant.zone.stamp(self.created))
            .member("updatedDate", tenant.zone.stamp(self.updated))
            .members(self.extra_fields.iter())
            .finish()
    }

    /// Writes the members that Object Query shows in the same form.
    pub(crate) fn common_members(&self, tenant: &Tenant) -> ObjectWriter {
        let origin = self.origin.as_ref();
        let (net, tax) = (self.amount_without_tax(), self.tax_amount());
        let (paid, credited) = (self.paid(), self.credited());
        let mut members = ObjectWriter::new();
        members
            .member("id", &self.id)
            .member("invoiceNumber", &self.number)
            .member("accountId", &self.account_id)
            .member("status", self.status.as_str())
            .member("amount", net + tax)
            .member("amountWithoutTax", net)
            .member("taxAmount", tax)
            .member("taxExemptAmount", self.tax_exempt_amount())
            .member("balance", net + tax - paid - credited)
            .member("adjustmentAmount", Decimal::ZERO)
            .member("creditMemoAmount", credited)
            .member("paymentAmount", paid)
            .member("refundAmount", Decimal::ZERO)
            .member("currency", &self.currency)
            .member("autoPay", self.auto_pay)
            .member("paymentTerm", &self.payment_term)
            .member("billToContactId", &self.bill_to_contact_id)
            .member("soldToContactId", &self.sold_to_contact_id)
            .member("shipToContactId", self.ship_to_contact_id.as_deref())
            .member("comments", self.comments.as_deref())
            .member("templateId", self.template_id.as_deref())
            .member("communicationProfileId", self.communication_profile_id.as_deref())
            .member("invoiceDate", self.invoice_date)
            .member("dueDate", self.due_date)
            .member("targetDate", origin.map(|origin| origin.target_date))
            .member("includesOneTime", self.includes(ChargeType::OneTime))
            .member("includesRecurring", self.includes(ChargeType::Recurring))
            .member("includesUsage", self.includes(ChargeType::Usage))
            .member("source", self.source())
            .member("sourceId", origin.map(|origin| &origin.run_number))
            .member("sourceType", self.source_type())
            .member("transferredToAccounting", &self.transferred)
            .member("postedBy", self.posted.map(|_| &tenant.user_id))
            .member("createdById", &tenant.user_id)
            .member("updatedById", &tenant.user_id);
        members
    }

    pub(crate) fn source(&self) -> &'static str {
        if self.is_standalone() { "API" } else { "BillRun" }
    }
}

impl Item {
    /// Shows the item; `lines` are those of the item and of its taxes.
    pub(crate) fn json(&self, invoice: &Invoice, lines: &[Line]) -> Json {
        let line = lines.first().copied().unwrap_or_default();
        let subscribed = self.subscribed.as_ref();
        let midnight = format!("{} 00:00:00", invoice.invoice_date);
        let source = match (&self.subscribed, &self.product_rate_plan_charge_id) {
            (Some(_), _) => "SubscriptionComponent",
            (None, Some(_)) => "ProductRatePlanCharge",
            (None, None) => "InvoiceDetail",
        };
        let taxes = self.taxes.iter().zip(lines.iter().skip(1));
        let taxes: Vec<Json> = taxes.map(|(tax, line)| tax.json(*line)).collect();
        ObjectWriter::new()
            .member("id", &self.id)
            .member("appliedToItemId", self.applied_to.as_deref())
            .member("chargeId", subscribed.map(|one| &one.charge_id))
            .member("chargeName", &self.charge_name)
            .member("chargeType", self.charge_type.as_str())
            .member("chargeAmount", self.net())
            .member("chargeDate", self.charge_date.as_deref().unwrap_or(&midnight))
            .member("chargeDescription", "")
            .member("taxAmount", self.tax())
            .member("taxCode", self.tax_code.as_deref())
            .member("taxMode", self.tax_mode.map(TaxMode::as_str))
            .member("balance", line.balance())
            .member("availableToCreditAmount", line.amount - line.credited)
            .member("quantity", self.quantity)
            .member("unitPrice", self.unit_price)
            .member("serviceStartDate", self.service_start)
            .member("serviceEndDate", self.service_end)
            .member("processingType", if self.applied_to.is_some() { "Discount" } else { "Charge" })
            .member("sourceItemType", source)
            .member("subscriptionId", subscribed.map(|one| &one.subscription_id))
            .member("subscriptionName", subscribed.map(|one| &one.subscription_name))
            .member("productName", self.product_name.as_deref())
            .member("productRatePlanChargeId", self.product_rate_plan_charge_id.as_deref())
            .member("shipToContactId", invoice.ship_to_contact_id.as_deref())
            .member("soldToContactId", &invoice.sold_to_contact_id)
            .member("excludeItemBillingFromRevenueAccounting", self.excluded_from_revenue)
            .member("taxationItems", Json::object([("data", Json::Array(taxes))]))
            .members(self.extra_fields.iter())
            .finish()
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
