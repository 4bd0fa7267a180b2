//! TLS with a certificate that signs itself.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A certificate and its key, made for one server.
#[derive(Clone)]
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    /// The certificate as PEM.
    certificate: String,
}

impl Tls {
    /// Makes a certificate for the names of this machine.
    pub(super) fn self_signed() -> io::Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let made =
            parameters(now).and_then(|parameters| parameters.self_signed(&key)).map_err(io::Error::other)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![made.der().clone()], key.into())
            .map_err(io::Error::other)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate: to_pem(made.der()) })
    }

    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }
}

/// Time that a certificate is valid. Some systems trust none for more than 825 days, whoever signed it.
const VALID: Duration = Duration::from_secs(800 * 24 * 3600);

/// Returns the content of a certificate that is made at `now`, a time since 1970. It is valid from the day before on, for
/// clients whose clocks are behind.
fn parameters(now: Duration) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(str::to_owned))?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "Zuora sandbox");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.not_before = date_time_ymd(1970, 1, 1) + now.saturating_sub(Duration::from_secs(24 * 3600));
    parameters.not_after = parameters.not_before + VALID;
    Ok(parameters)
}

/// Writes a certificate as PEM: base64 in lines of 64 characters.
fn to_pem(der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut digits = Vec::new();
    for group in der.chunks(3) {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        let digit = |index: usize| DIGITS[(bits >> (18 - 6 * index) & 63) as usize];
        digits.extend((0..4).map(|index| if index <= group.len() { digit(index) } else { b'=' }));
    }
    let lines = digits.chunks(64).map(|line| format!("{}\n", String::from_utf8_lossy(line)));
    format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_one_that_every_system_can_trust() {
        let made = parameters(Duration::from_secs(1_772_384_400)).unwrap();
        assert_eq!(made.not_before, date_time_ymd(2026, 2, 28) + Duration::from_secs(17 * 3600));
        assert!(made.not_after <= made.not_before + Duration::from_secs(825 * 24 * 3600));
        assert_eq!(made.extended_key_usages, [ExtendedKeyUsagePurpose::ServerAuth]);
        assert_eq!(made.subject_alt_names.len(), 3);
    }

    #[test]
    fn pem_is_padded_base64_in_lines() {
        let body = |der: &[u8]| to_pem(der).lines().nth(1).unwrap().to_owned();
        assert_eq!((body(b"M"), body(b"Ma"), body(b"Man")), ("TQ==".into(), "TWE=".into(), "TWFu".into()));
        assert_eq!(to_pem(&[0; 49]).lines().map(str::len).collect::<Vec<_>>(), [27, 64, 4, 25]);
    }
}
