//! A list that comes in pages.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::call::{Call, Response};
use crate::error::{Error, Result};
use crate::machine::{Action, Event, Machine};
use crate::operation::Paginated;
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;

/// A [`Machine`] that gives one page each time it is driven, and `None` after the last.
///
/// The service's next link is never followed as a URL. A list that leads back to a page it has shown ends with
/// an error, not in a loop. After an error, driving on asks for the same page again.
#[derive(Debug)]
pub struct Paginator<O> {
    session: Session,
    options: CallOptions,
    next: Option<O>,
    under_way: Option<Call<O>>,
    sequence: Sequence,
}

impl<O: Paginated> Paginator<O> {
    /// Starts at the page that `operation` asks for.
    pub fn new(session: &Session, operation: O) -> Self {
        Self::with(session, operation, &CallOptions::default())
    }

    /// The same with settings for each page's call.
    pub fn with(session: &Session, operation: O, options: &CallOptions) -> Self {
        Self {
            session: session.clone(),
            options: options.clone(),
            next: Some(operation),
            under_way: None,
            sequence: Sequence::default(),
        }
    }
}

impl<O: Paginated> Machine for Paginator<O> {
    type Output = Option<Response<Vec<O::Item>>>;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        let mut call = match (self.under_way.take(), &self.next) {
            (Some(call), _) => call,
            (None, Some(next)) => Call::with(&self.session, next.clone(), &self.options),
            (None, None) => return Action::Done(Ok(None)),
        };
        match call.step(event, now) {
            Action::Send(request, limits) => {
                self.under_way = Some(call);
                Action::Send(request, limits)
            }
            Action::Wait(until) => {
                self.under_way = Some(call);
                Action::Wait(until)
            }
            Action::Done(Ok(page)) => Action::Done(self.sequence.turn(&call, page).map(|(page, next)| {
                self.next = next;
                Some(page)
            })),
            Action::Done(Err(error)) => Action::Done(Err(error)),
        }
    }
}

/// The rows of a page, and the operation that asks for the next one.
type Turned<O> = (Response<Vec<<O as Paginated>::Item>>, Option<O>);

/// A list on its way from page to page; sees when it leads back.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    asked: BTreeSet<String>,
    last_body: Bytes,
}

impl Sequence {
    /// The rows of a page, and the operation that asks for the next one.
    pub(crate) fn turn<O: Paginated>(
        &mut self,
        call: &Call<O>,
        page: Response<O::Output>,
    ) -> Result<Turned<O>> {
        let mut following = None;
        let page = page.map(|page| {
            let (items, next) = call.operation().into_page(page);
            following = next;
            items
        });
        let repeats =
            || Error::unreadable("nextPage", "leads back to a page that came before: the list has no end");
        if let Some(next) = &following {
            let asked = call.operation().request()?.uri().to_string();
            self.asked.insert(asked);
            let same_page = !page.is_empty() && *call.body() == self.last_body;
            if same_page || self.asked.contains(&next.request()?.uri().to_string()) {
                return Err(repeats().of(next.spec().name));
            }
        }
        self.last_body = call.body().clone();
        Ok((page, following))
    }
}
