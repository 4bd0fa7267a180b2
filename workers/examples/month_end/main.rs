//! A month's billing over three worker processes on one queue, one of which is killed every second.
//!
//! ```console
//! $ cargo run -p zuora-workers --example month_end
//! ```

mod audit;
mod cli;
mod fleet;
mod month;
mod plan;

use std::process::ExitCode;

use self::month::Month;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let month = Month {
        invoices: 500,
        has_run: true,
        concurrency: 40,
        kills: usize::MAX,
        fault_every: 40,
        has_doubt: false,
        queue: None,
    };
    let result = match cli::Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => cli::run(arguments, month).await,
        Err(message) => Err(message.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("month_end: {error}");
            ExitCode::FAILURE
        }
    }
}
