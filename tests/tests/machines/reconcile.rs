//! Settling an unknown outcome: that the object does not hold the state is certain only of a read that began
//! 130 s or more after the transition was sent.

use http::Method;
use zuora_core::{
    Action, Call, Client, Error, Event, Machine, Now, Offline, Operation, Outcome, Pace, Raw, Request,
    Response, Settled, Settlement, Spec, Transition, Watch,
};

use zuora_tests::simulation::{Reply, World, at, config, json, lost, ms, refused, reply, script, secs, warm};

#[derive(Clone)]
struct Post;

impl Operation for Post {
    type Output = ();

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::put("post_thing", "/v1/things/{id}/post");
        &SPEC
    }

    fn request(&self) -> Result<Request, Error> {
        Raw::new(Method::PUT, "/v1/things/1/post").body("{}".as_bytes()).request()
    }

    fn parse(&self, _: &Response) -> Result<(), Error> {
        Ok(())
    }
}

impl Transition for Post {
    type Read = Raw;

    fn read_back(&self) -> Raw {
        Raw::new(Method::GET, "/v1/things/1")
    }

    fn holds(&self, seen: Result<&Response, &Error>) -> Option<bool> {
        match seen {
            Ok(answer) => Some(answer.body().windows(6).any(|text| text == b"Posted")),
            Err(error) => error.is_not_found().then_some(false),
        }
    }
}

fn status(status: &str) -> Reply {
    reply(200, &[], &format!(r#"{{"status":"{status}","success":true}}"#))
}

/// A post that was sent at 0 s and of which nothing is known since `lost_at`.
fn lost_post(session: &zuora_core::Session, lost_at: Now) -> Error {
    let mut call = Call::new(session, Post);
    assert!(matches!(call.step(Event::Tick, at(0)), Action::Send(..)));
    match call.step(Event::Failure(lost()), lost_at) {
        Action::Done(Err(error)) => {
            assert_eq!(error.outcome(), Outcome::Unknown);
            error
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn that_it_holds_is_certain_at_once() {
    let session = warm(&config());
    let error = lost_post(&session, at(1));
    let mut world = World::new(script([status("Posted")]));
    world.now = at(1);
    let watch = Watch::new(&session, Settlement::new(&Post, &error), Pace::default());
    let ended = world.drive(watch.to_end());
    assert!(matches!(ended.result, Ok(Settled::Holds(Some(_)))));
    assert!(ended.at < at(2));
}

#[test]
fn that_it_does_not_is_certain_only_130_s_after_the_send() {
    // However long a look takes, and whenever settling begins.
    for latency in [ms(50), secs(5), secs(60), secs(119)] {
        for begin in [1, 60, 129, 130, 500] {
            let session = warm(&config());
            let error = lost_post(&session, at(1));
            let mut world = World::new(move |_: &Request, _| (latency, status("Draft")));
            world.now = at(begin);
            let watch = Watch::new(&session, Settlement::new(&Post, &error), Pace::default());
            let ended = world.drive(watch.to_end());
            assert!(matches!(ended.result, Ok(Settled::NotApplied(Some(_)))), "{:?}", ended.result);
            let last = world.calls().last().unwrap().at;
            assert!(last >= at(130), "decided by a look sent at {last:?}, each taking {latency:?}");
            assert!(last <= at(begin.max(130)) + secs(31) + latency, "and not much later: {last:?}");
        }
    }
}

#[test]
fn work_that_ends_while_a_slow_look_is_under_way_is_not_missed() {
    // The look is answered with what the object was when the look arrived, 119 s ago.
    let session = warm(&config());
    let error = lost_post(&session, at(1));
    let mut world = World::new(|_: &Request, now: Now| {
        let posted = now >= at(119);
        (secs(119), status(if posted { "Posted" } else { "Draft" }))
    });
    world.now = at(20);
    let watch = Watch::new(&session, Settlement::new(&Post, &error), Pace::default());
    let ended = world.drive(watch.to_end());
    assert!(matches!(ended.result, Ok(Settled::Holds(_))), "{:?}", ended.result);
}

#[test]
fn a_look_that_fails_in_passing_decides_nothing() {
    let session = warm(&config());
    let error = lost_post(&session, at(1));
    let replies = [Reply::Lost, reply(503, &[], ""), Reply::NeverLeft, status("Posted")];
    let mut world = World::new(script(replies));
    world.now = at(200);
    let watch = Watch::new(&session, Settlement::new(&Post, &error), Pace::default());
    assert!(matches!(world.drive(watch.to_end()).result, Ok(Settled::Holds(_))));
}

#[test]
fn an_object_that_cannot_be_read_is_an_error() {
    let session = warm(&config());
    let error = lost_post(&session, at(1));
    let mut world = World::new(script([refused(403, &["50000010"])]));
    let watch = Watch::new(&session, Settlement::new(&Post, &error), Pace::default());
    let error = world.drive(watch.to_end()).result.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
}

#[test]
fn an_error_that_can_speak_for_the_outcome_may() {
    let session = warm(&config());
    let error = lost_post(&session, at(1));
    let mut world = World::new(script(std::iter::repeat_with(|| refused(404, &["50000040"]))));
    world.now = at(135);
    let watch = Watch::new(&session, Settlement::new(&Post, &error), Pace::default());
    assert!(matches!(world.drive(watch.to_end()).result, Ok(Settled::NotApplied(None))));
}

#[test]
fn an_error_without_a_time_counts_from_the_first_look() {
    let session = warm(&config());
    let mut world = World::new(|_: &Request, _| (ms(10), status("Draft")));
    world.now = at(1000);
    let error = Error::failed("of some other origin");
    let watch = Watch::new(&session, Settlement::new(&Post, &error), Pace::default());
    let ended = world.drive(watch.to_end());
    assert!(matches!(ended.result, Ok(Settled::NotApplied(_))));
    assert!(ended.at >= at(1130), "{:?}", ended.at);
}

#[test]
fn the_client_settles_in_one_verb() {
    let looks = std::cell::Cell::new(0);
    let world = Offline::new(|request| {
        if request.method() == Method::PUT {
            return Err(lost());
        }
        looks.set(looks.get() + 1);
        let status = if looks.get() < 4 { "Draft" } else { "Posted" };
        Ok(json(200, format!(r#"{{"status":"{status}","success":true}}"#)))
    });
    let client = Client::over(&config(), world).unwrap();
    let error = client.call(&Post).unwrap_err();
    let settled = client.settle(&Post, &error).unwrap();
    assert!(matches!(settled, Settled::Holds(Some(_))));
    assert_eq!(looks.get(), 4);
}
