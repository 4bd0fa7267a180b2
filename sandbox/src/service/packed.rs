//! Heads of messages, as the journal stores them.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Texts and headers one after the other. The journal stores many of them and reads few, so that it matters how fast
/// one is stored and dropped.
#[derive(Clone)]
pub(super) struct Packed(Bytes);

/// Stores heads one after the other in blocks of memory, since an allocation for each would take longer than the
/// rest. A block is freed with the last of its heads.
#[derive(Clone, Debug, Default)]
pub(super) struct Packer(BytesMut);

/// Size of a block in bytes, unless one head is larger.
const BLOCK: usize = 64 << 10;

/// Number of bytes of the length before each part.
const LENGTH: usize = size_of::<u32>();

impl Packer {
    pub(super) fn pack<const N: usize>(&mut self, texts: [&str; N], headers: &HeaderMap) -> Packed {
        let texts_size: usize = texts.iter().map(|text| LENGTH + text.len()).sum();
        let header_size =
            |(name, value): (&HeaderName, &HeaderValue)| 2 * LENGTH + name.as_str().len() + value.len();
        let headers_size: usize = headers.iter().map(header_size).sum();
        let (size, Self(block)) = (texts_size + headers_size, self);
        if block.capacity() < size {
            *block = BytesMut::with_capacity(size.max(BLOCK));
        }
        block.resize(size, 0);
        let mut free = &mut block[..];
        texts.iter().for_each(|text| write(text.as_bytes(), &mut free));
        for (name, value) in headers {
            write(name.as_str().as_bytes(), &mut free);
            write(value.as_bytes(), &mut free);
        }
        Packed(block.split().freeze())
    }
}

impl Packed {
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

/// Writes a part to the start of the free bytes.
fn write(part: &[u8], free: &mut &mut [u8]) {
    // A head is far smaller than 4 GiB.
    let length = u32::try_from(part.len()).unwrap_or_default();
    let (place, rest) = std::mem::take(free).split_at_mut(LENGTH + part.len());
    place[..LENGTH].copy_from_slice(&length.to_le_bytes());
    place[LENGTH..].copy_from_slice(part);
    *free = rest;
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
        let mut packer = Packer::default();
        // Some of them are stored in the same block, and one is larger than a block.
        for path in ["/v1/é".to_owned(), "/v1".repeat(5000), "/v1".repeat(5000), "/v1".repeat(BLOCK)] {
            let packed = packer.pack([&path, "", "http://x"], &headers);
            let empty = packer.pack([], &HeaderMap::new());
            let (texts, unpacked) = packed.unpack();
            assert_eq!((texts, &unpacked), ([path.as_str(), "", "http://x"], &headers));
            assert_eq!(empty.unpack::<0>().1, HeaderMap::new());
        }
    }
}
