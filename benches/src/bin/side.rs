//! One side of the comparison with the official SDK, and the server for both: see `official_sdk.py`.
//!
//! `side serve` prints its URL and serves until its input ends. `side run WORK CALLS URL` prints `first` after the first
//! call, then the calls per second of the remaining calls and the peak resident memory in bytes.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::Read as _;
use std::time::{Duration, Instant};

use zuora_benches::{LargePage, bulk_create, memory, server, wire};
use zuora_ureq::bill_runs::GetBillRun;
use zuora_ureq::{Client, Config};

const CLIENT_ID: &str = "00000000-0000-4000-8000-000000000001";
const TOKEN: &[u8] =
    br#"{"access_token":"a-token","token_type":"bearer","expires_in":3598,"scope":"","jti":"1"}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => serve(),
        ["run", work, calls, url] => run(work, calls.parse()?, url),
        _ => Err("side serve | side run small|page|list|bulk CALLS URL".into()),
    }
}

fn serve() -> Result<(), Box<dyn Error>> {
    let bodies = vec![
        ("/oauth/token", TOKEN.to_vec()),
        ("/bill-runs/2c9890077e8a8490017e8bf3a5171a43", wire::bill_run(wire::Flag::First)),
        ("/INV00000040/items", wire::invoice_items(40)),
        ("/INV00001000/items", wire::invoice_items(1_000)),
        ("/invoices/batch", wire::created_invoices(50)),
    ];
    println!("{}", server::start(bodies, Duration::ZERO)?);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn run(work: &str, calls: u32, url: &str) -> Result<(), Box<dyn Error>> {
    let client = Client::new(&Config::new(url, CLIENT_ID, "secret"))?;
    let call: Box<dyn Fn() -> Result<usize, Box<dyn Error>>> = match work {
        "small" => {
            let get = GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43");
            Box::new(move || Ok(usize::from(client.call(&get)?.id.is_some())))
        }
        "page" | "list" => {
            let get = LargePage::new(if work == "page" { "INV00000040" } else { "INV00001000" });
            Box::new(move || Ok(client.call(&get)?.items.len()))
        }
        // Built again for each call, as a real caller would do.
        "bulk" => Box::new(move || Ok(client.call(&bulk_create::ours()?)?.invoices.len())),
        _ => return Err("unknown work".into()),
    };
    let rows = call()?;
    println!("first");
    let start = Instant::now();
    for _ in 0..calls {
        if call()? != rows {
            return Err("the responses differ".into());
        }
    }
    println!("{}", f64::from(calls) / start.elapsed().as_secs_f64());
    println!("{}", memory::peak().unwrap_or_default());
    Ok(())
}
