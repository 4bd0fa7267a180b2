//! The pace of a crowd of calls: a quota that opens again is used slowly, a burst of rejections counts once, and no
//! response closes a session for long.

use std::collections::BTreeMap;
use std::time::Duration;

use zuora_core::machine::{Action, Call, Event, Machine};
use zuora_core::operation::{Effect, RawOperation};
use zuora_core::session::Session;
use zuora_core::transport::{HttpRequest, Timestamp};
use zuora_core::{CallOptions, ErrorKind};
use zuora_tests::simulation::{
    EFFECTS, Ended, SendResult, Simulation, at, call, call_with, cold, config, is_token_request, moment, ms,
    play_with, received, rejection_body, script, secs, success, token_response, warm,
};

/// A service that serves this many requests at a time, each in 100 ms, after a time in which its rate is used up.
struct Crowded {
    places: usize,
    opens_at: Timestamp,
    reports_limit: bool,
    /// Time that a rejection takes.
    rejects_in: Duration,
    in_flight: Vec<Timestamp>,
    rejected: u32,
    /// Requests that were sent in each 10 ms since the service opened.
    sent: BTreeMap<u128, u32>,
}

impl Crowded {
    fn new(places: usize, opens_at: Timestamp, reports_limit: bool) -> Self {
        let (in_flight, sent) = (Vec::new(), BTreeMap::new());
        Self { places, opens_at, reports_limit, rejects_in: ms(20), in_flight, rejected: 0, sent }
    }

