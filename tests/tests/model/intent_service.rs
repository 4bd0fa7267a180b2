//! The service of the histories of intents: its object, its work, and the responses under a key.

use std::time::Duration;

use zuora_core::machine::Event;
use zuora_core::transport::HttpRequest;
use zuora_tests::simulation::{header, json, lost, not_sent, secs};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);
/// Longest time that the service works on a request after its connection was lost.
pub(crate) const LONGEST: Duration = Duration::from_secs(119);
pub(crate) const JOB: Duration = Duration::from_secs(300);

/// Purpose of the intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A POST with a key, whose effect no read shows.
    Creation,
    /// A PUT that another person can undo.
    Posting,
    /// A DELETE that may be executed by a job.
    LargeDeletion,
}

/// Treatment of a request of the operation by the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behavior {
    Responded,
    NotSent,
    LostBefore,
    LostAfter,
    /// The connection is lost, and the work is done 119 s later.
    LostAndLate,
    /// Throttled; the client waits for 40 s, in which a worker may fall asleep.
    Throttled,
    Rejected,
    /// A 5xx after the work was undone.
    Undone,
    /// A 5xx after the work was done, which is stored under the key.
    Broken,
    /// A 5xx after the work was done, which is forgotten.
    BrokenAndForgotten,
    /// Done by a job, of which the client learns.
    Job,
    /// Done by a job, of which the client does not learn.
    LostJob,
}

impl Behavior {
    pub(crate) fn of(subject: Subject) -> &'static [Self] {
        use Behavior::{
            Broken, BrokenAndForgotten, Job, LostAfter, LostAndLate, LostBefore, LostJob, NotSent, Rejected,
            Responded, Throttled, Undone,
        };
        match subject {
            Subject::Creation => &[
                Responded,
                NotSent,
                LostBefore,
                LostAfter,
                LostAndLate,
                Throttled,
                Rejected,
                Undone,
                Broken,
                BrokenAndForgotten,
            ],
            Subject::Posting => {
                &[Responded, NotSent, LostBefore, LostAfter, LostAndLate, Throttled, Rejected, Undone, Broken]
            }
            Subject::LargeDeletion => {
                &[Responded, NotSent, LostBefore, LostAfter, LostAndLate, Throttled, Rejected, Job, LostJob]
            }
        }
    }
}

/// The object of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    /// A draft, or a canceled invoice, or nothing yet.
    Before,
    /// Posted, deleted, created.
    After,
}

/// The service.
pub(crate) struct Service {
    subject: Subject,
    pub(crate) object: Object,
    /// Time of the last change of the object.
    updated: Duration,
    /// Times that a request of the intent took effect.
    pub(crate) done: usize,
    /// Whether the work of the operation has been done by any party.
    pub(crate) was_done: bool,
    /// Work that ends later.
    pub(crate) pending: Vec<Duration>,
    /// The response that is stored under a key, its time, and the time from which the key is no longer running.
    stored: Option<Stored>,
    pub(crate) job: Option<Duration>,
    /// Whether the service has forgotten a response after it did the work.
    pub(crate) forgets: bool,
    pub(crate) next: Option<Behavior>,
}

#[derive(Clone, Debug)]
struct Stored {
    key: String,
    status: u16,
    body: &'static str,
    at: Duration,
    ends_at: Duration,
}

const SUCCESS: &str = r#"{"success":true,"id":"1"}"#;
const REJECTION: &str = r#"{"success":false,"reasons":[{"code":50000030,"message":"a rule"}]}"#;
const INTERNAL: &str = r#"{"success":false,"reasons":[{"code":50000060,"message":"internal"}]}"#;
const LIMIT: &str = r#"{"success":false,"reasons":[{"code":50000070,"message":"limit"}]}"#;
const NOT_FOUND: &str = r#"{"success":false,"reasons":[{"code":50000040,"message":"not found"}]}"#;
const ACCEPTED: &str = r#"{"success":true,"id":"1","jobId":"j","jobStatus":"Pending"}"#;

impl Service {
    pub(crate) fn new(subject: Subject) -> Self {
        Self {
            subject,
            object: Object::Before,
            updated: Duration::ZERO,
            done: 0,
            was_done: false,
            pending: Vec::new(),
            stored: None,
            job: None,
            forgets: false,
            next: None,
        }
    }

