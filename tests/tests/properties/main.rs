//! Properties of the machines for any events, any bytes and any numbers, by random search.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod events;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use proptest::collection::vec;
use proptest::prelude::*;
use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::operation::{Effect, RawOperation};
use zuora_core::polling::{Poller, PollingPolicy, Progress, Waiter};
use zuora_core::session::{CreateToken, Session, Token};
use zuora_core::transport::{HttpResponse, Seed, Timestamp};
use zuora_core::types::Secret;
use zuora_core::{CallOptions, Config, DataCenter, Error, ErrorKind, Operation, Outcome};
use zuora_tests::event_log::EventLog;
use zuora_tests::simulation::{
    self, CLIENT_ID, CLIENT_SECRET, TOKEN, config, is_token_request, lost, operation, secs, warm,
};

use events::{Incoming, Step, bodies, effects, incoming_events, responses, steps};

#[derive(Debug)]
struct Limits {
    attempts: u32,
    deadline: Duration,
    max_wait: Option<Duration>,
}

fn limits() -> impl Strategy<Value = Limits> {
    (1_u32..8, 0_u64..2000, prop::option::of(0_u64..300)).prop_map(|(attempts, deadline, max_wait)| Limits {
        attempts,
        deadline: secs(deadline),
        max_wait: max_wait.map(secs),
    })
}

/// The event that a machine is waiting for.
#[derive(Clone, Copy, PartialEq)]
enum Awaiting {
    Tick(Timestamp),
    TokenResponse(Duration),
    CallResponse(Duration),
}

/// The printed text of all events, actions and values, to be searched for secrets.
struct Prints(String);

impl Prints {
    fn note(&mut self, value: &impl Debug) {
        use std::fmt::Write as _;
        write!(self.0, "{value:?} {value:#?} ").unwrap();
    }

    fn contain_none_of(&self, secrets: &[&str]) -> Result<(), TestCaseError> {
        for secret in secrets {
            prop_assert!(!self.0.contains(secret), "{secret} appears in {}", self.0);
        }
        Ok(())
    }
}

/// Whether the outcome of a write with this event is unknown.
fn is_unknown(event: &Incoming) -> bool {
    match event {
        Incoming::Lost | Incoming::TooLarge => true,
        Incoming::Received(response) => {
            let is_inconclusive =
                !response.headers().contains_key("content-encoding") && response.body().is_empty();
            is_inconclusive && (response.status().is_server_error() || response.status() == StatusCode::OK)
        }
        _ => false,
    }
}

