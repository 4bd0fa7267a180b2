//! `sandbox/FIDELITY.md` says of every fact about the service what the sandbox does with it.

#![allow(clippy::unwrap_used, clippy::panic)] // A test fails by panicking.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use zuora_sandbox::Settings;

/// A row of the table.
struct Row {
    facts: String,
    state: String,
    shown_by: String,
    source: String,
}

fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(sandbox().join("FIDELITY.md")).unwrap();
    let table = text.lines().skip_while(|line| !line.starts_with("| --- |")).skip(1);
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [facts, _, state, shown_by, source] = cells[..] else { panic!("not five cells: {line}") };
        let [facts, state, shown_by, source] = [facts, state, shown_by, source].map(str::to_owned);
        Row { facts, state, shown_by, source }
    };
    table.take_while(|line| line.starts_with('|')).map(row).collect()
}

fn sandbox() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../sandbox"))
}

/// Returns the numbers of a row: one, or all of a range of one section.
fn numbers(facts: &str) -> Vec<String> {
    let Some((first, last)) = facts.split_once(" to ") else { return vec![facts.to_owned()] };
    let (section, first) = first.rsplit_once('-').unwrap();
    let (same, last) = last.rsplit_once('-').unwrap();
    assert_eq!(section, same, "{facts} is a range of one section");
    let (first, last): (u32, u32) = (first.parse().unwrap(), last.parse().unwrap());
    assert!(first < last, "{facts}");
    (first..=last).map(|number| format!("{section}-{number}")).collect()
}

/// Returns the parts of a cell between backticks.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_fact_has_one_row() {
    let sections: BTreeMap<String, u32> =
        serde_json::from_str(include_str!("../reference/behaviour.json")).unwrap();
    let facts: BTreeSet<String> = sections
        .iter()
        .flat_map(|(section, count)| (1..=*count).map(move |number| format!("{section}-{number}")))
        .collect();
    let mut listed = BTreeSet::new();
    for number in rows().iter().flat_map(|row| numbers(&row.facts)) {
        assert!(facts.contains(&number), "no fact has the number {number}");
        assert!(listed.insert(number.clone()), "{number} has two rows");
    }
    let missing: Vec<&String> = facts.difference(&listed).collect();
    assert!(missing.is_empty(), "facts without a row: {missing:?}");
}

#[test]
fn every_row_names_what_plays_it_and_its_source() {
    for Row { facts, state, shown_by, source } in rows() {
        assert!(!source.is_empty(), "{facts} has no source");
        let files: Vec<&str> = code(&shown_by)
            .into_iter()
            .filter(|part| part.starts_with("src/") || part.starts_with("tests/"))
            .collect();
        for file in &files {
            assert!(sandbox().join(file).is_file(), "{facts}: {file} does not exist");
        }
        match state.as_str() {
            "played" => assert!(!files.is_empty(), "{facts} names no file"),
            "setting" => {
                let named = code(&shown_by).into_iter().any(|part| Settings::NAMES.contains(&part));
                assert!(named, "{facts} names no setting: {shown_by}");
            }
            "left out" => assert!(!shown_by.is_empty(), "{facts} has no reason"),
            other => panic!("{facts}: {other} is neither played, a setting, nor left out"),
        }
    }
}
