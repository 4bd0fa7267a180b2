//! The network as it is in the field: proxies, certificates, early responses and logs.

#![allow(clippy::unwrap_used, clippy::panic)] // a panic fails the test

mod common;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use zuora_core::http::{Method, Request};
use zuora_core::transport::{Body, HttpResponse, Limits, Transport, TransportError};
use zuora_core::{Config, ErrorKind, Outcome};
use zuora_ureq::bill_runs::{GetBillRun, PostBillRun};
use zuora_ureq::invoices::DeleteInvoice;
use zuora_ureq::ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use zuora_ureq::ureq::{Agent, Proxy};
use zuora_ureq::{Client, Ureq};

use common::{Log, SECRET, TOKEN, TestServer, certificate, in_child, respond};

const ID: &str = "00000000-0000-4000-8000-000000000001";

fn config(base: String) -> Config {
    Config::new(base, ID, SECRET.repeat(6)).max_attempts(1).attempt_timeout(Duration::from_secs(10))
}

fn send(transport: &Ureq, method: Method, uri: &str, body: Vec<u8>) -> Result<HttpResponse, TransportError> {
    let length = body.len();
    let request = Request::builder().method(method).uri(uri).header("content-length", length);
    transport.send(request.body(Body::from(body)).unwrap(), Limits::new(Duration::from_secs(10), 1024))
}

fn trusting(pem: &str) -> Ureq {
    let roots = parse_pem(pem.as_bytes()).filter_map(|item| match item.unwrap() {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    let tls = TlsConfig::builder().root_certs(RootCerts::from(roots.collect::<Vec<_>>())).build();
    Ureq::with_config(Agent::config_builder().tls_config(tls).build())
}

#[test]
fn a_loopback_address_is_reached_without_the_proxy_of_the_environment() {
    let proxy = TestServer::start("127.0.0.1", None, |_, stream| respond(stream, "502 Bad Gateway", ""));
    let url = format!("http://{}", proxy.address);
    let test = "a_loopback_address_is_reached_without_the_proxy_of_the_environment";
    let variables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    if !in_child(test, &variables.map(|name| (name, url.as_str()))) {
        let requests = proxy.requests();
        assert!(!requests.is_empty(), "the proxy is used for other hosts");
        assert!(requests.iter().all(|line| line.contains("example.invalid")), "{requests:?}");
        assert!(requests.iter().all(|line| !line.contains("plain")), "http without a proxy: {requests:?}");
        return;
    }
    let transport = Ureq::default();
    let explicit = Proxy::new(&std::env::var("HTTP_PROXY").unwrap()).unwrap();
    let with_proxy = Ureq::with_config(Agent::config_builder().proxy(Some(explicit)).build());
    let server = TestServer::service("127.0.0.1", None);
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        for transport in [&transport, &with_proxy] {
            let uri = format!("http://{host}:{}/v1", server.address.port());
            assert_eq!(send(transport, Method::GET, &uri, Vec::new()).unwrap().status(), 200, "{uri}");
        }
    }
    if std::net::TcpListener::bind(("::1", 0)).is_ok() {
        let uri = format!("http://{}/v1", TestServer::service("::1", None).address);
        assert_eq!(send(&transport, Method::GET, &uri, Vec::new()).unwrap().status(), 200, "{uri}");
    }
    let refused = send(&transport, Method::DELETE, "https://example.invalid/", Vec::new());
    assert!(matches!(refused, Err(TransportError::NotSent(_))), "{refused:?}");
    let unknown = send(&transport, Method::DELETE, "http://plain.example.invalid/", Vec::new());
    assert!(matches!(unknown, Err(TransportError::NotSent(_))), "{unknown:?}");
}

#[test]
fn a_proxy_that_refuses_is_not_applied() {
    for status in ["503 Service Unavailable", "407 Proxy Authentication Required", "403 Forbidden"] {
        let proxy = TestServer::start("127.0.0.1", None, move |_, stream| respond(stream, status, ""));
        let explicit = Proxy::new(&format!("http://{}", proxy.address)).unwrap();
        let transport = Ureq::with_config(Agent::config_builder().proxy(Some(explicit)).build());
        let config = Config::with_token("https://rest.example.invalid", "token").max_attempts(1);
        let client = Client::with_transport(&config, transport).unwrap();
        let error = client.call(&DeleteInvoice::new("INV1")).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotApplied), "{error}");
        assert_eq!(proxy.requests().len(), 1);
        assert!(!error.to_string().contains("other:"), "the message is that of ureq: {error}");
    }
}

