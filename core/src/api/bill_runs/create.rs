//! `POST /v1/bill-runs`

use crate::api::bill_runs::batch_name::BatchName;
use crate::api::bill_runs::schedule::RunDate;
use crate::api::bill_runs::scope::check_scope;
use crate::api::bill_runs::{
    BillCycleDay, BillRun, BillRunFilter, BillRunSchedule, BillRunType, ChargeType, OrganizationLabel,
    RunTiming, Schedule, Scope,
};
use crate::api::shared::reject;
use crate::error::Result;
use crate::model::json;
use crate::model::model;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::Date;

static SPEC: Spec = Spec::keyed("create_bill_run", "/v1/bill-runs");

model! {
    /// Starts or schedules a bill run.
    ///
    /// `POST /v1/bill-runs` ("Create a bill run")
    ///
    /// A [`Scope`] selects the accounts to bill, and a [`RunTiming`] determines the start. The status of the new run
    /// is `Pending`. Wait until the run is `Completed`, and then post it with
    /// [`PostBillRun`](crate::bill_runs::PostBillRun).
    ///
    /// Requires the permission "Create Bill Runs", and a further one to bill several accounts at once. A run that posts
    /// or e-mails its documents itself also requires that the tenant's billing rule "Support Bill Run Auto-Post?" is set
    /// to Yes. The service rejects the request while more than 500 runs created through the API are pending.
    ///
    /// ```
    /// use zuora_core::bill_runs::{AdHoc, Batches, BillRunStatus, CreateBillRun};
    /// use zuora_core::Date;
    /// # use zuora_core::testing::FakeTransport;
    /// # use zuora_core::{Client, Config, DataCenter};
    ///
    /// # let transport = FakeTransport::new(|request| {
    /// #     assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/v1/bill-runs"));
    /// #     Ok(FakeTransport::json(200, r#"{"success":true,"billRunNumber":"BR-00000016","status":"Pending"}"#))
    /// # });
    /// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
    /// # let client = Client::with_transport(&config, transport)?;
    /// let target_date = Date::new(2024, 5, 31)?;
    /// let scope = Batches::named(["Batch1", "Batch2"]).cycle_day(15);
    /// let create = CreateBillRun::new(scope, AdHoc::up_to(target_date)).name("May, mid-month").auto_renewal(true);
    ///
    /// let run = client.call(&create)?;
    /// assert_eq!(run.number()?.as_str(), "BR-00000016");
    /// assert_eq!(run.status()?, &BillRunStatus::Pending);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build), naming the field, if the service would reject the request.
    #[doc(alias = "create_bill_run")]
    #[doc(alias = "POST_CreateBillRun")]
    #[doc(alias = "CreateBillRunRequest")]
    pub request CreateBillRun {
        /// Name of the bill run, for display.
        name: Option<String> = "name",
        batches: Vec<BatchName> = "batches" (by hand),
        bill_cycle_day: Option<BillCycleDay> = "billCycleDay" (by hand),
        filters: Vec<BillRunFilter> = "billRunFilters" (by hand),
        /// Type of the bill run. The default is `Regular`. Setting it requires the Catch-Up Bill Run feature.
        bill_run_type: Option<BillRunType> = "billRunType",
        /// Types of charges that the run does not bill: at most two of `OneTime`, `Recurring` and `Usage`. A type that
        /// this version does not know is sent unchecked.
        #[doc(alias = "chargeTypeToExclude")]
        excluded_charge_types: Vec<ChargeType> = "chargeTypeToExclude",
        /// Whether to e-mail the documents automatically after auto-posting them. The default is false. Requires the
        /// billing rule "Support Bill Run Auto-Post?".
        auto_email: Option<bool> = "autoEmail",
        /// Whether to post the documents automatically as soon as the run is completed. The default is false. Requires
        /// the billing rule "Support Bill Run Auto-Post?".
        auto_post: Option<bool> = "autoPost",
        /// Whether to renew subscriptions that are due for renewal. The default is false.
        auto_renewal: Option<bool> = "autoRenewal",
        /// Whether to exclude documents with a zero amount from e-mailing. The default is false, though Zuora recommends
        /// true.
        no_email_for_zero_amount_invoice: Option<bool> = "noEmailForZeroAmountInvoice",
        schedule: Option<BillRunSchedule> = "schedule" (by hand),
        invoice_date: Option<Date> = "invoiceDate" (by hand),
        invoice_date_month_offset: Option<i64> = "invoiceDateMonthOffset" (by hand),
        invoice_date_day_of_month: Option<i64> = "invoiceDateDayOfMonth" (by hand),
        target_date: Option<Date> = "targetDate" (by hand),
        target_date_month_offset: Option<i64> = "targetDateMonthOffset" (by hand),
        target_date_day_of_month: Option<i64> = "targetDateDayOfMonth" (by hand),
        /// Organizations to bill, each with its id or name. Tenants with the Multi-Org feature require them, and no
        /// other tenant has any.
        organization_labels: Vec<OrganizationLabel> = "organizationLabels",
        /// Whether to bill subscriptions. The default is true.
        include_subscriptions: Option<bool> = "includeSubscriptions",
        /// Whether to bill order line items. The default is true.
        include_order_line_items: Option<bool> = "includeOrderLineItems",
    }
}

