//! The check of HMAC signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, Request};
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::Unauthorized;
use crate::error::{Error, Result};
use crate::types::Secret;

const BODY: &str = "{{Request.Body}}";
const HEADER: &str = "{{Request.Headers.";
const SIGNED: &str = "{{Request.HMAC.Signed}}";

/// The HMAC settings of a callout template, with which the service signs each notification.
///
/// The default is the signature of the body by SHA-256 in hexadecimal digits. The settings have to be those of the
/// template: `hmacKey`, `hmacSecret`, `hmacAlgorithm`, `hmacOutputFormat`, `hmacData` and `hmacValue` of "Create a callout
/// template". The signature is compared in constant time.
///
/// The signature covers the body and those headers that the data names. It covers no other header and no part of the
/// URL, so do not rely on parameters of the URL.
///
/// # Requests that are sent again
/// Without headers in the data, one signature is valid for a body for ever. A captured request can be sent again under
/// another `Zuora-Notification-Id`, which [`DuplicateGuard`](super::DuplicateGuard) takes for a new
/// notification. Set `hmacData` of the template to `{{Request.Headers.Zuora-Notification-Id}}\n{{Request.Body}}`, and
/// [`data`](Self::data) to the same.
///
/// A callout by GET has no body, so that its signature would be valid for every URL. A request without a body has a wrong
/// signature, unless the data names a header that the request has.
///
/// ```
/// use zuora_core::callouts::{HmacAuth, HmacOutputFormat};
/// use zuora_core::http::Request;
///
/// let auth = HmacAuth::new("X-Callout-Signature", "hunter2")?
///     .output_format(HmacOutputFormat::Base64)
///     .data("{{Request.Headers.Date}}\n{{Request.Body}}")?
///     .value("SHA-256 {{Request.HMAC.Signed}}")?;
/// let request = Request::post("/callouts")
///     .header("date", "Thu, 24 Jul 2025 10:00:00 GMT")
///     .header("x-callout-signature", "SHA-256 qSHgGBeUoQpAyQDxuxLzGP3jFMPfgm2piorETITRuGg=")
///     .body("{}")?;
/// auth.check(&request)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct HmacAuth {
    header: HeaderName,
    secret: Secret,
    algorithm: HmacAlgorithm,
    format: HmacOutputFormat,
    data: Vec<Part>,
    /// The text before and after the signature in the header.
    around: (Box<str>, Box<str>),
}

/// Hash function of a signature. The service also offers MD5 and SHA-1, which are not supported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HmacAlgorithm {
    /// `SHA-224`
    Sha224,
    /// `SHA-256`
    #[default]
    Sha256,
    /// `SHA-384`
    Sha384,
    /// `SHA-512`
    Sha512,
}

/// Text form of a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HmacOutputFormat {
    /// `HEX`: hexadecimal digits in small or capital letters.
    #[default]
    Hex,
    /// `BASE64`
    Base64,
}

/// A part of the signed data.
#[derive(Clone, Debug)]
enum Part {
    Text(Box<str>),
    Header(HeaderName),
    Body,
}

