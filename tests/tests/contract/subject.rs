//! Operations of any type behind one trait, so that the facts can drive the tests.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zuora_core::operation::Spec;
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse, TransportError};
use zuora_core::{CallOptions, Client, Config, DataCenter, Error, Operation};
use zuora_tests::json::Json;

/// An operation, and its valid forms for the contract tests.
pub(crate) struct Subject {
    /// Name in the facts.
    pub(crate) name: &'static str,
    /// Path of the body in the JSON of the operation; empty if the body is the whole JSON.
    pub(crate) body: &'static str,
    pub(crate) valid: Vec<Box<dyn Form>>,
}

/// One value of an operation.
pub(crate) trait Form {
    fn spec(&self) -> Spec;

    /// Returns the request as it would be sent, with every header that a client can set.
    fn dry_run(&self) -> Result<HttpRequest, Error>;

    /// Returns the error of a call that must fail before anything is sent.
    fn rejection(&self) -> Result<Error, String>;

    /// Returns the error of a call that receives this response.
    fn rejected_with(&self, status: u16, body: &str) -> Result<Error, String>;

    /// Reads a response and writes it back.
    fn read(&self, response: &str) -> Result<Json, Error>;

    /// Returns the operation as JSON, and an operation from such JSON.
    fn text(&self) -> Json;
    fn read_form(&self, text: &str) -> Result<Box<dyn Form>, String>;
}

impl<O> Form for O
where
    O: Operation + Serialize + DeserializeOwned + 'static,
    O::Output: Serialize,
{
    fn spec(&self) -> Spec {
        Operation::spec(self).clone()
    }

    fn dry_run(&self) -> Result<HttpRequest, Error> {
        dry_run(self)
    }

    fn rejection(&self) -> Result<Error, String> {
        let sent = AtomicUsize::new(0);
        let config = Config::with_token(DataCenter::UsCloud2, "token");
        let transport = FakeTransport::bare(|_| {
            sent.fetch_add(1, Ordering::Relaxed);
            Ok(FakeTransport::json(200, r#"{"success":true}"#))
        });
        let client = Client::with_transport(&config, transport).map_err(|error| error.to_string())?;
        match client.call(self) {
            Err(error) if sent.load(Ordering::Relaxed) == 0 => Ok(error),
            _ => Err("was sent".to_owned()),
        }
    }

    fn rejected_with(&self, status: u16, body: &str) -> Result<Error, String> {
        let client = client(|_| Ok(FakeTransport::json(status, body.to_owned())));
        client.call(self).err().ok_or_else(|| "was reported as a success".to_owned())
    }

    fn read(&self, response: &str) -> Result<Json, Error> {
        let value = self.parse(&HttpResponse::new(response.to_owned().into()))?;
        Ok(Json::of(&serde_json::to_string(&value).expect("a value that was read can be written")))
    }

    fn text(&self) -> Json {
        Json::of(&serde_json::to_string(self).expect("an operation can be written"))
    }

    fn read_form(&self, text: &str) -> Result<Box<dyn Form>, String> {
        serde_json::from_str::<Self>(text).map(|form| Box::new(form) as _).map_err(|error| error.to_string())
    }
}

/// Returns the request of any operation, with every header that a client can set.
pub(crate) fn dry_run(operation: &impl Operation) -> Result<HttpRequest, Error> {
    let options = CallOptions::new().entity_id("entity").org_ids(["org"]).track_id("contract");
    client(|_| Err(TransportError::not_sent("offline"))).dry_run(operation, &options)
}

/// A client whose transport is a function.
fn client<F>(respond: F) -> Client<FakeTransport<F>>
where
    F: Fn(&HttpRequest) -> Result<HttpResponse, TransportError>,
{
    let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
    Client::with_transport(&config, FakeTransport::new(respond)).expect("a valid configuration")
}

/// A request that must not be sent, and the field that its error names.
pub(crate) struct Invalid {
    pub(crate) form: Box<dyn Form>,
    pub(crate) field: &'static str,
}

/// A constraint that the facts state in words: its schema or operation, its words, and its enforcement.
pub(crate) type Constraint = (&'static str, &'static str, Enforcement);

/// An enumeration, or a field with a separate list, and whether a value has a name in the library.
pub(crate) type Enumeration = (&'static str, fn(&str) -> bool);

/// The enforcement of a documented constraint.
pub(crate) enum Enforcement {
    /// Requests that break the constraint are rejected before they are sent.
    Rejected(Vec<Invalid>),
    /// The types cannot represent a request that breaks the constraint.
    Unrepresentable,
    /// Only the service can decide, since the constraint depends on the tenant or its data.
    ByService,
    /// The text describes a value or the behavior of the service, and forbids nothing.
    Meaning,
}

/// A request that breaks a constraint.
pub(crate) fn invalid(form: impl Form + 'static, field: &'static str) -> Invalid {
    Invalid { form: Box::new(form), field }
}

/// Reads an operation from JSON, for forms that its builder does not allow.
///
/// # Panics
/// If the JSON is not such an operation.
#[track_caller]
pub(crate) fn from_json<O: DeserializeOwned>(text: &str) -> O {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}
