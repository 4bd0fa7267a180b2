//! A small month over three worker processes, six of which are killed: on SQLite, or on the empty queue of
//! `ZUORA_WORKERS_QUEUE`. A program without a harness: the processes are further runs of it. One
//! job more is in doubt for certain, and resolved by the command.

#[path = "../examples/month_end/audit.rs"]
mod audit;
#[path = "../examples/month_end/cli.rs"]
mod cli;
#[path = "../examples/month_end/fleet.rs"]
mod fleet;
#[path = "../examples/month_end/month.rs"]
mod month;
#[path = "../examples/month_end/plan.rs"]
mod plan;

use std::process::ExitCode;

use self::month::Month;

const NAME: &str = "every_intent_is_decided_once_while_workers_are_killed";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let first = arguments.first().map_or("", String::as_str);
    if ["worker", "resolve"].contains(&first) {
        let arguments = cli::Arguments::read(arguments.into_iter());
        let result = match arguments {
            Ok(arguments) => cli::run(arguments, small()).await,
            Err(message) => Err(message.into()),
        };
        return match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    // The arguments of a test program: options, and parts of names.
    let names: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_chosen = names.is_empty() || names.iter().any(|name| NAME.contains(name.as_str()));
    if arguments.iter().any(|argument| argument == "--list") {
        println!("{NAME}: test\n\n1 test, 0 benchmarks");
        return ExitCode::SUCCESS;
    }
    if !is_chosen {
        println!("\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out");
        return ExitCode::SUCCESS;
    }
    println!("\nrunning 1 test");
    let failure = match small().run().await {
        Ok(audit) => {
            println!("{}", audit.line());
            let all = audit.decided + audit.in_doubt;
            let is_right = (audit.twice, audit.lost, all) == (0, 0, 61) && audit.is_money_equal;
            (!is_right).then(|| format!("{audit:?}"))
        }
        Err(error) => Some(error.to_string()),
    };
    match failure {
        None => {
            println!(
                "test {NAME} ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out"
            );
            ExitCode::SUCCESS
        }
        Some(why) => {
            println!(
                "test {NAME} ... FAILED\n{why}\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 \
                 filtered out"
            );
            ExitCode::FAILURE
        }
    }
}

fn small() -> Month {
    let queue = std::env::var("ZUORA_WORKERS_QUEUE").ok();
    Month { invoices: 20, has_run: false, concurrency: 6, kills: 6, fault_every: 7, has_doubt: true, queue }
}
