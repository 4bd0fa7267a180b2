//! The grammar of numbers in JSON.

/// Returns whether the text is a number by JSON's grammar.
pub(super) fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (text, exponent) = match text.split_once(['e', 'E']) {
        Some((text, exponent)) => (text, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

/// Converts digits with a plus sign, with leading zeros, or without any digit on one side of the point.
pub(super) fn json_form(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_forms_of_a_number_become_numbers_of_json() {
        for (text, form) in [
            ("+5", "5"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            ("007.10", "7.10"),
            ("5.", "5"),
            ("+00", "0"),
            ("-05", "-5"),
        ] {
            assert!(!is_json_number(text) && is_json_number(form), "{text}");
            assert_eq!(json_form(text).as_deref(), Some(form));
        }
        for text in
            ["", ".", "+", "-", "+.", "--5", "+-5", "5.5.5", "1e", ".e5", "+1e5", " 5", "1_000", "1,5", "٣"]
        {
            assert!(!is_json_number(text) && json_form(text).is_none(), "{text}");
        }
    }
}
