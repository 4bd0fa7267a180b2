//! Failures: hang-ups, peers that cannot be reached, time that runs out.

use std::time::Duration;

use super::{BODY, served};
use crate::case::{
    Case, Expected, Fate, Place, Step, delete, get, in_flight, never_left, no_answer, post, put, reply,
};
use crate::server::Peer;

pub(super) fn cases() -> Vec<Case> {
    [hang_ups(), unreachable(), time()].into_iter().flatten().collect()
}

fn hang_ups() -> Vec<Case> {
    let hang_up = |name: &str, said: &'static [u8]| {
        Case::new(
            format!("hang-up {name}"),
            move |peer| {
                peer.request()?;
                peer.write(said)
            },
            [get(), post("{}"), put("{}"), delete()].map(|call| call.expect(in_flight())),
        )
    };
    let refusal = reply(413, BODY).header("connection", "close");
    vec![
        hang_up("before the head", b"").always(&Fate::AnswerLost),
        hang_up("in the status line", b"HTTP/1.1 20"),
        hang_up("in the head", b"HTTP/1.1 200 OK\r\ncontent-le"),
        hang_up("in the body", b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"success\":tr"),
        Case::new(
            "hang-up before the request is read",
            |_| Ok(()),
            [get().expect(no_answer()), post(vec![b'x'; 512 * 1024]).expect(no_answer())],
        ),
        Case::new(
            "hang-up in the middle of the request",
            Peer::head,
            [post(vec![b'x'; 4 * 1024 * 1024]).expect(in_flight())],
        ),
        Case::new(
            "a refusal before the request was read to its end",
            {
                let refusal = refusal.wire();
                move |peer| {
                    peer.head()?;
                    peer.write(&refusal)?;
                    peer.hold()
                }
            },
            [post(vec![b'x'; 1024 * 1024]).expect(Expected::from(refusal).or(in_flight()))],
        ),
    ]
}

fn unreachable() -> Vec<Case> {
    let none = |_: &mut Peer| Ok(());
    let over_tls = [post("{}").over_tls().expect(never_left()), get().over_tls().expect(no_answer())];
    let mut cases = vec![
        Case::new(
            "connection refused",
            none,
            [post("{}"), put("{}"), get(), delete()]
                .map(|call| call.at(Place::ClosedPort).expect(never_left())),
        )
        .always(&Fate::NeverLeaves),
        Case::new(
            "a host that cannot be found",
            none,
            [
                post("{}").at(Place::UnknownHost).expect(never_left()),
                get().at(Place::UnknownHost).expect(no_answer()),
                delete().at(Place::UnknownHost).expect(no_answer()),
            ],
        ),
        Case::new("https to a peer that hangs up", none, over_tls),
        Case::new(
            "https to a peer that does not speak TLS",
            |peer| peer.write(&reply(400, "The plain HTTP request was sent to HTTPS port").wire()),
            [post("{}").over_tls().expect(never_left()), get().over_tls().expect(no_answer())],
        ),
        Case::new(
            "https to a peer that says nothing, with little time",
            Peer::hold,
            [post("{}").over_tls().hasty().expect(never_left())],
        ),
    ];
    #[cfg(target_os = "linux")]
    cases.push(Case::new(
        "a port that takes no connection, with little time",
        none,
        [post("{}").at(Place::DeafPort).hasty().expect(never_left())],
    ));
    #[cfg(feature = "tls")]
    cases.push(Case::new(
        "https to a peer with a self-signed certificate",
        |peer| {
            peer.secure()?;
            super::serving(reply(200, BODY).wire())(peer)
        },
        [post("{}").over_tls().expect(never_left()), get().over_tls().expect(no_answer())],
    ));
    cases
}

/// The server answers in the end, so that a transport without a limit, or with one that starts anew with every
/// byte, is found by what it reports and not by the clock.
fn time() -> Vec<Case> {
    let answer = reply(200, BODY);
    let held_back = |said: Vec<u8>, kept: Vec<u8>| {
        move |peer: &mut Peer| {
            peer.request()?;
            peer.write(&said)?;
            peer.hold()?;
            peer.write(&kept)
        }
    };
    let late = Fate::LaterThan(Duration::from_millis(200));
    vec![
        Case::new(
            "no answer in time",
            held_back(Vec::new(), answer.wire()),
            [post("{}").hasty().expect(in_flight())],
        )
        .always(&late),
        Case::new(
            "no answer in time to a request without a body",
            held_back(Vec::new(), answer.wire()),
            [delete().hasty().expect(in_flight())],
        )
        .always(&late),
        Case::new(
            "a head and no body in time",
            held_back(answer.head(), BODY.to_vec()),
            [post("{}").hasty().expect(in_flight())],
        ),
        Case::new(
            "an answer that trickles longer than the limit",
            {
                let answer = answer.wire();
                move |peer| {
                    peer.request()?;
                    peer.trickle(&answer)
                }
            },
            [post("{}").hasty().expect(in_flight())],
        ),
        served(
            "a timeout beyond any clock",
            &answer,
            [get(), post("{}")].map(|call| call.within(Duration::MAX).expect(answer.clone())),
        ),
        Case::new(
            "waiting ends when the time has come, and not before",
            |_| Ok(()),
            [Step::Wait(Duration::from_millis(30)), Step::Wait(Duration::ZERO)],
        ),
    ]
}