/// Drives one call through the steps, then loses every response until the call ends.
fn drive(effect: Effect, cold: bool, limits: &Limits, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let events = EventLog::default();
    let config = config().observer(events.observer());
    let session = if cold { simulation::cold(&config) } else { warm(&config) };
    let mut options = CallOptions::new().max_attempts(limits.attempts).timeout(limits.deadline);
    if let Some(max_wait) = limits.max_wait {
        options = options.max_wait(max_wait);
    }
    let mut call = simulation::call_with(&session, effect, &options);
    let begin = zuora_tests::simulation::moment(secs(7));
    let end = begin + limits.deadline;
    let (mut now, mut awaiting, mut in_time) = (begin, Awaiting::Tick(begin), true);
    let (mut sends, mut waits, mut waited) = (0_u32, 0, Duration::ZERO);
    let mut unknown = false;
    let mut keys: Vec<String> = Vec::new();
    let mut prints = Prints(String::new());
    // The deadline counts from the first step, so the first step is always in time.
    let mut steps = std::iter::once((Incoming::Tick, 0, true)).chain(steps);
    let result = loop {
        let (incoming, millis, respects_request) = steps.next().unwrap_or((Incoming::Lost, 0, true));
        let span = Duration::from_millis(millis);
        let incoming = match (awaiting, incoming) {
            (_, incoming) if !respects_request => {
                now = now + span;
                in_time = false;
                incoming
            }
            (Awaiting::Tick(until), _) => {
                now = until;
                Incoming::Tick
            }
            (Awaiting::CallResponse(most) | Awaiting::TokenResponse(most), incoming) => {
                now = now + span.min(most);
                if matches!(incoming, Incoming::Tick) { Incoming::Lost } else { incoming }
            }
        };
        let is_call_response = matches!(awaiting, Awaiting::CallResponse(_));
        unknown |= is_call_response && (is_unknown(&incoming) || matches!(incoming, Incoming::Tick));
        let event = Event::from(incoming);
        prints.note(&event);
        let action = call.step(event, now);
        prints.note(&action);
        match action {
            Action::Send(request, limits) => {
                prints.note(&request);
                prop_assert!(limits.timeout > Duration::ZERO);
                prop_assert!(now + limits.timeout <= end, "an attempt ends by the deadline");
                if is_token_request(&request) {
                    awaiting = Awaiting::TokenResponse(limits.timeout);
                    continue;
                }
                sends += 1;
                prop_assert!(!(unknown && effect == Effect::Unkeyed), "retried after an unknown outcome");
                let key = simulation::header(request.headers(), "idempotency-key");
                prop_assert_eq!(key.is_some(), effect == Effect::Keyed);
                if let Some(key) = key {
                    prop_assert!(key.len() <= 255);
                    if let Some(last) = keys.last().filter(|_| unknown) {
                        prop_assert_eq!(&key, last, "a new key after an unknown outcome");
                    }
                    keys.push(key);
                }
                awaiting = Awaiting::CallResponse(limits.timeout);
            }
            Action::Wait(until) => {
                waits += 1;
                prop_assert!(waits < 10_000, "it waits endlessly");
                prop_assert!(until == now || (now..end).contains(&until));
                // After an early tick the call asks again for a wait that was counted already.
                if !matches!(awaiting, Awaiting::Tick(before) if before == until) {
                    waited += now.until(until);
                }
                awaiting = Awaiting::Tick(until);
            }
            Action::Done(result) => break result,
        }
    };
    prop_assert!(sends <= limits.attempts + 1, "{} sends of {} attempts", sends, limits.attempts);
    if in_time {
        prop_assert!(now <= end, "the call ended {:?} after the deadline", end.until(now));
        if let Some(most) = limits.max_wait {
            prop_assert!(waited <= most, "{:?} of {:?}", waited, most);
        }
    }
    let outcome = match &result {
        Ok(_) if effect == Effect::Read => Outcome::NotApplied,
        Ok(_) => Outcome::Applied,
        Err(error) => {
            prints.note(error);
            prints.0.push_str(&format!("{error} {error:#}"));
            prop_assert_eq!(error.operation(), "raw");
            prop_assert!(!error.to_string().contains('\n'));
            error.outcome()
        }
    };
    if effect == Effect::Read {
        prop_assert_eq!(outcome, Outcome::NotApplied);
    } else if unknown {
        prop_assert!(outcome != Outcome::NotApplied, "an unknown outcome was forgotten: {:?}", result);
    }
    if sends == 0 {
        prop_assert_eq!(outcome, Outcome::NotApplied);
    }
    for event in [Event::Tick, Event::Failure(lost()), Event::Response(simulation::json(200, ""))] {
        match call.step(event, now) {
            Action::Done(Err(error)) => prop_assert_eq!(error.outcome(), outcome, "after the end"),
            other => prop_assert!(false, "{:?}", other),
        }
    }
    if let Some(fault) = events.fault() {
        prop_assert!(false, "{}", fault);
    }
    prints.note(&call);
    prints.note(&session);
    let encoded = CLIENT_SECRET.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    prints.contain_none_of(&[CLIENT_SECRET, &encoded, TOKEN])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_events_end_within_attempts_and_deadline(
        effect in effects(),
        cold in any::<bool>(),
        limits in limits(),
        steps in steps(),
    ) {
        drive(effect, cold, &limits, steps)?;
    }

    #[test]
    fn any_response_gives_an_error_or_a_value(effect in effects(), response in responses()) {
        let mut call = simulation::call_with(&warm(&config()), effect, &CallOptions::new().max_attempts(1));
        prop_assert!(matches!(call.step(Event::Tick, Timestamp::default()), Action::Send(..)));
        match call.step(Event::Response(response), Timestamp::default()) {
            Action::Done(Ok(response)) => {
                let _ = (response.rate_limit(), response.concurrency_limit(), response.request_id(), response.track_id());
            }
            Action::Done(Err(error)) => {
                let _ = (error.retry_after(), error.request_id(), error.is_retryable(), error.to_string());
                for reason in error.reasons() {
                    let _ = (reason.category(), reason.to_string());
                }
            }
            // A first 401 is not counted.
            Action::Wait(_) => {}
            Action::Send(..) => prop_assert!(false, "a pause must precede the next send"),
        }
    }

    #[test]
    fn any_bytes_of_a_token_response_give_an_error_or_a_token(body in bodies()) {
        let create = CreateToken::new(CLIENT_ID, Secret::from(CLIENT_SECRET));
        if let Ok(token) = create.parse(&HttpResponse::new(Bytes::from(body))) {
            prop_assert!(!token.access_token.expose().is_empty());
        }
    }

    #[test]
    fn a_key_of_the_caller_is_rejected_or_stays_within_255(key in "\\PC{0,260}|[ -~]{1,250}", busy in 0_usize..12) {
        let options = CallOptions::new().idempotency_key(&key).max_attempts(12).timeout(secs(100_000));
        let mut call = simulation::call_with(&warm(&config()), Effect::Keyed, &options);
        let (mut event, mut now, mut sends) = (Event::Tick, Timestamp::default(), 0);
        let result = loop {
            event = match call.step(event, now) {
                Action::Send(request, _) => {
                    let sent = simulation::header(request.headers(), "idempotency-key").unwrap();
                    // A number at the end of the key is a counter, which continues.
                    prop_assert!(sent.starts_with(key.trim_end_matches(|c: char| c.is_ascii_digit())));
                    prop_assert!(sent.len() <= 255);
                    sends += 1;
                    let busy = sends <= busy;
                    let (status, body) =
                        if busy { (429, r#"{"success":false}"#) } else { (200, r#"{"success":true}"#) };
                    let mut response = simulation::json(status, body);
                    response.headers_mut().insert("zuora-request-id", HeaderValue::from_static("one"));
                    Event::Response(response)
                }
                Action::Wait(until) => {
                    now = until;
                    Event::Tick
                }
                Action::Done(result) => break result,
            };
        };
        match result {
            Ok(_) => prop_assert_eq!(sends, busy + 1),
            Err(error) if error.kind() == ErrorKind::Build => prop_assert_eq!(error.field(), Some("Idempotency-Key")),
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Throttled),
        }
    }

    #[test]
    fn no_settings_of_a_session_print_their_secret(
        secret in "S[!-~]{5,41}",
        token in "T[!-~]{5,60}",
        echo in any::<bool>(),
    ) {
        let mut prints = Prints(String::new());
        for config in [
            Config::new(DataCenter::Eu, CLIENT_ID, secret.as_str()),
            Config::with_token(DataCenter::Eu, token.as_str()),
        ] {
            prints.note(&config);
            let session = Session::new(&config, &simulation::seed(3)).unwrap();
            let mut call = simulation::call_with(&session, Effect::Keyed, &CallOptions::new().max_attempts(1));
            let mut event = Event::Tick;
            for _ in 0..6 {
                let action = call.step(event, Timestamp::default());
                prints.note(&action);
                prints.note(&call);
                event = match action {
                    Action::Send(request, _) => {
                        prints.note(&request);
                        let description = if echo && is_token_request(&request) { secret.as_str() } else { "no" };
                        let description = serde_json::json!({ "error": "invalid_client", "error_description": description });
                        Event::Response(simulation::json(401, description.to_string()))
                    }
                    Action::Wait(_) => Event::Tick,
                    Action::Done(Err(error)) => {
                        prints.note(&error);
                        prints.0.push_str(&error.to_string());
                        break;
                    }
                    Action::Done(Ok(_)) => break,
                };
            }
            prints.note(&Token::new(Secret::from(token.as_str()), secs(1)));
        }
        prints.contain_none_of(&[&secret, &token])?;
    }

    #[test]
    fn a_wait_ends_by_its_deadline_whatever_it_receives(
        deadline in 0_u64..5000,
        first in 0_u64..100,
        polls in vec(incoming_events(), 0..40),
    ) {
        let pace = PollingPolicy::new(secs(first), secs(60)).timeout(secs(deadline));
        let mut poller = Poller::new(&warm(&config()), Undecided, pace).until_done();
        let (mut event, mut now, mut polls) = (Event::Tick, Timestamp::default(), polls.into_iter());
        for turn in 0.. {
            prop_assert!(turn < 100_000, "it polls endlessly");
            event = match poller.step(event, now) {
                Action::Send(..) => {
                    now = now + Duration::from_millis(200);
                    match polls.next() {
                        Some(Incoming::Tick) | None => Event::Response(simulation::json(200, "{}")),
                        Some(incoming) => incoming.into(),
                    }
                }
                Action::Wait(until) => {
                    now = until;
                    Event::Tick
                }
                Action::Done(Err(_)) => break,
                Action::Done(Ok(())) => unreachable!("it never decides"),
            };
        }
        // The last poll may start at the deadline, and gets 30 s.
        prop_assert!(now <= zuora_tests::simulation::moment(secs(deadline + 31)), "{now:?} of {deadline} s");
    }

    #[test]
    fn calls_dropped_anywhere_leave_the_session_usable(
        cold in any::<bool>(),
        moves in vec((0_usize..6, effects(), incoming_events(), 0_u64..2000), 0..120),
    ) {
        let session = if cold { simulation::cold(&config()) } else { warm(&config()) };
        let mut now = Timestamp::default();
        let mut calls: Vec<(Call<RawOperation>, Awaiting)> = Vec::new();
        for (which, effect, incoming, millis) in moves {
            now = now + Duration::from_millis(millis);
            if which >= calls.len() {
                calls.push((Call::new(&session, operation(effect)), Awaiting::Tick(now)));
            }
            let which = which.min(calls.len() - 1);
            let (mut call, awaiting) = calls.swap_remove(which);
            if effect == Effect::Unkeyed && millis % 5 == 0 {
                continue; // dropped in any state
            }
            let event = match (awaiting, incoming) {
                (Awaiting::Tick(_), _) => Event::Tick,
                (_, incoming) => incoming.into(),
            };
            match call.step(event, now) {
                Action::Send(request, limits) if is_token_request(&request) => {
                    calls.push((call, Awaiting::TokenResponse(limits.timeout)));
                }
                Action::Send(_, limits) => calls.push((call, Awaiting::CallResponse(limits.timeout))),
                Action::Wait(until) => calls.push((call, Awaiting::Tick(until))),
                Action::Done(_) => {}
            }
        }
        drop(calls);
        // No header throttles a class for longer than a day.
        let later = now + secs(25 * 3600);
        let mut call = Call::new(&session, operation(Effect::Read));
        let first = call.step(Event::Tick, later);
        prop_assert!(matches!(first, Action::Send(..)), "{:?}", first);
        let second = call.step(Event::Response(simulation::token_response("new", 3599)), later);
        prop_assert!(matches!(second, Action::Send(..) | Action::Done(Ok(_))), "{:?}", second);
    }
}

/// A waiter that is never done, but returns errors.
struct Undecided;

impl Waiter for Undecided {
    type Read = RawOperation;
    type Output = ();

    fn read(&self) -> RawOperation {
        RawOperation::new(Method::GET, "/v1/things/1")
    }

    fn evaluate(&mut self, seen: Result<HttpResponse, Error>, _: Timestamp) -> Result<Progress<()>, Error> {
        seen.map(|_| Progress::Pending(None))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 0, ..ProptestConfig::with_cases(1) })]

    #[test]
    fn ten_thousand_sessions_never_share_a_key(seeds in vec(prop::array::uniform32(any::<u8>()), 10_000)) {
        let config = Config::with_token(DataCenter::Eu, "token");
        let mut keys = BTreeSet::new();
        for seed in seeds {
            let session = Session::new(&config, &Seed::from_bytes(seed)).unwrap();
            for _ in 0..2 {
                let mut call = Call::new(&session, RawOperation::new(Method::POST, "/v1/x"));
                let Action::Send(request, _) = call.step(Event::Tick, Timestamp::default()) else { panic!("a send") };
                let key = simulation::header(request.headers(), "idempotency-key").unwrap();
                prop_assert!((16..=255).contains(&key.len()));
                prop_assert!(keys.insert(key), "two calls share a key");
            }
        }
        prop_assert_eq!(keys.len(), 20_000);
    }
}
