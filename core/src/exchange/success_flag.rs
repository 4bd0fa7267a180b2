//! The success flag of a body, found without reading all of the body.

use std::sync::LazyLock;

use memchr::memchr2;
use memchr::memmem::Finder;

/// Whether the outermost object of a body says `"success": true`, found without reading all of the body.
///
/// A body that names the flag more than once needs to be read as a whole, since its flags may contradict each other. A
/// flag near the end is that of the outermost object only if the body was not cut off.
pub(super) fn quick_success(body: &[u8]) -> bool {
    let mut ends = flag_ends(body);
    let (Some(end), None) = (ends.next(), ends.next()) else { return false };
    let (before, after) = body.split_at(end);
    let Some(before) = before.strip_suffix(b"\"success\"") else { return false };
    let Some(value) = after.trim_ascii_start().strip_prefix(b":") else { return false };
    let Some(after) = value.trim_ascii_start().strip_prefix(b"true") else { return false };
    matches!(before.trim_ascii_end().last(), Some(b'{' | b','))
        && matches!(after.trim_ascii_start().first(), Some(b'}' | b','))
        && match before.len() < after.len() {
            true => before.trim_ascii_start().split_first().is_some_and(|(brace, fields)| {
                *brace == b'{' && (has_no_brackets(fields) || is_one_deep(before.iter()))
            }),
            false => after
                .trim_ascii_end()
                .strip_suffix(b"}")
                .is_some_and(|fields| has_no_brackets(fields) || is_one_deep(after.iter().rev())),
        }
}

/// Whether a body names the flag no more than once.
pub(super) fn is_named_once(body: &[u8]) -> bool {
    flag_ends(body).nth(1).is_none()
}

/// Whether this is the name of the success flag.
pub(crate) fn is_flag(name: &str) -> bool {
    matches!(name, "success" | "Success" | "SUCCESS")
}

/// Returns the places after each name of the flag, those in capitals last. Names may be escaped, but not to the end in
/// any writer.
fn flag_ends(body: &[u8]) -> impl Iterator<Item = usize> {
    const ENDS: [&str; 2] = ["ccess\"", "CCESS\""];
    static FLAGS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| ENDS.map(Finder::new));
    FLAGS.iter().flat_map(|flag| flag.find_iter(body)).map(|start| start + ENDS[0].len())
}

/// Whether neither an object nor a list begins or ends here. In JSON, a name with its quotation marks is a name wherever
/// it is, so nothing else needs to be known about the fields.
fn has_no_brackets(fields: &[u8]) -> bool {
    memchr2(b'{', b'[', fields).is_none() && memchr2(b'}', b']', fields).is_none()
}

/// Whether the bytes from one end of a body up to a place, in either direction, lead into the outermost object and no
/// further. Returns false if they contain an escape.
fn is_one_deep<'a>(bytes: impl Iterator<Item = &'a u8>) -> bool {
    let (mut depth, mut is_text) = (0_i32, false);
    for byte in bytes {
        match byte {
            b'"' => is_text = !is_text,
            b'\\' => return false,
            b'{' | b'[' if !is_text => depth += 1,
            b'}' | b']' if !is_text => depth -= 1,
            _ => {}
        }
    }
    depth.abs() == 1 && !is_text
}

/// Whether the body can hold an error at all: a quick search before a whole read.
pub(super) fn may_hold_error(body: &[u8]) -> bool {
    const MARKS: [&str; 9] = [
        "ccess\"",
        "CCESS\"",
        "easons\"",
        "ault",
        "rrors\"",
        "rror\"",
        "essage\"",
        "REQUEST_EXCEEDED",
        "\\u00",
    ];
    static FINDERS: LazyLock<[Finder<'static>; 9]> = LazyLock::new(|| MARKS.map(Finder::new));
    FINDERS.iter().any(|finder| finder.find(body).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::envelope_reader::EnvelopeReader;

    #[test]
    fn a_flag_is_the_outermost_one() {
        let nested = br#"{"invoices":[{"success":true},{"success":false}],"note":"\"success\":true"}"#;
        assert!(!quick_success(nested));
        assert_eq!(EnvelopeReader::read(nested).success, None);
        assert!(quick_success(b" { \"success\" : true , \"id\":1}"));
        assert!(quick_success(b"{\"id\":1,\n \"success\" : true\n}\n"));
        assert!(!quick_success(br#"{"row":{"success":true}}"#));
        // A bracket in a text leads nowhere, from either end.
        assert!(!quick_success(br#"{"note":"a long text before","row":{"success":true,"x":"{"}}"#));
        assert!(!quick_success(br#"{"row":{"x":"}","success":true},"note":"a long text behind it all"}"#));
        assert!(quick_success(br#"{"note":"a long text before [{","success":true,"x":["{"]}"#));
        assert!(!quick_success(br#"{"asuccess":true}"#));
        assert!(!quick_success(br#"{"success":false}"#));
        assert!(!quick_success(br#"{"success":false,"id":1,"success":true}"#));
        assert!(!quick_success(br#"{"success":true,"id":1,"success":false}"#));
        assert!(!quick_success(br#"{"success":true,"id":1,"SUCCESS":false}"#));
        assert!(!quick_success(br#"{"SUCCESS":true,"id":1}"#));
        assert!(!quick_success(br#"{"id":1,"success":"true"}"#));
        assert_eq!(EnvelopeReader::read(br#"{"success":true,"success":false}"#).success, Some(false));
    }

    #[test]
    fn a_flag_between_other_fields_is_found_at_its_depth() {
        let long = "x".repeat(100);
        for fields in ["", r#","a":{"b":[{"c":"{["}]}"#, r#","a":"}","b":"\u00fc""#] {
            for filler in [format!(r#"{{"x":"{long}""#), r#"{"x":1"#.to_owned()] {
                for rest in [String::new(), format!(r#","y":"{long}{long}""#)] {
                    let body = format!(r#"{filler}{fields} , "success" : true{fields}{rest}}}"#);
                    let read = EnvelopeReader::read(body.as_bytes());
                    assert_eq!(read.success, Some(true), "{body}");
                    // An escape next to the flag is left to the whole reading.
                    assert_eq!(quick_success(body.as_bytes()), !fields.contains('\\'), "{body}");
                }
            }
        }
        for body in [
            r#"{"a":{"x":1,"success":true,"y":1}}"#,
            r#"{"a":[{"success":true}],"b":1}"#,
            r#"{"a":"b","c":{"d":"}","success":true},"e":"f"}"#,
            r#"[{"x":1,"success":true,"y":1}]"#,
            r#"{"a":"x,\"success\":true,y"}"#,
            r#"{"a":1,"success":false,"b":1}"#,
            r#"{"a":1,"success":true,"b":1,"success":false}"#,
            r#"{"a":1,"Success":true,"b":1}"#,
            r#"{"a":1,"success":truest,"b":1}"#,
            r#"true,"success":true,"#,
            r#"{"status":"success"}"#,
            r#"{"a":1"success":true}"#,
        ] {
            assert!(!quick_success(body.as_bytes()), "{body}");
        }
    }
}
