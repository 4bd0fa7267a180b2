//! Rule 8: looking again until it is decided, with memory, limits and a deadline of its own.

use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};
use zuora_core::bill_runs::{AwaitBillRun, Goal};
use zuora_core::{
    Action, Awaited, Error, Event, Kind, Machine, Now, Pace, Progress, Raw, Request, Response, Session, Watch,
};

use zuora_tests::simulation::{
    Reply, Server, World, at, config, json, ms, refused, reply, script, secs, warm,
};

/// Waits until the body says `done`; notes when its looks were.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Done {
    hint: Option<Duration>,
    gone_is_done: bool,
    looks: u32,
}

impl Awaited for Done {
    type Read = Raw;
    type Ready = u32;

    fn read(&self) -> Raw {
        Raw::new(Method::GET, "/v1/things/1")
    }

    fn judge(&mut self, seen: Result<Response, Error>, _: Now) -> Result<Progress<u32>, Error> {
        self.looks += 1;
        match seen {
            Ok(answer) if answer.body().starts_with(b"{\"done\"") => Ok(Progress::Ready(self.looks)),
            Ok(_) => Ok(Progress::Pending(self.hint)),
            Err(error) if self.gone_is_done && error.is_not_found() => Ok(Progress::Ready(self.looks)),
            Err(error) => Err(error),
        }
    }
}

fn pending() -> Reply {
    reply(200, &[], "{}")
}

fn done() -> Reply {
    reply(200, &[], r#"{"done":1}"#)
}

fn watch(session: &Session, awaited: Done, pace: Pace) -> Watch<Done> {
    Watch::new(session, awaited, pace)
}

fn to_end(awaited: Done, pace: Pace, server: impl Server) -> (Result<u32, Error>, Vec<Now>, Now) {
    let mut world = World::new(server);
    let ended = world.drive(watch(&warm(&config()), awaited, pace).to_end());
    (ended.result, world.calls().iter().map(|sent| sent.at).collect(), ended.at)
}

#[test]
fn looks_come_at_growing_pauses_up_to_the_longest() {
    let pace = Pace::new(secs(1), secs(4));
    let replies = std::iter::repeat_with(pending).take(7).chain([done()]);
    let (result, looks, _) = to_end(Done::default(), pace, script(replies));
    assert_eq!(result.unwrap(), 8);
    // Each look takes 100 ms in this world.
    let pauses: Vec<_> =
        looks.windows(2).map(|pair| (pair[0].until(pair[1]) - ms(100)).as_millis()).collect();
    assert_eq!(pauses, [1000, 1500, 2250, 3375, 4000, 4000, 4000]);
}

#[test]
fn a_hint_makes_a_pause_longer_and_never_shorter() {
    for (hint, expected) in [(secs(10), 10_000), (ms(1), 1000)] {
        let awaited = Done { hint: Some(hint), ..Done::default() };
        let (_, looks, _) = to_end(awaited, Pace::default(), script([pending(), done()]));
        assert_eq!((looks[0].until(looks[1]) - ms(100)).as_millis(), expected);
    }
}

#[test]
fn a_wait_ends_by_its_own_deadline() {
    for deadline in [0, 10, 3600] {
        let pace = Pace::default().deadline(secs(deadline));
        let (result, looks, ended) = to_end(Done::default(), pace, script(std::iter::repeat_with(pending)));
        let error = result.unwrap_err();
        assert_eq!(error.kind(), Kind::Deadline, "{error}");
        assert!(ended <= at(deadline) + secs(1), "{ended:?}");
        assert!(!looks.is_empty(), "it looks at least once");
    }
    let endless = Pace::default().deadline(Duration::MAX);
    let replies = std::iter::repeat_with(pending).take(500).chain([done()]);
    assert!(
        to_end(Done::default(), endless, script(replies)).0.is_ok(),
        "a wait is not bound by a call's deadline"
    );
}

#[test]
fn one_look_never_outlives_the_wait_by_much() {
    // A closed class would hold the look back for 200 s; the wait has 20 s.
    let session = warm(&config());
    let replies = [pending(), reply(429, &[("Retry-After", "200")], ""), done()];
    let mut world = World::new(script(replies));
    let ended = world.drive(watch(&session, Done::default(), Pace::default().deadline(secs(20))).to_end());
    assert!(ended.result.is_err());
    assert!(ended.at <= at(21), "{:?}", ended.at);
}

#[test]
fn a_failed_look_does_not_end_a_long_wait() {
    // Each of these costs all five attempts of a look.
    let lost = || std::iter::repeat_with(|| Reply::Lost).take(5);
    let replies = std::iter::once(pending()).chain(lost()).chain([pending()]).chain(lost()).chain([done()]);
    let (result, _, _) = to_end(Done::default(), Pace::default().failed_looks(1), script(replies));
    assert!(result.is_ok(), "the count begins anew with each look that works: {:?}", result.err());

    let (result, looks, _) = to_end(
        Done::default(),
        Pace::default().failed_looks(2),
        script(std::iter::repeat_with(|| Reply::Lost)),
    );
    assert_eq!(result.unwrap_err().kind(), Kind::Transport);
    assert_eq!(looks.len(), 15, "three looks of five attempts");
}

#[test]
fn a_refusal_ends_a_wait_unless_it_is_the_goal() {
    let gone = || refused(404, &["50000040"]);
    let (result, ..) = to_end(Done::default(), Pace::default(), script([pending(), gone()]));
    assert_eq!(result.unwrap_err().status().map(|status| status.as_u16()), Some(404));
    let awaited = Done { gone_is_done: true, ..Done::default() };
    let (result, ..) = to_end(awaited, Pace::default(), script([pending(), gone()]));
    assert_eq!(result.unwrap(), 2);
}

#[test]
fn each_drive_is_one_look_and_the_caller_sees_it() {
    let session = warm(&config());
    let mut world = World::new(script([pending(), pending(), done()]));
    let mut watch = watch(&session, Done::default(), Pace::default());
    assert_eq!(world.drive(&mut watch).result.unwrap(), Progress::Pending(Some(secs(1))));
    assert_eq!(watch.awaited().looks, 1);
    assert_eq!(world.drive(&mut watch).result.unwrap(), Progress::Pending(Some(ms(1500))));
    assert_eq!(world.drive(&mut watch).result.unwrap(), Progress::Ready(3));
    let error = world.drive(&mut watch).result.unwrap_err();
    assert_eq!(error.kind(), Kind::Failed, "it is over: {error}");
    assert_eq!(world.calls().len(), 3);
}

#[test]
fn a_watch_out_of_turn_is_an_error_value() {
    let mut watch = watch(&warm(&config()), Done::default(), Pace::default());
    let out_of_turn = Event::Answer(json(200, "{}"));
    assert!(matches!(watch.step(out_of_turn, at(0)), Action::Done(Err(_))));
    assert!(matches!(watch.step(Event::Tick, at(0)), Action::Done(Err(_))));
}

#[test]
fn a_watch_is_kept_as_text_and_taken_up_elsewhere() {
    let session = warm(&config());
    let mut world = World::new(script([pending(), pending(), pending(), done()]));
    let mut first = watch(&session, Done::default(), Pace::default());
    world.drive(&mut first).result.unwrap();
    world.drive(&mut first).result.unwrap();
    let text = first.to_text(world.now).unwrap();

    let pace = Pace::default().deadline(secs(60));
    let mut second = Watch::<Done>::from_text(&session, &text, pace).unwrap();
    assert_eq!(second.awaited().looks, 2, "its memory comes along");
    let before = world.now;
    assert!(
        matches!(world.drive(&mut second).result, Ok(Progress::Pending(Some(pause))) if pause == ms(2250))
    );
    assert!(before.until(world.now) < secs(1), "the next look is due at once");
    assert_eq!(world.drive(&mut second).result.unwrap(), Progress::Ready(4));

    // The time that it has waited counts on.
    let spent = text.replace(&waited(&text), "3600000");
    let mut late = Watch::<Done>::from_text(&session, &spent, pace).unwrap();
    let mut world = World::new(script([pending()]));
    world.drive(&mut late).result.unwrap();
    assert_eq!(world.drive(&mut late).result.unwrap_err().kind(), Kind::Deadline);
}

/// The number of milliseconds that a kept watch says it has waited.
fn waited(text: &str) -> String {
    let (_, rest) = text.split_once("\"waited_ms\":").unwrap();
    rest.chars().take_while(char::is_ascii_digit).collect()
}

#[test]
fn hostile_text_of_a_watch_is_an_error_or_a_watch() {
    let session = warm(&config());
    let whole = r#"{"awaited":{"hint":null,"gone_is_done":false,"looks":0},"waited_ms":1,"pause_ms":1,"failures":4294967295}"#;
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
        let Ok(watch) = Watch::<Done>::from_text(&session, &text, Pace::default()) else { continue };
        let replies = [pending(), refused(503, &[]), pending(), done()];
        let mut world = World::new(script(replies));
        let ended = world.drive(watch.to_end());
        assert!(ended.at <= at(2 * 60 * 60 + 300), "{text}");
    }
}

