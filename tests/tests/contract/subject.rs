//! Operations of any type behind one trait, so that the facts can drive them.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zuora_core::{
    CallOptions, Client, Config, DataCenter, Error, Offline, Operation, Request, Response, Spec,
    TransportError,
};

use zuora_tests::json::Json;

/// An operation and the legal forms of it that the contract is checked with.
pub(crate) struct Subject {
    /// Name in the facts.
    pub(crate) name: &'static str,
    /// Where the body stands in the operation's own text; empty when it is all of it.
    pub(crate) body: &'static str,
    pub(crate) legal: Vec<Box<dyn Form>>,
}

/// One value of an operation.
pub(crate) trait Form {
    fn spec(&self) -> Spec;

    /// The request as it would be sent, with every header that a client can be told to send.
    fn plan(&self) -> Result<Request, Error>;

    /// The error that calling it ends with when nothing at all may be sent.
    fn refusal(&self) -> Result<Error, String>;

    /// The error of a call that is always answered like this.
    fn refused_with(&self, status: u16, body: &str) -> Result<Error, String>;

    /// Reads an answer and writes it back.
    fn read(&self, answer: &str) -> Result<Json, Error>;

    /// The operation as text, and one made of such text.
    fn text(&self) -> Json;
    fn of_text(&self, text: &str) -> Result<Box<dyn Form>, String>;
}

impl<O> Form for O
where
    O: Operation + Serialize + DeserializeOwned + 'static,
    O::Output: Serialize,
{
    fn spec(&self) -> Spec {
        Operation::spec(self).clone()
    }

    fn plan(&self) -> Result<Request, Error> {
        plan(self)
    }

    fn refusal(&self) -> Result<Error, String> {
        let sent = AtomicUsize::new(0);
        let config = Config::with_token(DataCenter::UsCloud2, "token");
        let world = Offline::bare(|_| {
            sent.fetch_add(1, Ordering::Relaxed);
            Ok(Offline::json(200, r#"{"success":true}"#))
        });
        let client = Client::over(&config, world).map_err(|error| error.to_string())?;
        match client.call(self) {
            Err(error) if sent.load(Ordering::Relaxed) == 0 => Ok(error),
            _ => Err("was sent".to_owned()),
        }
    }

    fn refused_with(&self, status: u16, body: &str) -> Result<Error, String> {
        let client = client(|_| Ok(Offline::json(status, body.to_owned())));
        client.call(self).err().ok_or_else(|| "was taken for a success".to_owned())
    }

    fn read(&self, answer: &str) -> Result<Json, Error> {
        let value = self.parse(&Response::new(answer.to_owned().into()))?;
        Ok(Json::of(&serde_json::to_string(&value).expect("a value that was read can be written")))
    }

    fn text(&self) -> Json {
        Json::of(&serde_json::to_string(self).expect("an operation can be written"))
    }

    fn of_text(&self, text: &str) -> Result<Box<dyn Form>, String> {
        serde_json::from_str::<Self>(text).map(|form| Box::new(form) as _).map_err(|error| error.to_string())
    }
}

/// The request of any operation, with every header that a client can be told to send.
pub(crate) fn plan(operation: &impl Operation) -> Result<Request, Error> {
    let options = CallOptions::new().entity_id("entity").org_ids(["org"]).track_id("contract");
    client(|_| Err(TransportError::never_left("offline"))).plan(operation, &options)
}

/// A client over a function.
fn client<F>(answer: F) -> Client<Offline<F>>
where
    F: Fn(&Request) -> Result<Response, TransportError>,
{
    let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
    Client::over(&config, Offline::new(answer)).expect("a legal configuration")
}

/// A request that must not be sent, and the field that its refusal names.
pub(crate) struct Illegal {
    pub(crate) form: Box<dyn Form>,
    pub(crate) field: &'static str,
}

/// A constraint that the facts tell in words: the schema or operation that has it, its words, and how it is kept.
pub(crate) type Constraint = (&'static str, &'static str, Kept);

/// An enumeration, or a field with a list of its own, and whether a value of it has a name in the library.
pub(crate) type Words = (&'static str, fn(&str) -> bool);

/// How a documented constraint is kept.
pub(crate) enum Kept {
    /// Requests that break it are refused before they are sent.
    Refused(Vec<Illegal>),
    /// The types leave no way to break it.
    Unwritable,
    /// It depends on the tenant or on what is stored there: only the service can tell.
    ByService,
    /// It says what a value means or what the service does, and forbids nothing.
    Meaning,
}

/// A request that breaks a constraint.
pub(crate) fn illegal(form: impl Form + 'static, field: &'static str) -> Illegal {
    Illegal { form: Box::new(form), field }
}

/// An operation made of text, for what its builder does not let one write.
///
/// # Panics
/// When the text is no such operation.
#[track_caller]
pub(crate) fn written<O: DeserializeOwned>(text: &str) -> O {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}
