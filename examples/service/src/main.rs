//! Starts the service, on a sandbox or on a tenant.

use std::env;
use std::error::Error;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;

use zuora_reqwest::{Client, Config, config_from_env};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};

const USAGE: &str = "\
usage: example-service [ADDRESS]

Serves POST /orders on ADDRESS (127.0.0.1:8080), with a sandbox, or if any ZUORA_ variable is set, with the tenant of
ZUORA_BASE_URL, ZUORA_CLIENT_ID and ZUORA_CLIENT_SECRET.

curl http://127.0.0.1:8080/orders -H 'idempotency-key: order-1' -H 'content-type: application/json' \\
  -d '{\"account\":\"A00000001\",\"date\":\"2026-03-01\",\"product\":\"Setup\",\"amount\":250.00}'";

#[tokio::main]
async fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--help") {
        let _ = writeln!(stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "example-service: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let (config, _sandbox) = config()?;
    let client = Client::new(&config)?;
    let listener =
        tokio::net::TcpListener::bind(&address).await.map_err(|error| format!("{address}: {error}"))?;
    writeln!(stdout(), "listening on http://{}", listener.local_addr()?)?;
    // A stop waits for the orders that are in progress.
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, example_service::routes(client)).with_graceful_shutdown(stop).await?;
    Ok(())
}

fn config() -> Result<(Config, Option<Server>), Box<dyn Error>> {
    let is_tenant_set =
        env::vars_os().any(|(name, value)| name.to_string_lossy().starts_with("ZUORA_") && !value.is_empty());
    if is_tenant_set {
        return Ok((config_from_env()?, None));
    }
    let sandbox = Server::start("127.0.0.1:0", Sandbox::demo())?;
    Ok((Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET), Some(sandbox)))
}
