//! Strategies for operations on bill runs and their values.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::fields::{Generate, Limits, arbitrary, each_field, filled, full, generate, plain};
use super::values::text;
use crate::api::bill_runs::{
    AdHoc, BatchName, Batches, BillCycleDay, BillRun, BillRunFilter, BillRunSchedule, BillRunStatus,
    CancelBillRun, ChargeType, Condition, CreateBillRun, DeleteBillRun, EmailBillRun, FilterObject,
    FilterType, GetBillRun, MonthlySchedule, Operator, OrganizationLabel, PostBillRun, RepeatType, RunTiming,
    Schedule, Scope, Weekday,
};
use crate::types::{AccountId, BillRunId, BillRunKey, Date, SubscriptionId};

arbitrary! {
    CreateBillRun => creations();
    GetBillRun => any::<BillRunId>().prop_map(Self::new);
    PostBillRun => (any::<BillRunId>(), option::of(any::<Date>())).prop_map(|(run, date)| {
        let post = Self::new(run);
        match date {
            Some(date) => post.invoice_date(date),
            None => post,
        }
    });
    CancelBillRun => (any::<BillRunId>(), option::of(any::<bool>())).prop_map(|(run, all)| {
        let cancel = Self::new(run);
        match all {
            Some(true) => cancel.all_occurrences(),
            Some(false) => cancel.this_occurrence(),
            None => cancel,
        }
    });
    DeleteBillRun => any::<BillRunId>().prop_map(Self::new);
    EmailBillRun => (any::<BillRunKey>(), option::of(any::<bool>())).prop_map(|(run, resend)| {
        let email = Self::new(run);
        match resend {
            Some(resend) => email.resend(resend),
            None => email,
        }
    });
    Scope => prop_oneof![any::<Batches>().prop_map(Self::from), filters()];
    Batches => batches();
    BillCycleDay => prop_oneof![
        8 => (1..=31_u8).prop_map(Self::from),
        1 => select(vec!["AllBillCycleDays", "1,15"]).prop_map(Self::unchecked),
    ];
    RunTiming => prop_oneof![any::<AdHoc>().prop_map(Self::from), schedules()];
    AdHoc => (any::<Date>(), option::of(any::<Date>())).prop_map(|(target, date)| {
        let dates = Self::up_to(target);
        match date {
            Some(date) => dates.invoice_date(date),
            None => dates,
        }
    });
    Schedule => simple_schedules();
    MonthlySchedule => monthly_schedules();
    BillRunFilter => prop_oneof![
        hexadecimal::<AccountId>().prop_map(Self::account),
        (hexadecimal::<AccountId>(), hexadecimal::<SubscriptionId>())
            .prop_map(|(account, subscription)| Self::subscription(account, subscription)),
        (any::<FilterObject>(), any::<Condition>())
            .prop_map(|(object, condition)| Self::condition(object, condition)),
        other_filters(),
    ];
    Condition => conditions();
    OrganizationLabel => (each_field::<Self>(), text(1..=12)).prop_map(|(label, name)| {
        match (&label.organization_id, &label.organization_name) {
            (None, None) => label.organization_name(name),
            _ => label,
        }
    });
}

plain! { BillRun, BillRunSchedule }

generate! { BillCycleDay, BillRunFilter, Condition, OrganizationLabel }

/// Generates the next run of a schedule, which has no next run itself.
impl Generate for Box<BillRun> {
    fn within(_: Limits) -> BoxedStrategy<Self> {
        (any::<BillRunId>(), any::<BillRunStatus>())
            .prop_map(|(id, status)| {
                Box::new(BillRun { id: Some(id), status: Some(status), ..BillRun::default() })
            })
            .boxed()
    }
}

impl Generate for BatchName {
    fn within(_: Limits) -> BoxedStrategy<Self> {
        (1..=50_u8).prop_map(|number| Self::confirmed(format!("Batch{number}"))).boxed()
    }
}

/// Generates an id of 32 hexadecimal digits, for fields that require one.
fn hexadecimal<T: Generate>() -> BoxedStrategy<T> {
    T::within(Limits { id: true, ..Limits::NONE })
}

/// Combines `AsRunDay` only with batches without a bill cycle day, and excludes at most two types of charges.
fn creations() -> BoxedStrategy<CreateBillRun> {
    let run = prop_oneof![
        4 => (any::<Scope>(), any::<RunTiming>()).prop_map(|(scope, timing)| CreateBillRun::new(scope, timing)),
        1 => any::<Schedule>().prop_map(|schedule| CreateBillRun::new(Batches::all(), schedule.as_run_day())),
        1 => any::<MonthlySchedule>()
            .prop_map(|schedule| CreateBillRun::new(Batches::all(), schedule.as_run_day())),
    ];
    let kinds = any::<ChargeType>().prop_filter("cannot be excluded", |kind| *kind != ChargeType::Others);
    (filled(run, &["chargeTypeToExclude"]), vec(kinds, 0..=2))
        .prop_map(|(run, kinds)| run.excluded_charge_types(kinds))
        .boxed()
}

fn batches() -> BoxedStrategy<Batches> {
    let names = vec((1..=200_u8).prop_map(|number| format!("Batch{number}")), 1..=3);
    let named =
        prop_oneof![30 => names, 1 => full(Just("Batch1".to_owned()), 300)].prop_map(Batches::unchecked);
    (prop_oneof![1 => Just(Batches::all()), 2 => named], option::of(any::<BillCycleDay>()))
        .prop_map(|(batches, day)| match day {
            Some(day) => batches.cycle_day(day),
            None => batches,
        })
        .boxed()
}

