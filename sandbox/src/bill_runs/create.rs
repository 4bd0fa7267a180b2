//! `POST /v1/bill-runs`.

use super::schedule::{DateRule, Schedule};
use super::scope::Scope;
use super::{BillRun, Plan, Status};
use crate::call::{Call, Fields};
use crate::json::Json;
use crate::refusal::{Category, Refusal};
use crate::reply::Reply;
use crate::tenant::ChargeType;
use crate::time::Date;
use crate::world::World;

const FIELDS: [&str; 20] = [
    "name",
    "batches",
    "billCycleDay",
    "billRunFilters",
    "billRunType",
    "chargeTypeToExclude",
    "autoEmail",
    "autoPost",
    "autoRenewal",
    "noEmailForZeroAmountInvoice",
    "schedule",
    "invoiceDate",
    "invoiceDateMonthOffset",
    "invoiceDateDayOfMonth",
    "targetDate",
    "targetDateMonthOffset",
    "targetDateDayOfMonth",
    "organizationLabels",
    "includeSubscriptions",
    "includeOrderLineItems",
];

/// No run bills further ahead, so that one request cannot ask for thousands of years of periods.
const TARGET_YEARS: i64 = 10;

/// Creates a `Pending` run.
pub(crate) fn create(world: &mut World, call: &Call, _keys: &[&str]) -> Result<Reply, Refusal> {
    let code = world.settings.bill_run_code;
    read_and_add(world, call).map_err(|refusal| refusal.of_resource(code))
}

fn read_and_add(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let body = call.object(&world.settings, &FIELDS)?;
    let fields = Fields::new("", &body)?;
    let today = world.today();
    let schedule = fields.get("schedule").map(|schedule| Schedule::read(schedule, today)).transpose()?;
    let first = match &schedule {
        Some(schedule) => {
            schedule.first().ok_or_else(|| Refusal::rule("The schedule has no day to run on."))?
        }
        None => today,
    };
    let timing = schedule.as_ref().map(|schedule| (schedule, first));
    let invoice_date = DateRule::read(fields, "invoiceDate", timing, Some(today))?;
    let target_date = DateRule::read(fields, "targetDate", timing, None)?;
    check_dates(today, first, [invoice_date, target_date])?;
    let plan = read_plan(world, fields, schedule)?;
    let pending = world.runs.iter().filter(|run| run.status == Status::Pending).count();
    if pending > world.settings.pending_runs {
        return Err(Refusal::rule(world.settings.bill_run_texts.too_many_pending.clone()));
    }
    let id = world.ids.entity();
    let run = BillRun {
        series: id.clone(),
        id,
        number: world.ids.run_number(),
        status: Status::Pending,
        since: world.now,
        created: world.now,
        updated: world.now,
        day: first,
        starts: plan.schedule.as_ref().map(|schedule| world.tenant.zone.moment(first, schedule.hour)),
        invoice_date,
        target_date,
        posted_as_of: None,
        plan,
    };
    let answer = run.json(&world.tenant);
    world.runs.push(run);
    Ok(Reply::Success(answer))
}

fn check_dates(today: Date, first: Date, rules: [DateRule; 2]) -> Result<(), Refusal> {
    let latest = today.max(first).plus_months(12 * TARGET_YEARS);
    match rules.iter().any(|rule| rule.on(first) > latest) {
        true => Err(Refusal::rule("The dates of a bill run cannot be more than 10 years ahead.")),
        false => Ok(()),
    }
}

fn read_plan(world: &World, fields: Fields<'_>, schedule: Option<Schedule>) -> Result<Plan, Refusal> {
    let settings = &world.settings;
    let catch_up = match fields.text("billRunType")? {
        None | Some("Regular") => false,
        Some("CatchUp") => true,
        Some(_) => return Err(Refusal::value("billRunType", "Regular or CatchUp is expected")),
    };
    if catch_up && !settings.catch_up {
        return Err(Refusal::new(Category::Permission, "The Catch-Up Bill Run feature is not enabled."));
    }
    if catch_up && schedule.is_some() {
        return Err(Refusal::rule("A catch-up bill run cannot be scheduled."));
    }
    let auto_post = fields.flag("autoPost")?.unwrap_or(false);
    let auto_email = fields.flag("autoEmail")?.unwrap_or(false);
    if (auto_post || auto_email) && !settings.auto_post_rule {
        let message = "The billing rule for posting bill runs automatically is not enabled.";
        return Err(Refusal::new(Category::Permission, message));
    }
    Ok(Plan {
        name: fields.text("name")?.map(str::to_owned),
        scope: Scope::read(fields, &world.tenant, settings.batches, schedule.is_some())?,
        filters: fields.get("billRunFilters").cloned().unwrap_or(Json::Null),
        organizations: read_organizations(fields)?,
        excluded: read_excluded(fields)?,
        schedule,
        catch_up,
        auto_post: auto_post && !catch_up,
        auto_email,
        auto_renewal: fields.flag("autoRenewal")?.unwrap_or(false),
        no_email_for_zero: fields.flag("noEmailForZeroAmountInvoice")?.unwrap_or(false),
        subscriptions: fields.flag("includeSubscriptions")?.unwrap_or(true),
        order_line_items: fields.flag("includeOrderLineItems")?.unwrap_or(true),
    })
}

fn read_excluded(fields: Fields<'_>) -> Result<Vec<ChargeType>, Refusal> {
    let names = fields.texts("chargeTypeToExclude")?.unwrap_or_default();
    if names.len() > 2 {
        return Err(Refusal::rule("The field 'chargeTypeToExclude' takes at most two charge types."));
    }
    let read = |name: &str| ChargeType::ALL.into_iter().find(|kind| kind.wire() == name);
    let kinds: Option<Vec<ChargeType>> = names.into_iter().map(read).collect();
    kinds.ok_or_else(|| Refusal::value("chargeTypeToExclude", "OneTime, Recurring or Usage is expected"))
}

fn read_organizations(fields: Fields<'_>) -> Result<Json, Refusal> {
    let Some(labels) = fields.rows("organizationLabels")? else { return Ok(Json::Null) };
    for (index, label) in labels.iter().enumerate() {
        let path = format!("organizationLabels[{index}].");
        let known = ["organizationId", "organizationName", "cascadingDown", "excluded"];
        let label = Fields::new(&path, label)?.known(&known)?;
        label.flag("cascadingDown")?;
        label.flag("excluded")?;
        if label.text("organizationId")?.is_none() && label.text("organizationName")?.is_none() {
            return Err(Refusal::missing(&label.name("organizationId")));
        }
    }
    Ok(Json::Array(labels.to_vec()))
}
