//! The commands of the program.

use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use zuora_reqwest::{Client, Config};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET};
use zuora_workers::{Commands, Event, Limits, Resolution, Settings, SqlQueue, Worker, termination};

use super::month::{self, Month};

pub(crate) const USAGE: &str = "\
Bills a month over three worker processes, one of which is killed every second.

Usage: month_end [--invoices N] [--kills N] [--database URL]
       month_end worker --database URL --service URL [--concurrency N] [--span MILLIS]
       month_end (pause | resume | list [STATE]) --database URL
       month_end resolve KEY (--applied EVIDENCE | --not-applied) --database URL
       month_end requeue KEY --database URL

The service is the sandbox. A URL is sqlite:FILE or postgres://USER@HOST/DATABASE. Without
--database, the queue is a new file in the folder for temporary files. The commands also
take the URL from MONTH_END_DATABASE: the arguments of a process are visible to others.
A STATE is \"in doubt\" (the default), rejected or done.
";

/// The variable with the URL of the queue, which may have a password.
pub(crate) const DATABASE: &str = "MONTH_END_DATABASE";

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
                    name @ ("invoices" | "kills" | "database" | "service" | "concurrency" | "span"
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

    /// The queue of a command.
    async fn queue(&self) -> Result<SqlQueue, Box<dyn Error>> {
        let own = std::env::var(DATABASE).ok();
        let url = self.get("database").or(own.as_deref());
        open(url.ok_or("--database or MONTH_END_DATABASE is required; see --help")?).await
    }
}

/// Opens the queue with a short window: the processes of the example are killed every second.
pub(crate) async fn open(url: &str) -> Result<SqlQueue, Box<dyn Error>> {
    Ok(SqlQueue::open(url).await?.window(Duration::from_secs(3)))
}

/// Runs the command that the arguments name; without one, `month`.
pub(crate) async fn run(arguments: Arguments, mut month: Month) -> Result<(), Box<dyn Error>> {
    if arguments.get("help").is_some() {
        write!(std::io::stdout(), "{USAGE}")?;
        return Ok(());
    }
    let plain: Vec<&str> = arguments.plain.iter().map(String::as_str).collect();
    match plain[..] {
        [] => {
            if let Some(invoices) = arguments.number("invoices")? {
                month.invoices = usize::try_from(invoices)?;
            }
            if let Some(kills) = arguments.number("kills")? {
                month.kills = usize::try_from(kills)?;
            }
            month.database = arguments.get("database").map(str::to_owned);
            let audit = month.run().await?;
            writeln!(std::io::stdout(), "{}", audit.line())?;
            match audit.twice + audit.lost == 0 && audit.is_money_equal {
                true => Ok(()),
                false => Err("the queue and the tenant do not agree".into()),
            }
        }
        ["worker"] => work(&arguments).await,
        ["pause"] => Ok(arguments.queue().await?.pause().await?),
        ["resume"] => Ok(arguments.queue().await?.resume().await?),
        ["list"] => list(&arguments, "in doubt").await,
        ["list", state] => list(&arguments, state).await,
        ["resolve", key] => {
            let resolution = match (arguments.get("applied"), arguments.get("not-applied")) {
                (Some(evidence), None) => Resolution::Applied(evidence.to_owned()),
                (None, Some(_)) => Resolution::NotApplied,
                _ => return Err("resolve requires either --applied EVIDENCE or --not-applied".into()),
            };
            Ok(arguments.queue().await?.resolve(key, &resolution).await?)
        }
        ["requeue", key] => Ok(arguments.queue().await?.requeue(key).await?),
        _ => Err("unknown command; see --help".into()),
    }
}

async fn list(arguments: &Arguments, state: &str) -> Result<(), Box<dyn Error>> {
    let queue = arguments.queue().await?;
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
async fn work(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let service = arguments.get("service").ok_or("--service is required; see --help")?;
    // A worker leaves waiting to the queue: few attempts in one delivery.
    let client = Client::new(&Config::new(service, CLIENT_ID, CLIENT_SECRET).max_attempts(2))?;
    let span = arguments.number("span")?.map_or(month::SPAN, |millis| Duration::from_millis(millis.into()));
    // All processes are on one machine, and share its clock.
    let limits = Limits::default().span(span).clock_skew(Duration::ZERO).max_backoff(Duration::from_secs(2));
    let concurrency = arguments.number("concurrency")?.unwrap_or(40);
    let settings = Settings::default().limits(limits).tenant_concurrency(concurrency);
    let worker = Worker::new(client, arguments.queue().await?, settings).observer(|event| match event {
        // Standard output may be closed, which is no reason to end.
        Event::Decided { decision, .. } => drop(writeln!(std::io::stdout(), "{}", decision.state())),
        Event::DatabaseAway(why) => {
            drop(writeln!(std::io::stderr(), "worker {}: {why}", std::process::id()));
        }
        _ => {}
    });
    worker.run(termination()).await;
    Ok(())
}
