//! The charges that a bill run selects.

use super::condition::{Condition, Dates};
use super::tenant::{Account, Charge, Subscription};

/// Batches, or one kind of filter.
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
    /// Conditions, all of which must match.
    Conditions(Vec<Condition>),
}

/// The bill cycle day by which a run selects accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CycleDay {
    All,
    Day(i64),
    /// The day of the month of the run.
    AsRunDay,
}

impl Scope {
    /// Returns the id of the only account that the scope can cover; `None` if it can cover any account.
    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Self::Account { id } => Some(id),
            Self::Subscriptions { account, .. } => Some(account),
            Self::Batches { .. } | Self::Conditions(_) => None,
        }
    }

    /// Whether a run with these dates selects the charge.
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
                conditions.iter().all(|condition| condition.matches((account, subscription, charge), dates))
            }
        }
    }
}

impl CycleDay {
    fn covers(self, day: i64, run_day: i64) -> bool {
        match self {
            Self::All => true,
            Self::Day(wanted) => wanted == day,
            Self::AsRunDay => run_day == day,
        }
    }
}
