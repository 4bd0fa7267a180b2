//! The format of profile files: sections of named values, as in INI and simple TOML.

use crate::error::{Error, Result};

/// Returns the settings of a section.
///
/// # Errors
/// There is no such section, or one of its lines is not a setting with one of these names. No text of a line is part of
/// the error, since a secret may be broken over lines.
pub(super) fn section<'a>(text: &'a str, section: &str, names: &[&str]) -> Result<Vec<(&'a str, &'a str)>> {
    let invalid = |at: &str, why: String| Error::invalid(format!("[{section}]{at}"), why);
    let (mut sections, mut values) = (Vec::new(), Vec::<(&str, &str)>::new());
    // A byte order mark may precede the text.
    for (line, number) in text.trim_start_matches('\u{feff}').lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::trim) {
            if name == section && sections.contains(&name) {
                return Err(invalid("", "must occur once in the file".to_owned()));
            }
            sections.push(name);
            continue;
        }
        if sections.last().is_none_or(|name| *name != section) {
            continue;
        }
        let at = format!(" line {number}");
        let Some((name, value)) = line.split_once('=') else {
            return Err(invalid(&at, "must be a comment or a setting `name = value`".to_owned()));
        };
        let name = name.trim();
        if !names.contains(&name) {
            return Err(invalid(&at, format!("must be one of the settings {}", names.join(", "))));
        }
        if values.iter().any(|(known, _)| *known == name) {
            return Err(invalid(&format!(" {name}"), "must occur once in the profile".to_owned()));
        }
        let Some(value) = unquoted(value.trim()) else {
            let why = "must end with its quote, and must contain neither this quote nor, in double quotes, a backslash";
            return Err(invalid(&format!(" {name}"), why.to_owned()));
        };
        values.push((name, value));
    }
    if !sections.contains(&section) {
        let known: Vec<_> = sections.into_iter().filter(|name| is_plain(name)).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(invalid("", format!("must be a profile of the file, which has: {known}")));
    }
    Ok(values)
}

/// Whether an error may show the name of a section. A line in brackets can also be a part of a secret that is broken over
/// lines, so long names and those with other characters are left out.
fn is_plain(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    (1..=30).contains(&name.chars().count()) && name.chars().all(is_plain)
}

/// Removes the quotes of a quoted value. Returns `None` if the quotes do not match, or if an escape would be needed.
fn unquoted(value: &str) -> Option<&str> {
    if let Some(rest) = value.strip_prefix('\'') {
        return rest.strip_suffix('\'').filter(|inner| !inner.contains('\''));
    }
    let Some(rest) = value.strip_prefix('"') else { return Some(value) };
    rest.strip_suffix('"').filter(|inner| !inner.contains(['"', '\\']))
}
