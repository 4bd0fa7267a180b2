//! Failures: closed connections, unreachable peers, timeouts.

use std::time::Duration;

use super::{BODY, responds_with};
use crate::case::{
    Case, Destination, Expected, Scenario, Step, canned, delete, get, maybe_sent, no_response, not_sent,
    post, put,
};
use crate::server::Peer;

pub(super) fn cases() -> Vec<Case> {
    [closed_connections(), unreachable(), timeouts()].into_iter().flatten().collect()
}

fn closed_connections() -> Vec<Case> {
    let closed = |name: &str, written: &'static [u8]| {
        Case::new(
            format!("connection closed {name}"),
            move |peer| {
                peer.request()?;
                peer.write(written)
            },
            [get(), post("{}"), put("{}"), delete()].map(|request| request.expect(maybe_sent())),
        )
    };
    let rejection = canned(413, BODY).header("connection", "close");
    let mut cases = vec![
        closed("before the head", b"").always(&Scenario::ResponseLost),
        closed("in the status line", b"HTTP/1.1 20"),
        closed("in the head", b"HTTP/1.1 200 OK\r\ncontent-le"),
        closed("in the body", b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"success\":tr"),
        Case::new(
            "connection closed before the request is read",
            |_| Ok(()),
            [get().expect(no_response()), post(vec![b'x'; 512 * 1024]).expect(no_response())],
        ),
        Case::new(
            "connection closed in the middle of the request",
            Peer::head,
            [post(vec![b'x'; 4 * 1024 * 1024]).expect(maybe_sent())],
        ),
        Case::new(
            "an error response before the request was read to its end",
            {
                let rejection = rejection.wire();
                move |peer| {
                    peer.head()?;
                    peer.write(&rejection)?;
                    peer.hold()
                }
            },
            [post(vec![b'x'; 1024 * 1024]).expect(Expected::from(rejection).or(maybe_sent()))],
        ),
    ];
    // Other systems may discard what was received when the connection is reset.
    #[cfg(target_os = "linux")]
    cases.push(early_response_to_an_upload());
    cases
}

/// Returns a case whose server closes while the body is being sent. The close resets the connection, but the response
/// has already arrived.
#[cfg(target_os = "linux")]
fn early_response_to_an_upload() -> Case {
    let throttled = canned(429, BODY).header("retry-after", "30").header("connection", "close");
    let upload = vec![b'x'; 3_900_000];
    Case::new(
        "a response to an upload that is closed before its body is read",
        {
            let throttled = throttled.wire();
            move |peer| {
                peer.head()?;
                peer.write(&throttled)?;
                // A client that reads while it writes can tell the two events apart only if they are two.
                std::thread::sleep(Duration::from_millis(300));
                Ok(())
            }
        },
        (0..3).map(|_| post(upload.clone()).expect(throttled.clone())).collect::<Vec<_>>(),
    )
}

fn unreachable() -> Vec<Case> {
    let none = |_: &mut Peer| Ok(());
    let over_tls = || [post("{}"), get(), delete()].map(|request| request.over_tls().expect(not_sent()));
    let mut cases = vec![
        Case::new(
            "connection refused",
            none,
            [post("{}"), put("{}"), get(), delete()]
                .map(|request| request.at(Destination::ClosedPort).expect(not_sent())),
        )
        .always(&Scenario::NotSent),
        Case::new(
            "a host name that cannot be resolved",
            none,
            [post("{}"), get(), delete()]
                .map(|request| request.at(Destination::UnknownHost).expect(not_sent())),
        ),
        Case::new("https to a peer that closes the connection", none, over_tls()),
        Case::new(
            "https to a peer that does not speak TLS",
            |peer| peer.write(&canned(400, "The plain HTTP request was sent to HTTPS port").wire()),
            over_tls(),
        ),
        Case::new(
            "https to a peer that sends nothing, with a short timeout",
            Peer::hold,
            [
                post("{}").over_tls().short_timeout().expect(not_sent()),
                delete().over_tls().short_timeout().expect(no_response()),
            ],
        ),
    ];
    #[cfg(target_os = "linux")]
    cases.push(Case::new(
        "a port that accepts no connection, with a short timeout",
        none,
        [
            post("{}").at(Destination::UnresponsivePort).short_timeout().expect(not_sent()),
            delete().at(Destination::UnresponsivePort).short_timeout().expect(no_response()),
        ],
    ));
    #[cfg(feature = "tls")]
    cases.push(Case::new(
        "https to a peer with a self-signed certificate",
        |peer| {
            peer.secure()?;
            super::respond_always(canned(200, BODY).wire())(peer)
        },
        over_tls(),
    ));
    cases
}

/// Returns the cases about time limits. The server responds in the end, so that a transport without a timeout, or with
/// one that restarts at every byte, is detected by the result that it reports and not by the clock.
fn timeouts() -> Vec<Case> {
    let response = canned(200, BODY);
    let held_back = |first: Vec<u8>, rest: Vec<u8>| {
        move |peer: &mut Peer| {
            peer.request()?;
            peer.write(&first)?;
            peer.hold()?;
            peer.write(&rest)
        }
    };
    let late = Scenario::DelayedBy(Duration::from_millis(200));
    vec![
        Case::new(
            "no response in time",
            held_back(Vec::new(), response.wire()),
            [post("{}").short_timeout().expect(maybe_sent())],
        )
        .always(&late),
        Case::new(
            "no response in time to a request without a body",
            held_back(Vec::new(), response.wire()),
            [delete().short_timeout().expect(maybe_sent())],
        )
        .always(&late),
        Case::new(
            "a head, but no body in time",
            held_back(response.head(), BODY.to_vec()),
            [post("{}").short_timeout().expect(maybe_sent())],
        ),
        Case::new(
            "a response that trickles for longer than the timeout",
            {
                let response = response.wire();
                move |peer| {
                    peer.request()?;
                    peer.trickle(&response)
                }
            },
            [post("{}").short_timeout().expect(maybe_sent())],
        ),
        responds_with(
            "a timeout that overflows any clock",
            &response,
            [get(), post("{}")].map(|request| request.within(Duration::MAX).expect(response.clone())),
        ),
        Case::new(
            "a wait ends at its time, and not before",
            |_| Ok(()),
            [Step::Wait(Duration::from_millis(30)), Step::Wait(Duration::ZERO)],
        ),
        endless("an endless series of 100 responses", b"HTTP/1.1 100 Continue\r\n\r\n"),
        endless("an endless series of 103 responses", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
    ]
}

/// Returns a case whose interim responses do not end. Every read succeeds, so a loop over reads would neither yield to
/// other tasks nor look at its time limit.
fn endless(name: &str, interim: &'static [u8]) -> Case {
    let (many, response) = (interim.repeat(100), canned(200, BODY).wire());
    Case::new(
        name,
        move |peer| {
            peer.request()?;
            peer.flood(&many)?;
            peer.write(&response)
        },
        [get(), post("{}")].map(|request| request.short_timeout().expect(maybe_sent())),
    )
}