impl HmacAuth {
    /// Creates the check from the name of the header with the signature (`hmacKey`) and the shared secret (`hmacSecret`).
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build): the name is not that of a header, or the secret is empty.
    pub fn new(header: &str, secret: &str) -> Result<Self> {
        if secret.is_empty() {
            return Err(Error::invalid("hmacSecret", "must not be empty"));
        }
        Ok(Self {
            header: name("hmacKey", header)?,
            secret: Secret::from(secret),
            algorithm: HmacAlgorithm::default(),
            format: HmacOutputFormat::default(),
            data: vec![Part::Body],
            around: Default::default(),
        })
    }

    /// Sets `hmacAlgorithm`. Default: SHA-256.
    #[must_use]
    pub fn algorithm(mut self, algorithm: HmacAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets `hmacOutputFormat`. Default: hexadecimal digits.
    #[must_use]
    pub fn output_format(mut self, format: HmacOutputFormat) -> Self {
        self.format = format;
        self
    }

    /// Sets `hmacData`, the data that is signed. Default: `{{Request.Body}}`.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build): the data does not contain `{{Request.Body}}`, so that anyone could
    /// change the body, or has a merge field other than this one and `{{Request.Headers.<name>}}`. Two merge fields without
    /// a text between them are an error too, since the end of a header could be moved to the body.
    pub fn data(mut self, template: &str) -> Result<Self> {
        let invalid = |why: &'static str| Error::invalid("hmacData", why);
        let (mut parts, mut rest) = (Vec::new(), template);
        while let Some(start) = rest.find("{{") {
            let (text, field) = rest.split_at(start);
            if text.is_empty() && !parts.is_empty() {
                return Err(invalid("must have a text between two merge fields, such as a line break"));
            }
            let end = field.find("}}").ok_or_else(|| invalid("must close each merge field with }}"))? + 2;
            parts.push(Part::Text(text.into()));
            parts.push(match &field[..end] {
                BODY => Part::Body,
                field => match field.strip_prefix(HEADER) {
                    Some(header) => Part::Header(name("hmacData", &header[..header.len() - 2])?),
                    None => {
                        return Err(invalid(
                            "must have no merge fields other than {{Request.Body}} and {{Request.Headers.<name>}}",
                        ));
                    }
                },
            });
            rest = &field[end..];
        }
        parts.push(Part::Text(rest.into()));
        if !parts.iter().any(|part| matches!(part, Part::Body)) {
            return Err(invalid("must contain {{Request.Body}}, or else the body could be changed"));
        }
        self.data = parts;
        Ok(self)
    }

    /// Sets `hmacValue`, the value of the header. Default: `{{Request.HMAC.Signed}}`.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build): the value does not contain `{{Request.HMAC.Signed}}`, or has another
    /// merge field.
    pub fn value(mut self, template: &str) -> Result<Self> {
        match template.split_once(SIGNED) {
            Some((before, after)) if !before.contains("{{") && !after.contains("{{") => {
                self.around = (before.into(), after.into());
                Ok(self)
            }
            _ => {
                let why = "must contain {{Request.HMAC.Signed}} once, and no other merge field";
                Err(Error::invalid("hmacValue", why))
            }
        }
    }

    /// Checks the signature of a request.
    ///
    /// # Errors
    /// [`Unauthorized`]: there is no signature, it is wrong, or it is one of nothing.
    pub fn check(&self, request: &Request<impl AsRef<[u8]>>) -> Result<(), Unauthorized> {
        let value = request.headers().get(&self.header).ok_or(Unauthorized::Missing)?;
        let signature = self.signature(value.as_bytes()).ok_or(Unauthorized::Mismatch)?;
        let (key, headers, body) =
            (self.secret.expose().as_bytes(), request.headers(), request.body().as_ref());
        if body.is_empty() && !self.signs_header_of(headers) {
            return Err(Unauthorized::Mismatch);
        }
        let is_valid = match self.algorithm {
            HmacAlgorithm::Sha224 => self.verify::<Hmac<Sha224>>(key, headers, body, &signature),
            HmacAlgorithm::Sha256 => self.verify::<Hmac<Sha256>>(key, headers, body, &signature),
            HmacAlgorithm::Sha384 => self.verify::<Hmac<Sha384>>(key, headers, body, &signature),
            HmacAlgorithm::Sha512 => self.verify::<Hmac<Sha512>>(key, headers, body, &signature),
        };
        if is_valid { Ok(()) } else { Err(Unauthorized::Mismatch) }
    }

    /// Whether the data names a header that a request has.
    fn signs_header_of(&self, headers: &HeaderMap) -> bool {
        let is_sent = |part: &Part| match part {
            Part::Header(name) => headers.get(name).is_some_and(|value| !value.is_empty()),
            Part::Text(_) | Part::Body => false,
        };
        self.data.iter().any(is_sent)
    }

    /// Returns the bytes of the signature in the value of the header.
    fn signature(&self, value: &[u8]) -> Option<Vec<u8>> {
        let text =
            std::str::from_utf8(value).ok()?.strip_prefix(&*self.around.0)?.strip_suffix(&*self.around.1)?;
        match self.format {
            HmacOutputFormat::Base64 => STANDARD.decode(text).ok(),
            HmacOutputFormat::Hex => {
                let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
                let pairs = text.as_bytes().chunks(2);
                pairs
                    .map(|pair| match *pair {
                        [high, low] => Some(digit(high)? << 4 | digit(low)?),
                        _ => None,
                    })
                    .collect()
            }
        }
    }

    fn verify<M: Mac + KeyInit>(
        &self,
        key: &[u8],
        headers: &HeaderMap,
        body: &[u8],
        signature: &[u8],
    ) -> bool {
        // A key may have any length.
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return false };
        for part in &self.data {
            mac.update(match part {
                Part::Text(text) => text.as_bytes(),
                Part::Header(name) => headers.get(name).map_or(b"", |value| value.as_bytes()),
                Part::Body => body,
            });
        }
        mac.verify_slice(signature).is_ok()
    }
}

