//! The sandbox: one tenant, its service, and the controls that a test has over both.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use http::Method;

use super::change::ChangeLog;
use super::deferred_request::DeferredRequest;
use super::faults::Faults;
use super::history::History;
use super::hooks::Hooks;
use super::idempotency_store::IdempotencyStore;
use super::journal::Journal;
use super::quotas::{NumberHeader, QuotaUsage};
use super::request_pattern::RequestPattern;
use super::sandbox_clock::SandboxClock;
use super::tokens::Tokens;
use crate::settings::Settings;
use crate::state::{BackgroundJob, State, Tenant};
use crate::values::UnixTime;

/// A simulated service with one tenant.
///
/// Performs no I/O and has no clock: the same requests at the same times get the same responses, byte for
/// byte. A clone is independent of the original, so that a test can try several continuations of one state.
#[derive(Clone)]
pub struct Sandbox {
    pub(super) state: State,
    pub(super) clock: SandboxClock,
    pub(super) tokens: Tokens,
    pub(super) idempotency: IdempotencyStore,
    pub(super) usage: QuotaUsage,
    pub(super) token_usage: QuotaUsage,
    /// The headers with the concurrency limit and with the requests that it still allows.
    pub(super) limit_header: NumberHeader,
    pub(super) left_header: NumberHeader,
    pub(super) faults: Faults,
    /// Requests that are executed later, in the order of arrival.
    pub(super) deferred: Vec<DeferredRequest>,
    pub(super) journal: Journal,
    pub(super) history: History,
    pub(super) hooks: Hooks,
    /// Number of asynchronous requests in progress.
    pub(super) slots: u32,
    /// Times of arrival of delayed responses.
    pub(super) delayed: Vec<UnixTime>,
    /// Snapshots that the control API made; empty in a snapshot.
    pub(super) snapshots: BTreeMap<String, Arc<Self>>,
    /// The changes since they were last taken, if they are logged.
    pub(super) changes: Option<ChangeLog>,
}

impl Sandbox {
    /// Creates a sandbox in which the tenant has no bill runs and no invoices.
    pub fn new(tenant: Tenant, settings: Settings) -> Self {
        Self::with_tenant(Arc::new(tenant), settings)
    }

    pub(super) fn with_tenant(tenant: Arc<Tenant>, settings: Settings) -> Self {
        Self {
            state: State::new(tenant, settings),
            clock: SandboxClock::default(),
            tokens: Tokens::default(),
            idempotency: IdempotencyStore::default(),
            usage: QuotaUsage::default(),
            token_usage: QuotaUsage::default(),
            limit_header: NumberHeader::default(),
            left_header: NumberHeader::default(),
            faults: Faults::default(),
            deferred: Vec::new(),
            journal: Journal::default(),
            history: History::default(),
            hooks: Hooks::default(),
            slots: 0,
            delayed: Vec::new(),
            snapshots: BTreeMap::new(),
            changes: None,
        }
    }

    /// Creates a sandbox with the [demo tenant](Tenant::demo) and default [`Settings`].
    pub fn demo() -> Self {
        Self::new(Tenant::demo(), Settings::default())
    }

    /// Returns the time of the last request or call of [`advance`](Self::advance).
    pub fn now(&self) -> UnixTime {
        self.state.now
    }

    /// Returns the faults that are planned.
    pub fn faults(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// Makes the next background job of that kind fail.
    pub fn fail_next(&mut self, job: BackgroundJob) {
        self.state.failures.push_back(job);
        self.remember();
    }

    /// Revokes every access token, as when the user of the OAuth client is deactivated for a moment.
    pub fn revoke_tokens(&mut self) {
        self.tokens.revoke();
    }

    /// Returns the settings; changes take effect with the next request.
    pub fn settings(&mut self) -> &mut Settings {
        &mut self.state.settings
    }

    /// Returns the tenant that the sandbox was created with.
    pub fn tenant(&self) -> &Tenant {
        &self.state.tenant
    }

    /// Returns the journal: the requests with their responses, and what they changed.
    ///
    /// Background work is done, and enters the journal, with the next request or with
    /// [`advance`](Self::advance).
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Removes all entries and effects of the journal.
    pub fn clear_journal(&mut self) {
        self.journal.clear();
    }

    /// Counts the requests in the journal that had that method and a path that ends in `path`.
    ///
    /// A `*` in `path` matches one segment. Requests to which a fault responded are included; requests that
    /// were not sent are not.
    pub fn seen(&self, method: &Method, path: &str) -> usize {
        self.journal.count(&RequestPattern::path(method.clone(), path))
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("now", &self.state.now)
            .field("bill_runs", &self.state.runs.len())
            .field("invoices", &self.state.invoices.len())
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
