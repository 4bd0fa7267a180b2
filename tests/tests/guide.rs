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
    for (theirs, ours) in facts["arguments"].as_object().unwrap() {
        let row = rows.iter().find(|row| row[0].contains(&format!("`{theirs}`")));
        let row = row.unwrap_or_else(|| panic!("no row has {theirs}"));
        assert!(row[1].contains(ours.as_str().unwrap()), "{theirs} is {ours}, not {}", row[1]);
    }
}

#[test]
fn the_page_for_users_of_the_official_sdk_names_the_type_that_each_operation_returns() {
    let page = read("core/guide/moving-from-the-python-sdk.md");
    let list = read("core/src/intent/any_operation.rs");
    let mut checked = 0;
    for row in rows(between(&page, "# Methods", "\n# ")) {
        let words: Vec<&str> = row[2].split('`').collect();
        let method = row[0].trim_matches('`');
        let line = list.lines().find(|line| line.trim().ends_with(&format!(" = \"{method}\",")));
        let (_, output) = line.unwrap_or_else(|| panic!("no {method}")).split_once(" => ").unwrap();
        let output = output.split_once(" = ").unwrap().0;
        let returned = match words[2] {
            " for each row" => row_of_list(output).unwrap_or_else(|| panic!("{output} is no list")),
            _ => output.to_owned(),
        };
        assert_eq!(words[1], returned, "{method}");
        checked += 1;
    }
    assert_eq!(checked, 25);
}

/// The type of the rows of a list, whose declaration names the page and its rows.
fn row_of_list(page: &str) -> Option<String> {
    let files = fs::read_dir(root().join("core/src/api/invoices")).unwrap();
    files.into_iter().find_map(|file| {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        let (_, rows) = source.split_once(&format!("-> {page} {{ "))?;
        Some(rows.split([':', '}']).nth(1)?.trim().to_owned())
    })
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

/// The permissions, features and rules that the documents name: operation, its file, words.
const REQUIREMENTS: [(&str, &str, &[&str]); 8] = [
    (
        "CreateBillRun",
        "bill_runs/create",
        &["Create Bill Runs", "Support Bill Run Auto-Post?", "Catch-Up Bill Run", "Multi-Org"],
    ),
    (
        "EmailBillRun",
        "bill_runs/email",
        &["Manual Email For Invoice", "Email Credit Memo", "Invoice Settlement"],
    ),
    ("CreateStandaloneInvoice", "invoices/create", &["Modify Invoice", "Create Standalone Invoice"]),
    (
        "BulkCreateStandaloneInvoices",
        "invoices/bulk_create",
        &["Modify Invoice", "Create Standalone Invoice"],
    ),
    ("UploadInvoiceFile", "invoices/upload_file", &["Modify Invoice"]),
    ("GetInvoiceApplicationParts", "invoices/application_parts", &["Invoice Settlement"]),
    ("ReverseInvoice", "invoices/reverse", &["Invoice Settlement"]),
    ("WriteOffInvoice", "invoices/write_off", &["Invoice Settlement"]),
];

#[test]
fn documented_requirements_are_named_in_the_table_and_at_the_operation() {
    let page = read("core/guide/permissions.md");
    for (operation, file, words) in REQUIREMENTS {
        let rows = rows(&page);
        let row = rows.iter().find(|row| row[0].contains(&format!("[`{operation}`]"))).unwrap();
        let docs = docs_of(file);
        for word in words {
            assert!(row[1..].join(" ").contains(word), "permissions.md: {operation}: {word}");
            assert!(docs.contains(word), "{file}.rs: {word}");
        }
    }
}

/// The restrictions and thresholds that the pages of the operations name: file of an operation, words.
const RESTRICTIONS: [(&str, &[&str]); 12] = [
    ("bill_runs/create", &["500 runs", "at most two", "several accounts", "Zuora recommends"]),
    ("bill_runs/scope", &["1 to 50 subscriptions of one account", "`Batch1` to `Batch50`"]),
    ("bill_runs/delete", &["`Canceled` or `Error`"]),
    ("bill_runs/post", &["`Completed`", "`PostInProgress`"]),
    (
        "bill_runs/email",
        &["Include Invoice PDF", "Include Credit Memo PDF", "Invoice Posted Default Email Template"],
    ),
    ("invoices/email", &["Manual Email For Invoice", "Include Invoice PDF", "bill-to contact"]),
    ("invoices/post", &["1,000 items", "Zuora Global Support"]),
    ("invoices/cancel", &["1,000 items", "Zuora Global Support"]),
    ("invoices/delete", &["100 items", "Zuora Global Support"]),
    ("invoices/upload_file", &["4 MiB", "50 files", "draft or posted"]),
    (
        "invoices/reverse",
        &["`Posted`", "split", "negative", "tax connector", "2,000", "newer invoice", "mirror"],
    ),
    (
        "invoices/write_off",
        &[
            "2,000",
            "before Invoice Settlement",
            "zero balance",
            "application rule",
            "mirroring invoice items",
        ],
    ),
];

#[test]
fn documented_restrictions_are_named_at_the_operation() {
    for (file, words) in RESTRICTIONS {
        let docs = docs_of(file);
        for word in words {
            assert!(docs.contains(word), "{file}.rs: {word}");
        }
    }
}

/// The documentation in a file of the API, in one line.
fn docs_of(file: &str) -> String {
    let source = read(&format!("core/src/api/{file}.rs"));
    let lines = source.lines().filter_map(|line| line.trim().strip_prefix("/// "));
    lines.collect::<Vec<_>>().join(" ")
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
