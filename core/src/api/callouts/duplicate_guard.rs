//! The memory of notifications that were received.

use std::collections::{BTreeMap, VecDeque};

/// A memory of the last notifications, which recognizes those that the service sends again.
///
/// The service sends a notification again when it received no response, although the application may have done the
/// work. Each notification is known by its [`notification_id`](super::Callout::notification_id). Without an id, pass an
/// empty text: such a notification is always new.
///
/// The guard forgets the oldest notifications first, those in progress last, and all when the process ends. Its capacity
/// has to exceed the number of notifications in progress. An application with several
/// processes keeps the ids in its database instead, with a unique index, in the transaction that does the work.
///
/// ```
/// use zuora_core::callouts::{Begin, DuplicateGuard};
///
/// let mut guard = DuplicateGuard::new(10_000);
/// assert_eq!(guard.begin("4028e6973"), Begin::New);
/// assert_eq!(guard.begin("4028e6973"), Begin::InProgress);
/// guard.finish("4028e6973"); // or `cancel`, if the work failed
/// assert_eq!(guard.begin("4028e6973"), Begin::Done);
/// ```
#[doc(alias = "idempotency")]
#[derive(Clone, Debug)]
pub struct DuplicateGuard {
    capacity: usize,
    /// Whether the work is done, by notification.
    known: BTreeMap<Box<str>, bool>,
    /// Notifications in the order of their first arrival.
    order: VecDeque<Box<str>>,
}

/// State of a notification when it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// The notification is new, or its work failed before. Do the work, then call [`DuplicateGuard::finish`].
    New,
    /// An earlier request with this notification is being worked on. Respond with status 503, so that the service sends
    /// the notification again if the work fails.
    InProgress,
    /// The work is done. Respond with status 200.
    Done,
}

impl DuplicateGuard {
    /// Creates a guard that remembers up to `capacity` notifications, and at least one.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), known: BTreeMap::new(), order: VecDeque::new() }
    }

    /// Begins the work of a notification, unless it has begun before.
    pub fn begin(&mut self, notification_id: &str) -> Begin {
        match self.known.get(notification_id) {
            Some(true) => return Begin::Done,
            Some(false) => return Begin::InProgress,
            None if notification_id.is_empty() => return Begin::New,
            None => {}
        }
        if self.order.len() >= self.capacity {
            // The oldest one that is in progress only if all are: it would be new to a request that arrives meanwhile.
            let oldest = self.order.iter().position(|id| self.known.get(id) == Some(&true)).unwrap_or(0);
            self.order.remove(oldest).and_then(|oldest| self.known.remove(&oldest));
        }
        self.order.push_back(notification_id.into());
        self.known.insert(notification_id.into(), false);
        Begin::New
    }

    /// Notes that the work of a notification is done.
    pub fn finish(&mut self, notification_id: &str) {
        if let Some(is_done) = self.known.get_mut(notification_id) {
            *is_done = true;
        }
    }

    /// Forgets a notification whose work failed, so that it is new when the service sends it again.
    pub fn cancel(&mut self, notification_id: &str) {
        self.known.remove(notification_id);
        self.order.retain(|known| &**known != notification_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_is_new_until_its_work_is_done() {
        let mut guard = DuplicateGuard::new(10);
        assert_eq!((guard.begin("a"), guard.begin("a")), (Begin::New, Begin::InProgress));
        guard.cancel("a");
        assert_eq!(guard.begin("a"), Begin::New);
        guard.finish("a");
        assert_eq!((guard.begin("a"), guard.begin("b")), (Begin::Done, Begin::New));
    }

    #[test]
    fn a_notification_in_progress_is_not_forgotten_while_others_are_done() {
        let mut guard = DuplicateGuard::new(2);
        assert_eq!((guard.begin("slow"), guard.begin("b")), (Begin::New, Begin::New));
        guard.finish("b");
        assert_eq!((guard.begin("c"), guard.begin("slow")), (Begin::New, Begin::InProgress));
        assert_eq!(guard.begin("d"), Begin::New, "the oldest, if none is done");
        assert_eq!((guard.known.len(), guard.order.len()), (2, 2));
    }

    #[test]
    fn a_notification_without_an_id_is_always_new() {
        let mut guard = DuplicateGuard::new(10);
        guard.begin("");
        guard.finish("");
        assert_eq!(guard.begin(""), Begin::New);
    }

    #[test]
    fn the_oldest_notifications_are_forgotten_and_no_more_than_the_capacity_is_kept() {
        let mut guard = DuplicateGuard::new(2);
        for id in ["a", "b", "c"] {
            assert_eq!(guard.begin(id), Begin::New);
            guard.finish(id);
        }
        assert_eq!((guard.known.len(), guard.order.len()), (2, 2));
        assert_eq!(
            (guard.begin("c"), guard.begin("b"), guard.begin("a")),
            (Begin::Done, Begin::Done, Begin::New)
        );
    }
}
