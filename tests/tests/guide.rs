//! The pages of the guide, compared with the code that their tables are about.

#![allow(clippy::unwrap_used, clippy::panic)] // A test fails by panicking.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Its example is the one of the documentation of `zuora-workers`, which this package cannot depend on: its database
/// layer requires a newer Rust.
const WITHOUT_TEST: &str = "workers.md";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn pages() -> Vec<String> {
    let entries = fs::read_dir(root().join("core/guide")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".md")).collect()
}

/// The cells of the rows of all tables, without the heads.
fn rows(markdown: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = markdown.lines().collect();
    let is_row = |line: &&str| line.trim_start_matches("//! ").starts_with('|');
    let is_head = |index: usize| lines.get(index + 1).is_some_and(|next| next.contains("| --- |"));
    let body = lines
        .iter()
        .enumerate()
        .filter(|(index, line)| is_row(line) && !line.contains("| --- |") && !is_head(*index));
    body.map(|(_, line)| {
        line.trim_start_matches("//! ").trim_matches('|').split('|').map(str::trim).collect()
    })
    .collect()
}

/// The words between the first `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let start = text.find(before).unwrap_or_else(|| panic!("no {before}")) + before.len();
    let rest = &text[start..];
    &rest[..rest.find(after).unwrap_or_else(|| panic!("no {after}"))]
}

/// The variants of an enum, from its source.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let body = between(source, &format!("pub enum {name} {{"), "\n}");
    let lines = body.lines().map(|line| line.trim().trim_end_matches(','));
    lines.filter(|line| line.starts_with(char::is_uppercase)).map(str::to_owned).collect()
}

/// The operations that can be kept as an intent, which are all of them.
fn operations() -> BTreeSet<String> {
    let source = read("core/src/intent/any_operation.rs");
    let list = &source[source.rfind("any_operation! {").unwrap()..];
    let names = list.lines().filter_map(|line| Some(line.trim().split_once(" => ")?.0.to_owned()));
    names.filter(|name| name.starts_with(char::is_uppercase)).collect()
}

#[test]
fn every_page_is_in_the_documentation_and_its_examples_are_run_once() {
    let (modules, tested) = (read("core/guide/mod.rs"), read("tests/src/guide.rs"));
    for page in pages() {
        let module = page.trim_end_matches(".md").replace('-', "_");
        let in_core = modules.contains(&format!("#![doc = include_str!(\"{page}\")]"));
        let elsewhere =
            modules.contains(&format!("#![cfg_attr(not(doctest), doc = include_str!(\"{page}\"))]"));
        assert!(in_core ^ elsewhere, "core/guide/mod.rs must include {page} once");
        let is_tested = tested.contains(&format!("/guide/{page}\")]")) || page == WITHOUT_TEST;
        assert_eq!(elsewhere, is_tested, "tests/src/guide.rs: {page}");
        assert!(modules.contains(&format!("//! | [`{module}`] | ")), "core/guide/mod.rs must list {module}");
        let text = read(&format!("core/guide/{page}"));
        assert!(!text.contains("```ignore"), "{page} has an example that is not compiled");
    }
}

#[test]
fn the_readme_has_every_page() {
    let readme = read("README.md");
    for page in pages() {
        assert!(readme.contains(&format!("](core/guide/{page}) | ")), "README.md must list {page}");
    }
}

#[test]
fn documentation_and_readmes_have_the_words_that_people_search_for() {
    let sources =
        ["core/src/client/blocking.rs", "core/src/session/config.rs", "core/src/testing/fake_transport.rs"];
    let aliases: String =
        sources.iter().chain(&["core/src/session/call_options.rs"]).map(|path| read(path)).collect();
    for word in ["retry", "poll", "pagination", "rate limit", "mock", "idempotency", "dry run"] {
        assert!(aliases.contains(&format!("#[doc(alias = \"{word}\")]")), "no alias is {word}");
        for readme in
            ["README.md", "core/README.md", "transport-ureq/README.md", "transport-reqwest/README.md"]
        {
            assert!(read(readme).to_lowercase().contains(word), "{readme} does not have the word {word}");
        }
    }
}

