//! The month: plan, fleet, kills, doubts, comparison.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;
use zuora_reqwest::{Client, Config};
use zuora_sandbox::{ApiOperation, CLIENT_ID, CLIENT_SECRET, Fault, Sandbox, Server};
use zuora_workers::{Commands, Decision, Ended, Engine, Enqueued};

use super::audit::{self, Audit};
use super::cli;
use super::fleet::Fleet;
use super::plan::{self, Plan};

/// Time for which the sandbox may be at work on a request.
pub(crate) const SPAN: Duration = Duration::from_secs(2);

/// The size of the example.
#[derive(Debug)]
pub(crate) struct Month {
    pub(crate) invoices: usize,
    pub(crate) has_run: bool,
    /// Requests that the tenant may have in flight.
    pub(crate) concurrency: u32,
    /// Kills, one a second.
    pub(crate) kills: usize,
    /// Distance between two requests with a lost response or late execution.
    pub(crate) fault_every: usize,
    /// Whether a bill run is posted by a request that reaches the service long after the span: no read can tell that, so
    /// that its job is in doubt for certain.
    pub(crate) has_doubt: bool,
    /// URL of the queue; a temporary file without one.
    pub(crate) queue: Option<String>,
}

/// A file that is removed at the end.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

impl Month {
    /// Bills the month and returns the comparison.
    pub(crate) async fn run(&self) -> Result<Audit, Box<dyn Error>> {
        let file = std::env::temp_dir().join(format!("month-end-{}.db", std::process::id()));
        let temporary = self.queue.is_none().then(|| Temporary(file));
        let url = match (&temporary, &self.queue) {
            (Some(file), _) => format!("sqlite:{}", file.0.display()),
            (None, url) => url.clone().unwrap_or_default(),
        };
        #[cfg(feature = "nats")]
        if cli::is_nats(&url) {
            return self.run_on(&cli::open_nats(&url).await?, url).await;
        }
        self.run_on(&cli::open_sql(&url).await?, url).await
    }

    async fn run_on<Q: Engine + Commands>(&self, queue: &Q, url: String) -> Result<Audit, Box<dyn Error>> {
        let server = Server::start("127.0.0.1:0", Sandbox::demo())?;
        self.plan_faults(&server);
        let client = Client::new(&Config::new(server.url(), CLIENT_ID, CLIENT_SECRET))?;
        let mut plan = Plan::new(&client, self.invoices, self.has_run)?;
        if self.has_doubt {
            plan.add_posting(&client).await?;
            let lost = Fault::lose_then_execute(SPAN * 1000).on_operation(ApiOperation::PostBillRun);
            server.sandbox().faults().push(lost);
        }
        for job in &plan.jobs {
            if queue.enqueue(job).await? == Enqueued::AlreadyThere {
                return Err(format!("{} is in the queue already: name a new database", job.key).into());
            }
        }
        writeln!(
            std::io::stdout(),
            "{} intents, 3 worker processes, queue {}",
            plan.len(),
            without_password(&url)
        )?;
        let mut fleet = Fleet::start(3, self.worker_arguments(&server), url.clone())?;
        let mut resolved = BTreeSet::new();
        let second = Duration::from_secs(1);
        let mut ticks = tokio::time::interval(if self.kills == usize::MAX { second } else { second / 20 });
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ticks.tick().await;
        let mut shown = tokio::time::Instant::now();
        loop {
            ticks.tick().await;
            let counts = queue.count().await?;
            if shown.elapsed() >= second || self.kills == usize::MAX {
                fleet.show(&counts, plan.len());
                shown = tokio::time::Instant::now();
            }
            if counts.open() == 0 {
                let doubts = queue.list("in doubt").await?;
                if doubts.is_empty() {
                    break;
                }
                // The service may still be at work on the others.
                for doubt in doubts.iter().filter(|doubt| is_due(doubt)) {
                    resolve(&server, &client, &plan, &doubt.key, &url).await?;
                    resolved.insert(doubt.key.clone());
                }
            } else if self.is_kill_due(fleet.kills, usize::try_from(counts.done)?, plan.len()) {
                fleet.kill(usize::from(random()?) % 3).await?;
            }
        }
        writeln!(std::io::stdout(), "{} processes killed; the others drain", fleet.kills)?;
        if self.kills != usize::MAX && fleet.kills < self.kills {
            return Err(format!("the month ended after {} kills of {}", fleet.kills, self.kills).into());
        }
        if self.has_doubt && !resolved.contains(plan::POST_RUN) {
            return Err(format!("{} was not in doubt", plan::POST_RUN).into());
        }
        fleet.drain().await?;
        Audit::run(&server, &client, queue, &plan).await
    }

    /// Whether another process is killed: at every tick, or so that a number of kills is reached with half of the work,
    /// however fast the machine is.
    fn is_kill_due(&self, kills: usize, done: usize, total: usize) -> bool {
        self.kills == usize::MAX || kills < self.kills && done * 2 * self.kills >= kills * total
    }

    fn worker_arguments(&self, server: &Server) -> Vec<String> {
        let concurrency = self.concurrency.to_string();
        let arguments = ["--service", &server.url(), "--concurrency", &concurrency].map(str::to_owned);
        arguments.into()
    }

    /// Lost responses, and work that the service does within the span after the connection is lost.
    fn plan_faults(&self, server: &Server) {
        let mut sandbox = server.sandbox();
        for number in (1..=self.invoices).step_by(self.fault_every) {
            let late = SPAN * 3 / 4;
            for fault in [
                Fault::LoseResponse.on_operation(ApiOperation::CreateInvoice),
                Fault::LoseResponse.on_operation(ApiOperation::PostInvoice),
                Fault::lose_then_execute(late).on_operation(ApiOperation::UpdateInvoice),
            ] {
                sandbox.faults().push(fault.nth(number));
            }
        }
    }
}

/// Whether the state of the tenant decides about a job in doubt by now.
fn is_due(ended: &Ended) -> bool {
    let Decision::InDoubt(doubt) = &ended.decision else { return false };
    doubt.look_from.is_none_or(|from| from <= std::time::SystemTime::now().into())
}

/// Decides a job in doubt as a person does: by looking into the tenant.
async fn resolve(
    server: &Server,
    client: &Client,
    plan: &Plan,
    key: &str,
    url: &str,
) -> Result<(), Box<dyn Error>> {
    let count = audit::effects(server, client, plan, key).await?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["resolve", key]).env(cli::QUEUE, url);
    match count {
        0 => command.arg("--not-applied"),
        _ => command.args(["--applied", &format!("{count} effect in the journal of the service")]),
    };
    let status = command.status().await?;
    writeln!(std::io::stdout(), "resolved {key:?}: {count} effects")?;
    status.success().then_some(()).ok_or_else(|| format!("resolve {key:?} ended with {status}").into())
}

fn random() -> Result<u8, Box<dyn Error>> {
    let mut byte = [0];
    getrandom::fill(&mut byte).map_err(|error| error.to_string())?;
    Ok(byte[0])
}

/// The part of a URL that may be shown.
fn without_password(url: &str) -> &str {
    let address = url.rsplit('@').next().unwrap_or_default();
    address.split('?').next().unwrap_or_default()
}
