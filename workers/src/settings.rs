//! Settings of a worker.

use std::time::Duration;

use crate::decision::Limits;

/// Settings of a worker.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Times that decisions depend on.
    pub limits: Limits,
    /// Requests that the tenant may have in flight, which the workers divide among them. Default 40.
    pub tenant_concurrency: u32,
    /// Time between two polls of an empty queue. Default 200 ms.
    pub poll: Duration,
    /// Number of workers that may end while they hold a job. Default 20. A worker performs one job with more of them at a
    /// time, so that a fatal job is known from those that were held with it. After three more workers, a person decides.
    pub max_lost_workers: u32,
    /// Longest time for which a worker ends its jobs in progress after a stop, or after a claim that has failed. Default
    /// 5 min. The others are put back, and the send log decides about them. While the queue is away, only a stop counts.
    pub drain: Duration,
    /// Whether the bearer token is stored in the queue, so that a worker that starts later requests none. Default true.
    /// The queue then needs the protection of the client secret: the permissions of the database, or TLS and permissions
    /// on NATS.
    pub is_token_stored: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            tenant_concurrency: 40,
            poll: Duration::from_millis(200),
            max_lost_workers: 20,
            drain: Duration::from_secs(300),
            is_token_stored: true,
        }
    }
}

impl Settings {
    /// Sets the times that decisions depend on.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the number of requests that the tenant may have in flight.
    #[must_use]
    pub fn tenant_concurrency(mut self, requests: u32) -> Self {
        self.tenant_concurrency = requests;
        self
    }

    /// Sets the time between two polls of an empty queue.
    #[must_use]
    pub fn poll(mut self, pause: Duration) -> Self {
        self.poll = pause;
        self
    }

    /// Sets the longest time for which a worker ends its jobs in progress after a stop or a failed claim.
    #[must_use]
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = time;
        self
    }

    /// Sets whether the bearer token is stored in the queue.
    #[must_use]
    pub fn store_token(mut self, is_stored: bool) -> Self {
        self.is_token_stored = is_stored;
        self
    }
}
