//! Reading the invoices of a bill run, a page of rows at a time.

use super::review_rows::{Row, Words};
use crate::api::object_query::{QueriedInvoice, QueryInvoices};
use crate::api::shared::missing;
use crate::call::paginator::Paginator;
use crate::error::{Error, ErrorKind, Result};
use crate::machine::{Action, Event, Machine, ready};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;
use crate::types::BillRunNumber;

/// The fields of a row, in one parameter: a row with all fields has 1.4 kB.
const FIELDS: &str = "id,invoiceNumber,accountId,currency,amount,status";

/// A [`Machine`] that returns the rows of one page each time it is driven, and `None` after the last page.
///
/// Only the fields of the rows are requested. The guide to Object Query and its reference differ in the name of that
/// parameter, so where the first page is rejected or lacks a field, all fields are requested.
#[derive(Debug)]
pub(super) struct ReviewPages {
    session: Session,
    options: CallOptions,
    pages: Paginator<QueryInvoices>,
    words: Words,
    /// The query for all fields, until a page has been read.
    with_all_fields: Option<QueryInvoices>,
}

impl ReviewPages {
    pub(super) fn new(session: &Session, run: BillRunNumber, options: &CallOptions) -> Self {
        let query = QueryInvoices::of_bill_run(run);
        Self {
            session: session.clone(),
            options: options.clone(),
            pages: Paginator::with_options(session, query.clone().fields([FIELDS]), options),
            words: Words::default(),
            with_all_fields: Some(query),
        }
    }

    fn rows(&mut self, page: &[QueriedInvoice]) -> Result<Vec<Row>> {
        let is_selection = self.with_all_fields.is_some();
        let rows = page.iter().map(|invoice| {
            if is_selection {
                has_selected_fields(invoice)?;
            }
            Row::of(invoice, &mut self.words)
        });
        rows.collect::<Result<_>>().map_err(|error| error.in_operation("query_invoices"))
    }
}

impl Machine for ReviewPages {
    type Output = Option<Vec<Row>>;

    fn step(&mut self, mut event: Event, now: Timestamp) -> Action<Self::Output> {
        loop {
            let read = match ready!(self.pages.step(event, now)) {
                Ok(Some(page)) => self.rows(&page).map(Some),
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            };
            let query = match (read, self.with_all_fields.take()) {
                (Err(error), Some(query)) if may_concern_fields(&error) => query,
                (read, _) => return Action::Done(read),
            };
            self.pages = Paginator::with_options(&self.session, query, &self.options);
            event = Event::Tick;
        }
    }
}

/// Checks that a row has the selected fields.
///
/// # Errors
/// A row without a field that a row may lack, but whose changes a review compares.
fn has_selected_fields(invoice: &QueriedInvoice) -> Result<()> {
    match (&invoice.account_id, &invoice.status) {
        (None, _) => Err(missing("data.accountId")),
        (_, None) => Err(missing("data.status")),
        _ => Ok(()),
    }
}

/// Whether the selection of the fields may be the cause: a rejection, or a row without a field.
fn may_concern_fields(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Rejected => !error.is_not_found(),
        ErrorKind::Decode => error.attempts() == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::testing::FakeTransport;
    use crate::{Client, Config};

    const WHOLE: &str = r#"{"data":[{"id":"a","accountId":"c","currency":"EUR","amount":1,"status":"Draft"}],"nextPage":"x"}"#;
    const LAST: &str = r#"{"data":[{"id":"b","currency":"EUR","amount":2}]}"#;

    /// Reads all rows from these responses. Returns the number of rows and the queries, with `F` for the selection of
    /// fields and `C` for a cursor.
    fn read(responses: &[(u16, &'static str)]) -> (Result<usize>, String) {
        let rest = RefCell::new(responses.iter());
        let queries = RefCell::new(String::new());
        let transport = FakeTransport::new(|request| {
            let query = request.uri().query().unwrap_or_default();
            let fields = "fields%5B%5D=id%2CinvoiceNumber%2CaccountId%2Ccurrency%2Camount%2Cstatus";
            for (mark, part) in [("F", fields), ("C", "cursor=x"), (" ", "filter")] {
                if query.contains(part) {
                    queries.borrow_mut().push_str(mark);
                }
            }
            let (status, body) = rest.borrow_mut().next().expect("no more requests");
            Ok(FakeTransport::json(*status, *body))
        });
        let config = Config::with_token("https://rest.zuora.com", "token").max_attempts(1);
        let client = Client::with_transport(&config, transport).unwrap();
        let mut pages = ReviewPages::new(client.session(), "BR-1".into(), &CallOptions::new());
        let mut count = 0;
        let result = loop {
            match client.drive(&mut pages) {
                Ok(Some(rows)) => count += rows.len(),
                Ok(None) => break Ok(count),
                Err(error) => break Err(error),
            }
        };
        drop(client);
        (result, queries.into_inner())
    }

    #[test]
    fn only_the_fields_of_a_row_are_requested() {
        let (count, queries) = read(&[(200, WHOLE), (200, LAST)]);
        assert_eq!((count.unwrap(), queries.as_str()), (2, "F FC "));
    }

    #[test]
    fn all_fields_are_requested_where_a_selection_is_not_understood() {
        let unknown = r#"{"reasons":[{"code":"50000020","message":"unknown parameter"}]}"#;
        let poor = r#"{"data":[{"id":"a"}]}"#;
        let without_account = r#"{"data":[{"id":"a","currency":"EUR","amount":1,"status":"Draft"}]}"#;
        let without_status = r#"{"data":[{"id":"a","accountId":"c","currency":"EUR","amount":1}]}"#;
        for first in [(400, unknown), (200, poor), (200, without_account), (200, without_status)] {
            let (count, queries) = read(&[first, (200, WHOLE), (200, LAST)]);
            assert_eq!((count.unwrap(), queries.as_str()), (2, "F  C "), "{}", first.1);
        }
        // A response with all fields may lack them.
        let (count, queries) = read(&[(200, without_status), (200, without_status)]);
        assert_eq!((count.unwrap(), queries.as_str()), (1, "F  "));
        // A later page that differs from the first one is an error.
        let (error, queries) = read(&[(200, WHOLE), (200, poor)]);
        assert_eq!((error.unwrap_err().field(), queries.as_str()), (Some("data.currency"), "F FC "));
        let (error, queries) = read(&[(503, "")]);
        assert_eq!((error.unwrap_err().kind(), queries.as_str()), (ErrorKind::Server, "F "));
    }
}