#[test]
fn the_page_for_users_of_the_official_sdk_has_every_name_with_ours() {
    let facts: serde_json::Value =
        serde_json::from_str(&read("tests/reference/zuora_sdk_names.json")).unwrap();
    let page = read("core/guide/moving-from-the-python-sdk.md");
    let rows = rows(&page);
    let mut checked = 0;
    for list in ["methods", "classes"] {
        for (theirs, ours) in facts[list].as_object().unwrap() {
            let ours = ours.as_str().unwrap().rsplit("::").next().unwrap();
            let row = rows.iter().find(|row| row[0].contains(&format!("`{theirs}`")));
            let row = row.unwrap_or_else(|| panic!("no row has {theirs}"));
            let rest = row[1..].join(" ");
            let words: Vec<&str> = rest.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            assert!(words.contains(&ours), "{theirs} is {ours}, not {rest}");
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn the_table_of_errors_has_every_kind_with_its_outcomes() {
    let source = read("core/src/error/mod.rs");
    let (kinds, outcomes) = (variants(&source, "ErrorKind"), variants(&source, "Outcome"));
    let page = read("core/guide/errors.md");
    let mut listed = BTreeSet::new();
    for row in rows(between(&page, "# Kind, outcome, and what to do", "\n#")) {
        if !row[0].is_empty() {
            assert!(listed.insert(row[0].trim_matches('`').to_owned()), "{} twice", row[0]);
        }
        assert!(outcomes.contains(row[2].trim_matches('`')), "{row:?}");
        assert!(!row[3].is_empty(), "{row:?}");
    }
    assert_eq!(listed, kinds);
}

#[test]
fn the_table_of_retries_is_the_one_in_the_code() {
    let (page, code) = (read("core/guide/retries.md"), read("core/src/exchange/retry.rs"));
    let of_page = rows(&page);
    assert!(of_page.len() >= 8);
    assert_eq!(of_page, rows(&code));
}

#[test]
fn the_table_of_permissions_has_every_operation_once() {
    let page = read("core/guide/permissions.md");
    let mut listed = BTreeSet::new();
    for row in rows(&page) {
        for name in row[0].split('`').skip(1).step_by(2) {
            assert!(listed.insert(name.to_owned()), "{name} twice");
        }
    }
    assert_eq!(listed, operations());
}

#[test]
fn the_table_of_lists_has_every_list() {
    let page = read("core/guide/lists.md");
    let listed: BTreeSet<String> =
        rows(&page).iter().filter_map(|row| row[1].split('`').nth(1).map(str::to_owned)).collect();
    let folders = ["core/src/api/invoices", "core/src/api/bill_runs", "core/src/api"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let mut lists = BTreeSet::new();
    for file in files.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some()) {
        let source = fs::read_to_string(&file).unwrap();
        let declared =
            source.split("numbered_pages! {\n").skip(1).map(|rest| rest.split_once('{').unwrap().0);
        let by_hand = source.split("impl Paginated for ").skip(1).map(|rest| rest.split_once('{').unwrap().0);
        lists.extend(
            declared.chain(by_hand).map(|name| name.trim().to_owned()).filter(|name| !name.contains('$')),
        );
    }
    assert_eq!(listed, lists);
}

#[test]
fn the_table_of_waiters_has_every_waiter() {
    let page = read("core/guide/waiting.md");
    let listed: BTreeSet<String> =
        rows(&page).iter().filter_map(|row| row[0].split('`').nth(1).map(str::to_owned)).collect();
    let mut waiters = BTreeSet::new();
    for folder in ["core/src/api/invoices", "core/src/api/bill_runs", "core/src/call"] {
        for file in fs::read_dir(root().join(folder)).unwrap() {
            let source = fs::read_to_string(file.unwrap().path()).unwrap();
            let code = source.split("#[cfg(test)]").next().unwrap();
            let lines = code.lines().filter(|line| line.starts_with("impl") && line.contains(" Waiter for "));
            let name = |line: &str| {
                line.split(" Waiter for ").nth(1).unwrap().split(['<', ' ']).next().map(str::to_owned)
            };
            waiters.extend(lines.filter_map(name));
        }
    }
    assert_eq!(listed, waiters);
}