#[test]
fn a_delete_to_a_bad_certificate_is_not_applied() {
    let (_, tls) = certificate();
    let server = TestServer::service("127.0.0.1", Some(tls));
    let config = Config::with_token(format!("https://{}", server.address), "token").max_attempts(1);
    let client = Client::with_transport(&config, Ureq::default()).unwrap();
    let error = client.call(&DeleteInvoice::new("INV1")).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotApplied), "{error}");
    assert!(!error.to_string().contains("other:"), "the message is that of ureq: {error}");
    assert!(server.requests().is_empty());
}

/// Without a delay between the response and the close, which resets the connection while the body is being written.
#[test]
fn an_early_429_to_an_upload_is_seen_each_time() {
    let (pem, tls) = certificate();
    for tls in [None, Some(tls)] {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = TestServer::start("127.0.0.1", tls, |_, stream| {
            respond(stream, "429 Too Many Requests\r\nretry-after: 30\r\nconnection: close", "{}")?;
            Err(io::ErrorKind::ConnectionAborted.into())
        });
        let transport = trusting(&pem);
        let uri = format!("{scheme}://{}/v1", server.address);
        for round in 0..6 {
            let response = send(&transport, Method::POST, &uri, vec![b'x'; 3_900_000]);
            let response = response.unwrap_or_else(|error| panic!("{scheme}, round {round}: {error:?}"));
            assert_eq!(
                (response.status().as_u16(), &response.headers()["retry-after"]),
                (429, &"30".parse().unwrap())
            );
        }
    }
}

#[test]
fn neither_the_token_nor_the_secret_is_logged_outside_the_documented_target() {
    let log = Log::install();
    let (pem, tls) = certificate();
    for tls in [None, Some(tls)] {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = TestServer::service("127.0.0.1", tls);
        let base = format!("{scheme}://{}", server.address);
        let client = Client::with_transport(&config(base), trusting(&pem)).unwrap();
        client.call(&GetBillRun::new("a")).unwrap();
        client.call(&PostBillRun::new("a")).unwrap();
        assert_eq!(server.requests().len(), 3);
    }
    assert_eq!(log.targets_with(TOKEN), ["ureq_proto::util"]);
    assert_eq!(log.targets_with(SECRET), [""; 0]);
    assert!(log.has_lines_of("ureq::"), "the log is complete");
}

#[test]
#[cfg(feature = "platform-verifier")]
fn the_roots_of_the_operating_system_are_used() {
    let (pem, tls) = certificate();
    let path = std::env::temp_dir().join(format!("zuora-ureq-{}.pem", std::process::id()));
    std::fs::write(&path, pem).unwrap();
    let test = "the_roots_of_the_operating_system_are_used";
    let server = TestServer::service("127.0.0.1", Some(tls));
    let base = format!("https://{}", server.address);
    let file = path.to_str().unwrap();
    if in_child(test, &[("SSL_CERT_FILE", file), ("BASE", &base)]) {
        let client = Client::new(&config(std::env::var("BASE").unwrap())).unwrap();
        client.call(&GetBillRun::new("a")).unwrap();
        return;
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_ready_made_agent_has_the_overridden_settings() {
    let server = TestServer::service("127.0.0.1", None);
    let proxy = Proxy::new("http://127.0.0.1:9").unwrap();
    let agent: Agent = Agent::config_builder().proxy(Some(proxy)).user_agent("other").build().into();
    let client =
        Client::with_transport(&config(format!("http://{}", server.address)), Ureq::with_agent(agent));
    let client = Arc::new(client.unwrap());
    client.call(&GetBillRun::new("a")).unwrap();
    assert_eq!(server.requests().len(), 2, "without the proxy");
}
