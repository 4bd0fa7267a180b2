//! Every operation, every fault, every boundary: nothing is done twice, and no outcome is false.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use zuora_core::operation::Effect;
use zuora_sandbox::Duplication;

use crate::cell::{Cell, Report, Way, run};
use crate::plan::{AFTERS, After, Sight, Stored, WORKS, Work, plan, possible_after, sights};
use crate::subjects::{Subject, subjects};

/// A finding that no client can avoid, and the cells that it shows in.
struct Exception {
    why: &'static str,
    covers: fn(&Subject, &Cell) -> bool,
}

/// Outcomes and effects that no client can see or prevent.
const CANNOT_HOLD: &[Exception] = &[
    Exception {
        why: "a service that does the work, responds with a 5xx and forgets the key does the work again",
        covers: |subject, cell| {
            subject.effect == Effect::Keyed
                && matches!(cell.sight, Sight::Failure(_, Stored::Forgotten))
                && cell.work == Work::Done
        },
    },
    Exception {
        why: "a proxy that delivers a PUT or DELETE twice returns the rejection of the second delivery",
        covers: |subject, cell| {
            subject.effect == Effect::Unkeyed && cell.sight == Sight::Duplicated(Duplication::SecondResponse)
        },
    },
    Exception {
        why: "reading back assumes for ten minutes that the write has not been undone",
        covers: |_, cell| cell.after == After::Undone && cell.way == Way::Call,
    },
];

#[derive(Default)]
struct Totals {
    cells: usize,
    left_out: usize,
    undecided: usize,
    cannot_occur: BTreeMap<&'static str, usize>,
    false_outcomes: usize,
    double_effects: usize,
    repeated_by_a_proxy: usize,
    cannot_hold: BTreeMap<&'static str, usize>,
    problems: Vec<String>,
}

#[test]
#[allow(clippy::print_stdout, reason = "the size of the matrix is worth printing")]
fn every_operation_survives_every_fault_at_every_boundary() {
    let mut subjects = subjects();
    if let Some(only) = chosen() {
        subjects.retain(|subject| subject.name == only);
    }
    let next = AtomicUsize::new(0);
    let totals = Mutex::new(Totals::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(subject) = subjects.get(number) else { break };
                    row(subject, number, &totals);
                }
            });
        }
    });
    let totals = totals.into_inner().unwrap();
    for (reason, count) in &totals.cannot_occur {
        println!("cannot occur: {count:>6} {reason}");
    }
    for (why, count) in &totals.cannot_hold {
        println!("cannot hold:  {count:>6} {why}");
    }
    println!(
        "{} cells are undecided at last; a proxy has caused a second effect in {}; {} are run by MATRIX=whole only",
        totals.undecided, totals.repeated_by_a_proxy, totals.left_out
    );
    println!(
        "fault matrix: {} cells, {} cannot occur, {} false outcomes, {} double effects",
        totals.cells,
        totals.cannot_occur.values().sum::<usize>(),
        totals.false_outcomes,
        totals.double_effects,
    );
    assert!(totals.problems.is_empty(), "{} cells:\n{}", totals.problems.len(), totals.problems.join("\n"));
    assert_eq!((totals.false_outcomes, totals.double_effects), (0, 0));
    assert!(totals.cells > 2000 || chosen().is_some(), "only {} cells", totals.cells);
}

const WAYS: [Way; 8] = [
    Way::Call,
    Way::CallWithBaseline,
    Way::CallKept,
    Way::Job,
    Way::Intent,
    Way::IntentWithBaseline,
    Way::IntentBehind,
    Way::IntentAhead,
];

/// A job does not say which rows it has found done by another person.
const IN_JOBS: [After; 5] =
    [After::SameProcess, After::Restart, After::FiveMinutes, After::Day, After::RestartAfterDay];

/// The operation that `MATRIX` names, of which all cells are run.
fn chosen() -> Option<String> {
    std::env::var("MATRIX").ok().filter(|only| only != "whole")
}

