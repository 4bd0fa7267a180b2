//! Command-line program that serves a sandbox over HTTP until the process ends.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use zuora_sandbox::{Sandbox, Server, Settings, Tenant};

const USAGE: &str = "\
Simulates the Zuora Billing service over HTTP, offline.

Usage: zuora-sandbox [--listen ADDRESS] [--processing MILLIS] [--tenant FILE]

  --listen ADDRESS     address of the server (default 127.0.0.1:8470; port 0 selects a free port)
  --processing MILLIS  time that a bill run stays in each transient status (default 1000)
  --tenant FILE        a tenant file instead of the demo tenant
  --help               print this text
";

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Standard error may be closed, and there is no other place to report that.
            let _ = writeln!(io::stderr(), "zuora-sandbox: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let Some(options) = Options::read(arguments)? else { return print(USAGE) };
    let credentials = options.tenant.credentials();
    let (id, secret) = credentials.ok_or("the tenant file has no oauthClients")?;
    let credentials = format!("client id:     {id}\nclient secret: {secret}\n");
    let settings = Settings::default().processing(options.processing);
    let server = Server::start(&options.listen, Sandbox::new(options.tenant, settings))
        .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;
    print(&format!("Zuora sandbox at {}\n{credentials}", server.url()))?;
    server.wait();
    Ok(())
}

fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| format!("cannot print: {error}"))
}

#[derive(Debug)]
struct Options {
    listen: String,
    processing: Duration,
    tenant: Tenant,
}

impl Options {
    /// Parses the arguments; `None` if help is requested.
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut listen = "127.0.0.1:8470".to_owned();
        let mut processing = Duration::from_secs(1);
        let mut tenant = None;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} requires a value; see --help"));
            match argument.as_str() {
                "--help" | "-h" => return Ok(None),
                "--listen" => listen = value()?,
                "--processing" => {
                    let millis = value()?;
                    let number = millis.parse().map(Duration::from_millis);
                    processing = number
                        .map_err(|_| format!("--processing requires whole milliseconds, not {millis:?}"))?;
                }
                "--tenant" => {
                    let file = value()?;
                    let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
                    tenant = Some(Tenant::from_json(&text).map_err(|error| format!("{file}: {error}"))?);
                }
                other => return Err(format!("unknown argument {other:?}; see --help")),
            }
        }
        Ok(Some(Self { listen, processing, tenant: tenant.unwrap_or_else(Tenant::demo) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>, String> {
        Options::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_are_parsed() {
        let options = read("--listen [::1]:0 --processing 50").unwrap().unwrap();
        assert_eq!((options.listen.as_str(), options.processing), ("[::1]:0", Duration::from_millis(50)));
        assert!(read("--help").unwrap().is_none());
    }

    #[test]
    fn errors_name_the_invalid_argument() {
        for (line, says) in [
            ("--port 1", "unknown argument \"--port\""),
            ("--listen", "--listen requires a value"),
            ("--processing fast", "--processing requires whole milliseconds, not \"fast\""),
            ("--processing -1", "--processing requires whole milliseconds"),
            ("--tenant /nowhere/tenant.json", "/nowhere/tenant.json: "),
        ] {
            assert!(read(line).unwrap_err().starts_with(says), "{line}");
        }
        let error = run(["--listen".to_owned(), "nowhere".to_owned()].into_iter()).unwrap_err();
        assert!(error.starts_with("cannot listen on nowhere"), "{error}");
    }
}
