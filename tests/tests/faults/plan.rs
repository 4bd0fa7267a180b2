//! The axes of the matrix, and the faults that each pair of them plans.

use std::time::Duration;

use http::StatusCode;
use zuora_core::operation::Effect;
use zuora_sandbox::{ApiOperation, Duplication, FailureCategory, Fault, PlannedFault, Settings};

use crate::subjects::Subject;

/// The responses that the client receives for its first requests of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Answer,
    NotSent,
    Lost,
    /// The connection is lost before any response, however often the client retries.
    AlwaysLost,
    /// The response arrives after 20 s.
    Late,
    /// The response arrives after the timeout of the attempt.
    TooLate,
    Gateway(Page),
    /// The gateway responds to every retry too.
    AlwaysGateway(Page),
    /// The body ends after that many bytes.
    Cut(usize),
    /// The bytes from this position on are invalid.
    Garbled(usize),
    Disconnected(usize),
    /// The service reports a failure, and stores it under the key if `stored`.
    Failure(FailureCategory, Stored),
    /// The response is lost, and the retry finds a token that has expired.
    LostThenUnauthorized,
    /// The response is lost, and the retry finds the limits used up.
    LostThenThrottled,
    /// The response is lost, and the replay has status 409.
    LostThenConflict,
    /// The response is lost, and later reads show the state of 10 s ago.
    LostThenStale,
    LateThenLost,
    Throttled(Stored),
    AlwaysThrottled,
    ConcurrencyLimit,
    Unauthorized,
    UnauthorizedTwice,
    /// The token expires when the work is done.
    ExpiredAfter,
    Revoked,
    Duplicated(Duplication),
    /// One row fails, and the response arrives.
    FailedRow(usize, FailureCategory),
    /// One row fails, and the response is lost.
    FailedRowLost(usize, FailureCategory),
    /// One row of an update fails, and the rows before it are kept.
    KeptRows(usize, FailureCategory),
    FailedDocument(usize),
    FailedDocumentLost(usize),
    /// A 409 that names a running key, from a gateway or from the service.
    RunningKey,
}

/// Whether the service stores a response under the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Kept,
    Forgotten,
}

/// The response of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    Internal500,
    Html502,
    Flat502,
    Busy503,
    Timeout504,
    /// A page for people, with status 200.
    Html200,
    /// An object without a flag, with status 200.
    Empty200,
}

/// The fate of the work of the first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    NotLeft,
    NotDone,
    Done,
    /// Done, and a part of the response arrives.
    AnsweredInPart,
    /// Done that many seconds after the client received its response or error.
    Later(u64),
    /// Done by a job of 300 s.
    Job,
}

/// Events afterwards, or meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The same process continues.
    SameProcess,
    /// Another process continues, with other clocks.
    Restart,
    /// The same process continues after five minutes.
    FiveMinutes,
    /// The same process continues after 25 hours.
    Day,
    /// Another process continues after 25 hours.
    RestartAfterDay,
    /// Another client performs the operation in between.
    OtherClient,
    /// Another person does the same before the request arrives.
    PersonFirst,
    /// Another person does the same after it.
    PersonNext,
    /// Another person undoes it.
    Undone,
}

pub const WORKS: [Work; 9] = [
    Work::NotLeft,
    Work::NotDone,
    Work::Done,
    Work::AnsweredInPart,
    Work::Later(0),
    Work::Later(5),
    Work::Later(60),
    Work::Later(119),
    Work::Job,
];

pub const AFTERS: [After; 9] = [
    After::SameProcess,
    After::Restart,
    After::FiveMinutes,
    After::Day,
    After::RestartAfterDay,
    After::OtherClient,
    After::PersonFirst,
    After::PersonNext,
    After::Undone,
];