impl CreateBillRun {
    /// Creates a bill run with a scope and a timing.
    pub fn new(scope: impl Into<Scope>, timing: impl Into<RunTiming>) -> Self {
        let mut run = Self::default();
        match scope.into() {
            Scope::Batches(batches) => {
                run.batches = batches.names;
                run.bill_cycle_day = batches.cycle_day;
            }
            Scope::Account(account) => run.filters = vec![BillRunFilter::account(account)],
            Scope::Subscriptions { account, subscriptions } => {
                let filter = |subscription| BillRunFilter::subscription(&account, subscription);
                run.filters = subscriptions.into_iter().map(filter).collect();
            }
            Scope::Conditions(conditions) => {
                let filter = |(object, condition)| BillRunFilter::condition(object, condition);
                run.filters = conditions.into_iter().map(filter).collect();
            }
            Scope::Filters(filters) => run.filters = filters,
        }
        match timing.into() {
            RunTiming::AdHoc(dates) => {
                run.target_date = Some(dates.target_date);
                run.invoice_date = dates.invoice_date;
            }
            RunTiming::Schedule(schedule) => run.set_schedule(schedule),
        }
        run
    }

    fn set_schedule(&mut self, schedule: Schedule) {
        self.schedule = Some(schedule.wire);
        if schedule.as_run_day && self.bill_cycle_day.is_none() {
            self.bill_cycle_day = Some("AsRunDay".into());
        }
        match schedule.invoice_date {
            RunDate::RunDay => {}
            RunDate::Fixed(date) => self.invoice_date = Some(date),
            RunDate::InMonth { offset, day } => {
                self.invoice_date_month_offset = Some(offset);
                self.invoice_date_day_of_month = Some(day.into());
            }
        }
        match schedule.target_date {
            RunDate::RunDay => {}
            RunDate::Fixed(date) => self.target_date = Some(date),
            RunDate::InMonth { offset, day } => {
                self.target_date_month_offset = Some(offset);
                self.target_date_day_of_month = Some(day.into());
            }
        }
    }
}

impl Operation for CreateBillRun {
    type Output = BillRun;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        self.check()?;
        RequestBuilder::new(&SPEC).json(self, 256 + 160 * self.filters.len())
    }

    fn parse(&self, success: &HttpResponse) -> Result<BillRun> {
        json::read(success)
    }
}

/// Checks for requests that the service would reject.
impl CreateBillRun {
    fn check(&self) -> Result<()> {
        check_scope(&self.batches, &self.filters, self.bill_cycle_day.as_ref(), self.schedule.is_some())?;
        match &self.schedule {
            None if self.target_date.is_none() => reject("targetDate", "is required for an ad hoc run")?,
            None => {}
            Some(schedule) => schedule.check()?,
        }
        let (offset, day) = (self.invoice_date_month_offset, self.invoice_date_day_of_month);
        self.check_date("invoiceDate", self.invoice_date, offset, day)?;
        let (offset, day) = (self.target_date_month_offset, self.target_date_day_of_month);
        self.check_date("targetDate", self.target_date, offset, day)?;
        if self.excluded_charge_types.len() > 2 {
            reject("chargeTypeToExclude", "must have at most 2 entries")?;
        }
        if self.excluded_charge_types.contains(&ChargeType::Others) {
            reject("chargeTypeToExclude", "must be `OneTime`, `Recurring` or `Usage`")?;
        }
        for (index, label) in self.organization_labels.iter().enumerate() {
            if label.organization_id.is_none() && label.organization_name.is_none() {
                reject(
                    format!("organizationLabels[{index}].organizationId"),
                    "either `organizationId` or `organizationName` is required",
                )?;
            }
        }
        Ok(())
    }

