//! The life of a bill run as a workflow of Temporal, on the sandbox.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=http://127.0.0.1:7233 cargo run
//! ```

mod activities;
mod folder_log;
mod workflow;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use temporalio_client::{
    ClientOptions, Connection, ConnectionOptions, Url, WorkflowGetResultOptions, WorkflowQueryOptions,
    WorkflowSignalOptions, WorkflowStartOptions,
};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use zuora_reqwest::{Client, Config};
use zuora_sandbox::{ApiOperation, CLIENT_ID, CLIENT_SECRET, EffectKind, Fault, Sandbox, Server};
use zuora_workers::Limits;

use self::activities::Billing;
use self::folder_log::FolderLog;
use self::workflow::BillRun;

const USAGE: &str = "\
usage: example-temporal

Runs a bill run as a workflow of Temporal, on the sandbox. TEMPORAL_ADDRESS is the URL of
the server; the default is http://127.0.0.1:7233.
";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run().await,
        ["--help"] => write!(std::io::stdout(), "{USAGE}").map_err(Into::into),
        _ => Err("takes no arguments; see --help".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("example-temporal: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let server = Server::start("127.0.0.1:0", Sandbox::demo())?;
    // The response of the creation is lost: its second attempt has the same key.
    server.sandbox().faults().push(Fault::LoseResponse.on_operation(ApiOperation::CreateBillRun));
    let zuora = Client::new(&Config::new(server.url(), CLIENT_ID, CLIENT_SECRET).max_attempts(1))?;
    let folder = std::env::temp_dir().join(format!("example-temporal-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let log = FolderLog(folder.clone());
    // The sandbox is at work for no longer than its response takes, and the machine has one clock.
    let limits = Limits::default().span(Duration::from_secs(2)).clock_skew(Duration::ZERO);

    let address = std::env::var("TEMPORAL_ADDRESS").unwrap_or_else(|_| "http://127.0.0.1:7233".to_owned());
    let connection = Connection::connect(ConnectionOptions::new(Url::parse(&address)?).build()).await?;
    let temporal = temporalio_client::Client::new(connection, ClientOptions::new("default").build())?;
    let queue = "billing";
    let options = WorkerOptions::new(queue)
        .register_workflow::<BillRun>()?
        .register_activities(Billing { client: zuora, log, limits })
        .build();
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let mut worker = Worker::new(&runtime, temporal.clone(), options)?;
    let stop = worker.shutdown_handle();
    let billed = async {
        let billed = bill(&temporal, queue).await;
        stop();
        billed
    };
    let (ended, billed) = tokio::join!(worker.run(), billed);
    std::fs::remove_dir_all(&folder)?;
    ended?;
    let run = billed?;
    let sandbox = server.sandbox();
    let count = |kind| sandbox.journal().count_effects(kind, &run);
    let [created, posted] = [EffectKind::BillRunCreated, EffectKind::BillRunPosted].map(count);
    writeln!(std::io::stdout(), "bill run {run}: created {created} times, posted {posted} times")?;
    Ok(())
}

/// Starts the workflow, approves it once its summary is known, and returns the id of the bill run.
async fn bill(temporal: &temporalio_client::Client, queue: &str) -> Result<String, Box<dyn Error>> {
    let options = WorkflowStartOptions::new(queue, format!("bill run 2026-03-31 {}", std::process::id()));
    let workflow = temporal.start_workflow(BillRun::run, "2026-03-31".to_owned(), options.build()).await?;
    let summary = loop {
        let summary = workflow.query(BillRun::summary, (), WorkflowQueryOptions::default()).await?;
        match summary {
            Some(summary) => break summary,
            None => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    };
    writeln!(std::io::stdout(), "to approve: {summary}")?;
    workflow.signal(BillRun::approve, (), WorkflowSignalOptions::default()).await?;
    Ok(workflow.get_result(WorkflowGetResultOptions::default()).await?)
}
