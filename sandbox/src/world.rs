//! The state of the service: what the tenant has, what was billed, and what goes on in the background.

use std::collections::{BTreeSet, VecDeque};

use crate::bill_runs::BillRun;
use crate::billing::Ledger;
use crate::invoices::{Contact, Invoice};
use crate::jobs::Job;
use crate::sandbox::Background;
use crate::settings::Settings;
use crate::tenant::Tenant;
use crate::time::{Date, UnixTime};

/// Everything that the operations read and change.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) tenant: Tenant,
    pub(crate) settings: Settings,
    pub(crate) now: UnixTime,
    pub(crate) runs: Vec<BillRun>,
    pub(crate) invoices: Vec<Invoice>,
    /// Contacts that came with invoices.
    pub(crate) contacts: Vec<Contact>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) ledger: Ledger,
    pub(crate) ids: Ids,
    /// Background work that is to fail, oldest first.
    pub(crate) failures: VecDeque<Background>,
}

impl World {
    pub(crate) fn new(tenant: Tenant, settings: Settings) -> Self {
        Self {
            tenant,
            settings,
            now: UnixTime::default(),
            runs: Vec::new(),
            invoices: Vec::new(),
            contacts: Vec::new(),
            jobs: Vec::new(),
            ledger: Ledger::default(),
            ids: Ids::default(),
            failures: VecDeque::new(),
        }
    }

    /// Lets everything happen that was due by `now`, in the order in which it was due.
    pub(crate) fn advance(&mut self, now: UnixTime) {
        let now = now.clamped().max(self.now);
        while let Some((work, at)) = self.next_due().filter(|(_, at)| *at <= now) {
            self.now = at.max(self.now);
            match work {
                Due::Run(index) => self.step_run(index),
                Due::Job(index) => self.step_job(index),
            }
        }
        self.now = now;
    }

    fn next_due(&self) -> Option<(Due, UnixTime)> {
        let run =
            |(index, run): (usize, &BillRun)| Some((Due::Run(index), run.due(self.settings.processing)?));
        let job = |(index, job): (usize, &Job)| Some((Due::Job(index), job.due(self.settings.job_step)?));
        let runs = self.runs.iter().enumerate().filter_map(run);
        runs.chain(self.jobs.iter().enumerate().filter_map(job)).min_by_key(|(_, at)| *at)
    }

    /// Today's date where the tenant is.
    pub(crate) fn today(&self) -> Date {
        self.tenant.zone.date(self.now)
    }

    /// Whether this piece of background work is the next that was asked to fail.
    pub(crate) fn fails(&mut self, work: Background) -> bool {
        let position = self.failures.iter().position(|failing| *failing == work);
        position.is_some_and(|position| self.failures.remove(position).is_some())
    }
}

/// What moves on by itself, by where it stands.
enum Due {
    Run(usize),
    Job(usize),
}

/// Makes ids and numbers: unlike each other, and the same in every sandbox that sees the same requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    drawn: u64,
    runs: u64,
    invoices: u64,
    /// Invoice numbers that callers chose.
    taken: BTreeSet<String>,
}

impl Ids {
    /// 32 lower-case hex digits, as entities have.
    pub(crate) fn entity(&mut self) -> String {
        format!("8ad09b{:010x}{:016x}", self.draw() >> 24, self.draw())
    }

    /// 32 lower-case hex digits, as tokens have.
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}{:016x}", self.draw(), self.draw())
    }

    /// A UUID, as requests have.
    pub(crate) fn request(&mut self) -> String {
        let (high, low) = (self.draw(), self.draw());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }

    /// 16 upper-case hex digits, as refusals have.
    pub(crate) fn process(&mut self) -> String {
        format!("{:016X}", self.draw())
    }

    pub(crate) fn run_number(&mut self) -> String {
        self.runs += 1;
        format!("BR-{:08}", self.runs)
    }

    pub(crate) fn invoice_number(&mut self) -> String {
        loop {
            self.invoices += 1;
            let number = format!("INV{:08}", self.invoices);
            if !self.taken.contains(&number) {
                return number;
            }
        }
    }

    /// No invoice gets this number by itself any more.
    pub(crate) fn take_invoice_number(&mut self, number: &str) {
        self.taken.insert(number.to_owned());
    }

    /// The splitmix64 generator: no two draws are equal.
    fn draw(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.drawn ^ self.drawn >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}
