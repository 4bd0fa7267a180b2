//! The service of the histories of bulk jobs: two rows, their invoices, and the responses under keys.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use zuora_core::machine::Event;
use zuora_core::transport::HttpRequest;
use zuora_tests::simulation::{header, json, lost, not_sent};

use crate::intent_service::{DAY, LONGEST};

/// Purpose of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Creations, the first with its own number, the second without.
    Creations,
    Postings,
    /// Updates, which have no key.
    Updates,
}

/// Treatment of a request with rows by the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behavior {
    Responded,
    NotSent,
    LostBefore,
    LostAfter,
    /// The connection is lost, and the work is done 119 s later.
    LostAndLate,
    /// The whole request is rejected.
    Rejected,
    /// The second row is rejected: of an update, after the first row was done.
    SecondRejected,
    /// Both rows are done, and the first reports an internal error.
    FirstBroken,
    /// The first row was undone, and reports an internal error.
    FirstUndone,
    /// Both rows are done, and the body ends within the second.
    Cut,
    /// A 5xx after the work was done, which is stored under the key.
    Broken,
    /// A 5xx after the work was done, which is forgotten.
    BrokenAndForgotten,
    /// Lost after the work was done, and another person undoes it at once.
    UndoneByPerson,
}

impl Behavior {
    /// In an order that makes the behaviors of each subject neighbors.
    const ALL: [Self; 13] = [
        Self::UndoneByPerson,
        Self::Responded,
        Self::NotSent,
        Self::LostBefore,
        Self::LostAfter,
        Self::LostAndLate,
        Self::Rejected,
        Self::SecondRejected,
        Self::Broken,
        Self::FirstBroken,
        Self::FirstUndone,
        Self::Cut,
        Self::BrokenAndForgotten,
    ];

    pub(crate) fn of(subject: Subject) -> &'static [Self] {
        match subject {
            Subject::Postings => &Self::ALL,
            // A creation is not undone.
            Subject::Creations => &Self::ALL[1..],
            // An update reports no rows, and has no key that could be forgotten.
            Subject::Updates => &Self::ALL[..9],
        }
    }
}

/// The invoice of a row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    /// Created, posted, or updated.
    pub(crate) is_done: bool,
    /// Times that a request took effect on the row, for the client with the state and for the one without.
    pub(crate) done: [usize; 2],
    /// Whether it has been done by any party.
    pub(crate) was_done: bool,
}

/// The service.
pub(crate) struct Service {
    subject: Subject,
    pub(crate) rows: [Row; 2],
    pending: Vec<Pending>,
    stored: BTreeMap<String, Stored>,
    /// Whether the service has forgotten a response after it did the work.
    pub(crate) forgets: bool,
    /// Whether another person has undone the work before any read.
    pub(crate) is_undone: bool,
}

/// Work that ends later.
struct Pending {
    at: Duration,
    rows: Vec<usize>,
    client: usize,
}

#[derive(Clone)]
struct Stored {
    status: u16,
    body: String,
    at: Duration,
    ends_at: Duration,
}

const INTERNAL: &str = r#"{"success":false,"reasons":[{"code":50000060,"message":"internal"}]}"#;
const INVALID: &str = r#"{"success":false,"reasons":[{"code":58490020,"message":"invalid"}]}"#;
const RULE: &str = r#"{"success":false,"reasons":[{"code":58490030,"message":"a rule"}]}"#;
const RUNNING: &str = r#"{"success":false,"reasons":[{"code":50000020,"message":"running"}]}"#;
const NOT_FOUND: &str = r#"{"success":false,"reasons":[{"code":50000040,"message":"not found"}]}"#;

impl Service {
    pub(crate) fn new(subject: Subject) -> Self {
        Self {
            subject,
            rows: [Row::default(); 2],
            pending: Vec::new(),
            stored: BTreeMap::new(),
            forgets: false,
            is_undone: false,
        }
    }

    /// Whether a request is not a replay.
    pub(crate) fn is_new(&self, request: &HttpRequest, now: Duration) -> bool {
        self.stored(request, now).is_none()
    }

    fn stored(&self, request: &HttpRequest, now: Duration) -> Option<&Stored> {
        let key = header(request.headers(), "idempotency-key")?;
        self.stored.get(&key).filter(|stored| now < stored.at + DAY)
    }

    pub(crate) fn advance(&mut self, now: Duration) {
        let (due, later): (Vec<_>, _) =
            std::mem::take(&mut self.pending).into_iter().partition(|work| work.at <= now);
        self.pending = later;
        for work in due {
            self.work(&work.rows, work.client);
        }
    }

    /// Whether work on the row will end later, for one client or for any.
    pub(crate) fn is_pending(&self, row: usize, client: Option<usize>) -> bool {
        let is_of = |work: &Pending| client.is_none_or(|client| client == work.client);
        self.pending.iter().any(|work| work.rows.contains(&row) && is_of(work))
    }

    /// Does the work of these rows. Returns which of them the service rejects, because the invoice no longer permits it.
    fn work(&mut self, rows: &[usize], client: usize) -> [bool; 2] {
        let mut rejected = [false; 2];
        for &index in rows {
            let row = &mut self.rows[index];
            rejected[index] = row.is_done
                && match self.subject {
                    Subject::Creations => index == 0,
                    Subject::Postings => true,
                    Subject::Updates => false,
                };
            if !rejected[index] {
                (row.is_done, row.was_done) = (true, true);
                row.done[client] += 1;
            }
        }
        rejected
    }

