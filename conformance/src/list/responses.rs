//! Responses: statuses, redirects, bodies and heads.

use super::{BODY, gzip, respond_always, respond_in_turn, respond_once, responds_with};
use crate::case::{Case, Expected, canned, canned_bare, delete, get, maybe_sent, post, put, too_large};

pub(super) fn cases() -> Vec<Case> {
    [statuses(), redirects(), bodies(), compressed(), heads(), broken_heads()].into_iter().flatten().collect()
}

/// Every status that the service is known to use, and some that a gateway in front of it might.
const STATUSES: [u16; 40] = [
    200, 201, 202, 203, 206, 207, 226, 299, 300, 305, 399, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409,
    410, 412, 413, 415, 421, 422, 423, 425, 428, 429, 431, 499, 500, 501, 502, 503, 504, 520, 599,
];

fn statuses() -> Vec<Case> {
    let mut cases: Vec<_> = STATUSES
        .into_iter()
        .map(|status| {
            let response = canned(status, BODY).header("content-type", "application/json");
            responds_with(
                format!("status {status} is a response and keeps its body"),
                &response,
                [get().expect(response.clone()), post("{}").expect(response.clone())],
            )
        })
        .collect();
    let empty = canned_bare(204).header("zuora-request-id", "4711");
    let after = canned(200, "after");
    cases.push(
        Case::new(
            "204 has no body, and the next request works",
            respond_in_turn([empty.wire(), after.wire()]),
            [delete().expect(empty.clone()), get().expect(after.clone())],
        )
        .simulated_by([empty.scenario(), after.scenario()]),
    );
    let nothing = canned(200, "");
    cases.push(responds_with("an empty 200", &nothing, [post("{}").expect(nothing.clone())]));
    let whole = canned(200, BODY);
    let early = [canned_bare(103).header("link", "</a>").wire(), whole.wire()].concat();
    cases.push(Case::new(
        "an interim response is skipped",
        respond_always(early),
        [get().expect(whole.clone()), post("{}").expect(whole)],
    ));
    cases
}

/// Returns the cases about redirects. A redirect that is followed would send the token to whatever address the response
/// names.
fn redirects() -> Vec<Case> {
    [301, 302, 303, 307, 308]
        .into_iter()
        .map(|status| {
            let response = canned(status, BODY).header("location", "/elsewhere");
            let requests = [get(), post("{}"), put("{}"), delete()];
            responds_with(
                format!("redirect {status} is a response and not followed"),
                &response,
                requests.map(|request| request.expect(response.clone())),
            )
        })
        .collect()
}

