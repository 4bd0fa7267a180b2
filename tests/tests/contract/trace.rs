//! The trace of the documents: each statement has the tests that show it, or a reason in `FIDELITY.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::facts::Facts;
use crate::sdk_names::Names;

const FIDELITY: &str = include_str!("../../../FIDELITY.md");

/// A row of the table. The last cell names one or more tests, separated by `; `, or a reason.
struct Row {
    line: usize,
    cells: Vec<&'static str>,
}

fn rows() -> Vec<Row> {
    let table = include_str!("../../reference/trace.tsv").lines().enumerate().skip(1);
    table.map(|(index, line)| Row { line: index + 1, cells: line.split('\t').collect() }).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of the core, by their paths.
struct Sources(BTreeMap<PathBuf, String>);

impl Sources {
    fn of_core() -> Self {
        let mut sources = BTreeMap::new();
        let mut folders = vec![root().join("core/src")];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    sources.insert(path.clone(), std::fs::read_to_string(path).unwrap());
                }
            }
        }
        Self(sources)
    }

    /// Whether an item `Type::member` or `module::Type` exists.
    fn declare(&self, parent: &str, member: &str) -> bool {
        let is_type = parent.starts_with(char::is_uppercase);
        let kinds = ["struct", "enum", "request", "response"];
        let declares = |source: &str, name: &str| {
            let heads = kinds.iter().map(|kind| format!("pub {kind} {name}"));
            heads.into_iter().any(|head| {
                let rest = source.split_once(&head).and_then(|(_, rest)| rest.chars().next());
                rest.is_some_and(|next| !next.is_alphanumeric())
            })
        };
        let has_member = |source: &str| {
            source.lines().map(str::trim).any(|line| {
                let line = line.strip_prefix("pub ").unwrap_or(line);
                let line = line.strip_prefix("fn ").unwrap_or(line);
                let rest = line.strip_prefix(member);
                rest.is_some_and(|rest| rest.starts_with(['(', '<', ',', ':']) || rest.starts_with(" = "))
            })
        };
        // The module `types` re-exports items of several folders.
        let is_in = |path: &Path, module: &str| {
            module == "types" || path.to_string_lossy().contains(&format!("/api/{module}"))
        };
        self.0.iter().any(|(path, source)| match is_type {
            true => declares(source, parent) && has_member(source),
            false => is_in(path, parent) && declares(source, member),
        })
    }
}

/// Returns why a row proves nothing, if so.
fn fault(row: &Row, sources: &Sources) -> Option<String> {
    let [document, statement, how, verdict, proof] = row.cells[..] else {
        return Some("five cells are expected".to_owned());
    };
    if document.is_empty() || statement.is_empty() || how.is_empty() {
        return Some("document, statement and means are required".to_owned());
    }
    let paths = how.split(|c: char| !c.is_alphanumeric() && !['_', ':'].contains(&c));
    let mut unknown = paths.filter_map(|path| path.trim_matches(':').split_once("::"));
    if let Some((parent, member)) = unknown.find(|(parent, member)| !sources.declare(parent, member)) {
        return Some(format!("there is no {parent}::{member}"));
    }
    match (verdict, proof.strip_prefix("FIDELITY.md: ")) {
        ("honored", None) => proof.split("; ").find_map(missing_test),
        ("limited" | "no part", Some(reason)) => missing_reason(reason),
        _ => Some(format!("`{verdict}` with `{proof}`: tests or a reason are required")),
    }
}

fn missing_test(proof: &str) -> Option<String> {
    let Some((file, test)) = proof.split_once("::") else {
        return Some(format!("`{proof}` is no test"));
    };
    let source = std::fs::read_to_string(root().join(file)).unwrap_or_default();
    let before = source.split_once(&format!("fn {test}(")).map(|(before, _)| before);
    let attributes: Vec<&str> = before
        .into_iter()
        .flat_map(|before| before.lines().rev().skip_while(|line| line.trim().is_empty()))
        .map(str::trim)
        .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
        .collect();
    // Any other attribute could keep the test from running.
    let runs = attributes.iter().all(|line| *line == "#[test]" || line.starts_with("//"))
        && attributes.contains(&"#[test]");
    (!runs).then(|| format!("there is no test {test} in {file} that runs"))
}

