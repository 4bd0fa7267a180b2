//! Reading of scopes from requests.

use super::condition_reader::ObjectType;
use crate::http::{ApiError, Fields};
use crate::state::{Account, Condition, CycleDay, Scope, Tenant};
use crate::values::Json;

/// Maximum number of subscriptions per run.
const MAX_SUBSCRIPTIONS: usize = 50;

impl Scope {
    /// Reads `batches` with `billCycleDay`, or `billRunFilters`.
    pub(crate) fn read(
        fields: Fields<'_>,
        tenant: &Tenant,
        batches: u16,
        scheduled: bool,
    ) -> Result<Self, ApiError> {
        match (fields.texts("batches")?, fields.rows("billRunFilters")?) {
            (Some(_), Some(_)) => {
                Err(ApiError::rule("The fields 'batches' and 'billRunFilters' exclude each other."))
            }
            (None, None) => Err(ApiError::missing("batches")),
            (Some(names), None) => {
                let day = CycleDay::read(fields.text("billCycleDay")?, scheduled)?;
                Ok(Self::Batches { batches: read_batches(&names, batches)?, day })
            }
            (None, Some(_)) if fields.has("billCycleDay") => {
                Err(ApiError::rule("The field 'billCycleDay' is only for runs with 'batches'."))
            }
            (None, Some(filters)) => Self::read_filters(filters, tenant),
        }
    }

    fn read_filters(filters: &[Json], tenant: &Tenant) -> Result<Self, ApiError> {
        let mut scope = None;
        for (index, filter) in filters.iter().enumerate() {
            let path = format!("billRunFilters[{index}].");
            let fields = Fields::new(&path, filter)?;
            let next = match fields.required_text("filterType")? {
                "Account" => {
                    fields.deny_unknown(&["filterType", "accountId"])?;
                    Self::Account { id: known_account(fields, tenant)?.id.clone() }
                }
                "Subscription" => {
                    fields.deny_unknown(&["filterType", "accountId", "subscriptionId"])?;
                    let account = known_account(fields, tenant)?;
                    let id = fields.required_text("subscriptionId")?;
                    if !account.subscriptions.iter().any(|subscription| subscription.id == id) {
                        let name = fields.name("subscriptionId");
                        return Err(ApiError::value(&name, "a subscription of the account is expected"));
                    }
                    Self::Subscriptions { account: account.id.clone(), ids: vec![id.to_owned()] }
                }
                "FilterCondition" => {
                    fields.deny_unknown(&["filterType", "objectType", "condition"])?;
                    let object = ObjectType::read(fields.required_text("objectType")?).ok_or_else(|| {
                        ApiError::value(
                            &fields.name("objectType"),
                            "Account, Subscription or RatePlanCharge is expected",
                        )
                    })?;
                    let condition = fields
                        .get("condition")
                        .ok_or_else(|| ApiError::missing(&fields.name("condition")))?;
                    let path = fields.name("condition.");
                    Self::Conditions(vec![Condition::read(condition, object, &path)?])
                }
                _ => {
                    let name = fields.name("filterType");
                    return Err(ApiError::value(
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
        scope.ok_or_else(|| ApiError::missing("billRunFilters"))
    }

    fn joined(self, next: Self) -> Result<Self, ApiError> {
        match (self, next) {
            (Self::Subscriptions { account, mut ids }, Self::Subscriptions { account: other, ids: more }) => {
                ids.extend(more);
                if account != other {
                    return Err(ApiError::rule(
                        "The subscriptions of a bill run must belong to one account.",
                    ));
                }
                if ids.len() > MAX_SUBSCRIPTIONS {
                    return Err(ApiError::rule("A bill run can name at most 50 subscriptions."));
                }
                Ok(Self::Subscriptions { account, ids })
            }
            (Self::Conditions(mut conditions), Self::Conditions(more)) => {
                conditions.extend(more);
                Ok(Self::Conditions(conditions))
            }
            (Self::Account { .. }, Self::Account { .. }) => {
                Err(ApiError::rule("A bill run can name only one account."))
            }
            _ => Err(ApiError::rule("The filters of a bill run must be of one type.")),
        }
    }
}

fn read_batches(names: &[&str], highest: u16) -> Result<Vec<String>, ApiError> {
    let is_valid = |name: &&str| {
        let number = name.strip_prefix("Batch").filter(|number| !number.starts_with(['0', '+']));
        *name == "AllBatches"
            || number.and_then(|n| n.parse().ok()).is_some_and(|n: u16| (1..=highest).contains(&n))
    };
    if names.is_empty() {
        return Err(ApiError::missing("batches"));
    }
    if !names.iter().all(is_valid) {
        return Err(ApiError::value(
            "batches",
            &format!("AllBatches or Batch1 to Batch{highest} is expected"),
        ));
    }
    if names.len() > 1 && names.contains(&"AllBatches") {
        return Err(ApiError::rule("AllBatches stands alone in 'batches'."));
    }
    Ok(names.iter().map(|name| (*name).to_owned()).collect())
}

fn known_account<'t>(fields: Fields<'_>, tenant: &'t Tenant) -> Result<&'t Account, ApiError> {
    let id = fields.required_text("accountId")?;
    let unknown = || ApiError::value(&fields.name("accountId"), "the id of an account is expected");
    tenant.account(id).ok_or_else(unknown)
}

impl CycleDay {
    fn read(text: Option<&str>, scheduled: bool) -> Result<Self, ApiError> {
        let day = |text: &str| (1..=31).find(|day| day.to_string() == text);
        match text {
            None | Some("AllBillCycleDays") => Ok(Self::All),
            Some("AsRunDay") if scheduled => Ok(Self::AsRunDay),
            Some("AsRunDay") => {
                Err(ApiError::rule("The bill cycle day AsRunDay is only for scheduled bill runs."))
            }
            Some(text) => day(text).map(Self::Day).ok_or_else(|| {
                ApiError::value(
                    "billCycleDay",
                    "AllBillCycleDays, AsRunDay or a day from 1 to 31 is expected",
                )
            }),
        }
    }
}