    /// Another person does the first row, or undoes it.
    pub(crate) fn by_hand(&mut self) {
        let row = &mut self.rows[0];
        if self.subject != Subject::Creations {
            row.is_done = !row.is_done;
            row.was_done |= row.is_done;
        }
    }

    pub(crate) fn read(&self, path: &str) -> Event {
        let index = usize::from(path.ends_with("i1"));
        let is_done = self.rows[index].is_done;
        let fields = match self.subject {
            Subject::Creations if !is_done => return Event::Response(json(404, NOT_FOUND)),
            Subject::Creations => {
                r#""invoiceNumber":"N0","accountId":"a1","amount":10,"currency":"EUR""#.to_owned()
            }
            Subject::Postings => format!(r#""status":"{}""#, if is_done { "Posted" } else { "Draft" }),
            Subject::Updates => format!(r#""autoPay":{is_done}"#),
        };
        Event::Response(json(200, format!(r#"{{"success":true,"id":"i{index}",{fields}}}"#)))
    }

    pub(crate) fn write(
        &mut self,
        request: &HttpRequest,
        behavior: Behavior,
        now: Duration,
        client: usize,
    ) -> Event {
        match behavior {
            Behavior::NotSent => return Event::Failure(not_sent()),
            Behavior::LostBefore => return Event::Failure(lost()),
            _ => {}
        }
        if let Some(stored) = self.stored(request, now) {
            return Event::Response(match now < stored.ends_at {
                true => json(409, RUNNING),
                false => json(stored.status, stored.body.clone()),
            });
        }
        let rows = rows_of(request);
        let only = |wanted: usize| rows.iter().copied().filter(|row| *row == wanted).collect::<Vec<_>>();
        let (status, body) = match (self.subject, behavior) {
            (_, Behavior::Rejected) => (400, INVALID.to_owned()),
            (_, Behavior::LostAndLate) => {
                self.pending.push(Pending { at: now + LONGEST, rows: rows.clone(), client });
                (200, self.body(&rows, [false; 2], [false; 2]))
            }
            // Whether the rows before the rejected one are kept is not documented.
            (Subject::Updates, Behavior::SecondRejected) => {
                // A single row is rejected with its request.
                if rows.len() > 1 {
                    self.work(&[0], client);
                }
                (400, RULE.to_owned())
            }
            (_, Behavior::SecondRejected) => {
                let [first, _] = self.work(&only(0), client);
                (200, self.body(&rows, [first, true], [false; 2]))
            }
            (_, Behavior::FirstUndone) => {
                let [_, second] = self.work(&only(1), client);
                (200, self.body(&rows, [false, second], [true, false]))
            }
            (_, Behavior::FirstBroken) => {
                let rejected = self.work(&rows, client);
                (200, self.body(&rows, rejected, [!rejected[0], false]))
            }
            (_, Behavior::Broken | Behavior::BrokenAndForgotten) => {
                self.work(&rows, client);
                (500, INTERNAL.to_owned())
            }
            _ => {
                let rejected = self.work(&rows, client);
                (200, self.body(&rows, rejected, [false; 2]))
            }
        };
        if behavior == Behavior::BrokenAndForgotten {
            self.forgets = true;
        } else if let Some(key) = header(request.headers(), "idempotency-key") {
            let ends_at = if behavior == Behavior::LostAndLate { now + LONGEST } else { now };
            self.stored.insert(key, Stored { status, body: body.clone(), at: now, ends_at });
        }
        match behavior {
            Behavior::LostAfter | Behavior::LostAndLate => Event::Failure(lost()),
            Behavior::UndoneByPerson => {
                self.is_undone = true;
                self.rows.iter_mut().for_each(|row| row.is_done = false);
                Event::Failure(lost())
            }
            Behavior::Cut => Event::Response(json(status, body[..body.len() - 12].to_owned())),
            _ => Event::Response(json(status, body)),
        }
    }

    /// The response to a request whose rows are rejected, or report an internal error.
    fn body(&self, rows: &[usize], rejected: [bool; 2], broken: [bool; 2]) -> String {
        let row = |&index: &usize| {
            let name = match self.subject {
                Subject::Creations => String::new(),
                _ => format!(r#","id":"i{index}""#),
            };
            let number = if self.subject == Subject::Creations && index == 0 && !rejected[0] && !broken[0] {
                r#","invoiceNumber":"N0""#
            } else {
                ""
            };
            let code = if rejected[index] { "58490030" } else { "58490060" };
            match rejected[index] || broken[index] {
                true => format!(r#"{{"success":false,"reasons":[{{"code":{code}}}]{name}}}"#),
                false => format!(r#"{{"success":true{number}{name}}}"#),
            }
        };
        match self.subject {
            Subject::Updates => r#"{"success":true}"#.to_owned(),
            _ => {
                let rows: Vec<String> = rows.iter().map(row).collect();
                format!(r#"{{"success":true,"invoices":[{}]}}"#, rows.join(","))
            }
        }
    }
}

/// Whether the request has rows.
pub(crate) fn has_rows(request: &HttpRequest) -> bool {
    request.method() != Method::GET
}

/// The rows of a request: both, or the one that remains.
fn rows_of(request: &HttpRequest) -> Vec<usize> {
    let body: serde_json::Value = serde_json::from_slice(request.body()).expect("a request has a JSON body");
    let rows = body["invoices"].as_array().expect("a request has rows");
    let is_first = |row: &serde_json::Value| row["id"] == "i0" || row["invoiceNumber"] == "N0";
    rows.iter().map(|row| usize::from(!is_first(row))).collect()
}
