//! Random histories of bulk creations: faults, processes that are killed, days that pass, rows that are mended.
//!
//! The service of the model keeps each result under its key for 24 hours and forgets it then. Two things are checked
//! against it: no row is created twice, and no outcome that is reported or kept is false.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::Method;
use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, BulkEvent, BulkJob, CreateStandaloneInvoice, NewInvoiceItem, RowState,
};
use zuora_core::machine::{Action, Event, Machine};
use zuora_core::session::Session;
use zuora_core::transport::{HttpRequest, HttpResponse, TransportError, WallTime};
use zuora_core::types::AccountId;
use zuora_core::{Config, Date, ErrorKind, Outcome};
use zuora_tests::simulation::{at, header, json, lost, moment, ms, not_sent, secs, seed};

type Job = BulkJob<BulkCreateStandaloneInvoices>;

/// A generator of numbers (SplitMix64), so that a history is its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = mixed ^ (mixed >> 31);
        usize::try_from(mixed % u64::try_from(end).unwrap()).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

fn day() -> Date {
    Date::new(2026, 5, 1).unwrap()
}

/// A row: `name` is the comment, and a bad row is rejected for its charge name.
fn row(name: &str, is_bad: bool, is_numbered: bool) -> CreateStandaloneInvoice {
    let item = NewInvoiceItem::named(if is_bad { "bad" } else { "good" }, 10, day());
    let row = CreateStandaloneInvoice::new(AccountId::from("a1"), day(), [item]).comments(name);
    if is_numbered { row.invoice_number(format!("N-{name}")) } else { row }
}

#[derive(Default)]
struct Service {
    /// Number of invoices created for each row.
    created: BTreeMap<String, usize>,
    stored: BTreeMap<String, (WallTime, u16, String)>,
    sent: usize,
}