/// Runs the cells of one operation: all, or those of one boundary in eight, and the plain one.
fn row(subject: &Subject, number: usize, totals: &Mutex<Totals>) {
    let is_whole = std::env::var_os("MATRIX").is_some();
    let mut row = Totals::default();
    for (place, sight) in sights().into_iter().enumerate() {
        for work in WORKS {
            if let Err(reason) = plan(subject, sight, work) {
                *row.cannot_occur.entry(reason).or_default() += 1;
                continue;
            }
            for way in WAYS {
                let is_possible = match (way, subject.effect) {
                    (Way::Job, _) => subject.rows > 0,
                    (_, Effect::Read) => way == Way::Call,
                    // A creation has no time of the last change.
                    (_, Effect::Keyed) => !matches!(way, Way::CallWithBaseline | Way::IntentWithBaseline),
                    _ => true,
                };
                if is_possible {
                    // Each operation leaves out others, so that every boundary meets every fault.
                    let turn = (!is_whole).then_some(place + 3 * number + way as usize);
                    row.boundaries(subject, (sight, work, way), turn);
                }
            }
        }
    }
    totals.lock().unwrap().add(row);
}

impl Totals {
    fn boundaries(&mut self, subject: &Subject, (sight, work, way): (Sight, Work, Way), turn: Option<usize>) {
        let mut decided_at_once = false;
        for (place, after) in AFTERS.into_iter().enumerate() {
            let clock_matters = matches!(after, After::Restart | After::RestartAfterDay);
            if matches!(way, Way::IntentAhead | Way::IntentBehind) && !clock_matters {
                continue;
            }
            if way == Way::Job && !IN_JOBS.contains(&after) {
                continue;
            }
            if let Err(reason) = possible_after(subject, sight, after) {
                *self.cannot_occur.entry(reason).or_default() += 1;
                continue;
            }
            if decided_at_once && after != After::PersonFirst {
                let reason = "the outcome is known at once, so that nothing is found out afterwards";
                *self.cannot_occur.entry(reason).or_default() += 1;
                continue;
            }
            // Counting the items of a large invoice takes long in a debug build.
            let is_always_run = after == After::SameProcess && !subject.is_large;
            let one_in = if subject.is_large { 31 } else { 8 };
            if !is_always_run && turn.is_some_and(|turn| (turn + 5 * place) % one_in != 0) {
                self.left_out += 1;
                continue;
            }
            let cell = Cell { sight, work, after, way };
            let planned = plan(subject, sight, work).expect("the cell is possible");
            let report = run(subject, cell, planned, 1);
            // The first attempt does not depend on what happens after it.
            decided_at_once |= report.decided_at_once && after != After::PersonFirst;
            self.judge(subject, &cell, &report);
        }
    }

    fn judge(&mut self, subject: &Subject, cell: &Cell, report: &Report) {
        self.cells += 1;
        self.undecided += usize::from(report.undecided_at_last);
        self.repeated_by_a_proxy += usize::from(report.repeated_by_a_proxy);
        if report.false_outcomes.is_empty() && report.double_effects.is_empty() {
            return;
        }
        let covers = |exception: &&Exception| (exception.covers)(subject, cell);
        if let Some(exception) = CANNOT_HOLD.iter().find(covers) {
            *self.cannot_hold.entry(exception.why).or_default() += 1;
            return;
        }
        self.false_outcomes += usize::from(!report.false_outcomes.is_empty());
        self.double_effects += usize::from(!report.double_effects.is_empty());
        let Cell { sight, work, after, way } = cell;
        self.problems.push(format!(
            "{}: {sight:?}, {work:?}, {after:?}, {way:?}: {} {}",
            subject.name,
            report.false_outcomes.first().map_or("", String::as_str),
            report.double_effects.first().map_or_else(String::new, |what| format!("TWICE {what}")),
        ));
    }

    fn add(&mut self, other: Self) {
        self.cells += other.cells;
        self.left_out += other.left_out;
        self.undecided += other.undecided;
        self.false_outcomes += other.false_outcomes;
        self.double_effects += other.double_effects;
        self.repeated_by_a_proxy += other.repeated_by_a_proxy;
        self.problems.extend(other.problems);
        let maps = [(&mut self.cannot_occur, other.cannot_occur), (&mut self.cannot_hold, other.cannot_hold)];
        for (into, from) in maps {
            for (reason, count) in from {
                *into.entry(reason).or_default() += count;
            }
        }
    }
}
