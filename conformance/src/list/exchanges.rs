//! Requests as they arrive, and one after the other over kept connections.

use std::time::Duration;

use super::{BODY, once, served, serving};
use crate::case::{
    Call, Case, Expected, Step, delete, get, in_flight, never_left, no_answer, post, put, reply,
};

pub(super) fn cases() -> Vec<Case> {
    requests().into_iter().chain(connections()).collect()
}

fn requests() -> Vec<Case> {
    let answer = reply(200, BODY);
    let query =
        "/v1/invoices/2c92a0/items?page=2&filter%5B%5D=status%20EQ%20%27Posted%27&a=b%2Fc+d,e:f;g@h!$()*~-._";
    let binary: Vec<_> = (0..1024 * 1024).map(|n| (n % 251) as u8).collect();
    let calls = [
        get().target(query),
        get().target(format!("/v1/long?list={}", "x".repeat(4000))),
        post(BODY),
        post(""),
        put(BODY),
        put(""),
        delete(),
        post([0, 13, 10, 13, 10, 255, 254, 0]),
        post(binary),
        post("{}")
            .header("authorization", "Bearer 0123456789abcdef")
            .header("idempotency-key", "a key with spaces, commas; and \"quotes\"")
            .header("x-empty", "")
            .header("x-twice", "first")
            .header("x-twice", "second"),
    ];
    vec![served("requests arrive as they are, once", &answer, calls.map(|call| call.expect(answer.clone())))]
}

fn connections() -> Vec<Case> {
    let (first, second) = (reply(200, "first"), reply(201, "second"));
    let last = first.clone().header("connection", "close");
    vec![
        closed_in_between("read", get),
        closed_in_between("write", || post("{}")),
        closed_in_between("transition", || put("{}")),
        Case::new(
            "a kept connection that is closed on the second request",
            {
                let first = first.wire();
                move |peer| {
                    peer.request()?;
                    peer.write(&first)?;
                    peer.request()
                }
            },
            [
                get().expect(first.clone()),
                // Over a connection of its own it is answered: nobody has to keep connections.
                post("{}").expect(Expected::from(first.clone()).or(in_flight())),
            ],
        ),
        Case::new(
            "an answer that closes the connection",
            once(last.wire()),
            [post("{}"), post("{}")].map(|call| call.expect(last.clone())),
        ),
        Case::new(
            "after a failure the next call works",
            {
                let serve = serving(second.wire());
                move |peer| if peer.connection() == 0 { peer.request() } else { serve(peer) }
            },
            [post("{}").expect(in_flight()), post("{}").expect(second.clone())],
        ),
        Case::new(
            "a second answer to one request is not taken for that to the next",
            {
                let twice = [first.wire(), reply(200, "poison").wire()].concat();
                let serve = serving(second.wire());
                move |peer| {
                    if peer.connection() == 0 {
                        peer.request()?;
                        peer.write(&twice)?;
                    }
                    serve(peer)
                }
            },
            [
                get().expect(first),
                Step::Wait(Duration::from_millis(20)),
                post("{}").expect(Expected::from(second).or(no_answer())),
            ],
        ),
    ]
}

/// The transport has had time to notice: it may take another connection, or say that nothing was sent.
fn closed_in_between(kind: &str, call: fn() -> Call) -> Case {
    let (first, second) = (reply(200, "first"), reply(201, "second"));
    let (hang_up, serve) = (once(first.wire()), serving(second.wire()));
    Case::new(
        format!("a kept connection that was closed in between: {kind}"),
        move |peer| if peer.connection() == 0 { hang_up(peer) } else { serve(peer) },
        [get().expect(first), Step::WaitForClose, call().expect(Expected::from(second).or(never_left()))],
    )
}
