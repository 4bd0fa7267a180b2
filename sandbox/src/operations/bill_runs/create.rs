//! `POST /v1/bill-runs`.

use std::collections::BTreeSet;

use crate::http::{ApiError, ApiRequest, Category, Fields, ResponseBody};
use crate::state::{
    BillRun, BillRunPlan, BillRunStatus, ChargeType, DateRule, EffectKind, Progress, Schedule, Scope, State,
    Tenant,
};
use crate::values::{Date, Json};

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

/// Limit of the dates of a run, in years, so that one request cannot bill thousands of years of periods.
const MAX_YEARS_AHEAD: i64 = 10;

/// Creates a `Pending` run.
pub(crate) fn create(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let code = state.settings.bill_run_code;
    read_and_add(state, request).map_err(|error| error.with_resource(code))
}

fn read_and_add(state: &mut State, request: &ApiRequest) -> Result<ResponseBody, ApiError> {
    let body = request.object(&state.settings, &FIELDS)?;
    let fields = Fields::new("", &body)?;
    let today = state.today();
    let schedule = fields.get("schedule").map(|schedule| Schedule::read(schedule, today)).transpose()?;
    let first = match &schedule {
        Some(schedule) => {
            schedule.first().ok_or_else(|| ApiError::rule("The schedule has no day to run on."))?
        }
        None => today,
    };
    let timing = schedule.as_ref().map(|schedule| (schedule, first));
    let invoice_date = DateRule::read(fields, "invoiceDate", timing, Some(today))?;
    let target_date = DateRule::read(fields, "targetDate", timing, None)?;
    check_dates(today, first, [invoice_date, target_date])?;
    let plan = read_plan(state, fields, schedule)?;
    let is_pending = |run: &&usize| state.runs[**run].status == BillRunStatus::Pending;
    let pending = state.active_runs.iter().filter(is_pending).count();
    if pending > state.settings.pending_runs {
        return Err(ApiError::rule(state.settings.bill_run_texts.too_many_pending.clone()));
    }
    let id = state.ids.entity();
    let run = BillRun {
        series: id.clone(),
        id,
        number: state.ids.run_number(),
        status: BillRunStatus::Pending,
        since: state.now,
        progress: Progress::default(),
        created: state.now,
        updated: state.now,
        day: first,
        starts: plan.schedule.as_ref().map(|schedule| state.tenant.zone.at_hour(first, schedule.hour)),
        invoice_date,
        target_date,
        posted_as_of: None,
        plan,
        document_failure: None,
        account_failure: None,
        failing: Vec::new(),
        cause: state.effects.cause.clone(),
    };
    let shown = run.json(&state.tenant);
    state.record(EffectKind::BillRunCreated, &run.id);
    state.add_run(run);
    Ok(ResponseBody::Success(shown))
}

fn check_dates(today: Date, first: Date, rules: [DateRule; 2]) -> Result<(), ApiError> {
    let latest = today.max(first).plus_months(12 * MAX_YEARS_AHEAD);
    match rules.iter().any(|rule| rule.on(first) > latest) {
        true => Err(ApiError::rule("The dates of a bill run cannot be more than 10 years ahead.")),
        false => Ok(()),
    }
}

fn read_plan(state: &State, fields: Fields<'_>, schedule: Option<Schedule>) -> Result<BillRunPlan, ApiError> {
    let settings = &state.settings;
    let catch_up = match fields.text("billRunType")? {
        None | Some("Regular") => false,
        Some("CatchUp") => true,
        Some(_) => return Err(ApiError::value("billRunType", "Regular or CatchUp is expected")),
    };
    if catch_up && !settings.catch_up {
        return Err(ApiError::new(Category::Permission, "The Catch-Up Bill Run feature is not enabled."));
    }
    if catch_up && schedule.is_some() {
        return Err(ApiError::rule("A catch-up bill run cannot be scheduled."));
    }
    let auto_post = fields.flag("autoPost")?.unwrap_or(false);
    let auto_email = fields.flag("autoEmail")?.unwrap_or(false);
    if (auto_post || auto_email) && !settings.auto_post_rule {
        let message = "The billing rule for posting bill runs automatically is not enabled.";
        return Err(ApiError::new(Category::Permission, message));
    }
    let (organizations, organization_ids) = read_organizations(fields, &state.tenant)?;
    Ok(BillRunPlan {
        name: fields.text("name")?.map(str::to_owned),
        scope: Scope::read(fields, &state.tenant, settings.batches, schedule.is_some())?,
        filters: fields.get("billRunFilters").cloned().unwrap_or(Json::Null),
        organizations,
        organization_ids,
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

fn read_excluded(fields: Fields<'_>) -> Result<Vec<ChargeType>, ApiError> {
    let names = fields.texts("chargeTypeToExclude")?.unwrap_or_default();
    if names.len() > 2 {
        return Err(ApiError::rule("The field 'chargeTypeToExclude' takes at most two charge types."));
    }
    let read = |name: &str| ChargeType::ALL.into_iter().find(|kind| kind.as_str() == name);
    let kinds: Option<Vec<ChargeType>> = names.into_iter().map(read).collect();
    kinds.ok_or_else(|| ApiError::value("chargeTypeToExclude", "OneTime, Recurring or Usage is expected"))
}

/// Reads the organizations: as received, and the ids of those whose accounts are billed. An organization has
/// no parts, so that `cascadingDown` has no effect.
fn read_organizations(
    fields: Fields<'_>,
    tenant: &Tenant,
) -> Result<(Json, Option<BTreeSet<String>>), ApiError> {
    let Some(labels) = fields.rows("organizationLabels")?.filter(|labels| !labels.is_empty()) else {
        return match tenant.organizations.is_empty() {
            true => Ok((Json::Null, None)),
            false => Err(ApiError::missing("organizationLabels")),
        };
    };
    let mut included = BTreeSet::new();
    let mut excluded = BTreeSet::new();
    for (index, label) in labels.iter().enumerate() {
        let path = format!("organizationLabels[{index}].");
        let known = ["organizationId", "organizationName", "cascadingDown", "excluded"];
        let label = Fields::new(&path, label)?.deny_unknown(&known)?;
        label.flag("cascadingDown")?;
        let is_excluded = label.flag("excluded")?.unwrap_or(false);
        let (by_id, by_name) = (label.text("organizationId")?, label.text("organizationName")?);
        let key = by_id.or(by_name).ok_or_else(|| ApiError::missing(&label.name("organizationId")))?;
        let field = if by_id.is_some() { "organizationId" } else { "organizationName" };
        let foreign = || ApiError::value(&label.name(field), "an organization of the user is expected");
        let organization = tenant.organization(key).ok_or_else(foreign)?;
        if by_name.is_some_and(|name| name != organization.name) {
            return Err(ApiError::value(
                &label.name("organizationName"),
                "the name of that organization is expected",
            ));
        }
        if is_excluded { &mut excluded } else { &mut included }.insert(organization.id.clone());
    }
    if included.is_empty() {
        included.extend(tenant.organizations.iter().map(|organization| organization.id.clone()));
    }
    Ok((Json::Array(labels.to_vec()), Some(included.difference(&excluded).cloned().collect())))
}