fn name(field: &'static str, header: &str) -> Result<HeaderName> {
    HeaderName::try_from(header).map_err(|_| Error::invalid(field, "must name a header"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second test case of RFC 4231.
    const RFC_BODY: &str = "what do ya want for nothing?";
    const RFC_CASES: [(HmacAlgorithm, &str); 4] = [
        (HmacAlgorithm::Sha224, "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"),
        (HmacAlgorithm::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            HmacAlgorithm::Sha384,
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        ),
        (
            HmacAlgorithm::Sha512,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd\
             caeab1a34d4a6b4b636e070a38bce737",
        ),
    ];

    fn check(auth: &HmacAuth, signature: &str, body: &str) -> Result<(), Unauthorized> {
        let request = Request::post("/").header("x-signature", signature).header("date", "today");
        auth.check(&request.body(body.to_owned()).unwrap())
    }

    #[test]
    fn the_signatures_of_the_rfc_are_accepted_and_no_others() {
        for (algorithm, signature) in RFC_CASES {
            let auth = HmacAuth::new("X-Signature", "Jefe").unwrap().algorithm(algorithm);
            assert_eq!(check(&auth, signature, RFC_BODY), Ok(()));
            assert_eq!(check(&auth, &signature.to_uppercase(), RFC_BODY), Ok(()));
            assert_eq!(check(&auth, signature, "what do ya want for nothing!"), Err(Unauthorized::Mismatch));
            for wrong in [
                "",
                &signature[2..],
                &signature[1..],
                &format!("{signature}00"),
                &signature.replace('a', "b"),
            ] {
                assert_eq!(check(&auth, wrong, RFC_BODY), Err(Unauthorized::Mismatch), "{wrong}");
            }
            let other = HmacAuth::new("X-Signature", "jefe").unwrap().algorithm(algorithm);
            assert_eq!(check(&other, signature, RFC_BODY), Err(Unauthorized::Mismatch));
            let request = Request::post("/").body(RFC_BODY).unwrap();
            assert_eq!(auth.check(&request), Err(Unauthorized::Missing));
        }
    }

    #[test]
    fn base64_and_a_text_around_the_signature_are_supported() {
        let auth = HmacAuth::new("X-Signature", "Jefe").unwrap().output_format(HmacOutputFormat::Base64);
        let auth = auth.value("v1={{Request.HMAC.Signed}};").unwrap();
        let signature = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
        assert_eq!(check(&auth, &format!("v1={signature};"), RFC_BODY), Ok(()));
        for wrong in [signature.to_owned(), format!("v2={signature};"), "v1=;".to_owned()] {
            assert_eq!(check(&auth, &wrong, RFC_BODY), Err(Unauthorized::Mismatch));
        }
    }

    #[test]
    fn the_data_can_contain_headers_and_must_contain_the_body() {
        let plain = HmacAuth::new("X-Signature", "Jefe").unwrap();
        let (before, after) = RFC_BODY.split_once("ya want").unwrap();
        let auth = plain.clone().data(&format!("{before}{{{{Request.Body}}}}{after}")).unwrap();
        assert_eq!(check(&auth, RFC_CASES[1].1, "ya want"), Ok(()));
        // The header `date` is "today".
        let auth = plain.clone().data("{{Request.Headers.Date}}\n{{Request.Body}}").unwrap();
        let signature = "dea963ca79a9802d885e5ccaf108c05511424fbcf40680d838fe7d70b659fbab";
        assert_eq!(check(&auth, signature, RFC_BODY), Ok(()));
        let request = Request::post("/").header("x-signature", signature).header("date", "later");
        assert_eq!(auth.check(&request.body(RFC_BODY).unwrap()), Err(Unauthorized::Mismatch));
        for invalid in [
            "{{Request.Headers.Date}}",
            "{{Request.Body",
            "{{Request.Body}} {{DataSource.Account.Id}}",
            "{{Request.Headers.Date}}{{Request.Body}}",
            "-{{Request.Body}}{{Request.Headers.Date}}",
            "",
        ] {
            assert_eq!(plain.clone().data(invalid).unwrap_err().field(), Some("hmacData"), "{invalid}");
        }
        for invalid in ["", "{{Request.Body}}", "{{Request.HMAC.Signed}}{{Request.HMAC.Signed}}"] {
            assert_eq!(plain.clone().value(invalid).unwrap_err().field(), Some("hmacValue"), "{invalid}");
        }
        assert_eq!(HmacAuth::new("X Signature", "Jefe").unwrap_err().field(), Some("hmacKey"));
        assert_eq!(HmacAuth::new("X-Signature", "").unwrap_err().field(), Some("hmacSecret"));
        assert!(!format!("{plain:?}").contains("Jefe"));
    }

    #[test]
    fn a_signature_of_nothing_is_wrong() {
        let of_nothing = "923598ca6d64af2a5dba79dcd021a8a0fe5c5f557519adaaf0ad532d4506dd30";
        let plain = HmacAuth::new("X-Signature", "Jefe").unwrap();
        assert_eq!(check(&plain, of_nothing, ""), Err(Unauthorized::Mismatch));
        let (of_date, of_line) = (
            "e53d1507ed54a230bcf55e1ed0a0ad14f13306c282e0ac41f052c7d41d49f822",
            "3cf4aa7eed629a3b70aa136d13ceb2114c05a33fdf84cd422b1549ee8424c6d0",
        );
        let dated = plain.data("{{Request.Headers.Date}}\n{{Request.Body}}").unwrap();
        assert_eq!(check(&dated, of_date, ""), Ok(()));
        let absent = dated.data("{{Request.Headers.Zuora-Notification-Id}}\n{{Request.Body}}").unwrap();
        assert_eq!(check(&absent, of_line, ""), Err(Unauthorized::Mismatch));
    }
}
