//! Requests as they arrive, and successive requests over reused connections.

use std::net::{Ipv6Addr, TcpListener};
use std::time::Duration;

use super::{BODY, gzip, respond_always, respond_once, responds_with};
use crate::case::{
    Case, Destination, Expected, Step, TestRequest, canned, delete, get, maybe_sent, no_response, not_sent,
    post, put,
};

pub(super) fn cases() -> Vec<Case> {
    requests().into_iter().chain(connections()).collect()
}

fn requests() -> Vec<Case> {
    let response = canned(200, BODY);
    let query =
        "/v1/invoices/2c92a0/items?page=2&filter%5B%5D=status%20EQ%20%27Posted%27&a=b%2Fc+d,e:f;g@h!$()*~-._";
    let binary: Vec<_> = (0..1024 * 1024).map(|n| (n % 251) as u8).collect();
    let requests = [
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
        get().without("accept-encoding"),
        post(gzip(BODY)).header("content-encoding", "gzip"),
    ];
    let mut cases = vec![
        responds_with(
            "requests arrive unchanged, once",
            &response,
            requests.map(|request| request.expect(response.clone())),
        ),
        at("the name localhost is reached without a proxy", Destination::Localhost),
    ];
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        cases.push(at("the loopback address of IPv6 is reached without a proxy", Destination::Ipv6));
    }
    cases
}

fn at(name: &str, destination: Destination) -> Case {
    let response = canned(200, BODY);
    let steps = [get(), post("{}")].map(|request| request.at(destination).expect(response.clone()));
    Case::new(name, respond_always(response.wire()), steps)
}

fn connections() -> Vec<Case> {
    let (first, second) = (canned(200, "first"), canned(201, "second"));
    let last = first.clone().header("connection", "close");
    vec![
        closed_in_between("read", get),
        closed_in_between("keyed write", || post("{}")),
        closed_in_between("unkeyed write", || put("{}")),
        Case::new(
            "a reused connection that is closed on the second request",
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
                // A transport does not have to reuse connections: a new one receives the response.
                post("{}").expect(Expected::from(first.clone()).or(maybe_sent())),
            ],
        ),
        Case::new(
            "a response that closes the connection",
            respond_once(last.wire()),
            [post("{}"), post("{}")].map(|request| request.expect(last.clone())),
        ),
        Case::new(
            "after a failure the next request works",
            {
                let serve = respond_always(second.wire());
                move |peer| if peer.connection() == 0 { peer.request() } else { serve(peer) }
            },
            [post("{}").expect(maybe_sent()), post("{}").expect(second.clone())],
        ),
        Case::new(
            "a second response to one request is not taken for the response to the next",
            {
                let twice = [first.wire(), canned(200, "poison").wire()].concat();
                let serve = respond_always(second.wire());
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
                post("{}").expect(Expected::from(second).or(no_response())),
            ],
        ),
    ]
}

/// Returns a case in which the transport has had time to notice the close. It may open another connection, or report
/// that nothing was sent.
fn closed_in_between(kind: &str, request: fn() -> TestRequest) -> Case {
    let (first, second) = (canned(200, "first"), canned(201, "second"));
    let (hang_up, serve) = (respond_once(first.wire()), respond_always(second.wire()));
    Case::new(
        format!("a reused connection that was closed between requests: {kind}"),
        move |peer| if peer.connection() == 0 { hang_up(peer) } else { serve(peer) },
        [get().expect(first), Step::WaitForClose, request().expect(Expected::from(second).or(not_sent()))],
    )
}
