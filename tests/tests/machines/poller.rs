//! Rule 8: polling until a condition is decided, with state, limits and a separate timeout.

use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};
use zuora_core::bill_runs::{BillRunGoal, BillRunWaiter};
use zuora_core::machine::{Action, Event, Machine};
use zuora_core::operation::RawOperation;
use zuora_core::polling::{Poller, PollingPolicy, Progress, Waiter};
use zuora_core::session::Session;
use zuora_core::transport::{HttpRequest, HttpResponse, Timestamp};
use zuora_core::{CallOptions, Error, ErrorKind, Outcome};
use zuora_tests::simulation::{
    SendResult, Server, Simulation, at, config, json, moment, ms, received, rejected, script, secs, warm,
};

/// Waits until the body contains `done`; counts its polls.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct DoneWaiter {
    hint: Option<Duration>,
    absent_is_done: bool,
    polls: u32,
}

impl Waiter for DoneWaiter {
    type Read = RawOperation;
    type Output = u32;

    fn read(&self) -> RawOperation {
        RawOperation::new(Method::GET, "/v1/things/1")
    }

    fn evaluate(&mut self, seen: Result<HttpResponse, Error>, _: Timestamp) -> Result<Progress<u32>, Error> {
        self.polls += 1;
        match seen {
            Ok(response) if response.body().starts_with(b"{\"done\"") => Ok(Progress::Ready(self.polls)),
            Ok(_) => Ok(Progress::Pending(self.hint)),
            Err(error) if self.absent_is_done && error.is_not_found() => Ok(Progress::Ready(self.polls)),
            Err(error) => Err(error),
        }
    }
}

fn pending() -> SendResult {
    received(200, &[], "{}")
}

fn done() -> SendResult {
    received(200, &[], r#"{"done":1}"#)
}

fn poller(session: &Session, waiter: DoneWaiter, policy: PollingPolicy) -> Poller<DoneWaiter> {
    Poller::new(session, waiter, policy)
}

fn until_done(
    waiter: DoneWaiter,
    policy: PollingPolicy,
    server: impl Server,
) -> (Result<u32, Error>, Vec<Timestamp>, Timestamp) {
    let mut simulation = Simulation::new(server);
    let ended = simulation.drive(poller(&warm(&config()), waiter, policy).until_done());
    (ended.result, simulation.calls().iter().map(|sent| sent.at).collect(), ended.at)
}

#[test]
fn pauses_between_polls_grow_up_to_the_longest() {
    let policy = PollingPolicy::new(secs(1), secs(4));
    let results = std::iter::repeat_with(pending).take(7).chain([done()]);
    let (result, polls, _) = until_done(DoneWaiter::default(), policy, script(results));
    assert_eq!(result.unwrap(), 8);
    // Each poll takes 100 ms in this simulation.
    let pauses: Vec<_> =
        polls.windows(2).map(|pair| (pair[0].until(pair[1]) - ms(100)).as_millis()).collect();
    assert_eq!(pauses, [1000, 1500, 2250, 3375, 4000, 4000, 4000]);
}

#[test]
fn a_hint_makes_a_pause_longer_and_never_shorter() {
    for (hint, expected) in [(secs(10), 10_000), (ms(1), 1000)] {
        let waiter = DoneWaiter { hint: Some(hint), ..DoneWaiter::default() };
        let (_, polls, _) = until_done(waiter, PollingPolicy::default(), script([pending(), done()]));
        assert_eq!((polls[0].until(polls[1]) - ms(100)).as_millis(), expected);
    }
}

#[test]
fn a_wait_ends_by_its_deadline() {
    for deadline in [0, 10, 3600] {
        let policy = PollingPolicy::default().timeout(secs(deadline));
        let (result, polls, ended) =
            until_done(DoneWaiter::default(), policy, script(std::iter::repeat_with(pending)));
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(ended <= at(deadline) + secs(1), "{ended:?}");
        assert!(!polls.is_empty(), "it polls at least once");
    }
    let endless = PollingPolicy::default().timeout(Duration::MAX);
    let results = std::iter::repeat_with(pending).take(500).chain([done()]);
    assert!(
        until_done(DoneWaiter::default(), endless, script(results)).0.is_ok(),
        "a wait is not bound by a call's deadline"
    );
}

#[test]
fn a_poll_never_outlives_the_wait_by_much() {
    // A throttled class would delay the poll for 200 s; the wait has 20 s.
    let session = warm(&config());
    let results = [pending(), received(429, &[("Retry-After", "200")], ""), done()];
    let mut simulation = Simulation::new(script(results));
    let ended = simulation.drive(
        poller(&session, DoneWaiter::default(), PollingPolicy::default().timeout(secs(20))).until_done(),
    );
    assert!(ended.result.is_err());
    assert!(ended.at <= at(21), "{:?}", ended.at);
}

#[test]
fn a_wait_ends_to_the_second_however_long_a_poll_takes() {
    for (timeout, latency) in [(1, 1), (5, 3), (20, 7), (20, 60), (61, 29)] {
        let policy = PollingPolicy::new(secs(1), secs(30)).timeout(secs(timeout));
        let mut simulation = Simulation::new(|_: &HttpRequest, _| (secs(latency), pending()));
        let poller = poller(&warm(&config()), DoneWaiter::default(), policy);
        let ended = simulation.drive(poller.until_done());
        let error = ended.result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown), "{error}");
        assert!(ended.at <= at(timeout), "{timeout} s: {:?}", ended.at);
    }
}