#[test]
fn failures_that_a_judge_forgives_overflow_nothing() {
    struct Patient;
    impl Awaited for Patient {
        type Read = Raw;
        type Ready = ();
        fn read(&self) -> Raw {
            Raw::new(Method::GET, "/v1/x")
        }
        fn judge(&mut self, _: Result<Response, Error>, _: Now) -> Result<Progress<()>, Error> {
            Ok(Progress::Pending(Some(Duration::MAX)))
        }
    }
    let mut world = World::new(script(std::iter::repeat_with(|| refused(400, &[]))));
    let ended = world.drive(Watch::new(&warm(&config()), Patient, Pace::default()).to_end());
    assert_eq!(ended.result.unwrap_err().kind(), Kind::Deadline);
}

#[test]
fn no_pause_between_looks_is_no_busy_loop() {
    let pace = Pace::new(Duration::ZERO, Duration::ZERO).deadline(secs(60));
    let mut world = World::new(|_: &Request, _| (ms(20), pending()));
    let ended = world.drive(watch(&warm(&config()), Done::default(), pace).to_end());
    assert_eq!(ended.result.unwrap_err().kind(), Kind::Deadline);
    let looks = world.calls().len();
    assert!(
        looks <= 501,
        "{looks} looks in a minute: each takes 20 ms and is to be followed by 100 ms of rest"
    );
}

#[test]
fn a_bill_run_falls_back_while_it_is_posted() {
    let status =
        |status: &str| reply(200, &[], &format!(r#"{{"id":"2c98","status":"{status}","success":true}}"#));
    let session = warm(&config());
    let mut world = World::new(script(["Completed", "PostInProgress", "Completed"].map(status)));
    let watch = Watch::new(&session, AwaitBillRun::new("2c98", Goal::Posted), Pace::default());
    let error = world.drive(watch.to_end()).result.unwrap_err();
    assert_eq!(error.kind(), Kind::Failed);
    assert!(error.to_string().contains("could not be posted"), "{error}");

    let mut world =
        World::new(script([status("Canceled"), status("RemoveInProgress"), refused(404, &["50000040"])]));
    let watch = Watch::new(&session, AwaitBillRun::new("2c98", Goal::Deleted), Pace::default());
    assert!(world.drive(watch.to_end()).result.is_ok(), "that it is gone is the goal");
}
