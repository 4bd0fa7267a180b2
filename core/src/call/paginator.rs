//! Lists that are read one page at a time.

use super::Call;
use super::prefetch::Prefetch;
use super::response::Response;
use crate::machine::{Action, Event, Machine};
use crate::operation::Paginated;
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;

/// A [`Machine`] that yields one page each time it is driven, and `None` after the last page.
///
/// The `nextPage` link of the service is never followed as a URL. A list that points back to an earlier page ends with
/// an error, not in a loop. Driving the paginator again after an error requests the same page again.
#[doc(alias = "pagination")]
#[doc(alias = "pages")]
#[doc(alias = "cursor")]
#[derive(Debug)]
pub struct Paginator<O> {
    pages: Prefetch<O>,
    call: Option<Call<O>>,
}

impl<O: Paginated> Paginator<O> {
    /// Starts at the page that `operation` requests.
    pub fn new(session: &Session, operation: O) -> Self {
        Self::with_options(session, operation, &CallOptions::default())
    }

    /// Starts at the page that `operation` requests, with settings for each page's call.
    pub fn with_options(session: &Session, operation: O, options: &CallOptions) -> Self {
        Self { pages: Prefetch::with_options(session, operation, 1, options), call: None }
    }
}

impl<O: Paginated> Machine for Paginator<O> {
    type Output = Option<Response<Vec<O::Item>>>;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        let Some(mut call) = self.call.take().or_else(|| self.pages.start()) else {
            return Action::Done(Ok(None));
        };
        let response = match call.step(event, now) {
            Action::Done(response) => response,
            pending => {
                self.call = Some(call);
                return pending.map(|_| None);
            }
        };
        let page = self.pages.take(&call, response);
        if page.is_err() {
            self.pages.restart(call.operation().clone());
        }
        Action::Done(page.map(Some))
    }
}