    fn serve(&mut self, now: Timestamp) -> (Duration, SendResult) {
        if now < self.opens_at {
            let wait = now.until(self.opens_at).as_secs_f64().ceil().to_string();
            let headers = [("Retry-After", wait.as_str()), ("RateLimit-Remaining", "0")];
            return (ms(20), received(429, &headers, r#"{"reasons":[{"code":70,"message":"minute"}]}"#));
        }
        *self.sent.entry(now.elapsed().as_millis() / 10).or_default() += 1;
        self.in_flight.retain(|end| now < *end);
        let limit = self.places.to_string();
        let headers = [("Concurrency-Limit-Limit", limit.as_str())];
        let headers = if self.reports_limit { &headers[..] } else { &[] };
        if self.in_flight.len() >= self.places {
            self.rejected += 1;
            return (self.rejects_in, received(429, headers, &rejection_body(&["50000070"])));
        }
        self.in_flight.push(now + ms(100));
        (ms(100), received(200, headers, r#"{"success":true}"#))
    }
}

/// Runs calls against a crowded service, one each `gap`.
fn crowd(crowded: &mut Crowded, count: u32, gap: Duration) -> Vec<Ended<()>> {
    let session = warm(&config());
    let mut simulation = Simulation::new(|_: &HttpRequest, now| crowded.serve(now));
    let calls = (0..count).map(|index| (moment(gap * index), call(&session, Effect::Read)));
    let ends = simulation.run_from(calls.collect());
    ends.into_iter()
        .map(|Ended { at, result, waits }| Ended { at, result: result.map(drop), waits })
        .collect()
}

#[test]
fn a_reopened_quota_is_not_stormed() {
    // A limit that is reported is never exceeded. Without one, slow start finds it by exceeding it once.
    for (reports_limit, most_rejected) in [(true, 0), (false, 100)] {
        let mut crowded = Crowded::new(40, at(30), reports_limit);
        let ends = crowd(&mut crowded, 1_000, ms(20));
        assert!(ends.iter().all(|ended| ended.result.is_ok()));
        assert!(crowded.rejected <= most_rejected, "{} rejected", crowded.rejected);
        let most = crowded.sent.values().max().copied().unwrap_or_default();
        assert!(most <= 40, "{most} requests were sent within 10 ms");
        let last = ends.iter().map(|ended| ended.at).max().unwrap();
        assert!(last < at(50), "the quota is used: the last of 1,000 calls ended at {last:?}");
    }
}

#[test]
fn waiting_calls_do_not_wake_at_one_moment() {
    let session = warm(&config());
    let mut first = call(&session, Effect::Read);
    assert!(matches!(first.step(Event::Tick, at(0)), Action::Send(..)));
    let closed = received(429, &[("Retry-After", "30")], "");
    let Action::Wait(first) = first.step(closed.into(), at(0)) else { panic!("a wait") };
    assert_eq!(first, at(30), "the first call wakes when the quota opens");
    let mut wakes: Vec<_> = (0..1_000)
        .map(|_| match call(&session, Effect::Read).step(Event::Tick, at(1)) {
            Action::Wait(until) => until,
            other => panic!("{other:?}"),
        })
        .collect();
    wakes.sort();
    assert!(wakes[0] >= at(30));
    assert!(wakes[999] <= at(40), "at most ten seconds later");
    let busiest = wakes.windows(30).map(|group| group[0].until(group[29])).min().unwrap();
    assert!(busiest > ms(2), "30 calls wake within {busiest:?}");
}

#[test]
fn no_call_fails_because_it_is_spread() {
    let session = warm(&config());
    let mut first = call(&session, Effect::Read);
    assert!(matches!(first.step(Event::Tick, at(0)), Action::Send(..)));
    drop(first.step(received(429, &[("Retry-After", "30")], "").into(), at(0)));
    for _ in 0..100 {
        let options = CallOptions::new().max_wait(secs(30));
        match call_with(&session, Effect::Read, &options).step(Event::Tick, at(0)) {
            Action::Wait(until) => assert_eq!(until, at(30), "it has no time to wait longer"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn rejected_calls_that_were_told_the_same_moment_are_spread() {
    let session = warm(&config().timeout(secs(1_000)));
    let mut calls: Vec<_> = (0..100).map(|_| call(&session, Effect::Read)).collect();
    for call in &mut calls {
        assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    }
    let crowded = || received(429, &[("Retry-After", "120")], &rejection_body(&["50000070"]));
    let mut wakes: Vec<_> = calls
        .iter_mut()
        .map(|call| match call.step(crowded().into(), at(1)) {
            Action::Wait(until) => until,
            other => panic!("{other:?}"),
        })
        .collect();
    wakes.sort();
    wakes.dedup();
    assert!(wakes.len() > 95, "only {} different moments", wakes.len());
    assert!(wakes[0] >= at(121) && wakes[wakes.len() - 1] <= at(122));
}

#[test]
fn a_burst_of_overloads_halves_the_limit_once() {
    let session = warm(&config());
    let mut calls: Vec<_> = (0..64).map(|_| call(&session, Effect::Read)).collect();
    for call in &mut calls {
        assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    }
    for call in &mut calls {
        let crowded = received(429, &[], &rejection_body(&["50000070"]));
        assert!(matches!(call.step(crowded.into(), at(1)), Action::Wait(_)));
    }
    assert_eq!(admitted(&session, at(1)).len(), 32);
}

/// Starts as many calls as are admitted at this moment.
fn admitted(session: &Session, now: Timestamp) -> Vec<Call<RawOperation>> {
    std::iter::repeat_with(|| call(session, Effect::Read))
        .take(1_000)
        .map_while(|mut call| matches!(call.step(Event::Tick, now), Action::Send(..)).then_some(call))
        .collect()
}

#[test]
fn a_crowd_at_once_is_served_in_the_end() {
    for count in [64, 200, 1_000] {
        let mut crowded = Crowded::new(40, at(0), false);
        let ends = crowd(&mut crowded, count, Duration::ZERO);
        let failed = ends.iter().filter(|ended| ended.result.is_err()).count();
        assert_eq!(failed, 0, "of {count} calls");
    }
}

/// 1,000 reads of 100 ms each take 2.5 s, 40 at a time.
#[test]
fn a_crowd_keeps_the_allowed_number_of_requests_in_flight() {
    for (gap, rejects_in) in [(0, 20), (0, 100), (1, 20), (1, 100)] {
        let mut crowded = Crowded { rejects_in: ms(rejects_in), ..Crowded::new(40, at(0), true) };
        let ends = crowd(&mut crowded, 1_000, ms(gap));
        let last = ends.iter().map(|ended| ended.at).max().unwrap();
        assert!(last <= moment(ms(2_700)), "one each {gap} ms, rejected in {rejects_in} ms: {last:?}");
    }
}

#[test]
fn no_response_closes_a_session_for_long() {
    let day = "86400";
    // 2026-01-01T00:02:00 UTC, two minutes after the start of the simulated clock.
    let cases = [
        (day, "", secs(3_600)),
        ("99999999999999999999999", "", secs(3_600)),
        ("1767225720", "", secs(120)),
        ("1767225720000", "", secs(120)),
        ("1767225720", "Thu, 01 Jan 2026 00:01:00 GMT", secs(60)),
        ("1700000000", "", Duration::ZERO),
        ("1.5", "", ms(1_500)),
    ];
    for (reset, date, closed) in cases {
        let session = warm(&config().timeout(secs(100_000)));
        let headers = [("RateLimit-Remaining", "0"), ("RateLimit-Reset", reset), ("Date", date)];
        let mut limited = call(&session, Effect::Read);
        assert!(matches!(limited.step(Event::Tick, at(0)), Action::Send(..)));
        let served = received(200, &headers, r#"{"success":true}"#);
        assert!(matches!(limited.step(served.into(), at(0)), Action::Done(Ok(_))));
        let mut next = call(&session, Effect::Read);
        match next.step(Event::Tick, at(0)) {
            Action::Wait(until) => assert_eq!(until, moment(closed), "{reset}"),
            Action::Send(..) => assert_eq!(closed, Duration::ZERO, "{reset}"),
            Action::Done(result) => panic!("{reset}: {result:?}"),
        }
        // Two days later, every call of another process of the same tenant would be sent as well.
        assert!(matches!(call(&session, Effect::Read).step(Event::Tick, moment(closed)), Action::Send(..)));
    }
}

#[test]
fn a_caller_can_open_a_session_that_a_response_closed() {
    let session = warm(&config());
    let closed = received(429, &[("Retry-After", "1800")], "");
    let mut simulation = Simulation::new(script([closed, success()]));
    simulation.drive(call(&session, Effect::Read)).result.unwrap_err();
    let error = simulation.drive(call(&session, Effect::Read)).result.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Throttled, 0));
    session.reset_rate_limits();
    assert!(simulation.drive(call(&session, Effect::Read)).result.is_ok());
    assert_eq!(admitted(&session, simulation.now).len(), 1_000, "no limit is left");
}

#[test]
fn retry_after_is_read_with_a_fraction_and_as_a_date() {
    let body = r#"{"message":"API rate limit exceeded"}"#;
    let later = "Wed, 21 Oct 2026 07:28:00 GMT";
    let cases: [(&[(&'static str, &str)], Duration); 6] = [
        (&[("Retry-After", "30.5")], ms(30_500)),
        (&[("Retry-After", later), ("Date", "Wed, 21 Oct 2026 07:26:00 GMT")], secs(120)),
        (&[("Retry-After", "Wednesday, 21-Oct-26 07:28:00 GMT"), ("Date", later)], Duration::ZERO),
        (&[("Retry-After", later), ("Date", "Wed, 21 Oct 2026 07:30:00 GMT")], Duration::ZERO),
        // Without a `Date`, the wall time of the arrival counts.
        (&[("Retry-After", "Thu, 01 Jan 2026 00:00:20 GMT")], ms(19_900)),
        (&[("Retry-After", "Thu, 01 Jan 2026 00:00:20 GMT"), ("Date", "yesterday")], ms(19_900)),
    ];
    for (headers, wait) in cases {
        for status in [429, 503] {
            let (ended, log) = play_with(
                &config(),
                Effect::Read,
                &CallOptions::new(),
                [received(status, headers, body), success()],
            );
            assert!(ended.result.is_ok());
            let waited = ended.waits[0].0.until(ended.waits[0].1);
            assert!(waited >= wait && waited <= wait.max(secs(1)), "{status}, {headers:?}: {waited:?}");
            assert_eq!(log.calls().len(), 2);
        }
    }
    // Without any time to relate it to, a date is not understood.
    let mut call = call(&warm(&config()), Effect::Read);
    assert!(matches!(call.step(Event::Tick, Timestamp::default()), Action::Send(..)));
    let Action::Wait(until) =
        call.step(received(429, &[("Retry-After", later)], "").into(), Timestamp::default())
    else {
        panic!("a wait")
    };
    assert!(until <= Timestamp::new(secs(1)));
}

#[test]
fn an_overflowing_header_is_never_a_hot_loop() {
    for headers in [
        [("Retry-After", "9223372037"), ("Date", "")],
        [("Retry-After", "18446744073709551616.999999999999"), ("Date", "")],
        [("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"), ("Date", "Thu, 01 Jan 1970 00:00:00 GMT")],
        [("RateLimit-Reset", "18446744073709551615"), ("Date", "Thu, 01 Jan 1970 00:00:00 GMT")],
    ] {
        for effect in EFFECTS {
            // A call with any time at all waits for a very long time, and no driver can wake it early.
            let endless = config().timeout(Duration::MAX).max_attempts(u32::MAX);
            let mut waiting = call(&warm(&endless), effect);
            for now in [Timestamp::default(), at(0), Timestamp::new(Duration::MAX - secs(1))] {
                let mut call = call(&warm(&endless), effect);
                if matches!(call.step(Event::Tick, now), Action::Send(..)) {
                    match call.step(received(429, &headers, "").into(), now) {
                        Action::Wait(until) => assert!(until >= now + ms(999), "{headers:?}: {until:?}"),
                        Action::Done(result) => assert!(result.is_err()),
                        other => panic!("{other:?}"),
                    }
                }
            }
            assert!(matches!(waiting.step(Event::Tick, at(0)), Action::Send(..)));
            match waiting.step(received(429, &headers, "").into(), at(0)) {
                Action::Wait(until) => {
                    assert!(until > at(1_000_000_000), "{headers:?}: {until:?}");
                    for _ in 0..100 {
                        assert!(
                            matches!(waiting.step(Event::Tick, at(5)), Action::Wait(same) if same == until)
                        );
                    }
                }
                // Not even the longest call has the time.
                Action::Done(result) => assert_eq!(result.unwrap_err().kind(), ErrorKind::Throttled),
                Action::Send(..) => panic!("a hot loop"),
            }
            let (ended, log) =
                play_with(&config(), effect, &CallOptions::new(), [received(429, &headers, "")]);
            assert_eq!(ended.result.unwrap_err().kind(), ErrorKind::Throttled, "{headers:?}");
            assert_eq!(log.calls().len(), 1);
        }
    }
}

#[test]
fn extreme_settings_and_clocks_do_not_overflow() {
    let longest = Duration::MAX;
    let config = config()
        .timeout(longest)
        .attempt_timeout(longest)
        .max_wait(longest)
        .min_attempt_time(longest)
        .backoff(longest, longest)
        .max_response_bytes(usize::MAX)
        .max_attempts(u32::MAX)
        .retry_budget(u32::MAX);
    for effect in EFFECTS {
        for start in [Duration::ZERO, secs(1), longest / 2, longest - ms(1), longest] {
            for headers in
                [&[][..], &[("Retry-After", "18446744073709551615.9"), ("RateLimit-Remaining", "0")]]
            {
                let session = cold(&config);
                let mut call = call(&session, effect);
                let (mut event, mut now) = (Event::Tick, Timestamp::new(start));
                for step in 0..50 {
                    event = match call.step(event, now) {
                        Action::Send(request, limits) => {
                            assert!(limits.timeout > Duration::ZERO);
                            now = now + secs(1);
                            match step % 3 {
                                _ if is_token_request(&request) => token_response("t", u64::MAX).into_event(),
                                0 => SendResult::NotSent.into(),
                                1 => received(429, headers, "").into(),
                                _ => received(503, headers, "").into(),
                            }
                        }
                        Action::Wait(until) => {
                            now = until;
                            Event::Tick
                        }
                        Action::Done(_) => break,
                    };
                }
            }
        }
    }
}

trait IntoEvent {
    fn into_event(self) -> Event;
}

impl IntoEvent for zuora_core::transport::HttpResponse {
    fn into_event(self) -> Event {
        Event::Response(self)
    }
}