pub fn sights() -> Vec<Sight> {
    use FailureCategory::{External, Internal, Lock, Rule, Temporary};
    use Sight as S;
    use Stored::{Forgotten, Kept};

    let mut all = vec![
        S::Answer,
        S::NotSent,
        S::Lost,
        S::AlwaysLost,
        S::Late,
        S::TooLate,
        S::Cut(0),
        S::Cut(30),
        S::Garbled(0),
        S::Garbled(25),
        S::Disconnected(12),
        S::LostThenUnauthorized,
        S::LostThenThrottled,
        S::LostThenConflict,
        S::LostThenStale,
        S::LateThenLost,
        S::Throttled(Kept),
        S::Throttled(Forgotten),
        S::AlwaysThrottled,
        S::ConcurrencyLimit,
        S::Unauthorized,
        S::UnauthorizedTwice,
        S::ExpiredAfter,
        S::Revoked,
        S::Duplicated(Duplication::FirstResponse),
        S::Duplicated(Duplication::SecondResponse),
        S::Duplicated(Duplication::Later(Duration::from_secs(30))),
        S::FailedDocument(0),
        S::FailedDocument(1),
        S::FailedDocumentLost(0),
        S::FailedDocumentLost(1),
        S::RunningKey,
    ];
    for page in [
        Page::Internal500,
        Page::Html502,
        Page::Flat502,
        Page::Busy503,
        Page::Timeout504,
        Page::Html200,
        Page::Empty200,
    ] {
        all.extend([S::Gateway(page), S::AlwaysGateway(page)]);
    }
    for category in [Rule, Lock, Internal, Temporary, External] {
        all.extend([S::Failure(category, Kept), S::Failure(category, Forgotten)]);
        for row in [0, 1] {
            all.extend([
                S::FailedRow(row, category),
                S::FailedRowLost(row, category),
                S::KeptRows(row, category),
            ]);
        }
    }
    all
}

/// Faults and settings of a cell.
pub struct Plan {
    pub faults: Vec<PlannedFault>,
    pub set: fn(&mut Settings),
    /// Whether all tokens are revoked before the request.
    pub revoke: bool,
    /// Whether the limit of concurrent requests is reached for a minute.
    pub crowd: bool,
}

const ALWAYS: usize = 40;
const JOB: Duration = Duration::from_secs(300);

