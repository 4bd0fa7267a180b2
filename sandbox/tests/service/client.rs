//! A client with an access token and a separate clock.

use std::collections::BTreeMap;
use std::io::Read as _;

use http::{HeaderMap, Method, Request, Response};
use serde_json::Value;
use zuora_sandbox::{
    CLIENT_ID, CLIENT_SECRET, DeliveredResponse, EffectKind, Sandbox, Settings, Tenant, UnixTime,
};

/// 2026-03-01, 09:00 in the demo tenant's time zone.
pub(crate) const START: u64 = 1_772_384_400;

pub(crate) struct TestClient {
    pub(crate) sandbox: Sandbox,
    pub(crate) seconds: u64,
    headers: BTreeMap<&'static str, String>,
}

pub(crate) struct TestResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl TestClient {
    pub(crate) fn demo() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self::of(Sandbox::new(Tenant::demo(), settings))
    }

    /// Creates a client of a sandbox with the credentials of the demo tenant.
    pub(crate) fn of(sandbox: Sandbox) -> Self {
        let headers = BTreeMap::from([("zuora-version", "2025-08-12".to_owned())]);
        let mut client = Self { sandbox, seconds: START, headers };
        let token = client.token(&form(CLIENT_ID, CLIENT_SECRET));
        client.set("authorization", &format!("Bearer {}", token.body["access_token"].as_str().unwrap()));
        client
    }

    /// Sets a header for all later requests.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(name, value.to_owned());
    }

    pub(crate) fn unset(&mut self, name: &'static str) {
        self.headers.remove(name);
    }

    pub(crate) fn token(&mut self, form: &str) -> TestResponse {
        let request =
            Request::post("/oauth/token").header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(form.to_owned()).unwrap())
    }

    /// Returns the scope of a new token.
    pub(crate) fn token_scope(&mut self) -> String {
        self.token(&form(CLIENT_ID, CLIENT_SECRET)).body["scope"].as_str().unwrap().to_owned()
    }

    pub(crate) fn send(&mut self, request: Request<String>) -> TestResponse {
        TestResponse::read(self.sandbox.handle(request, UnixTime::from_secs(self.seconds)))
    }

    pub(crate) fn call(&mut self, method: Method, path: &str, body: &str) -> TestResponse {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        self.send(request.body(body.to_owned()).unwrap())
    }

    /// Sends a request through the faults.
    pub(crate) fn deliver(&mut self, method: Method, path: &str, body: &str) -> DeliveredResponse {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(body.to_owned()).unwrap();
        self.sandbox.deliver(request, UnixTime::from_secs(self.seconds))
    }

    /// Sends a request through the faults and returns the response.
    pub(crate) fn delivered(&mut self, method: Method, path: &str, body: &str) -> TestResponse {
        match self.deliver(method, path, body) {
            DeliveredResponse::Response { response, .. } => TestResponse::read(response),
            other => panic!("no response: {other:?}"),
        }
    }

    /// Advances the clock and the background work.
    pub(crate) fn advance(&mut self, seconds: u64) {
        self.seconds += seconds;
        self.sandbox.advance(UnixTime::from_secs(self.seconds));
    }

    /// Returns the kinds of all effects.
    pub(crate) fn effects(&self) -> Vec<EffectKind> {
        self.sandbox.journal().effects().map(|effect| effect.kind).collect()
    }

    pub(crate) fn get(&mut self, path: &str) -> TestResponse {
        self.call(Method::GET, path, "")
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) -> TestResponse {
        self.call(Method::POST, path, body)
    }

    pub(crate) fn put(&mut self, path: &str, body: &str) -> TestResponse {
        self.call(Method::PUT, path, body)
    }

    pub(crate) fn delete(&mut self, path: &str) -> TestResponse {
        self.call(Method::DELETE, path, "")
    }

    /// Uploads a file to the invoice at a path.
    pub(crate) fn upload(&mut self, invoice: &str, name: &str, media: &str, content: &str) -> TestResponse {
        let mut request = Request::post(format!("{invoice}/files"));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.header("content-type", "multipart/form-data; boundary=frontier");
        let body = format!(
            "--frontier\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
            content-type: {media}\r\n\r\n{content}\r\n--frontier--\r\n"
        );
        self.send(request.body(body).unwrap())
    }

    /// Creates a standalone invoice and returns its path.
    pub(crate) fn standalone(&mut self, body: &str) -> String {
        let response = self.post("/v1/invoices", body);
        assert_eq!(response.status, 200, "{}", response.text);
        format!("/v1/invoices/{}", response.body["id"].as_str().unwrap())
    }

    /// Returns all items of an invoice, discounts included.
    pub(crate) fn items(&mut self, invoice: &str) -> Vec<Value> {
        let mut items = Vec::new();
        for page in 1.. {
            let response = self.get(&format!("{invoice}/items?pageSize=40&page={page}"));
            assert_eq!(response.status, 200, "{}", response.text);
            items.extend(response.body["invoiceItems"].as_array().unwrap().iter().cloned());
            if response.body["nextPage"].is_null() {
                break;
            }
        }
        items
    }

    /// Returns the PDF status of an invoice.
    pub(crate) fn pdf_status(&mut self, invoice: &str) -> String {
        let id = invoice.rsplit('/').next().unwrap();
        let response = self.get(&format!("/v1/invoices/pdf-status?invoiceKeys={id}"));
        assert_eq!(response.status, 200, "{}", response.text);
        response.body["invoiceFiles"][0]["pdfGenerationStatus"].as_str().unwrap().to_owned()
    }

    /// Creates a run and returns its path.
    pub(crate) fn create(&mut self, body: &str) -> String {
        let response = self.post("/v1/bill-runs", body);
        assert_eq!(response.status, 200, "{}", response.text);
        assert_eq!(response.body["status"], "Pending");
        format!("/v1/bill-runs/{}", response.body["id"].as_str().unwrap())
    }

    pub(crate) fn status(&mut self, run: &str) -> String {
        let response = self.get(run);
        assert_eq!(response.status, 200, "{}", response.text);
        response.body["status"].as_str().unwrap().to_owned()
    }

    /// Creates a run and advances the clock until it is completed.
    pub(crate) fn completed(&mut self, body: &str) -> String {
        let run = self.create(body);
        self.seconds += 2;
        assert_eq!(self.status(&run), "Completed");
        run
    }

    /// Returns the invoices of a run by Object Query, up to the maximum page size.
    pub(crate) fn invoices(&mut self, run: &str) -> Vec<Value> {
        let number = self.get(run).body["billRunNumber"].as_str().unwrap().to_owned();
        let response = self.get(&format!("/object-query/invoices?pageSize=99&filter[]=sourceid.EQ:{number}"));
        assert_eq!(response.status, 200, "{}", response.text);
        response.body["data"].as_array().unwrap().clone()
    }
}

impl TestResponse {
    pub(crate) fn read(response: Response<bytes::Bytes>) -> Self {
        let (head, body) = response.into_parts();
        let mut text = String::new();
        match head.headers.get("content-encoding") {
            Some(_) => flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap(),
            None => (&body[..]).read_to_string(&mut text).unwrap(),
        };
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status: head.status.as_u16(), headers: head.headers, text, body }
    }

    /// Returns the status, and code and message of the first reason.
    pub(crate) fn error(&self) -> (u16, i64, &str) {
        assert_eq!(self.body["success"], false, "{}", self.text);
        let reason = &self.body["reasons"][0];
        (self.status, reason["code"].as_i64().unwrap(), reason["message"].as_str().unwrap())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn form(id: &str, secret: &str) -> String {
    format!("client_id={id}&client_secret={secret}&grant_type=client_credentials")
}
