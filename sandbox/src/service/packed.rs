//! Heads of messages, as the journal stores them.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Texts and headers one after the other in one allocation. The journal stores many of them and reads few, so that
/// it matters how fast one is stored and dropped.
#[derive(Clone)]
pub(super) struct Packed(Box<[u8]>);

/// Number of bytes of the length before each part.
const LENGTH: usize = size_of::<u32>();

impl Packed {
    pub(super) fn new<const N: usize>(texts: [&str; N], headers: &HeaderMap) -> Self {
        let texts_size: usize = texts.iter().map(|text| LENGTH + text.len()).sum();
        let header_size =
            |(name, value): (&HeaderName, &HeaderValue)| 2 * LENGTH + name.as_str().len() + value.len();
        let headers_size: usize = headers.iter().map(header_size).sum();
        let mut bytes = Vec::with_capacity(texts_size + headers_size);
        texts.iter().for_each(|text| push(text.as_bytes(), &mut bytes));
        for (name, value) in headers {
            push(name.as_str().as_bytes(), &mut bytes);
            push(value.as_bytes(), &mut bytes);
        }
        Self(bytes.into())
    }

    /// Returns the texts and the headers.
    pub(super) fn unpack<const N: usize>(&self) -> ([&str; N], HeaderMap) {
        let (texts, packed) = self.parts();
        let mut headers = HeaderMap::new();
        for (name, value) in packed {
            let (name, value) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value));
            if let (Ok(name), Ok(value)) = (name, value) {
                headers.append(name, value);
            }
        }
        (texts, headers)
    }

    /// Returns the texts, and names and values of the headers, without allocating anything.
    pub(super) fn parts<const N: usize>(&self) -> ([&str; N], impl Iterator<Item = (&[u8], &[u8])>) {
        let mut parts = Parts(&self.0);
        let texts = std::array::from_fn(|_| {
            let text = parts.next().unwrap_or_default();
            std::str::from_utf8(text).unwrap_or_default()
        });
        (texts, std::iter::from_fn(move || parts.next().zip(parts.next())))
    }

    /// Returns the size in memory.
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }
}

fn push(part: &[u8], bytes: &mut Vec<u8>) {
    // A head is far smaller than 4 GiB.
    let length = u32::try_from(part.len()).unwrap_or_default();
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&part[..length as usize]);
}

/// The parts of a packed head.
struct Parts<'p>(&'p [u8]);

impl<'p> Iterator for Parts<'p> {
    type Item = &'p [u8];

    fn next(&mut self) -> Option<&'p [u8]> {
        let (length, rest) = self.0.split_first_chunk::<LENGTH>()?;
        let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        self.0 = rest;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_unpacked_as_it_was_packed() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("accept", &b"*/*"[..]), ("set-cookie", b"a=1"), ("set-cookie", b""), ("x-own", b"\xff")]
        {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
        }
        let packed = Packed::new(["/v1/é", "", "http://x"], &headers);
        let (texts, unpacked) = packed.unpack();
        assert_eq!((texts, unpacked), (["/v1/é", "", "http://x"], headers));
        assert_eq!(Packed::new([], &HeaderMap::new()).unpack::<0>().1, HeaderMap::new());
    }
}
