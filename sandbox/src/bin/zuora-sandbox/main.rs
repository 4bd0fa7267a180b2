//! Command-line program that serves a sandbox over HTTP until the process ends.

mod config;
mod options;
mod presets;
mod state_file;

use std::io::{self, ErrorKind, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{ExitCode, Stdio};

use zuora_sandbox::{Sandbox, Server, ServerConfig, Tenant};

use crate::options::{Command, Options, TenantSource};
use crate::state_file::StateFile;

fn main() -> ExitCode {
    let done = Command::parse(std::env::args_os().skip(1)).and_then(|command| match command {
        Command::Print(text) => print(&text),
        Command::Serve(options) => serve(&options),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Standard error may be closed, and there is no other place to report that.
            let _ = writeln!(io::stderr(), "zuora-sandbox: {message}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &Options) -> Result<(), String> {
    let (tenant, text) = tenant(&options.tenant)?;
    let (id, secret) = tenant.credentials().ok_or("the tenant file has no oauthClients")?;
    let credentials = format!("client id:     {id}\nclient secret: {secret}\n");
    let mut sandbox = Sandbox::new(tenant, options.settings()?);
    if let Some(chaos) = &options.chaos {
        sandbox.faults().set_chaos(chaos.clone());
    }
    let listener = TcpListener::bind(&options.listen).map_err(|error| explain(options, &error))?;
    let mut config = ServerConfig::default();
    if let Some(path) = &options.state {
        let settings = options.changes_settings().then(|| options.settings()).transpose()?;
        config = config.record_to(StateFile::open(path, &mut sandbox, &text, settings)?);
    }
    if let Some(origin) = &options.cors {
        config = config.cors(origin).map_err(|error| format!("--cors: {error}"))?;
    }
    if let Some(file) = &options.tls {
        config = secure(config, file)?;
    }
    let server = Server::start_on(listener, sandbox, config).map_err(|error| explain(options, &error))?;
    print(&format!("Zuora sandbox at {}\n{credentials}", server.url()))?;
    if options.open {
        open(&server.url());
    }
    server.wait();
    Ok(())
}

/// Describes why the server cannot listen.
fn explain(options: &Options, error: &io::Error) -> String {
    let remedy = match error.kind() {
        ErrorKind::InvalidInput => "; must be like 127.0.0.1:8470",
        ErrorKind::AddrInUse => "; choose another port, or --listen 127.0.0.1:0 for a free one",
        _ => "",
    };
    format!("cannot listen on {}: {error}{remedy}", options.listen)
}

/// Makes a certificate, and writes it to a file.
#[cfg(feature = "tls")]
fn secure(config: ServerConfig, file: &Path) -> Result<ServerConfig, String> {
    let (config, certificate) = config.self_signed().map_err(|error| format!("--tls: {error}"))?;
    std::fs::write(file, certificate).map_err(|error| format!("--tls {}: {error}", file.display()))?;
    Ok(config)
}

#[cfg(not(feature = "tls"))]
fn secure(_: ServerConfig, _: &Path) -> Result<ServerConfig, String> {
    Err("--tls: this program was built without it; use cargo install zuora-sandbox --features tls".to_owned())
}

/// Returns the tenant, and a text that identifies it.
fn tenant(source: &TenantSource) -> Result<(Tenant, String), String> {
    match source {
        TenantSource::Demo => Ok((Tenant::demo(), "demo".to_owned())),
        TenantSource::Generated(accounts) => {
            Ok((Tenant::generated(*accounts), format!("{accounts} generated accounts")))
        }
        TenantSource::File(file) => {
            let name = file.display();
            let text = std::fs::read_to_string(file).map_err(|error| format!("--tenant {name}: {error}"))?;
            let tenant = Tenant::from_json(&text).map_err(|error| format!("--tenant {name}: {error}"))?;
            Ok((tenant, text))
        }
    }
}

/// Prints a text; a reader that has closed the pipe needs no more of it.
fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("cannot print: {error}")),
        _ => Ok(()),
    }
}

/// Opens a page in the browser of the user.
fn open(url: &str) {
    let program = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    let started =
        std::process::Command::new(program).arg(url).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = started {
        let _ = writeln!(io::stderr(), "zuora-sandbox: cannot open {url} with {program}: {error}");
    }
}