    /// Checks a date that is fixed, specified by month offset and day of the month, or absent.
    fn check_date(
        &self,
        name: &'static str,
        fixed: Option<Date>,
        offset: Option<i64>,
        day: Option<i64>,
    ) -> Result<()> {
        let monthly = self.schedule.as_ref().is_some_and(BillRunSchedule::may_be_monthly);
        match (offset, day) {
            (None, None) => Ok(()),
            (Some(_), None) => {
                reject(format!("{name}DayOfMonth"), "is required together with the month offset")
            }
            (None, Some(_)) => {
                reject(format!("{name}MonthOffset"), "is required together with the day of the month")
            }
            _ if fixed.is_some() => reject(name, "cannot be combined with a month offset"),
            _ if !monthly => reject(format!("{name}MonthOffset"), "is allowed only for monthly schedules"),
            (_, Some(1..=31)) => Ok(()),
            _ => reject(format!("{name}DayOfMonth"), "must be a day of the month from 1 to 31"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::bill_runs::{AdHoc, Batches, Condition, FilterObject};
    use crate::api::bill_runs::{Operator, Weekday};

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn body(run: &CreateBillRun) -> String {
        String::from_utf8(run.request().unwrap().body().to_vec()).unwrap()
    }

    #[test]
    fn bill_cycle_days_and_charge_types_are_the_documented_ones() {
        let up_to = || AdHoc::up_to(date("2024-05-31"));
        let with_day =
            |day: BillCycleDay| CreateBillRun::new(Batches::all().cycle_day(day), up_to()).request();
        for day in ["1", "31", "AllBillCycleDays"] {
            assert!(with_day(day.into()).is_ok(), "{day}");
        }
        for day in ["", "0", "32", "01", "+1", "Foo", "AsRunDay", "allbillcycledays"] {
            assert_eq!(with_day(day.into()).unwrap_err().field(), Some("billCycleDay"), "{day}");
        }
        for day in ["", "0", "32"] {
            assert_eq!(
                with_day(BillCycleDay::unchecked(day)).unwrap_err().field(),
                Some("billCycleDay"),
                "{day}"
            );
        }
        let request = with_day(BillCycleDay::unchecked("1,15")).unwrap();
        let stored: CreateBillRun = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(stored.request().unwrap().body(), request.body(), "a stored operation is sent as it was");
        let excluding = |kind| {
            CreateBillRun::new(Batches::unchecked(["Batch120"]), up_to())
                .excluded_charge_types([kind])
                .request()
        };
        assert_eq!(excluding(ChargeType::Others).unwrap_err().field(), Some("chargeTypeToExclude"));
        let request = excluding(ChargeType::from("Prepayment")).unwrap();
        let stored: CreateBillRun = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(stored.request().unwrap().body(), request.body());
    }

    /// Returns the field that the error for this body names, or an empty text for a valid body.
    fn invalid_field(body: &str) -> String {
        let run: CreateBillRun = serde_json::from_str(body).unwrap();
        run.request().err().map(|error| error.field().unwrap_or_default().to_owned()).unwrap_or_default()
    }

    #[test]
    fn an_ad_hoc_run_for_batches() {
        let timing = AdHoc::up_to(date("2024-05-31")).invoice_date(date("2024-06-01"));
        let run = CreateBillRun::new(Batches::named(["Batch1", "Batch20"]).cycle_day(15), timing)
            .name("May")
            .excluded_charge_types([ChargeType::Usage])
            .auto_post(false)
            .organization_labels([OrganizationLabel::default().organization_name("EMEA")]);
        assert_eq!(
            body(&run),
            r#"{"name":"May","batches":["Batch1","Batch20"],"billCycleDay":"15","chargeTypeToExclude":["Usage"],"#
                .to_owned()
                + r#""autoPost":false,"invoiceDate":"2024-06-01","targetDate":"2024-05-31","#
                + r#""organizationLabels":[{"organizationName":"EMEA"}]}"#
        );
        let request = run.request().unwrap();
        assert_eq!(request.headers()["content-type"], "application/json");
    }

    #[test]
    fn scopes_are_sent_as_filters() {
        let timing = || AdHoc::up_to(date("2024-05-31"));
        let scope = Scope::subscriptions(
            "2c92a0fd5e2d4f8a015e2d5c3a1b0001",
            ["2c92a0fd5e2d4f8a015e2d5c3a1b0011", "2c92a0fd5e2d4f8a015e2d5c3a1b0012"],
        );
        assert_eq!(
            body(&CreateBillRun::new(scope, timing())),
            r#"{"billRunFilters":[{"filterType":"Subscription","accountId":"2c92a0fd5e2d4f8a015e2d5c3a1b0001","subscriptionId":"2c92a0fd5e2d4f8a015e2d5c3a1b0011"},"#
                .to_owned()
                + r#"{"filterType":"Subscription","accountId":"2c92a0fd5e2d4f8a015e2d5c3a1b0001","subscriptionId":"2c92a0fd5e2d4f8a015e2d5c3a1b0012"}],"#
                + r#""targetDate":"2024-05-31"}"#
        );
        let condition = Condition::any([
            Condition::of("Region__c", Operator::Equal, "EU"),
            Condition::of("Region__c", Operator::IsNull, "ignored"),
        ]);
        assert_eq!(
            body(&CreateBillRun::new(Scope::condition(FilterObject::Account, condition), timing())),
            r#"{"billRunFilters":[{"filterType":"FilterCondition","objectType":"Account","condition":"#
                .to_owned()
                + r#"{"relation":"or","conditions":[{"field":"Region__c","operator":"eq","value":"EU"},"#
                + r#"{"field":"Region__c","operator":"nl"}]}}],"targetDate":"2024-05-31"}"#
        );
    }

    #[test]
    fn schedules_are_sent_with_their_dates() {
        let weekly = Schedule::weekly(date("2024-06-03"), 4, [Weekday::Monday, Weekday::Friday]).as_run_day();
        assert_eq!(
            body(&CreateBillRun::new(Batches::all(), weekly)),
            r#"{"batches":["AllBatches"],"billCycleDay":"AsRunDay","schedule":{"repeatFrom":"2024-06-03","#
                .to_owned()
                + r#""repeatType":"Weekly","runTime":4,"weeklyOnDay":["Mon","Fri"]}}"#
        );
        let monthly = Schedule::monthly(date("2024-04-30"), 0)
            .on_end_of_month(true)
            .until(date("2025-04-30"))
            .invoice_day(1, 1)
            .target_day(0, 31);
        assert_eq!(
            body(&CreateBillRun::new(Scope::account("2c92a0fd5e2d4f8a015e2d5c3a1b0001"), monthly)),
            r#"{"billRunFilters":[{"filterType":"Account","accountId":"2c92a0fd5e2d4f8a015e2d5c3a1b0001"}],"schedule":"#.to_owned()
                + r#"{"repeatFrom":"2024-04-30","repeatTo":"2025-04-30","repeatType":"Monthly","runTime":0,"#
                + r#""monthlyOnEndOfMonth":true},"invoiceDateMonthOffset":1,"invoiceDateDayOfMonth":1,"#
                + r#""targetDateMonthOffset":0,"targetDateDayOfMonth":31}"#
        );
    }

    #[test]
    fn invalid_fields_are_named_and_not_sent() {
        let filters = |filters: &str| {
            invalid_field(&format!(r#"{{"billRunFilters":[{filters}],"targetDate":"2024-05-31"}}"#))
        };
        let subscription = |account: &str| {
            format!(
                r#"{{"filterType":"Subscription","accountId":"{account}","subscriptionId":"2c92a0fd5e2d4f8a015e2d5c3a1b0011"}}"#
            )
        };
        let account = r#"{"filterType":"Account","accountId":"2c92a0fd5e2d4f8a015e2d5c3a1b0001"}"#;
        assert_eq!(filters(account), "");
        assert_eq!(filters(&[account; 2].join(",")), "billRunFilters");
        assert_eq!(filters(&vec![subscription("2c92a0fd5e2d4f8a015e2d5c3a1b0001"); 50].join(",")), "");
        assert_eq!(
            filters(&vec![subscription("2c92a0fd5e2d4f8a015e2d5c3a1b0001"); 51].join(",")),
            "billRunFilters"
        );
        assert_eq!(
            filters(
                &[
                    subscription("2c92a0fd5e2d4f8a015e2d5c3a1b0001"),
                    subscription("2c92a0fd5e2d4f8a015e2d5c3a1b0002")
                ]
                .join(",")
            ),
            "billRunFilters"
        );
        assert_eq!(filters(r#"{"filterType":"Tomorrow"}"#), "");
        assert_eq!(
            filters(r#"{"filterType":"Account","accountId":"A00000001"}"#),
            "billRunFilters[0].accountId"
        );
        assert_eq!(filters(r"{}"), "billRunFilters[0].filterType");
        assert_eq!(filters(r#"{"filterType":"Account"}"#), "billRunFilters[0].accountId");
        assert_eq!(
            filters(r#"{"filterType":"Subscription","accountId":"2c92a0fd5e2d4f8a015e2d5c3a1b0001"}"#),
            "billRunFilters[0].subscriptionId"
        );
        assert_eq!(filters(r#"{"filterType":"FilterCondition"}"#), "billRunFilters[0].objectType");
        assert_eq!(filters(r#"{"filterType":"FilterCondition","filterId":"2c98"}"#), "");
        assert_eq!(
            filters(r#"{"filterType":"FilterCondition","objectType":"Account"}"#),
            "billRunFilters[0].condition"
        );

        let with = |more: &str| invalid_field(&format!(r#"{{"batches":["Batch1"],{more}}}"#));
        assert_eq!(with(r#""targetDate":"2024-05-31""#), "");
        assert_eq!(with(r#""name":"no date""#), "targetDate");
        assert_eq!(invalid_field(r#"{"targetDate":"2024-05-31"}"#), "batches");
        assert_eq!(with(&format!(r#""billRunFilters":[{account}]"#)), "billRunFilters");
        assert_eq!(with(r#""billCycleDay":"AsRunDay","targetDate":"2024-05-31""#), "billCycleDay");
        assert_eq!(with(r#""billCycleDay":"32","targetDate":"2024-05-31""#), "billCycleDay");
        assert_eq!(
            with(r#""chargeTypeToExclude":["A","B","C"],"targetDate":"2024-05-31""#),
            "chargeTypeToExclude"
        );
        assert_eq!(
            with(r#""organizationLabels":[{}],"targetDate":"2024-05-31""#),
            "organizationLabels[0].organizationId"
        );
        assert_eq!(
            invalid_field(&format!(
                r#"{{"billRunFilters":[{account}],"billCycleDay":"1","targetDate":"2024-05-31"}}"#
            )),
            "billCycleDay"
        );

        let scheduled = |schedule: &str, more: &str| with(&format!(r#""schedule":{{{schedule}}}{more}"#));
        let monthly = r#""repeatFrom":"2024-05-31","repeatType":"Monthly","runTime":23"#;
        assert_eq!(scheduled(monthly, r#","billCycleDay":"AsRunDay""#), "");
        assert_eq!(scheduled(r#""repeatType":"None","runTime":1"#, ""), "schedule.repeatFrom");
        assert_eq!(scheduled(r#""repeatFrom":"2024-05-31","runTime":1"#, ""), "schedule.repeatType");
        assert_eq!(
            scheduled(r#""repeatFrom":"2024-05-31","repeatType":"Daily","runTime":24"#, ""),
            "schedule.runTime"
        );
        assert_eq!(
            scheduled(r#""repeatFrom":"2024-05-31","repeatType":"Weekly","runTime":1"#, ""),
            "schedule.weeklyOnDay"
        );
        let daily = r#""repeatFrom":"2024-05-31","repeatType":"Daily","runTime":1"#;
        assert_eq!(
            scheduled(&format!(r#"{daily},"monthlyOnEndOfMonth":true"#), ""),
            "schedule.monthlyOnEndOfMonth"
        );
        let offset = r#","invoiceDateMonthOffset":1,"invoiceDateDayOfMonth":1"#;
        assert_eq!(scheduled(daily, offset), "invoiceDateMonthOffset");
        assert_eq!(scheduled(monthly, &format!(r#"{offset},"invoiceDate":"2024-05-31""#)), "invoiceDate");
        assert_eq!(scheduled(monthly, r#","targetDateMonthOffset":1"#), "targetDateDayOfMonth");
        assert_eq!(scheduled(monthly, r#","targetDateDayOfMonth":1"#), "targetDateMonthOffset");
        assert_eq!(
            scheduled(monthly, r#","targetDateMonthOffset":0,"targetDateDayOfMonth":32"#),
            "targetDateDayOfMonth"
        );
    }

    #[test]
    fn an_operation_can_be_queued() {
        let mut run = CreateBillRun::new(Batches::all(), AdHoc::up_to(date("2024-05-31"))).auto_email(true);
        run.set_custom("newSwitch", &"on").unwrap();
        let text = serde_json::to_string(&run).unwrap();
        assert_eq!(serde_json::from_str::<CreateBillRun>(&text).unwrap(), run);
        assert!(body(&run).ends_with(r#""newSwitch":"on"}"#));
    }
}