/// Plans the faults of a cell, or returns the reason why it cannot occur.
pub fn plan(subject: &Subject, sight: Sight, work: Work) -> Result<Plan, &'static str> {
    possible(subject, sight, work)?;
    let mut plan = Plan { faults: Vec::new(), set: |_| {}, revoke: false, crowd: false };
    let on = |fault: Fault| fault.on_operation(subject.api);
    if work == Work::Job {
        plan.faults.push(on(Fault::RunAsJob(JOB)));
    }
    let lost = |delay: u64| {
        let delay = Duration::from_secs(delay);
        match work {
            Work::Later(seconds) => {
                vec![on(Fault::lose_then_execute(Duration::from_secs(seconds) + delay)).delayed(delay)]
            }
            // A 401 that no caller sees: the request was read, and nothing was done.
            Work::NotDone => vec![on(Fault::LoseResponse).delayed(delay), on(Fault::ExpireToken)],
            _ => vec![on(Fault::LoseResponse).delayed(delay)],
        }
    };
    match sight {
        Sight::Answer => {}
        Sight::NotSent => plan.faults.push(on(Fault::NotSent).times(2)),
        Sight::Lost => plan.faults.extend(lost(0)),
        Sight::AlwaysLost => {
            plan.faults.extend(lost(0));
            let again = on(Fault::LoseResponse).times(ALWAYS);
            plan.faults.push(again);
        }
        Sight::LateThenLost => plan.faults.extend(lost(20)),
        Sight::Late => plan.faults.push(on(Fault::Delay(Duration::from_secs(20)))),
        Sight::TooLate => plan.faults.push(match work {
            Work::Later(_) => lost(130).remove(0),
            _ => on(Fault::Delay(Duration::from_secs(200))),
        }),
        Sight::Gateway(page) => plan.faults.push(on(gateway(page, work))),
        Sight::AlwaysGateway(page) => {
            plan.faults.push(on(gateway(page, work)));
            let rest = if work == Work::NotDone { Work::NotDone } else { Work::Done };
            plan.faults.push(on(gateway(page, rest)).times(ALWAYS));
        }
        Sight::Cut(length) => plan.faults.push(on(Fault::Truncate(length))),
        Sight::Garbled(position) => plan.faults.push(on(Fault::Garble(position))),
        Sight::Disconnected(length) => plan.faults.push(on(Fault::Disconnect(length))),
        Sight::Failure(category, stored) => {
            plan.faults.push(on(match work {
                Work::NotDone => Fault::Fail(category),
                _ => Fault::ExecuteThenFail(category),
            }));
            if stored == Stored::Forgotten {
                plan.set = |settings| settings.keep_server_errors = false;
            }
        }
        Sight::LostThenUnauthorized => {
            plan.faults.extend(lost(0));
            plan.faults.push(on(Fault::ExpireToken).nth(2));
        }
        Sight::LostThenThrottled => {
            plan.faults.extend(lost(0));
            let body =
                r#"{"success":false,"reasons":[{"code":50000070,"message":"Request exceeded limit"}]}"#;
            plan.faults.push(on(Fault::json(StatusCode::TOO_MANY_REQUESTS, body)));
        }
        Sight::LostThenConflict => {
            plan.faults.extend(lost(0));
            plan.set = |settings| settings.replay_as_conflict = true;
        }
        Sight::LostThenStale => plan.faults.extend(lost(0)),
        Sight::Throttled(stored) => {
            plan.faults.push(on(Fault::throttled(3)).times(2));
            if stored == Stored::Kept {
                plan.set = |settings| settings.keep_throttled = true;
            }
        }
        Sight::AlwaysThrottled => plan.faults.push(on(Fault::throttled(3)).times(ALWAYS)),
        Sight::ConcurrencyLimit => plan.crowd = true,
        Sight::Unauthorized => plan.faults.push(on(Fault::ExpireToken)),
        Sight::UnauthorizedTwice => plan.faults.push(on(Fault::ExpireToken).times(2)),
        Sight::ExpiredAfter => plan.faults.push(on(Fault::ExpireTokenAfter)),
        Sight::Revoked => plan.revoke = true,
        Sight::Duplicated(duplication) => plan.faults.push(on(Fault::Duplicate(duplication))),
        Sight::FailedRow(row, category) => plan.faults.push(on(Fault::FailRow(row, category))),
        Sight::FailedRowLost(row, category) => {
            plan.faults.push(on(Fault::FailRow(row, category)));
            plan.faults.push(on(Fault::LoseResponse));
        }
        Sight::KeptRows(row, category) => {
            plan.faults.push(on(Fault::FailRow(row, category)));
            plan.set = |settings| settings.keep_partial_updates = true;
        }
        Sight::FailedDocument(document) => plan.faults.push(on(Fault::FailDocument(document))),
        Sight::FailedDocumentLost(document) => {
            plan.faults.push(on(Fault::FailDocument(document)));
            plan.faults.push(on(Fault::LoseResponse));
        }
        Sight::RunningKey => {
            let body = r#"{"success":false,"reasons":[{"code":50000020,"message":"the key is in use"}]}"#;
            plan.faults.push(on(Fault::json(StatusCode::CONFLICT, body)).times(2));
        }
    }
    Ok(plan)
}

