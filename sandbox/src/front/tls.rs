//! TLS with a certificate that signs itself.

use std::io;
use std::sync::Arc;

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
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .map_err(io::Error::other)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate: to_pem(made.cert.der()) })
    }

    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }
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
    fn pem_is_padded_base64_in_lines() {
        let body = |der: &[u8]| to_pem(der).lines().nth(1).unwrap().to_owned();
        assert_eq!((body(b"M"), body(b"Ma"), body(b"Man")), ("TQ==".into(), "TWE=".into(), "TWFu".into()));
        assert_eq!(to_pem(&[0; 49]).lines().map(str::len).collect::<Vec<_>>(), [27, 64, 4, 25]);
    }
}
