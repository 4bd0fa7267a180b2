//! The names of the official Python SDK: each is a search word of the item of this SDK with the same purpose. That each
//! has a row in the page for users who move is checked in `tests/tests/guide.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

/// Names of the official SDK, each with the path of our item.
#[derive(Deserialize)]
pub(crate) struct Names {
    pub(crate) methods: BTreeMap<String, String>,
    pub(crate) classes: BTreeMap<String, String>,
}

impl Names {
    pub(crate) fn read() -> Self {
        serde_json::from_str(include_str!("../../reference/zuora_sdk_names.json")).unwrap()
    }

    fn all(&self) -> impl Iterator<Item = (&String, &String)> {
        self.methods.iter().chain(&self.classes)
    }
}

/// The last part of a path: the name of an item.
fn item(path: &str) -> &str {
    path.rsplit("::").next().unwrap()
}

/// Adds the search words of each item that is declared in the files of a folder.
fn collect_aliases(folder: &Path, aliases: &mut BTreeMap<String, BTreeSet<String>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_aliases(&path, aliases);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            collect_from(&std::fs::read_to_string(&path).unwrap(), aliases);
        }
    }
}

fn collect_from(source: &str, aliases: &mut BTreeMap<String, BTreeSet<String>>) {
    let mut pending = BTreeSet::new();
    for line in source.lines().map(str::trim) {
        if let Some(alias) = line.strip_prefix("#[doc(alias = \"").and_then(|rest| rest.strip_suffix("\")]"))
        {
            pending.insert(alias.to_owned());
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            let name = declared(line).map(|name| aliases.entry(name.to_owned()).or_default());
            if let Some(of_item) = name {
                of_item.append(&mut pending);
            }
            pending.clear();
        }
    }
}

/// The name of the public item that a line declares. `model!` declares a `request` or a `response`.
fn declared(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ")?;
    let (kind, name) = rest.split_once(' ')?;
    let is_item = ["struct", "enum", "request", "response", "mod"].contains(&kind);
    is_item.then(|| name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
}

#[test]
fn every_name_of_the_official_sdk_is_a_search_word() {
    let names = Names::read();
    assert_eq!((names.methods.len(), names.classes.len()), (25, 37));
    let mut aliases = BTreeMap::new();
    collect_aliases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src"), &mut aliases);
    let missing: Vec<String> = names
        .all()
        .filter(|(name, path)| !aliases.get(item(path)).is_some_and(|words| words.contains(*name)))
        .map(|(name, path)| format!("#[doc(alias = \"{name}\")] on {path}"))
        .collect();
    assert!(missing.is_empty(), "missing:\n{}", missing.join("\n"));
}
