//! The requests that a worker may have in flight at a time.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The places of a worker. A job needs one while it sends, and none while it waits between a read and its write.
#[derive(Debug, Default)]
pub(crate) struct Places {
    counts: Mutex<Counts>,
    changed: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    limit: u32,
    taken: u32,
    /// Jobs that wait for a place.
    waiting: u32,
}

impl Places {
    /// Creates a place for one job that never waits for others.
    pub(crate) fn single() -> Place {
        let places = Arc::new(Self::default());
        places.set_limit(1);
        places.join()
    }

    pub(crate) fn set_limit(&self, limit: u32) {
        self.counts().limit = limit;
        self.changed.notify_waiters();
    }

    /// Returns the number of jobs that could begin now.
    pub(crate) fn free(&self) -> u32 {
        let Counts { limit, taken, waiting } = *self.counts();
        limit.saturating_sub(taken + waiting)
    }

    /// Waits until another job could begin.
    pub(crate) async fn freed(&self) {
        self.until(|counts| counts.taken + counts.waiting < counts.limit).await;
    }

    async fn until(&self, condition: impl Fn(&Counts) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            // From here on, no notice is missed.
            changed.as_mut().enable();
            if condition(&self.counts()) {
                return;
            }
            changed.await;
        }
    }

    /// Adds a job, which waits for a place.
    pub(crate) fn join(self: &Arc<Self>) -> Place {
        self.counts().waiting += 1;
        Place { places: Arc::clone(self), state: State::Waiting }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a job, which its end frees.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Taken,
    Away,
}

impl Place {
    /// Waits for a place and takes it.
    pub(crate) async fn take(&mut self) {
        while self.state == State::Waiting {
            self.places.until(|counts| counts.taken < counts.limit).await;
            let mut counts = self.places.counts();
            // Another job may have been faster.
            if counts.taken < counts.limit {
                (counts.waiting, counts.taken) = (counts.waiting - 1, counts.taken + 1);
                self.state = State::Taken;
            }
        }
    }

    /// Gives the place to other jobs until a future is ready.
    pub(crate) async fn away<T>(&mut self, until: impl Future<Output = T>) -> T {
        self.set(State::Away);
        let output = until.await;
        self.set(State::Waiting);
        self.take().await;
        output
    }

    fn set(&mut self, state: State) {
        let mut counts = self.places.counts();
        match self.state {
            State::Waiting => counts.waiting -= 1,
            State::Taken => counts.taken -= 1,
            State::Away => {}
        }
        match state {
            State::Waiting => counts.waiting += 1,
            State::Taken => counts.taken += 1,
            State::Away => {}
        }
        self.state = state;
        drop(counts);
        self.places.changed.notify_waiters();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.set(State::Away);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn is_ready<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
        matches!(future.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(_))
    }

    #[test]
    fn a_job_takes_a_place_while_it_sends_and_none_while_it_is_away() {
        let places = Arc::new(Places::default());
        places.set_limit(1);
        assert_eq!(places.free(), 1);
        let (mut first, mut second) = (places.join(), places.join());
        assert_eq!(places.free(), 0);
        assert!(is_ready(pin!(first.take())));
        {
            let mut waits = pin!(second.take());
            assert!(!is_ready(waits.as_mut()), "one place");
            let (go, gone) = tokio::sync::oneshot::channel::<()>();
            let mut away = pin!(first.away(gone));
            assert!(!is_ready(away.as_mut()));
            assert!(is_ready(waits.as_mut()), "the first one is away");
            go.send(()).unwrap();
            assert!(!is_ready(away.as_mut()), "the second one has the place");
            places.set_limit(2);
            assert!(is_ready(away.as_mut()));
        }
        drop(first);
        assert_eq!(places.free(), 1);
        places.set_limit(1);
        assert_eq!(places.free(), 0);
        let mut third = places.join();
        let mut waits = pin!(third.take());
        assert!(!is_ready(waits.as_mut()));
        drop(second);
        assert!(is_ready(waits.as_mut()));
    }
}