#[test]
fn every_poll_uses_the_options_of_the_wait() {
    let mut simulation = Simulation::new(script([pending(), done(), done()]));
    let options = CallOptions::new().entity_id("2c98");
    let session = warm(&config());
    let poller = Poller::with_options(&session, DoneWaiter::default(), PollingPolicy::default(), &options);
    assert!(simulation.drive(poller.until_done()).result.is_ok());
    let calls = simulation.calls();
    assert!(
        calls.len() == 2 && calls.iter().all(|sent| sent.request.headers()["zuora-entity-ids"] == "2c98")
    );
}

/// Reads three pages a poll.
struct Pages(u32);

impl Waiter for Pages {
    type Read = RawOperation;
    type Output = u32;

    fn read(&self) -> RawOperation {
        RawOperation::new(Method::GET, format!("/v1/things?page={}", self.0))
    }

    fn evaluate(&mut self, seen: Result<HttpResponse, Error>, _: Timestamp) -> Result<Progress<u32>, Error> {
        seen?;
        self.0 += 1;
        Ok(match self.0 {
            6 => Progress::Ready(self.0),
            3 => Progress::Pending(None),
            _ => Progress::Incomplete,
        })
    }
}

#[test]
fn the_reads_of_one_poll_follow_each_other_without_a_pause() {
    let session = warm(&config());
    let mut simulation = Simulation::new(script(std::iter::repeat_with(pending)));
    let mut poller = Poller::new(&session, Pages(0), PollingPolicy::default());
    assert!(matches!(simulation.drive(&mut poller).result, Ok(Progress::Pending(Some(_)))));
    assert_eq!((simulation.calls().len(), simulation.now), (3, moment(ms(300))));
    assert_eq!(simulation.drive(&mut poller).result.unwrap(), Progress::Ready(6));
    let endless = Poller::new(&session, Pages(10), PollingPolicy::default().timeout(secs(20)));
    let begin = simulation.now;
    assert!(simulation.drive(endless.until_done()).result.is_err(), "pages without end");
    assert!(begin.until(simulation.now) <= secs(20));
}

