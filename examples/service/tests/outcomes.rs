//! The responses of the service to orders, while the sandbox misbehaves.

#![allow(clippy::unwrap_used)] // A test fails by panicking.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use zuora_reqwest::{Client, Config};
use zuora_sandbox::{CLIENT_ID, CLIENT_SECRET, EffectKind, Fault, Sandbox, Server};

const ORDER: &str = r#"{"account":"A00000001","date":"2026-03-01","product":"Setup","amount":250.00}"#;

async fn order(client: &Client, key: Option<&str>, order: &'static str) -> (StatusCode, String) {
    let mut request = Request::post("/orders").header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let routes = example_service::routes_within(client.clone(), Duration::from_millis(500));
    let response = routes.oneshot(request.body(Body::from(order)).unwrap()).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn start() -> (Server, Client) {
    let sandbox = Server::start("127.0.0.1:0", Sandbox::demo()).unwrap();
    let client = Client::new(&Config::new(sandbox.url(), CLIENT_ID, CLIENT_SECRET)).unwrap();
    (sandbox, client)
}

fn created(sandbox: &Server) -> usize {
    sandbox.sandbox().journal().effects_of_kind(EffectKind::InvoiceCreated).count()
}

#[tokio::test]
async fn an_order_is_billed_exactly() {
    let (sandbox, client) = start();
    let (status, body) = order(&client, Some("order-1"), ORDER).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert!(body.contains(r#""amount":250.00"#) || body.contains(r#""amount":250"#), "{body}");
    assert_eq!(created(&sandbox), 1);
}

#[tokio::test]
async fn an_order_in_doubt_is_sent_again_and_billed_once() {
    let (sandbox, client) = start();
    sandbox.sandbox().faults().push(Fault::Delay(Duration::from_secs(5)).on(Method::POST, "/invoices"));
    let (status, body) = order(&client, Some("order-1"), ORDER).await;
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT, "{body}");
    assert!(body.contains(r#""outcome":"unknown""#), "{body}");

    let (status, body) = order(&client, Some("order-1"), ORDER).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(created(&sandbox), 1, "the same key");
}

#[tokio::test]
async fn an_order_that_was_certainly_not_billed_says_so() {
    let (sandbox, client) = start();
    let nowhere = ORDER.replace("A00000001", "A99999999").leak();
    let (status, body) = order(&client, Some("order-1"), nowhere).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    assert!(body.contains("not billed"), "{body}");

    let (status, body) = order(&client, None, ORDER).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");

    sandbox.sandbox().faults().push(Fault::throttled(60).on(Method::POST, "/invoices").times(10));
    let (status, body) = order(&client, Some("order-2"), ORDER).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert_eq!(created(&sandbox), 0);
}