/// Generates scopes other than batches, with at most one account and at most 50 subscriptions of one account.
fn filters() -> BoxedStrategy<Scope> {
    let account = || hexadecimal::<AccountId>();
    let subscriptions = |least| vec(hexadecimal::<SubscriptionId>(), least..=3);
    let many = prop_oneof![30 => subscriptions(1), 1 => full(hexadecimal::<SubscriptionId>(), 50)];
    let mixed = (option::of(account()), account(), subscriptions(0), other_filters()).prop_map(
        |(alone, account, subscriptions, other)| {
            let filter = |subscription| BillRunFilter::subscription(&account, subscription);
            let mut filters: Vec<_> = subscriptions.into_iter().map(filter).collect();
            filters.extend(alone.map(BillRunFilter::account));
            filters.push(other);
            Scope::Filters(filters)
        },
    );
    prop_oneof![
        account().prop_map(Scope::Account),
        (account(), many).prop_map(|(account, many)| Scope::subscriptions(account, many)),
        vec((any::<FilterObject>(), any::<Condition>()), 1..=3).prop_map(Scope::Conditions),
        mixed,
    ]
    .boxed()
}

/// Generates filters of the types other than account, subscription and condition.
fn other_filters() -> BoxedStrategy<BillRunFilter> {
    let kind = select(vec![FilterType::InvoiceSchedule, FilterType::BillRunErrors, "NewType".into()]);
    let id = || option::of(text(1..=12));
    (kind, id(), id(), id())
        .prop_map(|(kind, schedule, item, filter)| BillRunFilter {
            filter_type: Some(kind),
            invoice_schedule_id: schedule,
            invoice_schedule_item_id: item,
            filter_id: filter,
            ..BillRunFilter::default()
        })
        .boxed()
}

/// Generates single conditions and nested groups of conditions.
fn conditions() -> BoxedStrategy<Condition> {
    let single = (text(1..=12), any::<Operator>(), text(0..=12))
        .prop_map(|(field, operator, value)| Condition::of(field, operator, value));
    single
        .prop_recursive(2, 6, 3, |inner| {
            let group = |(all, conditions): (bool, Vec<_>)| {
                if all { Condition::all(conditions) } else { Condition::any(conditions) }
            };
            (any::<bool>(), vec(inner, 1..=3)).prop_map(group)
        })
        .boxed()
}

/// Generates schedules of all types, including unknown types.
fn schedules() -> BoxedStrategy<RunTiming> {
    let other = (any::<Date>(), 0..24_i64, unknown_repeat_types()).prop_map(|(from, hour, kind)| {
        let schedule = BillRunSchedule {
            repeat_from: Some(from),
            run_time: Some(hour),
            repeat_type: Some(kind),
            ..BillRunSchedule::default()
        };
        RunTiming::from(Schedule::from(schedule))
    });
    prop_oneof![
        6 => any::<Schedule>().prop_map(RunTiming::from),
        6 => any::<MonthlySchedule>().prop_map(RunTiming::from),
        1 => other,
    ]
    .boxed()
}

fn unknown_repeat_types() -> impl Strategy<Value = RepeatType> {
    select(vec!["Yearly", "Quarterly"]).prop_map(RepeatType::from)
}

fn simple_schedules() -> BoxedStrategy<Schedule> {
    let start = || (any::<Date>(), 0..24_u8);
    let week = vec![
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    let schedule = prop_oneof![
        start().prop_map(|(on, hour)| Schedule::once(on, hour)),
        start().prop_map(|(from, hour)| Schedule::daily(from, hour)),
        (start(), subsequence(week, 1..=7))
            .prop_map(|((from, hour), days)| Schedule::weekly(from, hour, days)),
    ];
    let date = || option::of(any::<Date>());
    (schedule, date(), date(), date())
        .prop_map(|(mut schedule, until, invoice_date, target_date)| {
            if let Some(last) = until {
                schedule = schedule.until(last);
            }
            if let Some(date) = invoice_date {
                schedule = schedule.invoice_date(date);
            }
            if let Some(date) = target_date {
                schedule = schedule.target_date(date);
            }
            schedule
        })
        .boxed()
}

/// A date of a monthly run.
#[derive(Clone, Debug)]
enum RunDate {
    RunDay,
    Fixed(Date),
    InMonth(i64, u8),
}

/// Sets `on_end_of_month` only for schedules that start on the last day of a month.
fn monthly_schedules() -> BoxedStrategy<MonthlySchedule> {
    let date = || {
        prop_oneof![
            Just(RunDate::RunDay),
            any::<Date>().prop_map(RunDate::Fixed),
            (-12..=12_i64, 1..=31_u8).prop_map(|(months, day)| RunDate::InMonth(months, day)),
        ]
    };
    let month_end = option::of(any::<bool>());
    (any::<Date>(), 0..24_u8, month_end, option::of(any::<Date>()), date(), date())
        .prop_map(|(from, hour, month_end, until, invoice_date, target_date)| {
            let mut schedule = Schedule::monthly(from, hour);
            if let Some(month_end) = month_end {
                schedule = schedule.on_end_of_month(month_end && from.is_month_end());
            }
            if let Some(last) = until {
                schedule = schedule.until(last);
            }
            schedule = match invoice_date {
                RunDate::RunDay => schedule,
                RunDate::Fixed(date) => schedule.invoice_date(date),
                RunDate::InMonth(months, day) => schedule.invoice_day(months, day),
            };
            match target_date {
                RunDate::RunDay => schedule,
                RunDate::Fixed(date) => schedule.target_date(date),
                RunDate::InMonth(months, day) => schedule.target_day(months, day),
            }
        })
        .boxed()
}
