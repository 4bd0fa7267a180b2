//! Parser of `multipart/form-data` bodies.

/// One field of a form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part<'b> {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    /// The `Content-Type` of the part.
    pub(crate) media: Option<String>,
    pub(crate) content: &'b [u8],
}

/// Splits a body into its parts; `None` if the body does not match its content type.
pub(crate) fn read<'b>(content_type: &str, body: &'b [u8]) -> Option<Vec<Part<'b>>> {
    let boundary = parameter(content_type, "boundary").filter(|text| (1..=70).contains(&text.len()))?;
    let first = format!("--{boundary}");
    let delimiter = format!("\r\n--{boundary}");
    let start = match body.starts_with(first.as_bytes()) {
        true => first.len(),
        false => find(body, delimiter.as_bytes())? + delimiter.len(),
    };
    let mut rest = &body[start..];
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        // RFC 2046 allows whitespace after a delimiter.
        let part = &rest[find(rest, b"\r\n")? + 2..];
        let end = find(part, delimiter.as_bytes())?;
        parts.push(read_part(&part[..end])?);
        rest = &part[end + delimiter.len()..];
    }
    Some(parts)
}

fn read_part(part: &[u8]) -> Option<Part<'_>> {
    let end = find(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&part[..end]).ok()?;
    let header = |wanted: &str| {
        let mut headers = head.split("\r\n").filter_map(|line| line.split_once(':'));
        headers.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let disposition = header("content-disposition").filter(|value| value.starts_with("form-data"))?;
    Some(Part {
        name: parameter(disposition, "name")?,
        file_name: parameter(disposition, "filename"),
        media: header("content-type").map(str::to_owned),
        content: &part[end + 4..],
    })
}

/// Returns a parameter of a header value, bare or quoted.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let (_, mut rest) = header.split_once(';')?;
    loop {
        let (name, value) = rest.split_once('=')?;
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let (value, after) = value.split_once(';').unwrap_or((value, ""));
                (value.trim().to_owned(), after)
            }
        };
        if name.trim_matches([' ', ';']).eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// Returns the text up to the closing quote, and the text after that quote.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; charset=utf-8; boundary=\"x y\"";

    #[test]
    fn parts_are_split_at_their_boundaries() {
        let body = b"preamble\r\n--x y \r\nContent-Disposition: form-data; name=note\r\n\r\nhello\r\n--x y\r\n\
            content-type: application/pdf\r\ncontent-disposition: form-data; filename=\"a \\\"b\\\";c.pdf\"; name=\"file\"\
            \r\n\r\n%PDF\r\n--x\r\n\r\n--x y--\r\n";
        let parts = read(TYPE, body).unwrap();
        let named: Vec<_> = parts.iter().map(|part| (part.name.as_str(), part.content)).collect();
        assert_eq!(named, [("note", &b"hello"[..]), ("file", b"%PDF\r\n--x\r\n")]);
        assert_eq!(parts[1].file_name.as_deref(), Some("a \"b\";c.pdf"));
        assert_eq!(parts[1].media.as_deref(), Some("application/pdf"));
        assert_eq!(read(TYPE, b"--x y--").unwrap(), []);
    }

    #[test]
    fn invalid_bodies_are_rejected() {
        let part = "--x y\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n%PDF\r\n--x y--";
        assert_eq!(read(TYPE, part.as_bytes()).unwrap().len(), 1);
        for end in 0..part.len() {
            assert_eq!(read(TYPE, &part.as_bytes()[..end]), None, "cut off at {end}");
        }
        assert_eq!(read("multipart/form-data", part.as_bytes()), None);
        assert_eq!(read("multipart/form-data; boundary=", part.as_bytes()), None);
        let nameless = part.replace("; name=\"file\"", "");
        assert_eq!(read(TYPE, nameless.as_bytes()), None);
    }
}