fn bodies() -> Vec<Case> {
    let chunked = canned_bare(200).header("transfer-encoding", "chunked");
    let closing = canned_bare(200).header("connection", "close");
    let short = canned_bare(200).header("content-length", "99").body("short");
    let in_chunks = |body: &[u8]| [&chunked.head()[..], body].concat();
    let parts = chunked.clone().body("abc0123456789");
    let to_the_end = closing.clone().body(BODY);
    let full = canned(200, vec![b'x'; 64 * 1024]);
    let over = canned(200, vec![b'x'; 64 * 1024 + 1]);
    let (endless_chunks, endless) = (chunked.head(), closing.head());
    vec![
        Case::new(
            "a chunked body",
            respond_always(in_chunks(b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n")),
            [get().expect(parts.clone()), post("{}").expect(parts)],
        ),
        Case::new(
            "a chunked body that is cut off",
            respond_once(in_chunks(b"3\r\nabc\r\nA\r\n0123")),
            [post("{}").expect(maybe_sent())],
        ),
        Case::new(
            "a chunked body with a size that is not a number",
            respond_once(in_chunks(b"3\r\nabc\r\nxyz\r\n0123")),
            [post("{}").expect(maybe_sent())],
        ),
        Case::new(
            "a body that ends with the connection",
            respond_once(to_the_end.wire()),
            [get().expect(to_the_end)],
        ),
        Case::new(
            "a body shorter than its length",
            respond_once(short.wire()),
            [get().expect(maybe_sent()), post("{}").expect(maybe_sent())],
        ),
        responds_with("a body of exactly the limit", &full, [get().at_most(64 * 1024).expect(full.clone())]),
        responds_with(
            "a body one byte over the limit",
            &over,
            [get(), post("{}")].map(|request| request.at_most(64 * 1024).expect(too_large())),
        ),
        Case::new(
            "an endless chunked body over the limit",
            move |peer| {
                peer.request()?;
                peer.write(&endless_chunks)?;
                peer.flood(&[b"1000\r\n".to_vec(), vec![b'x'; 0x1000], b"\r\n".to_vec()].concat())
            },
            [get().at_most(64 * 1024).expect(too_large())],
        ),
        Case::new(
            "an endless body without a length",
            move |peer| {
                peer.request()?;
                peer.write(&endless)?;
                peer.flood(&[b'x'; 0x1000])
            },
            [get().at_most(64 * 1024).expect(too_large())],
        ),
    ]
}

/// Returns the cases about compressed bodies. The core inflates bodies under a separate limit, so the transport returns
/// the bytes unchanged.
fn compressed() -> Vec<Case> {
    let good = gzip(BODY);
    let cut = good[..good.len() / 2].to_vec();
    let bomb = gzip(&vec![0; 1024 * 1024]);
    [("", good), (", cut off", cut), (", a bomb", bomb), (", in name only", b"{}".to_vec())]
        .into_iter()
        .map(|(kind, body)| {
            let response = canned(200, body).header("content-encoding", "gzip");
            responds_with(
                format!("a gzip body is returned compressed{kind}"),
                &response,
                [get().at_most(256 * 1024).expect(response.clone())],
            )
        })
        .collect()
}

fn heads() -> Vec<Case> {
    let plain = canned(200, BODY);
    let odd = plain
        .clone()
        .header("X-Empty", "")
        .header("x-latin", *b"caf\xe9")
        .header("x-utf8", "\u{20ac} 100")
        .header("X-MiXeD-CaSe", "kept, VALUE too")
        .header("x-inside", "a \t b");
    let thrice = ["first", "second", "third, fourth"]
        .into_iter()
        .fold(plain.clone(), |response, value| response.header("x-thrice", value));
    let many =
        |count| (0..count).fold(plain.clone(), |response, n| response.header(&format!("x-{n}"), "value"));
    let large = |size| plain.clone().header("x-large", vec![b'x'; size]);
    let (crowd, huge) = (many(2000), large(2 * 1024 * 1024));
    let body = String::from_utf8_lossy(BODY);
    let length = BODY.len();
    let spaced = format!("HTTP/1.1 200 OK\r\ncontent-length:   {length}\t \r\nx-a:b\r\n\r\n{body}");
    let nameless = format!("HTTP/1.1 200\r\ncontent-length: {length}\r\n\r\n{body}");
    let old = format!("HTTP/1.0 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
    vec![
        responds_with(
            "headers that are empty, not ASCII or of mixed case",
            &odd,
            [get().expect(odd.clone())],
        ),
        responds_with("a header with three values", &thrice, [get().expect(thrice.clone())]),
        responds_with("80 headers", &many(80), [get().expect(many(80))]),
        responds_with("a header of 16 KiB", &large(16 * 1024), [get().expect(large(16 * 1024))]),
        Case::new(
            "2000 headers",
            respond_once(crowd.wire()),
            [get().expect(Expected::from(crowd).or(maybe_sent()))],
        ),
        Case::new(
            "a header of 2 MiB",
            respond_once(huge.wire()),
            [get().expect(Expected::from(huge).or(maybe_sent()))],
        ),
        Case::new(
            "space around values",
            respond_always(spaced),
            [get().expect(plain.clone().header("x-a", "b"))],
        ),
        Case::new(
            "a status without a reason phrase",
            respond_always(nameless),
            [get().expect(plain.clone())],
        ),
        Case::new("a response of HTTP/1.0", respond_once(old), [get().expect(plain)]),
    ]
}

/// Returns the cases about malformed heads. None of these is a valid response; a lenient reader may accept the last two
/// anyway.
fn broken_heads() -> Vec<Case> {
    let length = BODY.len();
    let body = String::from_utf8_lossy(BODY);
    let two_lengths = format!("content-length: {length}\r\ncontent-length: 5");
    let broken = |name: &str, head: &str| {
        Case::new(
            format!("broken head: {name}"),
            respond_once(format!("{head}\r\n\r\n{body}")),
            [post("{}").expect(maybe_sent())],
        )
    };
    let with = |name: &str, headers: &str| broken(name, &format!("HTTP/1.1 200 OK\r\n{headers}"));
    let folded = format!("HTTP/1.1 200 OK\r\nx-fold: a\r\n b\r\ncontent-length: {length}\r\n\r\n{body}");
    let both =
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n";
    let by_chunks =
        canned_bare(200).header("content-length", "3").header("transfer-encoding", "chunked").body("abcde");
    vec![
        broken("not HTTP at all", "220 mail.example.com ESMTP"),
        broken("a later HTTP", "HTTP/9.9 200 OK\r\ncontent-length: 0"),
        broken("a status of two digits", "HTTP/1.1 20 OK\r\ncontent-length: 0"),
        broken("a status that is not a number", "HTTP/1.1 2xx OK\r\ncontent-length: 0"),
        with("a header without a colon", "nonsense\r\ncontent-length: 0"),
        with("a zero byte in a value", "x-zero: a\0b\r\ncontent-length: 0"),
        with("a length that is not a number", "content-length: abc"),
        with("a length below zero", "content-length: -1"),
        with("a length that overflows", "content-length: 99999999999999999999"),
        with("two lengths that differ", &two_lengths),
        Case::new(
            "broken head: a folded value",
            respond_once(folded),
            [get().expect(Expected::from(canned(200, BODY).header("x-fold", "a b")).or(maybe_sent()))],
        ),
        Case::new(
            "broken head: both a length and chunks",
            respond_once(both),
            [get().expect(Expected::from(by_chunks).or(maybe_sent()))],
        ),
    ]
}