fn gateway(page: Page, work: Work) -> Fault {
    let fault = match page {
        Page::Internal500 => Fault::html(StatusCode::INTERNAL_SERVER_ERROR),
        Page::Html502 => Fault::html(StatusCode::BAD_GATEWAY),
        Page::Flat502 => Fault::json(StatusCode::BAD_GATEWAY, r#"{"code":502,"message":"Bad Gateway"}"#),
        Page::Busy503 => Fault::status(StatusCode::SERVICE_UNAVAILABLE),
        Page::Timeout504 => Fault::html(StatusCode::GATEWAY_TIMEOUT),
        Page::Html200 => Fault::html(StatusCode::OK),
        Page::Empty200 => Fault::json(StatusCode::OK, "{}"),
    };
    let Fault::Respond(response) = fault else { return fault };
    match work {
        Work::NotDone => Fault::Respond(response),
        Work::Later(seconds) => {
            Fault::ExecuteLater { after: Duration::from_secs(seconds), response: Some(response) }
        }
        _ => Fault::ExecuteThenRespond(response),
    }
}

/// Returns the reason why the cell cannot occur.
fn possible(subject: &Subject, sight: Sight, work: Work) -> Result<(), &'static str> {
    use FailureCategory::{Lock, Rule};
    use Sight as S;

    let must = |holds: bool, reason| if holds { Ok(()) } else { Err(reason) };
    let is_read = subject.effect == Effect::Read;
    let later = matches!(work, Work::Later(_));
    must(
        work != Work::Job || subject.is_large,
        "the service executes only operations on large invoices by a job",
    )?;
    must(
        work == Work::Job || !subject.is_large,
        "the service executes operations on large invoices by a job",
    )?;
    must(!later || !is_read, "a read leaves nothing to be done later")?;
    must(
        (sight == S::NotSent) == (work == Work::NotLeft),
        "a request has left exactly if the transport cannot prove that it was not sent",
    )?;
    let in_part = matches!(sight, S::Cut(1..) | S::Garbled(_) | S::Disconnected(_));
    must(work != Work::AnsweredInPart || in_part, "no part of the response arrives")?;
    must(
        subject.effect == Effect::Keyed
            || is_read
            || !matches!(
                sight,
                S::AlwaysLost
                    | S::AlwaysGateway(_)
                    | S::LostThenUnauthorized
                    | S::LostThenThrottled
                    | S::LostThenConflict
            ),
        "a PUT or DELETE with an unknown outcome is not sent again",
    )?;
    let done = matches!(work, Work::Done | Work::Job);
    match sight {
        S::Answer | S::Late | S::ExpiredAfter | S::Revoked => {
            must(done, "a success is the response of work that was done")
        }
        S::NotSent | S::Gateway(_) | S::AlwaysGateway(_) | S::Lost | S::AlwaysLost | S::LateThenLost => {
            Ok(())
        }
        S::LostThenConflict => {
            must(subject.effect == Effect::Keyed, "the request has no key")?;
            must(work != Work::NotDone, "nothing is stored under the key")
        }
        S::LostThenUnauthorized | S::LostThenThrottled | S::LostThenStale => {
            must(work != Work::NotDone || sight != S::LostThenUnauthorized, "the token has expired already")
        }
        S::TooLate => must(done || later, "the response of work that was not done has nothing to wait for"),
        S::Cut(0) | S::Cut(_) | S::Garbled(_) | S::Disconnected(_) => {
            must(!later, "the response is written when the work is done")?;
            must(work != Work::NotDone, "a rejection that breaks off is the same as a gateway's page")?;
            must(work != Work::Done || sight == S::Cut(0), "the response arrives in part: see that boundary")
        }
        S::Failure(category, _) => {
            must(work != Work::Job, "the response of the service that starts a job is a success")?;
            must(!later, "a service that responds has ended its work")?;
            must(
                !matches!(category, Rule | Lock) || work == Work::NotDone,
                "a rejection of category 30 or 50 means that nothing was done",
            )
        }
        S::Throttled(_) | S::AlwaysThrottled | S::ConcurrencyLimit => {
            must(work == Work::NotDone, "a request that is throttled is not executed")
        }
        S::Unauthorized | S::UnauthorizedTwice => {
            must(work == Work::NotDone, "a request whose token is rejected is not executed")
        }
        S::RunningKey => {
            must(subject.effect == Effect::Keyed, "the request has no key")?;
            must(work == Work::NotDone, "see the work that is done later: its key is running until then")
        }
        S::Duplicated(_) => {
            must(work == Work::Done, "a proxy sends the request again that it has sent before")
        }
        S::FailedRow(..) | S::FailedRowLost(..) => {
            must(subject.rows > 0, "the request has no rows")?;
            must(work == Work::Done, "the other rows are done")
        }
        S::KeptRows(..) => {
            must(subject.api == ApiOperation::UpdateInvoices, "only an update is one transaction elsewhere")?;
            must(work == Work::Done, "the rows before the invalid one are kept")
        }
        S::FailedDocument(_) | S::FailedDocumentLost(_) => {
            must(subject.api == ApiOperation::PostBillRun, "the operation posts no documents of a run")?;
            must(work == Work::Done, "the other documents are posted")
        }
    }
}

/// Returns the reason why nothing of that kind can happen to the operation afterwards.
pub fn possible_after(subject: &Subject, sight: Sight, after: After) -> Result<(), &'static str> {
    match after {
        After::PersonFirst | After::PersonNext if subject.same_by_hand().is_none() => {
            Err("no other person can do the same to the object")
        }
        After::PersonFirst if matches!(sight, Sight::NotSent) => {
            Err("a person acts before a request that does not arrive: see the person who acts after it")
        }
        After::Undone if subject.undone_by_hand().is_none() => Err("the operation cannot be undone"),
        _ => Ok(()),
    }
}
