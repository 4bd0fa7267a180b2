//! The commands of the program.

use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use zuora_reqwest::{Client, Config};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET};
#[cfg(feature = "nats")]
use zuora_workers::NatsQueue;
use zuora_workers::{Commands, Engine, Event, Limits, Resolution, Settings, SqlQueue, Worker, termination};

use super::month::{self, Month};

pub(crate) const USAGE: &str = "\
Bills a month over three worker processes, one of which is killed every second.

Usage: month_end [--invoices N] [--kills N] [--queue URL]
       month_end worker --queue URL --service URL [--concurrency N] [--span MILLIS]
       month_end (pause | resume | list [STATE]) --queue URL
       month_end resolve KEY (--applied EVIDENCE | --not-applied) --queue URL
       month_end requeue KEY --queue URL

The service is the sandbox. A URL is sqlite:FILE, postgres://USER@HOST/DATABASE or
nats://HOST:PORT; --database is another name for --queue. Without a URL, the queue is a
new file in the folder for temporary files. The commands also take the URL from
MONTH_END_QUEUE: the arguments of a process are visible to others.
A STATE is \"in doubt\" (the default), rejected or done.
";

/// The variable with the URL of the queue, which may have a password.
pub(crate) const QUEUE: &str = "MONTH_END_QUEUE";

/// Arguments: those without a name in their order, and those with one.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    plain: Vec<String>,
    named: Vec<(String, String)>,
}

impl Arguments {
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut read = Self::default();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.strip_prefix("--") {
                Some(name @ ("not-applied" | "help")) => read.named.push((name.to_owned(), String::new())),
                Some(
                    name @ ("invoices" | "kills" | "queue" | "database" | "service" | "concurrency" | "span"
                    | "applied"),
                ) => {
                    let value = arguments.next().ok_or(format!("--{name} requires a value; see --help"))?;
                    read.named.push((name.to_owned(), value));
                }
                Some(name) => return Err(format!("unknown argument --{name}; see --help")),
                None => read.plain.push(argument),
            }
        }
        Ok(read)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.named.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Result<Option<u32>, String> {
        let parse =
            |text: &str| text.parse().map_err(|_| format!("--{name} requires a number, not {text:?}"));
        self.get(name).map(parse).transpose()
    }

    /// URL of the queue.
    fn url(&self) -> Option<String> {
        self.get("queue").or(self.get("database")).map(str::to_owned)
    }
}

/// The processes of the example are killed every second: a short window.
pub(crate) const WINDOW: Duration = Duration::from_secs(3);

pub(crate) async fn open_sql(url: &str) -> Result<SqlQueue, Box<dyn Error>> {
    Ok(SqlQueue::open(url).await?.window(WINDOW))
}

#[cfg(feature = "nats")]
pub(crate) async fn open_nats(url: &str) -> Result<NatsQueue, Box<dyn Error>> {
    Ok(NatsQueue::open(url).await?.window(WINDOW))
}

/// Whether the URL is that of a NATS server.
#[cfg(feature = "nats")]
pub(crate) fn is_nats(url: &str) -> bool {
    url.starts_with("nats:") || url.starts_with("tls:")
}

/// Runs the command that the arguments name; without one, `month`.
pub(crate) async fn run(arguments: Arguments, mut month: Month) -> Result<(), Box<dyn Error>> {
    if arguments.get("help").is_some() {
        write!(std::io::stdout(), "{USAGE}")?;
        return Ok(());
    }
    if arguments.plain.is_empty() {
        if let Some(invoices) = arguments.number("invoices")? {
            month.invoices = usize::try_from(invoices)?;
        }
        if let Some(kills) = arguments.number("kills")? {
            month.kills = usize::try_from(kills)?;
        }
        month.queue = arguments.url();
        let audit = month.run().await?;
        writeln!(std::io::stdout(), "{}", audit.line())?;
        return match audit.twice + audit.lost == 0 && audit.is_money_equal {
            true => Ok(()),
            false => Err("the queue and the tenant do not agree".into()),
        };
    }
    let url = arguments.url().or_else(|| std::env::var(QUEUE).ok());
    let url = url.ok_or("--queue or MONTH_END_QUEUE is required; see --help")?;
    #[cfg(feature = "nats")]
    if is_nats(&url) {
        return command(open_nats(&url).await?, &arguments).await;
    }
    command(open_sql(&url).await?, &arguments).await
}

/// Runs a command on a queue.
async fn command<Q: Engine + Commands>(queue: Q, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let plain: Vec<&str> = arguments.plain.iter().map(String::as_str).collect();
    match plain[..] {
        ["worker"] => work(queue, arguments).await,
        ["pause"] => Ok(queue.pause().await?),
        ["resume"] => Ok(queue.resume().await?),
        ["list"] => list(queue, "in doubt").await,
        ["list", state] => list(queue, state).await,
        ["resolve", key] => {
            let resolution = match (arguments.get("applied"), arguments.get("not-applied")) {
                (Some(evidence), None) => Resolution::Applied(evidence.to_owned()),
                (None, Some(_)) => Resolution::NotApplied,
                _ => return Err("resolve requires either --applied EVIDENCE or --not-applied".into()),
            };
            Ok(queue.resolve(key, &resolution).await?)
        }
        ["requeue", key] => Ok(queue.requeue(key).await?),
        _ => Err("unknown command; see --help".into()),
    }
}

async fn list(queue: impl Commands, state: &str) -> Result<(), Box<dyn Error>> {
    for ended in queue.list(state).await? {
        writeln!(
            std::io::stdout(),
            "{} ({}): {}",
            ended.key,
            ended.worker,
            serde_json::to_string(&ended.decision)?
        )?;
    }
    writeln!(std::io::stdout(), "{:?}", queue.count().await?)?;
    Ok(())
}

/// A worker process. It prints the state of each job at the end of a delivery.
async fn work(queue: impl Engine, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let service = arguments.get("service").ok_or("--service is required; see --help")?;
    // A worker leaves waiting to the queue: few attempts in one delivery.
    let client = Client::new(&Config::new(service, CLIENT_ID, CLIENT_SECRET).max_attempts(2))?;
    let span = arguments.number("span")?.map_or(month::SPAN, |millis| Duration::from_millis(millis.into()));
    // All processes are on one machine, and share its clock.
    let limits = Limits::default().span(span).clock_skew(Duration::ZERO).max_backoff(Duration::from_secs(2));
    let concurrency = arguments.number("concurrency")?.unwrap_or(40);
    let settings = Settings::default().limits(limits).tenant_concurrency(concurrency);
    let worker = Worker::new(client, queue, settings).observer(|event| match event {
        // Standard output may be closed, which is no reason to end.
        Event::Decided { decision, .. } => drop(writeln!(std::io::stdout(), "{}", decision.state())),
        Event::QueueAway(why) => {
            drop(writeln!(std::io::stderr(), "worker {}: {why}", std::process::id()));
        }
        _ => {}
    });
    worker.run(termination()).await;
    Ok(())
}
