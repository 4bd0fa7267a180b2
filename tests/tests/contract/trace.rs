//! The trace of the documents: each statement has a test that shows it, or a reason in `FIDELITY.md`.

use std::path::Path;

struct Row {
    line: usize,
    cells: Vec<&'static str>,
}

fn rows() -> Vec<Row> {
    let table = include_str!("../../reference/trace.tsv").lines().enumerate().skip(1);
    table.map(|(index, line)| Row { line: index + 1, cells: line.split('\t').collect() }).collect()
}

/// Returns why a row proves nothing, if so.
fn fault(row: &Row) -> Option<String> {
    let [document, statement, _how, verdict, proof] = row.cells[..] else {
        return Some("five cells are expected".to_owned());
    };
    if document.is_empty() || statement.is_empty() {
        return Some("document and statement are required".to_owned());
    }
    match (verdict, proof.split_once("::"), proof.strip_prefix("FIDELITY.md: ")) {
        ("honored", Some((file, test)), None) => missing_test(file, test),
        ("limited" | "no part", _, Some(reason)) => missing_reason(reason),
        _ => Some(format!("`{verdict}` with `{proof}`: a test or a reason is required")),
    }
}

fn missing_test(file: &str, test: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let source = std::fs::read_to_string(path).unwrap_or_default();
    let declaration = format!("fn {test}(");
    let before = source.split_once(&declaration).map(|(before, _)| before.lines().rev().take(4));
    let is_test = before.is_some_and(|mut lines| lines.any(|line| line.trim().starts_with("#[test")));
    (!is_test).then(|| format!("there is no test {test} in {file}"))
}

fn missing_reason(reason: &str) -> Option<String> {
    let is_there = !reason.is_empty() && include_str!("../../../FIDELITY.md").contains(reason);
    (!is_there).then(|| format!("FIDELITY.md does not contain `{reason}`"))
}

#[test]
fn every_statement_has_a_test_or_a_reason() {
    let rows = rows();
    assert_eq!(rows.len(), 218, "a statement may be added, and none is dropped");
    let faults: Vec<String> =
        rows.iter().filter_map(|row| Some(format!("line {}: {}", row.line, fault(row)?))).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_row_without_a_proof_is_found() {
    let this = "tests/tests/contract/trace.rs::every_statement_has_a_test_or_a_reason";
    let row = |verdict, proof| Row { line: 1, cells: vec!["page", "statement", "how", verdict, proof] };
    assert_eq!(fault(&row("honored", this)), None);
    assert_eq!(fault(&row("limited", "FIDELITY.md: Left to the service")), None);
    for (verdict, proof) in [
        ("honored", ""),
        ("honored", "FIDELITY.md: Left to the service"),
        ("honored", "tests/tests/contract/trace.rs::no_such_test"),
        ("honored", "tests/tests/contract/trace.rs::missing_reason"),
        ("honored", "tests/tests/no_such_file.rs::every_statement_has_a_test_or_a_reason"),
        ("limited", this),
        ("limited", "FIDELITY.md: "),
        ("limited", "FIDELITY.md: no such reason"),
        ("partly", this),
    ] {
        assert!(fault(&row(verdict, proof)).is_some(), "{verdict} {proof}");
    }
}
