//! A request to an endpoint that has no typed operation, with the token, retries and errors of all others.
//!
//! `cargo run -p zuora-ureq --example raw_call` runs on a sandbox inside this process. With the variables of
//! `config_from_env`, such as `ZUORA_BASE_URL`, `-- GET /v1/accounts/A00000001` sends a request to that tenant.

use std::env;
use std::error::Error;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;

use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox, Server};
use zuora_ureq::http::Method;
use zuora_ureq::operation::RawOperation;
use zuora_ureq::{Client, Config, config_from_env};

const USAGE: &str = "\
usage: raw_call [METHOD PATH [JSON]]

Sends a request and prints the body of the response. Without arguments, it creates an invoice in a sandbox.
If any ZUORA_ variable is set, the request is sent to the tenant of ZUORA_BASE_URL, ZUORA_CLIENT_ID and
ZUORA_CLIENT_SECRET.";

fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--help") {
        let _ = writeln!(stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "raw_call: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let operation = operation(&env::args().skip(1).collect::<Vec<_>>())?;
    let (config, _sandbox) = config()?;
    let client = Client::new(&config)?;

    let response = client.call(&operation)?;
    let mut out = stdout();
    out.write_all(response.body())?;
    writeln!(out)?;
    Ok(())
}

/// The method decides about retries: a GET is always retried, a POST under its idempotency key.
fn operation(arguments: &[String]) -> Result<RawOperation, Box<dyn Error>> {
    match arguments {
        [] => Ok(RawOperation::new(Method::POST, "/v1/invoices").body(
            r#"{"accountNumber":"A00000001","invoiceDate":"2026-03-01","invoiceItems":[
                {"chargeName":"Setup","amount":250.00,"serviceStartDate":"2026-03-01"}]}"#,
        )),
        [method, path, rest @ ..] if rest.len() <= 1 => {
            let method = method.parse().map_err(|_| format!("{method} is not an HTTP method"))?;
            let operation = RawOperation::new(method, path);
            Ok(match rest {
                [body] => operation.body(body.clone()),
                _ => operation,
            })
        }
        _ => Err("expected a method, a path, and at most one body: see --help".into()),
    }
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