#[test]
fn a_failed_poll_does_not_end_a_long_wait() {
    // Each of these uses all five attempts of a poll.
    let lost = || std::iter::repeat_with(|| SendResult::Lost).take(5);
    let results = std::iter::once(pending()).chain(lost()).chain([pending()]).chain(lost()).chain([done()]);
    let (result, _, _) =
        until_done(DoneWaiter::default(), PollingPolicy::default().max_failed_polls(1), script(results));
    assert!(result.is_ok(), "the count restarts with each successful poll: {:?}", result.err());

    let (result, polls, _) = until_done(
        DoneWaiter::default(),
        PollingPolicy::default().max_failed_polls(2),
        script(std::iter::repeat_with(|| SendResult::Lost)),
    );
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Transport);
    assert_eq!(polls.len(), 15, "three polls of five attempts");
}

#[test]
fn a_rejection_ends_a_wait_unless_it_is_the_goal() {
    let gone = || rejected(404, &["50000040"]);
    let (result, ..) =
        until_done(DoneWaiter::default(), PollingPolicy::default(), script([pending(), gone()]));
    assert_eq!(result.unwrap_err().status().map(|status| status.as_u16()), Some(404));
    let waiter = DoneWaiter { absent_is_done: true, ..DoneWaiter::default() };
    let (result, ..) = until_done(waiter, PollingPolicy::default(), script([pending(), gone()]));
    assert_eq!(result.unwrap(), 2);
}

#[test]
fn each_drive_is_one_poll_and_returns_its_progress() {
    let session = warm(&config());
    let mut simulation = Simulation::new(script([pending(), pending(), done()]));
    let mut poller = poller(&session, DoneWaiter::default(), PollingPolicy::default());
    assert_eq!(simulation.drive(&mut poller).result.unwrap(), Progress::Pending(Some(secs(1))));
    assert_eq!(poller.waiter().polls, 1);
    assert_eq!(simulation.drive(&mut poller).result.unwrap(), Progress::Pending(Some(ms(1500))));
    assert_eq!(simulation.drive(&mut poller).result.unwrap(), Progress::Ready(3));
    let error = simulation.drive(&mut poller).result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed, "the wait is over: {error}");
    assert_eq!(simulation.calls().len(), 3);
}

#[test]
fn a_poller_out_of_turn_is_an_error_value() {
    let mut poller = poller(&warm(&config()), DoneWaiter::default(), PollingPolicy::default());
    let out_of_turn = Event::Response(json(200, "{}"));
    assert!(matches!(poller.step(out_of_turn, at(0)), Action::Done(Err(_))));
    assert!(matches!(poller.step(Event::Tick, at(0)), Action::Done(Err(_))));
}

#[test]
fn a_poller_is_stored_as_text_and_resumed_elsewhere() {
    let session = warm(&config());
    let mut simulation = Simulation::new(script([pending(), pending(), pending(), done()]));
    let mut first = poller(&session, DoneWaiter::default(), PollingPolicy::default());
    simulation.drive(&mut first).result.unwrap();
    simulation.drive(&mut first).result.unwrap();
    let text = first.to_json(simulation.now).unwrap();

    let policy = PollingPolicy::default().timeout(secs(60));
    let mut second = Poller::<DoneWaiter>::from_json(&session, &text, policy).unwrap();
    assert_eq!(second.waiter().polls, 2, "its state is kept");
    let before = simulation.now;
    assert!(
        matches!(simulation.drive(&mut second).result, Ok(Progress::Pending(Some(pause))) if pause == ms(2250))
    );
    assert!(before.until(simulation.now) < secs(1), "the next poll is due immediately");
    assert_eq!(simulation.drive(&mut second).result.unwrap(), Progress::Ready(4));

    // The time that the first poller waited still counts.
    let spent = text.replace(&waited(&text), "3600000");
    let mut late = Poller::<DoneWaiter>::from_json(&session, &spent, policy).unwrap();
    let mut simulation = Simulation::new(script([pending()]));
    simulation.drive(&mut late).result.unwrap();
    assert_eq!(simulation.drive(&mut late).result.unwrap_err().kind(), ErrorKind::Timeout);
}