/// A reason is the bold beginning of a paragraph in a list, or the beginning of a row of a table.
fn missing_reason(reason: &str) -> Option<String> {
    let head = if reason.starts_with('|') { reason.to_owned() } else { format!("- **{reason}") };
    let is_there = reason.len() > 3 && FIDELITY.lines().any(|line| line.starts_with(&head));
    (!is_there).then(|| format!("FIDELITY.md gives no reason that begins with `{reason}`"))
}

#[test]
fn every_statement_has_a_test_or_a_reason() {
    let (rows, sources) = (rows(), Sources::of_core());
    let faults: Vec<String> =
        rows.iter().filter_map(|row| Some(format!("line {}: {}", row.line, fault(row, &sources)?))).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_statement_is_dropped() {
    let rows = rows();
    let statements: BTreeSet<(&str, &str)> = rows.iter().map(|row| (row.cells[0], row.cells[1])).collect();
    assert_eq!(statements.len(), rows.len(), "a statement has two rows");
    assert!(rows.len() >= 223, "{} rows: a statement may be added, and none is dropped", rows.len());
    let how = |start: &str| {
        let row =
            rows.iter().find(|row| row.cells[1] == start || row.cells[1].starts_with(&format!("{start} (")));
        row.unwrap_or_else(|| panic!("no row is about {start}")).cells[2]
    };
    let (facts, names) = (Facts::read(), Names::read());
    for (method, path) in &names.methods {
        let operation = facts.operation(method).unwrap();
        let item = path.split("::").last().unwrap();
        assert_eq!(how(&format!("{} {}", operation.method, operation.path)), item, "{method}");
    }
    for (class, path) in names.classes.iter().filter(|(_, path)| path.contains("::")) {
        assert_eq!(how(&format!("model {class}")), path, "{class}");
    }
}

#[test]
fn a_row_without_a_proof_is_found() {
    let this = "tests/tests/contract/trace.rs::every_statement_has_a_test_or_a_reason";
    let sources = Sources::of_core();
    let fault = |how, verdict, proof| {
        fault(&Row { line: 1, cells: vec!["page", "statement", how, verdict, proof] }, &sources)
    };
    let how = "bill_runs::CancelBillRun, CallOptions::token; ErrorKind::Rejected";
    assert_eq!(fault(how, "honored", this), None);
    let both = "tests/tests/contract/trace.rs::no_statement_is_dropped; \
                core/src/api/bill_runs/create.rs::an_ad_hoc_run_for_batches";
    assert_eq!(fault(how, "honored", both), None);
    assert_eq!(fault(how, "limited", "FIDELITY.md: Left to the service"), None);
    assert_eq!(fault(how, "limited", "FIDELITY.md: | 29 | `pageSize` above 40"), None);
    for (verdict, proof) in [
        ("honored", ""),
        ("honored", "FIDELITY.md: Left to the service"),
        ("honored", "tests/tests/contract/trace.rs"),
        ("honored", "tests/tests/contract/trace.rs::no_such_test"),
        ("honored", "tests/tests/contract/trace.rs::missing_reason"),
        ("honored", "tests/tests/no_such_file.rs::every_statement_has_a_test_or_a_reason"),
        ("honored", "tests/tests/contract/trace.rs::no_statement_is_dropped; an_ad_hoc_run_for_batches"),
        ("limited", this),
        ("limited", "FIDELITY.md: "),
        ("limited", "FIDELITY.md: the"),
        ("limited", "FIDELITY.md: The sandbox simulates none"),
        ("limited", "FIDELITY.md: no such reason"),
        ("partly", this),
    ] {
        assert!(fault(how, verdict, proof).is_some(), "{verdict} {proof}");
    }
    for how in ["", "CallOptions::tokens", "Call::token", "invoices::CancelBillRun"] {
        assert!(fault(how, "honored", this).is_some(), "{how}");
    }
}
