//! The retry budget of a session: an outage does not multiply the requests of all its calls.

use std::sync::atomic::{AtomicU32, Ordering};

/// A bucket of retries, shared without a lock.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    /// Retries that are left, in the unit of [`COST`].
    left: AtomicU32,
    capacity: u32,
}

/// Price of one retry. A success refunds 1, so five successes pay for one retry.
const COST: u32 = 5;

impl RetryBudget {
    /// Creates a full bucket of this number of retries.
    pub(crate) fn new(retries: u32) -> Self {
        let capacity = retries.saturating_mul(COST);
        Self { left: AtomicU32::new(capacity), capacity }
    }

    /// Pays for a retry. Returns `false` if the bucket is empty.
    pub(crate) fn take(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(COST)).is_ok()
    }

    /// Refunds a part of a retry after a success.
    pub(crate) fn refund(&self) {
        // The bucket is usually full, which costs no write.
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            (left < self.capacity).then(|| left + 1)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_successes_pay_for_one_retry() {
        let budget = RetryBudget::new(2);
        budget.refund();
        assert!(budget.take());
        assert!(budget.take());
        assert!(!budget.take(), "a full bucket gains nothing");
        for _ in 0..4 {
            budget.refund();
            assert!(!budget.take());
        }
        budget.refund();
        assert!(budget.take());
        assert!(!budget.take());
    }

    #[test]
    fn extreme_budgets_do_not_overflow() {
        let none = RetryBudget::new(0);
        none.refund();
        assert!(!none.take());
        let endless = RetryBudget::new(u32::MAX);
        endless.refund();
        assert!((0..1_000).all(|_| endless.take()));
    }
}
