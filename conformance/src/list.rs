//! The list itself, in groups: answers, redirects, bodies, heads, connections, time, requests.

use std::io::{self, Write};
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};

use crate::case::{
    Case, Expected, Reply, Step, bare_reply, delete, get, in_flight, never_left, no_answer, post, put, reply,
    too_large,
};
use crate::server::Peer;

/// Every case. Build it once: some bodies are large.
pub fn cases() -> Vec<Case> {
    let groups =
        [answers(), redirects(), bodies(), heads(), broken_heads(), hang_ups(), unreachable(), time()];
    groups.into_iter().flatten().chain(connections()).chain(requests()).collect()
}

const BODY: &[u8] =
    br#"{"success":false,"processId":"0123456789ABCDEF","reasons":[{"code":"50000040","message":"no"}]}"#;

/// Every status that the service is known to use, and some that a gateway before it might.
const STATUSES: [u16; 40] = [
    200, 201, 202, 203, 206, 207, 226, 299, 300, 305, 399, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409,
    410, 412, 413, 415, 421, 422, 423, 425, 428, 429, 431, 499, 500, 501, 502, 503, 504, 520, 599,
];

fn answers() -> Vec<Case> {
    let mut cases: Vec<_> = STATUSES
        .into_iter()
        .map(|status| {
            let answer = reply(status, BODY).header("content-type", "application/json");
            Case::new(
                format!("status {status} is an answer and keeps its body"),
                serving(answer.wire()),
                [get().expect(answer.clone()), post("{}").expect(answer)],
            )
        })
        .collect();
    let empty = bare_reply(204).header("zuora-request-id", "4711");
    let after = reply(200, "after");
    cases.push(Case::new(
        "204 has no body, and the next call works",
        in_turn([empty.wire(), after.wire()]),
        [delete().expect(empty), get().expect(after)],
    ));
    let early = [bare_reply(103).header("link", "</a>").wire(), reply(200, BODY).wire()].concat();
    cases.push(Case::new(
        "an interim answer is passed over",
        serving(early),
        [get().expect(reply(200, BODY)), post("{}").expect(reply(200, BODY))],
    ));
    let nothing = reply(200, "");
    cases.push(Case::new("an empty 200", serving(nothing.wire()), [post("{}").expect(nothing)]));
    cases
}

/// A redirect would carry the token to wherever the answer points.
fn redirects() -> Vec<Case> {
    [301, 302, 303, 307, 308]
        .into_iter()
        .map(|status| {
            let answer = reply(status, BODY).header("location", "/elsewhere");
            let calls = [get(), post("{}"), put("{}"), delete()];
            Case::new(
                format!("redirect {status} is an answer and not followed"),
                serving(answer.wire()),
                calls.map(|call| call.expect(answer.clone())),
            )
        })
        .collect()
}