/// The number of milliseconds that a stored poller has waited.
fn waited(text: &str) -> String {
    let (_, rest) = text.split_once("\"waited_ms\":").unwrap();
    rest.chars().take_while(char::is_ascii_digit).collect()
}

#[test]
fn hostile_text_of_a_poller_is_an_error_or_a_poller() {
    let session = warm(&config());
    let whole = r#"{"awaited":{"hint":null,"absent_is_done":false,"polls":0},"waited_ms":1,"pause_ms":1,"failures":4294967295}"#;
    let hostile = [
        whole.to_owned(),
        whole.replace("\"pause_ms\":1", "\"pause_ms\":18446744073709551615"),
        whole.replace("\"waited_ms\":1", "\"waited_ms\":18446744073709551615"),
        whole.replace("4294967295", "-1"),
        whole.replace("4294967295", "0.5"),
        whole[..40].to_owned(),
        String::new(),
        "null".into(),
        "[]".into(),
        "[".repeat(100_000),
    ];
    for text in hostile {
        let Ok(poller) = Poller::<DoneWaiter>::from_json(&session, &text, PollingPolicy::default()) else {
            continue;
        };
        let results = [pending(), rejected(503, &[]), pending(), done()];
        let mut simulation = Simulation::new(script(results));
        let ended = simulation.drive(poller.until_done());
        assert!(ended.at <= at(2 * 60 * 60 + 300), "{text}");
    }
}

#[test]
fn failures_that_a_waiter_ignores_do_not_overflow() {
    struct Forgiving;
    impl Waiter for Forgiving {
        type Read = RawOperation;
        type Output = ();
        fn read(&self) -> RawOperation {
            RawOperation::new(Method::GET, "/v1/x")
        }
        fn evaluate(&mut self, _: Result<HttpResponse, Error>, _: Timestamp) -> Result<Progress<()>, Error> {
            Ok(Progress::Pending(Some(Duration::MAX)))
        }
    }
    let mut simulation = Simulation::new(script(std::iter::repeat_with(|| rejected(400, &[]))));
    let ended =
        simulation.drive(Poller::new(&warm(&config()), Forgiving, PollingPolicy::default()).until_done());
    assert_eq!(ended.result.unwrap_err().kind(), ErrorKind::Timeout);
}

#[test]
fn polling_without_pauses_is_not_a_busy_loop() {
    let policy = PollingPolicy::new(Duration::ZERO, Duration::ZERO).timeout(secs(60));
    let mut simulation = Simulation::new(|_: &HttpRequest, _| (ms(20), pending()));
    let ended = simulation.drive(poller(&warm(&config()), DoneWaiter::default(), policy).until_done());
    assert_eq!(ended.result.unwrap_err().kind(), ErrorKind::Timeout);
    let polls = simulation.calls().len();
    assert!(
        polls <= 501,
        "{polls} polls in a minute: each takes 20 ms and must be followed by a pause of 100 ms"
    );
}

#[test]
fn a_bill_run_returns_to_completed_while_it_is_posted() {
    let status =
        |status: &str| received(200, &[], &format!(r#"{{"id":"2c98","status":"{status}","success":true}}"#));
    let session = warm(&config());
    let mut simulation = Simulation::new(script(["Completed", "PostInProgress", "Completed"].map(status)));
    let poller =
        Poller::new(&session, BillRunWaiter::new("2c98", BillRunGoal::Posted), PollingPolicy::default());
    let error = simulation.drive(poller.until_done()).result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert!(error.to_string().contains("could not be posted"), "{error}");

    let mut simulation = Simulation::new(script([
        status("Canceled"),
        status("RemoveInProgress"),
        rejected(404, &["50000040"]),
    ]));
    let poller =
        Poller::new(&session, BillRunWaiter::new("2c98", BillRunGoal::Deleted), PollingPolicy::default());
    assert!(simulation.drive(poller.until_done()).result.is_ok(), "its absence is the goal");
}
