//! The HTTP server over real sockets, with a minimal client.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use http::Method;
use zuora_sandbox::{
    CLIENT_ID, CLIENT_SECRET, EffectKind, Fault, Sandbox, Server, ServerConfig, Settings, Tenant,
};

/// Sends one request to the address of the server, and reads until the connection is closed.
fn exchange(server: &Server, head: &str, body: &str) -> String {
    let address = server.url().replace("http://", "");
    exchange_as(server, &format!("{head}\r\nhost: {address}"), body)
}

/// Sends one request whose head contains the host.
fn exchange_as(server: &Server, head: &str, body: &str) -> String {
    let address = server.url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let length = body.len();
    write!(stream, "{head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    let mut response = String::new();
    // The server may reset the connection; the bytes received before that are valid.
    let _ = stream.read_to_string(&mut response);
    response
}

fn token(server: &Server) -> String {
    let form = format!("client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}&grant_type=client_credentials");
    let head = "POST /oauth/token HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded";
    let response = exchange(server, head, &form);
    let (_, rest) = response.split_once("\"access_token\":\"").unwrap();
    rest[..32].to_owned()
}

fn server() -> Server {
    let settings = Settings::default().processing(Duration::ZERO);
    Server::start("127.0.0.1:0", Sandbox::new(Tenant::demo(), settings)).unwrap()
}

#[test]
fn a_bill_run_over_http() {
    let server = server();
    let token = token(&server);
    let create = format!(
        "POST /v1/bill-runs HTTP/1.1\r\nauthorization: Bearer {token}\r\ncontent-type: application/json"
    );
    let response = exchange(&server, &create, r#"{"batches":["Batch4"],"targetDate":"2026-12-31"}"#);
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("\"status\":\"Pending\""), "{response}");
    let items =
        format!("GET /v1/invoices/INV00000001/items?pageSize=5 HTTP/1.1\r\nauthorization: Bearer {token}");
    let response = exchange(&server, &items, "");
    let link = format!("\"nextPage\":\"{}/v1/invoices/INV00000001/items?page=2&pageSize=5\"", server.url());
    assert!(response.contains(&link), "{response}");
}

#[test]
fn many_clients_connect_at_once() {
    let server = server();
    let token = token(&server);
    // All clients are connected before the first request is sent.
    let address = server.url().replace("http://", "");
    let mut streams: Vec<TcpStream> = (0..64).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for stream in streams.iter_mut().rev() {
        write!(
            stream,
            "GET /v1/bill-runs/x HTTP/1.1\r\nhost: {address}\r\nzuora-version: 2024-05-20\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
        )
        .unwrap();
    }
    for mut stream in streams {
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 404"), "{response}");
    }
    assert_eq!(server.sandbox().seen(&Method::GET, "/v1/bill-runs/x"), 64);
}

#[test]
fn faults_close_the_connection() {
    let server = server();
    server.sandbox().faults().push(Fault::LoseResponse);
    server.sandbox().faults().push(Fault::NotSent);
    for _ in 0..2 {
        assert_eq!(exchange(&server, "GET /v1/bill-runs/x HTTP/1.1", ""), "");
    }
    assert_eq!(server.sandbox().seen(&Method::GET, "/v1/bill-runs/x"), 1);
    assert!(exchange(&server, "GET /v1/bill-runs/x HTTP/1.1", "").starts_with("HTTP/1.1 401"));
}

#[test]
fn a_connection_breaks_in_the_middle_of_a_body() {
    let server = server();
    let get = "GET /v1/bill-runs/x HTTP/1.1";
    let whole = exchange(&server, get, "");
    let (_, body) = whole.split_once("\r\n\r\n").unwrap();
    let announced = format!("content-length: {}\r\n", body.len());
    assert!(whole.contains(&announced), "{whole}");
    server.sandbox().faults().push(Fault::Disconnect(5));
    let broken = exchange(&server, get, "");
    assert!(broken.contains(&announced) && broken.ends_with(&body[..5]), "{broken}");
    assert!(broken.ends_with(&format!("\r\n\r\n{}", &body[..5])), "{broken}");
    server.sandbox().faults().push(Fault::Truncate(5));
    let short = exchange(&server, get, "");
    assert!(short.contains("content-length: 5\r\n") && short.ends_with(&body[..5]), "{short}");
    assert_eq!(server.sandbox().journal().entries().len(), 3);
}

#[test]
fn a_planned_response_is_framed_by_the_server() {
    let server = server();
    for (name, value) in [("content-length", "9000"), ("transfer-encoding", "chunked")] {
        let headers = [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect();
        server.sandbox().faults().push(Fault::text(http::StatusCode::BAD_GATEWAY, "no").headers(headers));
        let response = exchange(&server, "GET /v1/bill-runs/x HTTP/1.1", "");
        assert!(response.starts_with("HTTP/1.1 502") && response.ends_with("\r\n\r\nno"), "{response}");
        assert!(response.contains("content-length: 2\r\n") && !response.contains(value), "{response}");
    }
}

#[test]
fn a_body_drips_over_the_connection() {
    let server = server();
    let get = "GET /v1/bill-runs/x HTTP/1.1";
    let whole = exchange(&server, get, "");
    let (_, body) = whole.split_once("\r\n\r\n").unwrap();
    let pause = Duration::from_millis(3);
    server.sandbox().faults().push(Fault::Drip { bytes: body.len() / 4, pause });
    let start = Instant::now();
    let dripped = exchange(&server, get, "");
    assert!(start.elapsed() >= pause * 3, "at least four pieces");
    assert!(
        dripped.contains(&format!("content-length: {}\r\n", body.len())) && dripped.ends_with(body),
        "{dripped}"
    );
}

#[test]
fn work_in_the_background_is_visible_without_a_request() {
    let server = server();
    let token = token(&server);
    server.sandbox().faults().push(Fault::execute_later(Duration::ZERO).on(Method::POST, "/v1/bill-runs"));
    let create = format!(
        "POST /v1/bill-runs HTTP/1.1\r\nauthorization: Bearer {token}\r\ncontent-type: application/json"
    );
    let response = exchange(&server, &create, r#"{"batches":["Batch4"],"targetDate":"2026-12-31"}"#);
    assert!(response.starts_with("HTTP/1.1 504"), "{response}");
    let runs = server.sandbox().journal().effects_of_kind(EffectKind::BillRunCompleted).count();
    assert_eq!(runs, 1, "the run takes no time");
}

#[test]
fn a_dropped_server_stops_listening() {
    let server = server();
    let address = server.url().replace("http://", "");
    let idle = TcpStream::connect(&address).unwrap();
    drop(server);
    assert!(TcpStream::connect(&address).is_err());
    drop(idle);
}

#[test]
fn the_control_api_and_the_page_are_served() {
    let server = server();
    let health = exchange(&server, "GET /sandbox/health HTTP/1.1", "");
    assert!(health.starts_with("HTTP/1.1 200 OK\r\n") && health.contains("\"status\":\"ok\""), "{health}");
    let page = exchange(&server, "GET / HTTP/1.1", "");
    assert!(page.contains("x-frame-options: DENY\r\n"), "{page}");
    assert!(page.contains("content-type: text/html") && page.contains("<!doctype html>"), "{page}");
    let fault = exchange(&server, "POST /sandbox/faults HTTP/1.1", r#"{"fault":"lose_response"}"#);
    assert!(fault.starts_with("HTTP/1.1 200 OK\r\n"), "{fault}");
    assert_eq!(exchange(&server, "GET /v1/bill-runs/x HTTP/1.1", ""), "");
}

#[test]
fn pages_of_an_allowed_origin_can_use_the_api() {
    let config = ServerConfig::default().cors("http://localhost:3000").unwrap();
    let server = Server::start_with("127.0.0.1:0", Sandbox::demo(), config).unwrap();
    let preflight = "OPTIONS /v1/bill-runs HTTP/1.1\r\norigin: http://localhost:3000\r\n\
                     access-control-request-method: POST\r\naccess-control-request-headers: authorization";
    let allowed = exchange(&server, preflight, "");
    assert!(allowed.starts_with("HTTP/1.1 204 "), "{allowed}");
    for header in
        ["allow-origin: http://localhost:3000", "allow-headers: authorization", "allow-methods: GET, POST"]
    {
        assert!(allowed.contains(&format!("access-control-{header}")), "{allowed}");
    }
    let response = exchange(&server, "GET /v1/bill-runs/x HTTP/1.1\r\norigin: http://localhost:3000", "");
    assert!(response.contains("access-control-allow-origin: http://localhost:3000\r\n"), "{response}");
    assert!(!exchange(&self::server(), preflight, "").contains("access-control"));
    assert_eq!(server.sandbox().journal().entries().len(), 1, "a preflight request is not one of the API");
}

#[test]
fn a_page_of_another_origin_cannot_control_the_sandbox() {
    let server = server();
    let own = format!("POST /sandbox/reset HTTP/1.1\r\norigin: {}", server.url());
    assert!(exchange(&server, &own, "").starts_with("HTTP/1.1 200 "));
    let foreign = "POST /sandbox/reset HTTP/1.1\r\norigin: http://other.example";
    assert!(exchange(&server, foreign, "").starts_with("HTTP/1.1 403 "));
    let named = "GET /sandbox/state HTTP/1.1\r\nhost: other.example";
    assert!(exchange_as(&server, named, "").starts_with("HTTP/1.1 403 "), "the name of a page");
    let named = named.replace("other.example", "localhost:8470");
    assert!(exchange_as(&server, &named, "").starts_with("HTTP/1.1 200 "));
    let config = ServerConfig::default().cors("http://other.example").unwrap();
    let open = Server::start_with("127.0.0.1:0", Sandbox::demo(), config).unwrap();
    assert!(exchange(&open, foreign, "").starts_with("HTTP/1.1 200 "));
}
