//! The state of an object before a write.

use serde::{Deserialize, Serialize};

use super::Call;
use super::read_back::{Reconcile, Sight};
use crate::machine::{Action, Event, Machine, ready};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;

/// Time of the last change of an object as read *before* a write, compared for equality as text: the times of the
/// service have no UTC offset.
///
/// An equal time after the write proves that nothing was applied, for as long as it lasts: also to another process,
/// also days later. Without a baseline only the caller who sent the write can be told that, and only for ten minutes.
/// The times have whole seconds, so read the baseline at least a second after the last change of the object.
///
/// ```
/// use zuora_core::invoices::PostInvoice;
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200,
/// #     r#"{"success":true,"status":"Draft","updatedDate":"2026-03-31 10:00:00"}"#)));
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let post = PostInvoice::new("INV00000155");
/// let baseline = client.baseline(&post)?.expect("an invoice has a time of its last change");
/// assert_eq!(baseline.as_str(), "2026-03-31 10:00:00");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Baseline(String);

impl Baseline {
    /// Creates a baseline from the text of the time, as the service wrote it.
    pub fn new(updated: impl Into<String>) -> Self {
        Self(updated.into())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A [`Machine`] that reads the [`Baseline`] of a write. `None` if the write has none, such as a creation.
pub struct ReadBaseline<O: Reconcile> {
    session: Session,
    options: CallOptions,
    write: O,
    sight: Sight<O::Object>,
    call: Option<Call<O::Read>>,
}

impl<O: Reconcile> ReadBaseline<O> {
    /// Creates the machine. `options` have to name the entity and organizations of the write.
    pub fn new(session: &Session, write: &O, options: &CallOptions) -> Self {
        let call = write.begin().map(|read| Call::with_options(session, read, options));
        Self {
            session: session.clone(),
            options: options.clone(),
            write: write.clone(),
            sight: Sight::new(None),
            call,
        }
    }
}

impl<O: Reconcile> Machine for ReadBaseline<O> {
    type Output = Option<Baseline>;

    fn step(&mut self, mut event: Event, now: Timestamp) -> Action<Self::Output> {
        loop {
            let Some(call) = &mut self.call else {
                return Action::Done(Ok(self.sight.updated.take().map(Baseline)));
            };
            let seen = ready!(call.step(event, now)).map(super::Response::into_inner);
            self.call = match self.write.observe(&mut self.sight, call.operation(), seen) {
                Ok(next) => next.map(|read| Call::with_options(&self.session, read, &self.options)),
                Err(error) => return Action::Done(Err(error)),
            };
            event = Event::Tick;
        }
    }
}
