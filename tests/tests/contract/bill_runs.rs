//! The bill-run operations in valid and invalid forms.

use zuora_core::Date;
use zuora_core::bill_runs::{
    AdHoc, Batches, BillRunFilter, BillRunSchedule, BillRunStatus, BillRunType, CancelBillRun, ChargeType,
    Condition, CreateBillRun, DeleteBillRun, EmailBillRun, FilterObject, FilterType, GetBillRun, Operator,
    OrganizationLabel, PostBillRun, Relation, RepeatType, Schedule, Scope, Weekday,
};
use zuora_core::types::BillRunNumber;

use crate::subject::Enforcement::{ByService, Meaning, Rejected, Unrepresentable};
use crate::subject::{Constraint, Enumeration, Form, Subject, from_json, invalid};

const RUN: &str = "2c9890077e8a8490017e8bf3a5171a43";
const ACCOUNT: &str = "2c92c8955bd63cc1015bd7c151af02ab";

pub(crate) fn subjects() -> Vec<Subject> {
    vec![
        Subject { name: "create_bill_run", body: "", valid: creations() },
        Subject { name: "get_bill_run", body: "", valid: vec![Box::new(GetBillRun::new(RUN))] },
        Subject {
            name: "post_bill_run",
            body: "body",
            valid: vec![
                Box::new(PostBillRun::new(RUN)),
                Box::new(PostBillRun::new(RUN).invoice_date(day("2024-06-01"))),
            ],
        },
        Subject {
            name: "cancel_bill_run",
            body: "body",
            valid: vec![
                Box::new(CancelBillRun::new(RUN)),
                Box::new(CancelBillRun::new(RUN).this_occurrence()),
                Box::new(CancelBillRun::new(RUN).all_occurrences()),
            ],
        },
        Subject { name: "delete_bill_run", body: "", valid: vec![Box::new(DeleteBillRun::new(RUN))] },
        Subject {
            name: "email_bill_run",
            body: "body",
            valid: vec![
                Box::new(EmailBillRun::new(BillRunNumber::from("BR-00000001"))),
                Box::new(EmailBillRun::new(RUN).resend(true)),
            ],
        },
    ]
}

fn creations() -> Vec<Box<dyn Form>> {
    let now = || AdHoc::up_to(day("2024-05-31"));
    let condition = Condition::all([
        Condition::of("AccountNumber", Operator::In, "A00000001,A00000002"),
        Condition::any([Condition::of("Region__c", Operator::IsNotNull, "")]),
    ]);
    let mut label = OrganizationLabel::default();
    label.organization_id = Some("8ad09bc2".into());
    label.organization_name = Some("North".into());
    label.cascading_down = Some(true);
    label.excluded = Some(false);
    let mut other_filter = BillRunFilter::default();
    other_filter.filter_type = Some(FilterType::InvoiceSchedule);
    other_filter.invoice_schedule_id = Some("8ad08ad08ad08ad08ad08ad08ad08ad0".into());
    other_filter.invoice_schedule_item_id = Some("8ad18ad18ad18ad18ad18ad18ad18ad1".into());
    other_filter.filter_id = Some("8ad28ad28ad28ad28ad28ad28ad28ad2".into());
    let weekly =
        Schedule::weekly(day("2024-06-03"), 6, [Weekday::Monday, Weekday::Friday]).until(day("2024-12-31"));
    let monthly =
        Schedule::monthly(day("2024-04-30"), 0).on_end_of_month(true).invoice_day(1, 1).target_day(0, 31);
    vec![
        Box::new(
            CreateBillRun::new(
                Batches::unchecked(["Batch1", "Batch200"]).cycle_day(15),
                now().invoice_date(day("2024-06-01")),
            )
            .name("May")
            .bill_run_type(BillRunType::Regular)
            .excluded_charge_types([ChargeType::OneTime, ChargeType::Usage])
            .auto_post(true)
            .auto_email(true)
            .auto_renewal(true)
            .no_email_for_zero_amount_invoice(true)
            .organization_labels([label])
            .include_subscriptions(true)
            .include_order_line_items(false),
        ),
        Box::new(CreateBillRun::new(Scope::account(ACCOUNT), now())),
        Box::new(CreateBillRun::new(
            Scope::subscriptions(ACCOUNT, ["8ad38ad38ad38ad38ad38ad38ad38ad3"; 50]),
            now(),
        )),
        Box::new(CreateBillRun::new(Scope::condition(FilterObject::Account, condition), now())),
        Box::new(CreateBillRun::new(Scope::Filters(vec![other_filter]), now())),
        Box::new(CreateBillRun::new(Batches::all(), weekly)),
        Box::new(CreateBillRun::new(Batches::all(), Schedule::once(day("2024-06-03"), 23).as_run_day())),
        Box::new(CreateBillRun::new(Batches::all(), monthly)),
    ]
}

