//! One bill run on a sandbox, over a transport that this example writes itself.

use std::env;
use std::error::Error;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;

use example_third_transport::Hyper;
use zuora_core::bill_runs::{AdHoc, Batches, BillRunGoal, BillRunWaiter, CreateBillRun};
use zuora_core::polling::PollingPolicy;
use zuora_core::{AsyncClient, Config, Date};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};

const USAGE: &str = "\
usage: example-third-transport

Creates a bill run on a sandbox, over a transport with hyper and rustls.";

#[tokio::main]
async fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--help") {
        let _ = writeln!(stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    if let Some(argument) = env::args().nth(1) {
        let _ = writeln!(
            stderr(),
            "example-third-transport: unknown argument {argument}: only --help is supported"
        );
        return ExitCode::FAILURE;
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "example-third-transport: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let sandbox = Server::start("127.0.0.1:0", Sandbox::demo())?;
    let config = Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET);
    let client = AsyncClient::<Hyper>::new(&config)?;

    let create = CreateBillRun::new(Batches::all(), AdHoc::up_to(Date::new(2026, 3, 31)?));
    let run = client.call(&create).await?;
    let waiter = BillRunWaiter::new(run.id()?.clone(), BillRunGoal::Completed);
    let run = client.wait(waiter, PollingPolicy::default()).await?;
    writeln!(stdout(), "{} is {}", run.number()?, run.status()?)?;
    Ok(())
}