impl Service {
    fn handle(&mut self, request: &HttpRequest, now: WallTime, random: &mut Random, calm: bool) -> Event {
        self.sent += 1;
        if request.method() == Method::GET {
            return self.read(request.uri().path(), random, calm);
        }
        let fault = if calm { 99 } else { random.below(24) };
        match fault {
            0 => return Event::Failure(not_sent()),
            1 => return Event::Failure(lost()),
            2 => return received(504, "<html>"),
            3 => return received(429, r#"{"success":false,"reasons":[{"code":"50000070"}]}"#),
            4 if random.one_in(3) => {
                return received(401, r#"{"success":false,"reasons":[{"code":"90000011"}]}"#);
            }
            _ => {}
        }
        let key = header(request.headers(), "idempotency-key").expect("a POST has a key");
        self.stored.retain(|_, (at, ..)| now.since(*at).unwrap_or_default() < secs(24 * 3600));
        let (status, body) = match self.stored.get(&key) {
            Some((_, status, body)) => (*status, body.clone()),
            None => {
                let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
                let rows = body["invoices"].as_array().unwrap();
                if fault == 5 {
                    let body = r#"{"success":false,"reasons":[{"code":"58490022"}]}"#.to_owned();
                    self.stored.insert(key, (now, 400, body.clone()));
                    return received(400, &body);
                }
                let response = self.create(rows, fault, random);
                // A service that forgets a failure after the work: survivable with numbers of the caller's own.
                if fault == 6 && rows.iter().all(|row| row.get("invoiceNumber").is_some()) {
                    return received(504, "<html>");
                }
                self.stored.insert(key, (now, 200, response.clone()));
                (200, response)
            }
        };
        match fault {
            7 | 8 => Event::Failure(lost()),
            9 => received(502, ""),
            10 => received(status, &body[..random.below(body.len())]),
            11 => Event::Failure(TransportError::TooLarge { limit: 1 }),
            _ => received(status, &body),
        }
    }

    fn create(&mut self, rows: &[serde_json::Value], fault: usize, random: &mut Random) -> String {
        let mut results = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let name = row["comments"].as_str().unwrap();
            let number = row.get("invoiceNumber").and_then(|number| number.as_str());
            let is_taken = number.is_some() && self.created.contains_key(name);
            let failed = |code: &str| {
                format!(
                    r#"{{"success":false,"objectIndex":{index},"reasons":[{{"code":"{code}","message":"m"}}]}}"#
                )
            };
            if row["invoiceItems"][0]["chargeName"] == "bad" {
                results.push(failed("58490020"));
                continue;
            }
            if is_taken {
                results.push(failed("58490030"));
                continue;
            }
            let is_done = fault != 12 || random.one_in(2);
            if is_done {
                *self.created.entry(name.to_owned()).or_default() += 1;
            }
            if fault == 12 {
                results.push(failed(["58490060", "58490061", "58490099"][random.below(3)]));
                continue;
            }
            let amount = if fault == 13 && random.one_in(2) { r#""n/a""# } else { "10" };
            let number = number.map(|number| format!(r#","invoiceNumber":"{number}""#)).unwrap_or_default();
            results.push(format!(r#"{{"success":true,"id":"id-{name}","amount":{amount}{number}}}"#));
        }
        let any = random.below(results.len());
        match fault {
            14 => drop(results.remove(any)),
            15 => results.push(results[any].clone()),
            16 => results[any] = "{}".to_owned(),
            17 => results[any] = "null".to_owned(),
            _ => {}
        }
        let flag = fault != 18;
        format!(r#"{{"success":{flag},"invoices":[{}]}}"#, results.join(","))
    }

    fn read(&self, path: &str, random: &mut Random, calm: bool) -> Event {
        if !calm && random.one_in(6) {
            return match random.one_in(2) {
                true => Event::Failure(lost()),
                false => received(404, r#"{"message":"no Route matched with those values"}"#),
            };
        }
        let number = path.rsplit('/').next().unwrap();
        let name = number.strip_prefix("N-").expect("rows are looked up by number");
        if !self.created.contains_key(name) {
            return received(404, r#"{"success":false,"reasons":[{"code":"50000040"}]}"#);
        }
        received(
            200,
            &format!(
                r#"{{"success":true,"id":"id-{name}","invoiceNumber":"{number}","accountId":"a1","amount":10}}"#
            ),
        )
    }
}

fn received(status: u16, body: &str) -> Event {
    let response: HttpResponse = json(status, body.to_owned());
    Event::Response(response)
}

#[derive(Debug, Default)]
struct Counts {
    histories: usize,
    requests: usize,
    kills: usize,
    applied: usize,
    rejected: usize,
    doubtful: usize,
    given_up: usize,
    mended: usize,
}

struct History {
    random: Random,
    service: Service,
    /// Time since the start of the current process, and the wall time of its start.
    clock: Duration,
    started: Duration,
    saved: String,
    numbered: BTreeSet<String>,
    counts: Counts,
}

enum End {
    Finished,
    Killed,
}

impl History {
    fn run(number: u64) -> Counts {
        let mut random = Random(number);
        let rows = 1 + random.below(70);
        let all_numbered = random.one_in(3);
        let names: Vec<String> = (0..rows).map(|n| format!("r{n}")).collect();
        let numbered: BTreeSet<_> =
            names.iter().filter(|_| all_numbered || random.one_in(4)).cloned().collect();
        let first: Vec<_> = names
            .iter()
            .map(|name| (name.clone(), row(name, random.one_in(8), numbered.contains(name))))
            .collect();
        let attempts = 1 + u32::from(random.one_in(2)) * 2;
        let config = Config::with_token("https://rest.zuora.com", "token").max_attempts(attempts);
        let prefix = random.one_in(2);
        let mut history = Self {
            random,
            service: Service::default(),
            clock: Duration::ZERO,
            started: Duration::ZERO,
            saved: String::new(),
            numbered,
            counts: Counts { histories: 1, ..Counts::default() },
        };
        let mut processes = 0;
        // Every process has another source of random keys.
        let mut session = || {
            processes += 1;
            Session::new(&config, &seed(processes)).unwrap()
        };
        let mut job = Job::new(&session(), first).unwrap();
        if prefix {
            job = job.key_prefix("model");
        }
        history.saved = job.to_json().unwrap();
        for round in 0..14 {
            let calm = round > 10;
            match history.drive(&mut job, calm) {
                End::Finished => history.amend(&mut job),
                End::Killed => {
                    history.counts.kills += 1;
                    history.pass_time();
                    job = Job::from_json(&session(), &history.saved).unwrap();
                }
            }
            if history.random.one_in(4) {
                history.started +=
                    history.clock + secs(3600 * u64::try_from(history.random.below(30)).unwrap());
                history.clock = Duration::ZERO;
                job = Job::from_json(&session(), &history.saved).unwrap();
            }
            history.check_states(&job);
        }
        history.service.stored.clear();
        history.counts.requests = history.service.sent;
        history.counts
    }

    fn now(&self) -> zuora_core::transport::Timestamp {
        let wall = moment(self.started + self.clock).wall().unwrap();
        (at(0) + self.clock).with_wall(wall)
    }

    /// Time between two processes: mostly minutes, sometimes about a day.
    fn pass_time(&mut self) {
        let minutes = [1, 5, 60, 23 * 60 + 44, 23 * 60 + 50, 24 * 60 + 1, 30 * 60][self.random.below(7)];
        self.started += self.clock + secs(60 * minutes);
        self.clock = Duration::ZERO;
    }

    fn drive(&mut self, job: &mut Job, calm: bool) -> End {
        loop {
            let mut event = Event::Tick;
            let result = loop {
                if !calm && self.random.one_in(40) {
                    return End::Killed;
                }
                match job.step(event, self.now()) {
                    Action::Send(request, limits) => {
                        let wall = self.now().wall().unwrap();
                        event = self.service.handle(&request, wall, &mut self.random, calm);
                        if !calm && self.random.one_in(20) {
                            return End::Killed;
                        }
                        let took = if self.random.one_in(6) { limits.timeout } else { ms(200) };
                        self.clock += took.min(limits.timeout);
                    }
                    Action::Wait(until) => {
                        self.clock = self.clock.max(until.elapsed());
                        event = Event::Tick;
                    }
                    Action::Done(result) => break result,
                }
            };
            match result {
                Ok(None) => break,
                Ok(Some(BulkEvent::Chunk(chunk))) => {
                    for row in chunk.rows {
                        let outcome =
                            row.result.as_ref().map_or_else(|error| error.outcome, |_| Outcome::Applied);
                        self.check(&row.name, outcome);
                    }
                }
                Ok(Some(_)) => {}
                Err(error) => {
                    assert_ne!(error.kind(), ErrorKind::Build, "{error}");
                    assert_ne!(error.kind(), ErrorKind::Decode, "{error}");
                    self.saved = job.to_json().unwrap();
                    // The token of this session may be rejected for good.
                    return End::Killed;
                }
            }
            // A process that is killed while it saves has the state before.
            if !calm && self.random.one_in(30) {
                return End::Killed;
            }
            self.saved = job.to_json().unwrap();
        }
        self.saved = job.to_json().unwrap();
        End::Finished
    }

    fn check(&mut self, name: &str, outcome: Outcome) {
        let created = self.service.created.get(name).copied().unwrap_or_default();
        assert!(created <= 1, "{name} was created {created} times");
        match outcome {
            Outcome::Applied => {
                self.counts.applied += 1;
                assert_eq!(created, 1, "{name} is said to be applied");
            }
            Outcome::NotApplied => {
                self.counts.rejected += 1;
                assert_eq!(created, 0, "{name} is said not to be applied");
            }
            Outcome::Unknown => self.counts.doubtful += 1,
        }
    }

    fn check_states(&mut self, job: &Job) {
        for (name, state) in job.rows() {
            let created = self.service.created.get(name).copied().unwrap_or_default();
            assert!(created <= 1, "{name} was created {created} times");
            match state {
                RowState::Applied(_) => assert_eq!(created, 1, "{name} is kept as applied"),
                RowState::Rejected(_) | RowState::Remaining => {
                    assert_eq!(created, 0, "{name} is kept as not applied");
                }
                RowState::Unknown => self.counts.given_up += 1,
                _ => {}
            }
        }
    }

    /// Mends or retries rows that were rejected, and tries to mend others.
    fn amend(&mut self, job: &mut Job) {
        let names: Vec<_> = job.rows().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let may_mend = matches!(job.state(&name), Some(RowState::Rejected(_) | RowState::Remaining));
            if !may_mend || self.random.one_in(2) {
                if !may_mend && self.random.one_in(5) {
                    assert!(job.mend(&name, row(&name, false, false)).is_err(), "{name} cannot be mended");
                }
                continue;
            }
            self.counts.mended += 1;
            match self.random.below(3) {
                0 => job.retry(&name).unwrap(),
                _ => {
                    job.mend(&name, row(&name, self.random.one_in(4), self.numbered.contains(&name))).unwrap()
                }
            }
        }
        self.saved = job.to_json().unwrap();
    }
}

#[test]
fn no_row_is_created_twice_and_no_outcome_is_false() {
    let histories = std::env::var("BULK_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(300);
    let mut sum = Counts::default();
    for seed in 0..histories {
        let counts = std::panic::catch_unwind(|| History::run(seed))
            .unwrap_or_else(|_| panic!("the history of seed {seed} failed"));
        sum.histories += counts.histories;
        sum.requests += counts.requests;
        sum.kills += counts.kills;
        sum.applied += counts.applied;
        sum.rejected += counts.rejected;
        sum.doubtful += counts.doubtful;
        sum.given_up += counts.given_up;
        sum.mended += counts.mended;
    }
    println!("{sum:?}");
    for reached in [sum.kills, sum.applied, sum.rejected, sum.doubtful, sum.given_up, sum.mended] {
        assert!(reached > 50, "the histories reach every kind of result: {sum:?}");
    }
}