/// The enforcement of each constraint that the facts state in words.
pub(crate) fn constraints() -> Vec<Constraint> {
    let create = |text: &str, field: &'static str| invalid(from_json::<CreateBillRun>(text), field);
    let scheduled = |schedule: BillRunSchedule, field: &'static str| {
        invalid(CreateBillRun::new(Batches::all(), Schedule::from(schedule)), field)
    };
    let now = || AdHoc::up_to(day("2024-05-31"));
    let filtered = |filter: BillRunFilter, field: &'static str| {
        invalid(CreateBillRun::new(Scope::Filters(vec![filter]), now()), field)
    };
    let bare = |filter_type: FilterType| {
        let mut filter = BillRunFilter::default();
        filter.filter_type = Some(filter_type);
        filter
    };
    let mut daily_at_month_end = schedule(RepeatType::Daily);
    daily_at_month_end.monthly_on_end_of_month = Some(true);
    let mut monthly_within_month = schedule(RepeatType::Monthly);
    monthly_within_month.repeat_from = Some(day("2024-04-29"));
    monthly_within_month.monthly_on_end_of_month = Some(true);
    let mut every_day_twice = schedule(RepeatType::Weekly);
    every_day_twice.weekly_on_day = vec![Weekday::Monday; 8];
    let mut late = schedule(RepeatType::Daily);
    late.run_time = Some(24);
    let mut nowhere = OrganizationLabel::default();
    nowhere.excluded = Some(true);

    vec![
        (
            "CreateBillRunRequest",
            "exactly one of batches, billRunFilters",
            Rejected(vec![
                create(r#"{"targetDate":"2024-05-31"}"#, "batches"),
                create(
                    r#"{"batches":["Batch1"],"billRunFilters":[{"filterType":"Account","accountId":"8ad08ad08ad08ad08ad08ad08ad08ad0"}],
                        "targetDate":"2024-05-31"}"#,
                    "billRunFilters",
                ),
                invalid(CreateBillRun::new(Batches::named([""; 0]), now()), "batches"),
                invalid(CreateBillRun::new(Scope::Filters(Vec::new()), now()), "batches"),
            ]),
        ),
        (
            "CreateBillRunRequest",
            "billCycleDay valid only with batches",
            Rejected(vec![create(
                r#"{"billRunFilters":[{"filterType":"Account","accountId":"8ad08ad08ad08ad08ad08ad08ad08ad0"}],"billCycleDay":"1",
                    "targetDate":"2024-05-31"}"#,
                "billCycleDay",
            )]),
        ),
        (
            "CreateBillRunRequest",
            "account-level: one account only",
            Rejected(vec![invalid(
                CreateBillRun::new(
                    Scope::Filters(vec![
                        BillRunFilter::account("8ad08ad08ad08ad08ad08ad08ad08ad0"),
                        BillRunFilter::account("8ad18ad18ad18ad18ad18ad18ad18ad1"),
                    ]),
                    now(),
                ),
                "billRunFilters",
            )]),
        ),
        (
            "CreateBillRunRequest",
            "subscription-level: 1..50 subscriptions, all of one account",
            Rejected(vec![
                invalid(
                    CreateBillRun::new(
                        Scope::subscriptions(
                            "8ad08ad08ad08ad08ad08ad08ad08ad0",
                            ["8ad18ad18ad18ad18ad18ad18ad18ad1"; 51],
                        ),
                        now(),
                    ),
                    "billRunFilters",
                ),
                invalid(
                    CreateBillRun::new(
                        Scope::subscriptions("8ad08ad08ad08ad08ad08ad08ad08ad0", [""; 0]),
                        now(),
                    ),
                    "batches",
                ),
                invalid(
                    CreateBillRun::new(
                        Scope::Filters(vec![
                            BillRunFilter::subscription(
                                "8ad08ad08ad08ad08ad08ad08ad08ad0",
                                "8ad18ad18ad18ad18ad18ad18ad18ad1",
                            ),
                            BillRunFilter::subscription(
                                "8ad28ad28ad28ad28ad28ad28ad28ad2",
                                "8ad38ad38ad38ad38ad38ad38ad38ad3",
                            ),
                        ]),
                        now(),
                    ),
                    "billRunFilters",
                ),
            ]),
        ),
        (
            "CreateBillRunRequest",
            "targetDate mandatory for an ad-hoc run (no schedule)",
            Rejected(vec![create(r#"{"batches":["AllBatches"]}"#, "targetDate")]),
        ),
        (
            "CreateBillRunRequest",
            "invoiceDate excludes invoiceDateMonthOffset and invoiceDateDayOfMonth",
            Rejected(vec![create(
                r#"{"batches":["AllBatches"],"invoiceDate":"2024-05-31","invoiceDateMonthOffset":1,
                    "invoiceDateDayOfMonth":1,
                    "schedule":{"repeatFrom":"2024-05-31","repeatType":"Monthly","runTime":1}}"#,
                "invoiceDate",
            )]),
        ),
        (
            "CreateBillRunRequest",
            "targetDate excludes targetDateMonthOffset and targetDateDayOfMonth",
            Rejected(vec![create(
                r#"{"batches":["AllBatches"],"targetDate":"2024-05-31","targetDateMonthOffset":1,
                    "targetDateDayOfMonth":1,
                    "schedule":{"repeatFrom":"2024-05-31","repeatType":"Monthly","runTime":1}}"#,
                "targetDate",
            )]),
        ),
        (
            "CreateBillRunRequest",
            "xMonthOffset and xDayOfMonth come as a pair",
            Rejected(vec![
                create(
                    r#"{"batches":["AllBatches"],"targetDateMonthOffset":1,
                        "schedule":{"repeatFrom":"2024-05-31","repeatType":"Monthly","runTime":1}}"#,
                    "targetDateDayOfMonth",
                ),
                create(
                    r#"{"batches":["AllBatches"],"invoiceDateDayOfMonth":1,
                        "schedule":{"repeatFrom":"2024-05-31","repeatType":"Monthly","runTime":1}}"#,
                    "invoiceDateMonthOffset",
                ),
            ]),
        ),
        (
            "CreateBillRunRequest",
            "xMonthOffset and xDayOfMonth valid only when schedule.repeatType is Monthly",
            Rejected(vec![
                create(
                    r#"{"batches":["AllBatches"],"targetDate":"2024-05-31","invoiceDateMonthOffset":1,
                        "invoiceDateDayOfMonth":1}"#,
                    "invoiceDateMonthOffset",
                ),
                create(
                    r#"{"batches":["AllBatches"],"targetDateMonthOffset":1,"targetDateDayOfMonth":1,
                        "schedule":{"repeatFrom":"2024-05-31","repeatType":"Daily","runTime":1}}"#,
                    "targetDateMonthOffset",
                ),
            ]),
        ),
        (
            "CreateBillRunRequest",
            "chargeTypeToExclude: at most 2 values",
            Rejected(vec![invalid(
                CreateBillRun::new(Batches::all(), now()).excluded_charge_types([
                    ChargeType::OneTime,
                    ChargeType::Recurring,
                    ChargeType::Usage,
                ]),
                "chargeTypeToExclude",
            )]),
        ),
        ("CreateBillRunRequest", "ad-hoc default for invoiceDate: current date", Meaning),
        (
            "CreateBillRunRequest",
            "scheduled default for invoiceDate and targetDate: schedule.repeatFrom",
            Meaning,
        ),
        ("CreateBillRunRequest", "xDayOfMonth 31 means last day of month", Meaning),
        (
            "CreateBillRunRequest",
            "autoPost and autoEmail need the tenant auto-post billing rule; autoEmail acts after auto-post",
            ByService,
        ),
        ("CreateBillRunRequest", "billRunType needs the Catch-Up Bill Run feature", ByService),
        ("CreateBillRunRequest", "organizationLabels only on Multi-Org tenants", ByService),
        (
            "CreateBillRunRequest",
            "batches: Batch1..Batch50, up to Batch200 with the elite package",
            Rejected(vec![invalid(CreateBillRun::new(Batches::named(["Batch51"]), now()), "batches")]),
        ),
        (
            "CreateBillRunRequest",
            "refused (server) while more than 500 API-created runs are Pending",
            ByService,
        ),
        (
            "BillRunFilter",
            "filterType Account needs accountId",
            Rejected(vec![filtered(bare(FilterType::Account), "billRunFilters[0].accountId")]),
        ),
        (
            "BillRunFilter",
            "filterType Subscription needs accountId and subscriptionId",
            Rejected(vec![
                filtered(bare(FilterType::Subscription), "billRunFilters[0].accountId"),
                create(
                    r#"{"billRunFilters":[{"filterType":"Subscription","accountId":"8ad08ad08ad08ad08ad08ad08ad08ad0"}],"targetDate":"2024-05-31"}"#,
                    "billRunFilters[0].subscriptionId",
                ),
            ]),
        ),
        (
            "BillRunFilter",
            "filterType FilterCondition needs objectType and condition",
            Rejected(vec![
                filtered(bare(FilterType::FilterCondition), "billRunFilters[0].objectType"),
                create(
                    r#"{"billRunFilters":[{"filterType":"FilterCondition","objectType":"Account"}],
                        "targetDate":"2024-05-31"}"#,
                    "billRunFilters[0].condition",
                ),
            ]),
        ),
        (
            "BillRunFilter",
            "filterType InvoiceSchedule seen in responses with invoiceScheduleId (and item id)",
            Meaning,
        ),
        ("BillRunFilter", "filterType BillRunErrors named by the SDK only", Meaning),
        (
            "BillRunFilter",
            "echo may drop objectType and condition (older servers) or return them with nulls and empty lists",
            Meaning,
        ),
        ("BillRunCondition", "leaf: field + operator + value", Meaning),
        ("BillRunCondition", "group: relation + conditions", Meaning),
        ("BillRunCondition", "value of operator in: comma-separated text", Meaning),
        ("BillRunCondition", "operators nl and nnl take no value", Meaning),
        (
            "BillRunCondition",
            "built-in variables in value: {{ BillRunDate }}, {{ TargetDate }}, {{ InvoiceDate }}, {{ AsRunDay }}, \
             {{ Today }}",
            Meaning,
        ),
        (
            "BillRunSchedule",
            "weeklyOnDay needed when repeatType is Weekly; 1..7 entries",
            Rejected(vec![
                scheduled(schedule(RepeatType::Weekly), "schedule.weeklyOnDay"),
                scheduled(every_day_twice, "schedule.weeklyOnDay"),
            ]),
        ),
        (
            "BillRunSchedule",
            "monthlyOnEndOfMonth valid only when repeatType is Monthly and repeatFrom is a month end",
            Rejected(vec![
                scheduled(daily_at_month_end, "schedule.monthlyOnEndOfMonth"),
                scheduled(monthly_within_month, "schedule.monthlyOnEndOfMonth"),
            ]),
        ),
        ("BillRunSchedule", "runTime is an hour 0..23", Rejected(vec![scheduled(late, "schedule.runTime")])),
        ("BillRunSchedule", "repeatTo may be absent", Meaning),
        (
            "OrganizationLabel",
            "in a request: organizationId or organizationName needed",
            Rejected(vec![invalid(
                CreateBillRun::new(Batches::all(), now()).organization_labels([nowhere]),
                "organizationLabels[0].organizationId",
            )]),
        ),
        ("PostBillRunRequest", "invoiceDate must lie in an open accounting period", ByService),
        ("PostBillRunRequest", "send {} rather than no body (415 without Content-Type)", Unrepresentable),
        (
            "CancelBillRunRequest",
            "cancelOnce matters only for a scheduled run: true = this run, false = all later runs",
            Meaning,
        ),
        ("CancelBillRunRequest", "send {} rather than no body (415 without Content-Type)", Unrepresentable),
        ("EmailBillRunRequest", "a body is mandatory, at least {}", Unrepresentable),
        ("EmailBillRunRequest", "resend=false in quick succession may send duplicates", Meaning),
    ]
}