fn bodies() -> Vec<Case> {
    let chunked = |status| bare_reply(status).header("transfer-encoding", "chunked");
    let closing = || bare_reply(200).header("connection", "close");
    let long = reply(200, vec![b'x'; 64 * 1024]);
    let longer = reply(200, vec![b'x'; 64 * 1024 + 1]);
    let mut cases = vec![
        Case::new(
            "a chunked body",
            serving([chunked(200).head(), b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n".to_vec()].concat()),
            [
                get().expect(chunked(200).body("abc0123456789")),
                post("{}").expect(chunked(200).body("abc0123456789")),
            ],
        ),
        Case::new(
            "a chunked body that is cut",
            once([chunked(200).head(), b"3\r\nabc\r\nA\r\n0123".to_vec()].concat()),
            [post("{}").expect(in_flight())],
        ),
        Case::new(
            "a chunked body with a size that is no number",
            once([chunked(200).head(), b"3\r\nabc\r\nxyz\r\n0123".to_vec()].concat()),
            [post("{}").expect(in_flight())],
        ),
        Case::new(
            "a body that ends with the connection",
            once(closing().body(BODY).wire()),
            [get().expect(closing().body(BODY))],
        ),
        Case::new(
            "a body shorter than its length",
            once(bare_reply(200).header("content-length", "99").body("short").wire()),
            [get().expect(in_flight())],
        ),
        Case::new(
            "a write whose answer is shorter than its length",
            once(bare_reply(200).header("content-length", "99").body("short").wire()),
            [post("{}").expect(in_flight())],
        ),
        Case::new(
            "a body longer than its length does not leak into the next answer",
            |peer| {
                if peer.connection() == 0 {
                    peer.request()?;
                    peer.write(&[reply(200, BODY).wire(), reply(200, "poison").wire()].concat())?;
                }
                serving(reply(201, "own").wire())(peer)
            },
            [
                get().expect(reply(200, BODY)),
                Step::Wait(Duration::from_millis(20)),
                post("{}").expect(Expected::from(reply(201, "own")).or(no_answer())),
            ],
        ),
        Case::new(
            "a body of exactly the limit",
            serving(long.wire()),
            [get().at_most(64 * 1024).expect(long)],
        ),
        Case::new(
            "a body one byte over the limit",
            serving(longer.wire()),
            [get().at_most(64 * 1024).expect(too_large()), post("{}").at_most(64 * 1024).expect(too_large())],
        ),
        Case::new(
            "a chunked body over the limit, without end",
            |peer| {
                peer.request()?;
                peer.write(&bare_reply(200).header("transfer-encoding", "chunked").head())?;
                peer.flood(&[b"1000\r\n".to_vec(), vec![b'x'; 0x1000], b"\r\n".to_vec()].concat())
            },
            [get().at_most(64 * 1024).expect(too_large())],
        ),
        Case::new(
            "a body without length and end",
            |peer| {
                peer.request()?;
                peer.write(&bare_reply(200).header("connection", "close").head())?;
                peer.flood(&[b'x'; 0x1000])
            },
            [get().at_most(64 * 1024).expect(too_large())],
        ),
    ];
    cases.extend(compressed());
    cases
}

/// Inflating is the core's work, under its own limit: the bytes come through as they are.
fn compressed() -> Vec<Case> {
    let good = gzip(BODY);
    let cut = good[..good.len() / 2].to_vec();
    let bomb = gzip(&vec![0; 4 * 1024 * 1024]);
    [("", good), (", cut short", cut), (", a bomb", bomb), (", in name only", b"{}".to_vec())]
        .into_iter()
        .map(|(kind, body)| {
            let answer = reply(200, body).header("content-encoding", "gzip");
            Case::new(
                format!("a gzip body is handed over unopened{kind}"),
                serving(answer.wire()),
                [get().at_most(256 * 1024).expect(answer)],
            )
        })
        .collect()
}

fn heads() -> Vec<Case> {
    let odd = reply(200, BODY)
        .header("X-Empty", "")
        .header("x-latin", *b"caf\xe9")
        .header("x-utf8", "\u{20ac} 100")
        .header("X-MiXeD-CaSe", "kept, VALUE too")
        .header("x-inside", "a \t b");
    let mut twice = reply(200, BODY);
    for value in ["first", "second", "third, fourth"] {
        twice = twice.header("x-twice", value);
    }
    let mut many = reply(200, BODY);
    for n in 0..80 {
        many = many.header(&format!("x-many-{n}"), "value");
    }
    let mut too_many = reply(200, BODY);
    for n in 0..2000 {
        too_many = too_many.header(&format!("x-many-{n}"), "value");
    }
    let large = reply(200, BODY).header("x-large", vec![b'x'; 16 * 1024]);
    let huge = reply(200, BODY).header("x-huge", vec![b'x'; 2 * 1024 * 1024]);
    let plain = reply(200, BODY);
    let body = String::from_utf8_lossy(BODY).into_owned();
    let length = BODY.len();
    let spaced = format!("HTTP/1.1 200 OK\r\ncontent-length:   {length}\t \r\nx-a:b\r\n\r\n{body}");
    let nameless = format!("HTTP/1.1 200\r\ncontent-length: {length}\r\n\r\n{body}");
    let old = format!("HTTP/1.0 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
    vec![
        keeps("headers that are empty, not ASCII, of mixed case", odd),
        keeps("a header that comes three times", twice),
        keeps("80 headers", many),
        keeps("a header of 16 KiB", large),
        Case::new(
            "2000 headers",
            once(too_many.wire()),
            [get().expect(Expected::from(too_many).or(in_flight()))],
        ),
        Case::new(
            "a header of 2 MiB",
            once(huge.wire()),
            [get().expect(Expected::from(huge).or(in_flight()))],
        ),
        Case::new("space around values", serving(spaced), [get().expect(plain.clone().header("x-a", "b"))]),
        Case::new("a status without a reason phrase", serving(nameless), [get().expect(plain.clone())]),
        Case::new("an answer of HTTP/1.0", once(old), [get().expect(plain)]),
    ]
}

/// No answer can be made of these; whether a lenient reader makes one all the same is its own business.
fn broken_heads() -> Vec<Case> {
    let length = BODY.len();
    let body = String::from_utf8_lossy(BODY).into_owned();
    let folded = format!("HTTP/1.1 200 OK\r\nx-fold: a\r\n b\r\ncontent-length: {length}\r\n\r\n{body}");
    let twice = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ncontent-length: 5\r\n\r\n{body}");
    let both =
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n";
    let by_chunks = bare_reply(200).header("transfer-encoding", "chunked").body("abcde");
    let lone = |text: &str| once(text.as_bytes().to_vec());
    let strict = |name: &str, head: &str| {
        Case::new(format!("broken head: {name}"), lone(head), [post("{}").expect(in_flight())])
    };
    vec![
        strict("not HTTP at all", "220 mail.example.com ESMTP\r\n\r\n"),
        strict("a later HTTP", "HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n"),
        strict("a status of two digits", "HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n"),
        strict("a status that is no number", "HTTP/1.1 2xx OK\r\ncontent-length: 0\r\n\r\n"),
        strict("a header without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 0\r\n\r\n"),
        strict("a zero byte in a value", "HTTP/1.1 200 OK\r\nx-zero: a\0b\r\ncontent-length: 0\r\n\r\n"),
        strict("a length that is no number", "HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\nbody"),
        strict("a length below zero", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nbody"),
        strict(
            "a length beyond all numbers",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nx",
        ),
        strict("two lengths that differ", &twice),
        Case::new(
            "broken head: a folded value",
            once(folded),
            [get().expect(Expected::from(reply(200, BODY).header("x-fold", "a b")).or(in_flight()))],
        ),
        Case::new(
            "broken head: a length beside chunks",
            lone(both),
            [get().expect(Expected::from(by_chunks.header("content-length", "3")).or(in_flight()))],
        ),
    ]
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
    let refused = refusal.clone();
    vec![
        hang_up("before the head", b""),
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
            move |peer| {
                peer.head()?;
                peer.write(&refused.wire())?;
                peer.hold()
            },
            [post(vec![b'x'; 1024 * 1024]).expect(Expected::from(refusal).or(in_flight()))],
        ),
    ]
}

fn unreachable() -> Vec<Case> {
    let none = |_: &mut Peer| Ok(());
    let mut cases = vec![
        Case::new(
            "connection refused",
            none,
            [
                post("{}").at_closed_port().expect(never_left()),
                put("{}").at_closed_port().expect(never_left()),
                get().at_closed_port().expect(never_left()),
                delete().at_closed_port().expect(never_left()),
            ],
        ),
        Case::new(
            "a host that cannot be found",
            none,
            [
                post("{}").at_unknown_host().expect(never_left()),
                get().at_unknown_host().expect(no_answer()),
                delete().at_unknown_host().expect(no_answer()),
            ],
        ),
        Case::new(
            "https to a peer that does not speak TLS",
            |peer| peer.write(&reply(400, "The plain HTTP request was sent to HTTPS port").wire()),
            [post("{}").over_tls().expect(never_left()), get().over_tls().expect(no_answer())],
        ),
        Case::new(
            "https to a peer that hangs up",
            none,
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
        [post("{}").at_deaf_port().hasty().expect(never_left())],
    ));
    #[cfg(feature = "tls")]
    cases.push(Case::new(
        "https to a peer with a self-signed certificate",
        |peer| {
            peer.secure()?;
            peer.request()?;
            peer.write(&reply(200, BODY).wire())
        },
        [post("{}").over_tls().expect(never_left()), get().over_tls().expect(no_answer())],
    ));
    cases
}

/// The server answers in the end, so that a transport without a limit, or with one that starts anew with every
/// byte, is found by what it reports and not by the clock.
fn time() -> Vec<Case> {
    let held_back = |said: Vec<u8>, kept: Vec<u8>| {
        move |peer: &mut Peer| {
            peer.request()?;
            peer.write(&said)?;
            peer.hold()?;
            peer.write(&kept)
        }
    };
    let answer = reply(200, BODY);
    let slow = answer.clone();
    vec![
        Case::new(
            "no answer in time",
            held_back(Vec::new(), answer.wire()),
            [post("{}").hasty().expect(in_flight())],
        ),
        Case::new(
            "no answer in time to a request without a body",
            held_back(Vec::new(), answer.wire()),
            [delete().hasty().expect(in_flight())],
        ),
        Case::new(
            "a head and no body in time",
            held_back(answer.head(), BODY.to_vec()),
            [post("{}").hasty().expect(in_flight())],
        ),
        Case::new(
            "an answer that trickles longer than the limit",
            move |peer| {
                peer.request()?;
                peer.trickle(&slow.wire())
            },
            [post("{}").hasty().expect(in_flight())],
        ),
        Case::new(
            "a timeout beyond any clock",
            serving(answer.wire()),
            [
                get().within(Duration::MAX).expect(answer.clone()),
                post("{}").within(Duration::MAX).expect(answer),
            ],
        ),
        Case::new(
            "waiting ends when the time has come",
            |_| Ok(()),
            [Step::Wait(Duration::from_millis(30)), Step::Wait(Duration::ZERO)],
        ),
    ]
}

fn connections() -> Vec<Case> {
    let first = reply(200, "first");
    let second = reply(200, "second");
    let after_close = |name: &str, call: fn() -> crate::case::Call, said: Vec<u8>| {
        Case::new(
            name,
            first_then(said, reply(200, "second").wire()),
            [
                get().expect(reply(200, "first")),
                Step::WaitForClose,
                call().expect(Expected::from(reply(200, "second")).or(never_left())),
            ],
        )
    };
    vec![
        after_close("a kept connection that was closed in between, read", get, first.wire()),
        after_close("a kept connection that was closed in between, write", || post("{}"), first.wire()),
        after_close("a kept connection that was closed in between, transition", || put("{}"), first.wire()),
        Case::new(
            "a kept connection that is closed on the second request",
            |peer| {
                if peer.connection() > 0 {
                    return in_turn([reply(200, "first").wire()])(peer);
                }
                peer.request()?;
                peer.write(&reply(200, "first").wire())?;
                peer.request()
            },
            [
                get().expect(first.clone()),
                // Over another connection it is answered: nobody has to keep connections.
                post("{}").expect(Expected::from(first.clone()).or(in_flight())),
            ],
        ),
        Case::new(
            "after an answer that closes the connection the next call works",
            once(first.clone().header("connection", "close").wire()),
            [post("{}"), post("{}")].map(|call| call.expect(first.clone().header("connection", "close"))),
        ),
        Case::new(
            "after a failure the next call works",
            move |peer| match peer.connection() {
                0 => peer.request(),
                _ => serving(second.wire())(peer),
            },
            [post("{}").expect(in_flight()), post("{}").expect(reply(200, "second"))],
        ),
    ]
}

fn requests() -> Vec<Case> {
    let answer = reply(200, BODY);
    let query =
        "/v1/invoices/2c92a0/items?page=2&filter%5B%5D=status%20EQ%20%27Posted%27&a=b%2Fc+d,e:f;g@h!$()*~-._";
    vec![
        Case::new(
            "requests arrive as they are",
            serving(answer.wire()),
            [
                get().target(query).expect(answer.clone()),
                get().target(format!("/v1/long?list={}", "x".repeat(4000))).expect(answer.clone()),
                post(BODY).expect(answer.clone()),
                post("").expect(answer.clone()),
                put(BODY).expect(answer.clone()),
                put("").expect(answer.clone()),
                delete().expect(answer.clone()),
            ],
        ),
        Case::new(
            "headers arrive as they are",
            serving(answer.wire()),
            [post("{}")
                .header("authorization", "Bearer 0123456789abcdef")
                .header("idempotency-key", "a key with spaces, commas; and \"quotes\"")
                .header("zuora-version", "2024-05-20")
                .header("x-empty", "")
                .header("x-twice", "first")
                .header("x-twice", "second")
                .expect(answer.clone())],
        ),
        Case::new(
            "a body of 3 MiB arrives whole",
            serving(answer.wire()),
            [post((0..3 * 1024 * 1024).map(|n| (n % 251) as u8).collect::<Vec<_>>()).expect(answer.clone())],
        ),
        Case::new(
            "a body that is not text arrives whole",
            serving(answer.wire()),
            [post([0, 13, 10, 13, 10, 255, 254, 0]).expect(answer)],
        ),
    ]
}

/// Heads that have to come through whole.
fn keeps(name: &str, answer: Reply) -> Case {
    Case::new(name, serving(answer.wire()), [get().expect(answer)])
}

/// Says the same to each request, over as many connections as come.
fn serving(said: impl Into<Vec<u8>>) -> impl Fn(&mut Peer) -> io::Result<()> + Send + Sync {
    let said = said.into();
    move |peer| {
        loop {
            peer.request()?;
            peer.write(&said)?;
        }
    }
}

/// Says it to the first request of a connection and hangs up.
fn once(said: impl Into<Vec<u8>>) -> impl Fn(&mut Peer) -> io::Result<()> + Send + Sync {
    let said = said.into();
    move |peer| {
        peer.request()?;
        peer.write(&said)
    }
}

/// Says one thing on the first connection and hangs up, and serves another on later ones.
fn first_then(
    first: impl Into<Vec<u8>>,
    then: impl Into<Vec<u8>>,
) -> impl Fn(&mut Peer) -> io::Result<()> + Send + Sync {
    let (first, then) = (once(first), serving(then));
    move |peer| if peer.connection() == 0 { first(peer) } else { then(peer) }
}

/// Says one thing after the other, whichever connection is used; the last one again and again.
fn in_turn<const N: usize>(said: [Vec<u8>; N]) -> impl Fn(&mut Peer) -> io::Result<()> + Send + Sync {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    move |peer| {
        loop {
            peer.request()?;
            let turn = turn.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            peer.write(&said[turn.min(N - 1)])?;
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory cannot fail; were it to, the case would fail and say so.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}
