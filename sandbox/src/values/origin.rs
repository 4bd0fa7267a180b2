//! Origins: a scheme with a host.

/// Whether a text is like `http://localhost:3000`, as browsers send it: without a path, and the host in ASCII.
pub(crate) fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        let is_host =
            !host.is_empty() && !host.contains(|one: char| !one.is_ascii_graphic() || "/?#@*".contains(one));
        matches!(scheme, "http" | "https") && is_host
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_a_scheme_and_a_host_only() {
        for origin in ["http://localhost:3000", "https://app.example", "http://[::1]:8470"] {
            assert!(is_origin(origin), "{origin}");
        }
        for text in [
            "",
            "localhost",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://a?b",
            "http://a\n",
            "https://*.example",
            "http://\u{e9}",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }
}