/// Whether a value of an enumeration, or of a field with a separate list, has a name in the library.
pub(crate) fn enumerations() -> Vec<Enumeration> {
    vec![
        ("BillRunStatus", |text| BillRunStatus::from(text).is_known()),
        ("BillRunType", |text| BillRunType::from(text).is_known()),
        ("ChargeType", |text| ChargeType::from(text).is_known()),
        ("BillRun.chargeTypeToExclude", |text| ChargeType::from(text).is_known()),
        ("CreateBillRunRequest.chargeTypeToExclude", |text| ChargeType::from(text).is_known()),
        ("BillRunFilter.filterType", |text| FilterType::from(text).is_known()),
        ("BillRunFilter.objectType", |text| FilterObject::from(text).is_known()),
        ("BillRunSchedule.repeatType", |text| RepeatType::from(text).is_known()),
        ("BillRunSchedule.weeklyOnDay", |text| Weekday::from(text).is_known()),
        ("BillRunCondition.operator", |text| Operator::from(text).is_known()),
        ("BillRunCondition.relation", |text| Relation::from(text).is_known()),
    ]
}

fn schedule(repeat_type: RepeatType) -> BillRunSchedule {
    let mut schedule = BillRunSchedule::default();
    schedule.repeat_from = Some(day("2024-04-30"));
    schedule.repeat_type = Some(repeat_type);
    schedule.run_time = Some(6);
    schedule
}

fn day(text: &str) -> Date {
    text.parse().expect("a valid date")
}
