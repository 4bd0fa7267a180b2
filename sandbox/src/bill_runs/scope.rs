//! Which charges a run looks at.

use super::condition::{Condition, Dates, ObjectType};
use crate::call::Fields;
use crate::json::Json;
use crate::refusal::Refusal;
use crate::tenant::{Account, Charge, Subscription, Tenant};

/// Batches, or filters.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    Batches {
        batches: Vec<String>,
        day: CycleDay,
    },
    Account {
        id: String,
    },
    Subscriptions {
        account: String,
        ids: Vec<String>,
    },
    /// All of them must hold.
    Conditions(Vec<Condition>),
}

/// The bill cycle day of the accounts that a run takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CycleDay {
    All,
    Day(i64),
    /// The day of the month on which the run runs.
    AsRunDay,
}

/// Most subscriptions that one run can name.
const SUBSCRIPTIONS: usize = 50;

impl Scope {
    /// Reads `batches` with `billCycleDay`, or `billRunFilters`.
    pub(crate) fn read(
        fields: Fields<'_>,
        tenant: &Tenant,
        batches: u16,
        scheduled: bool,
    ) -> Result<Self, Refusal> {
        match (fields.texts("batches")?, fields.rows("billRunFilters")?) {
            (Some(_), Some(_)) => {
                Err(Refusal::rule("The fields 'batches' and 'billRunFilters' exclude each other."))
            }
            (None, None) => Err(Refusal::missing("batches")),
            (Some(names), None) => {
                let day = CycleDay::read(fields.text("billCycleDay")?, scheduled)?;
                Ok(Self::Batches { batches: read_batches(&names, batches)?, day })
            }
            (None, Some(_)) if fields.has("billCycleDay") => {
                Err(Refusal::rule("The field 'billCycleDay' is only for runs with 'batches'."))
            }
            (None, Some(filters)) => Self::read_filters(filters, tenant),
        }
    }

    fn read_filters(filters: &[Json], tenant: &Tenant) -> Result<Self, Refusal> {
        let mut scope = None;
        for (index, filter) in filters.iter().enumerate() {
            let path = format!("billRunFilters[{index}].");
            let fields = Fields::new(&path, filter)?;
            let next = match fields.required_text("filterType")? {
                "Account" => {
                    fields.known(&["filterType", "accountId"])?;
                    Self::Account { id: known_account(fields, tenant)?.id.clone() }
                }
                "Subscription" => {
                    fields.known(&["filterType", "accountId", "subscriptionId"])?;
                    let account = known_account(fields, tenant)?;
                    let id = fields.required_text("subscriptionId")?;
                    if !account.subscriptions.iter().any(|subscription| subscription.id == id) {
                        let name = fields.name("subscriptionId");
                        return Err(Refusal::value(&name, "a subscription of the account is expected"));
                    }
                    Self::Subscriptions { account: account.id.clone(), ids: vec![id.to_owned()] }
                }
                "FilterCondition" => {
                    fields.known(&["filterType", "objectType", "condition"])?;
                    let object = ObjectType::read(fields.required_text("objectType")?).ok_or_else(|| {
                        Refusal::value(
                            &fields.name("objectType"),
                            "Account, Subscription or RatePlanCharge is expected",
                        )
                    })?;
                    let condition =
                        fields.get("condition").ok_or_else(|| Refusal::missing(&fields.name("condition")))?;
                    let path = fields.name("condition.");
                    Self::Conditions(vec![Condition::read(condition, object, &path)?])
                }
                _ => {
                    let name = fields.name("filterType");
                    return Err(Refusal::value(
                        &name,
                        "Account, Subscription or FilterCondition is expected",
                    ));
                }
            };
            scope = Some(match scope {
                None => next,
                Some(scope) => Self::joined(scope, next)?,
            });
        }
        scope.ok_or_else(|| Refusal::missing("billRunFilters"))
    }