    pub(crate) fn updated_date(&self) -> String {
        let seconds = self.updated.as_secs();
        let (day, seconds) = (1 + seconds / 86_400, seconds % 86_400);
        format!("2026-01-{day:02} {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// Whether a request is not a replay.
    pub(crate) fn is_new(&self, request: &HttpRequest, now: Duration) -> bool {
        let key = header(request.headers(), "idempotency-key");
        !self.stored.as_ref().is_some_and(|stored| Some(&stored.key) == key.as_ref() && now < stored.at + DAY)
    }

    pub(crate) fn advance(&mut self, now: Duration) {
        let due: Vec<Duration> = self.pending.iter().copied().filter(|at| *at <= now).collect();
        self.pending.retain(|at| *at > now);
        for at in due {
            self.work(at);
        }
        if self.job.is_some_and(|ends| ends <= now) {
            self.job = None;
        }
    }

    /// Does the work, unless the object no longer permits it.
    fn work(&mut self, at: Duration) -> bool {
        if self.subject != Subject::Creation && self.object == Object::After {
            return false;
        }
        self.done += 1;
        self.changed(Object::After, at);
        true
    }

    fn changed(&mut self, object: Object, at: Duration) {
        self.object = object;
        self.was_done |= object == Object::After;
        // No two changes are within one second.
        self.updated = at.max(self.updated + secs(1));
    }

    /// Another person does the same, or undoes it.
    pub(crate) fn by_hand(&mut self, now: Duration) {
        match (self.subject, self.object) {
            (Subject::Creation, _) => {}
            (Subject::Posting, Object::After) => self.changed(Object::Before, now),
            (_, Object::Before) if self.job.is_none() => self.changed(Object::After, now),
            _ => {}
        }
    }

    pub(crate) fn read(&self, request: &HttpRequest) -> Event {
        if request.uri().path().ends_with("/items") {
            let count = if self.subject == Subject::LargeDeletion { 100 } else { 1 };
            let items = vec![r#"{"id":"1"}"#; count].join(",");
            return Event::Response(json(200, format!(r#"{{"success":true,"invoiceItems":[{items}]}}"#)));
        }
        if request.uri().path().contains("/jobs/") {
            let status = if self.job.is_some() { "Processing" } else { "Completed" };
            return Event::Response(json(200, format!(r#"{{"success":true,"status":"{status}"}}"#)));
        }
        let status = match (self.subject, self.object) {
            (Subject::LargeDeletion, Object::After) => return Event::Response(json(404, NOT_FOUND)),
            (Subject::LargeDeletion, Object::Before) => "Canceled",
            (_, Object::Before) => "Draft",
            (_, Object::After) => "Posted",
        };
        let updated = self.updated_date();
        let body = format!(r#"{{"success":true,"id":"1","status":"{status}","updatedDate":"{updated}"}}"#);
        Event::Response(json(200, body))
    }

    pub(crate) fn write(&mut self, request: &HttpRequest, behavior: Behavior, now: Duration) -> Event {
        let key = header(request.headers(), "idempotency-key");
        match behavior {
            Behavior::NotSent => return Event::Failure(not_sent()),
            Behavior::LostBefore => return Event::Failure(lost()),
            Behavior::Throttled => {
                let mut response = json(429, LIMIT);
                response.headers_mut().insert("retry-after", http::HeaderValue::from(40));
                return Event::Response(response);
            }
            _ => {}
        }
        if let Some(stored) = &self.stored {
            if Some(&stored.key) == key.as_ref() && now < stored.at + DAY {
                return Event::Response(match now < stored.ends_at {
                    true => {
                        json(409, r#"{"success":false,"reasons":[{"code":50000020,"message":"running"}]}"#)
                    }
                    false => json(stored.status, stored.body),
                });
            }
        }
        let store = |service: &mut Self, status, body, ends_at| {
            if let Some(key) = key.clone() {
                service.stored = Some(Stored { key, status, body, at: now, ends_at });
            }
            Event::Response(json(status, body))
        };
        // An object with a job is locked, and one that is changed already rejects the request.
        let permits = self.subject == Subject::Creation || self.object == Object::Before;
        if self.job.is_some() || !permits {
            return store(self, 400, REJECTION, now);
        }
        match behavior {
            Behavior::Responded => {
                self.work(now);
                store(self, 200, SUCCESS, now)
            }
            Behavior::LostAfter => {
                self.work(now);
                store(self, 200, SUCCESS, now);
                Event::Failure(lost())
            }
            Behavior::LostAndLate => {
                self.pending.push(now + LONGEST);
                store(self, 200, SUCCESS, now + LONGEST);
                Event::Failure(lost())
            }
            Behavior::Rejected => store(self, 400, REJECTION, now),
            Behavior::Undone => store(self, 500, INTERNAL, now),
            Behavior::Broken => {
                self.work(now);
                store(self, 500, INTERNAL, now)
            }
            Behavior::BrokenAndForgotten => {
                self.work(now);
                self.forgets = true;
                Event::Response(json(500, INTERNAL))
            }
            Behavior::Job | Behavior::LostJob => {
                self.pending.push(now + JOB);
                self.job = Some(now + JOB);
                match behavior {
                    Behavior::Job => store(self, 200, ACCEPTED, now),
                    _ => Event::Failure(lost()),
                }
            }
            Behavior::NotSent | Behavior::LostBefore | Behavior::Throttled => unreachable!("responded above"),
        }
    }
}
