//! The parts of a transport that need no request: the clock and the random generator.

use std::time::{Duration, SystemTime};

use zuora_core::Config;
use zuora_core::http::{HeaderValue, Method};
use zuora_core::machine::{Action, Call, Event, Machine as _};
use zuora_core::operation::RawOperation;
use zuora_core::session::Session;
use zuora_core::transport::{Seed, Timestamp, TransportError, WallTime};

use crate::case::CaseResult;
use crate::caught::caught;

/// Difference between the wall time of the transport and that of this process that is taken for a wrong clock.
const TOLERANCE: Duration = Duration::from_secs(60);

/// Returns two readings of the clock: it does not run backwards, and both have the wall time.
pub(crate) fn clock(now: impl Fn() -> Timestamp, has_wall: bool) -> CaseResult {
    judged("a monotonic clock with the wall time", || {
        let (before, after) = (now(), now());
        let mut problems = Vec::new();
        if after < before {
            problems.push("the clock runs backwards".to_owned());
        }
        let real = WallTime::from(SystemTime::now());
        match after.wall() {
            _ if !has_wall => {}
            None => problems.push("now() has no wall time, which dates keys and errors".to_owned()),
            Some(wall) => {
                let difference = real.since(wall).or_else(|| wall.since(real)).unwrap_or_default();
                if difference > TOLERANCE {
                    problems.push(format!("the wall time is wrong by {difference:?}"));
                }
            }
        }
        problems
    })
}

/// Returns two seeds: sessions with the same seed would send the same idempotency keys.
pub(crate) fn seeds(seed: impl Fn() -> Result<Seed, TransportError>) -> CaseResult {
    judged("a new seed from the operating system for each call", || {
        match (first_key(seed()), first_key(seed())) {
            (Ok(first), Ok(second)) if first == second => vec!["two seeds are the same".to_owned()],
            (Ok(_), Ok(_)) => Vec::new(),
            (Err(problem), _) | (_, Err(problem)) => vec![problem],
        }
    })
}

/// Returns the idempotency key of the first write in a session with this seed, which is all that a seed shows.
fn first_key(seed: Result<Seed, TransportError>) -> Result<Option<HeaderValue>, String> {
    let seed = seed.map_err(|error| format!("no seed: {error}"))?;
    let session = Session::new(&Config::with_token("http://127.0.0.1", "token"), &seed);
    let session = session.map_err(|error| format!("no session: {error}"))?;
    let mut call = Call::new(&session, RawOperation::new(Method::POST, "/v1/conformance"));
    match call.step(Event::Tick, Timestamp::default()) {
        Action::Send(request, _) => Ok(request.headers().get("idempotency-key").cloned()),
        _ => Err("a write begins without a request".to_owned()),
    }
}

fn judged(case: &str, judge: impl FnOnce() -> Vec<String>) -> CaseResult {
    let problems = caught(judge).unwrap_or_else(|panic| vec![panic]);
    CaseResult { case: case.to_owned(), seen: Vec::new(), problems }
}
