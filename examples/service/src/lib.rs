//! A web service that creates invoices, and responds within ten seconds whatever the billing service does.
//!
//! Its caller sends an `Idempotency-Key` with each order. The key is passed on, so the caller may send the same order
//! again after any response, and is billed once.

use std::io::{Write as _, stderr};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::post};
use serde::{Deserialize, Serialize};
use zuora_reqwest::invoices::{CreateStandaloneInvoice, NewInvoiceItem};
use zuora_reqwest::types::AccountNumber;
use zuora_reqwest::{Amount, CallOptions, Client, Date, Error, ErrorKind, Outcome};

/// Time from the order to the response. The caller of this service gives up after a little more.
const BUDGET: Duration = Duration::from_secs(10);

/// Returns the routes of the service.
pub fn routes(client: Client) -> Router {
    Router::new().route("/orders", post(bill)).with_state(Billing { client, budget: BUDGET })
}

/// Returns the routes with another time limit, for tests.
pub fn routes_within(client: Client, budget: Duration) -> Router {
    Router::new().route("/orders", post(bill)).with_state(Billing { client, budget })
}

#[derive(Clone)]
struct Billing {
    client: Client,
    budget: Duration,
}

#[derive(Deserialize)]
struct Order {
    account: String,
    date: Date,
    product: String,
    amount: Amount,
}

#[derive(Serialize)]
struct Billed {
    invoice: Option<String>,
    amount: Option<Amount>,
}

async fn bill(
    State(Billing { client, budget }): State<Billing>,
    headers: HeaderMap,
    Json(order): Json<Order>,
) -> Result<(StatusCode, Json<Billed>), Failure> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.ok_or(Failure::NoKey)?.to_owned();
    let item = NewInvoiceItem::named(order.product, order.amount, order.date);
    let create = CreateStandaloneInvoice::new(AccountNumber::from(order.account), order.date, [item]);
    let options = CallOptions::new().idempotency_key(key).timeout(budget).max_wait(budget / 4);

    // A separate task: axum drops this future when the caller disconnects, which would abandon the write.
    let call = tokio::spawn(async move { client.call_with(&create, &options).await });
    let invoice = call.await.map_err(|_| Failure::Unknown("the task has failed".into()))??;
    let number = invoice.number.as_ref().map(ToString::to_string);
    Ok((StatusCode::CREATED, Json(Billed { invoice: number, amount: invoice.amount.clone() })))
}

/// An order without an invoice, or with an invoice that is in doubt.
enum Failure {
    NoKey,
    /// Nothing was billed, and the order has to be corrected.
    Rejected(String),
    /// Nothing was billed. The caller may send the order again after this time.
    Later(String, Duration),
    /// The order may have been billed. The caller has to send it again, under the same key.
    Unknown(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let _ = writeln!(stderr(), "{error}"); // one line with the request id, and without a secret
        let wait = error.retry_after().unwrap_or(Duration::from_secs(5));
        match (error.outcome(), error.kind()) {
            (Outcome::Unknown | Outcome::Applied, _) => Self::Unknown(error.to_string()),
            (Outcome::NotApplied, ErrorKind::Build | ErrorKind::Rejected) if !error.is_retryable() => {
                let reasons: Vec<_> = error.reasons().iter().map(ToString::to_string).collect();
                Self::Rejected(if reasons.is_empty() { error.to_string() } else { reasons.join("; ") })
            }
            (Outcome::NotApplied, _) => Self::Later("billing is not available".into(), wait),
        }
    }
}

#[derive(Serialize)]
struct Problem {
    outcome: &'static str,
    message: String,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, outcome, message, wait) = match self {
            Self::NoKey => {
                (StatusCode::BAD_REQUEST, "not billed", "Idempotency-Key is required".to_owned(), None)
            }
            Self::Rejected(message) => (StatusCode::UNPROCESSABLE_ENTITY, "not billed", message, None),
            Self::Later(message, wait) => {
                (StatusCode::SERVICE_UNAVAILABLE, "not billed", message, Some(wait))
            }
            Self::Unknown(message) => {
                (StatusCode::GATEWAY_TIMEOUT, "unknown", message, Some(Duration::from_secs(5)))
            }
        };
        let mut response = (status, Json(Problem { outcome, message })).into_response();
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
        }
        response
    }
}