    fn joined(self, next: Self) -> Result<Self, Refusal> {
        match (self, next) {
            (Self::Subscriptions { account, mut ids }, Self::Subscriptions { account: other, ids: more }) => {
                ids.extend(more);
                if account != other {
                    return Err(Refusal::rule("The subscriptions of a bill run must belong to one account."));
                }
                if ids.len() > SUBSCRIPTIONS {
                    return Err(Refusal::rule("A bill run can name at most 50 subscriptions."));
                }
                Ok(Self::Subscriptions { account, ids })
            }
            (Self::Conditions(mut conditions), Self::Conditions(more)) => {
                conditions.extend(more);
                Ok(Self::Conditions(conditions))
            }
            (Self::Account { .. }, Self::Account { .. }) => {
                Err(Refusal::rule("A bill run can name only one account."))
            }
            _ => Err(Refusal::rule("The filters of a bill run must be of one type.")),
        }
    }

    /// Whether a run on these dates takes the charge.
    pub(crate) fn covers(
        &self,
        account: &Account,
        subscription: &Subscription,
        charge: &Charge,
        dates: &Dates,
    ) -> bool {
        match self {
            Self::Batches { batches, day } => {
                let batch = batches.iter().any(|batch| batch == "AllBatches" || *batch == account.batch);
                batch && day.covers(account.bill_cycle_day, dates.run.day())
            }
            Self::Account { id } => account.id == *id,
            Self::Subscriptions { account: owner, ids } => {
                account.id == *owner && ids.contains(&subscription.id)
            }
            Self::Conditions(conditions) => {
                conditions.iter().all(|condition| condition.holds((account, subscription, charge), dates))
            }
        }
    }

    /// `batches` and `billCycleDay` as they are shown: null for a run with filters.
    pub(crate) fn shown(&self) -> (Json, Json) {
        match self {
            Self::Batches { batches, day } => (batches.clone().into(), day.shown()),
            _ => (Json::Null, Json::Null),
        }
    }
}

fn read_batches(names: &[&str], highest: u16) -> Result<Vec<String>, Refusal> {
    let sound = |name: &&str| {
        let number = name.strip_prefix("Batch").filter(|number| !number.starts_with(['0', '+']));
        *name == "AllBatches"
            || number.and_then(|n| n.parse().ok()).is_some_and(|n: u16| (1..=highest).contains(&n))
    };
    if names.is_empty() {
        return Err(Refusal::missing("batches"));
    }
    if !names.iter().all(sound) {
        return Err(Refusal::value(
            "batches",
            &format!("AllBatches or Batch1 to Batch{highest} is expected"),
        ));
    }
    if names.len() > 1 && names.contains(&"AllBatches") {
        return Err(Refusal::rule("AllBatches stands alone in 'batches'."));
    }
    Ok(names.iter().map(|name| (*name).to_owned()).collect())
}

fn known_account<'t>(fields: Fields<'_>, tenant: &'t Tenant) -> Result<&'t Account, Refusal> {
    let id = fields.required_text("accountId")?;
    let unknown = || Refusal::value(&fields.name("accountId"), "the id of an account is expected");
    tenant.account(id).ok_or_else(unknown)
}

impl CycleDay {
    fn read(text: Option<&str>, scheduled: bool) -> Result<Self, Refusal> {
        let day = |text: &str| (1..=31).find(|day| day.to_string() == text);
        match text {
            None | Some("AllBillCycleDays") => Ok(Self::All),
            Some("AsRunDay") if scheduled => Ok(Self::AsRunDay),
            Some("AsRunDay") => {
                Err(Refusal::rule("The bill cycle day AsRunDay is only for scheduled bill runs."))
            }
            Some(text) => day(text).map(Self::Day).ok_or_else(|| {
                Refusal::value("billCycleDay", "AllBillCycleDays, AsRunDay or a day from 1 to 31 is expected")
            }),
        }
    }

    fn covers(self, day: i64, run_day: i64) -> bool {
        match self {
            Self::All => true,
            Self::Day(wanted) => wanted == day,
            Self::AsRunDay => run_day == day,
        }
    }

    fn shown(self) -> Json {
        match self {
            Self::All => "AllBillCycleDays".into(),
            Self::Day(day) => day.into(),
            Self::AsRunDay => "AsRunDay".into(),
        }
    }
}
