//! Settings of the HTTP server.

use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use super::cors::Cors;
use crate::service::Sandbox;

/// Settings of a [`Server`](crate::Server), as opposed to those of the service, which are [`Settings`](crate::Settings).
///
/// ```
/// use zuora_sandbox::{Sandbox, Server, ServerConfig};
///
/// let config = ServerConfig::default().cors("http://localhost:3000")?;
/// let server = Server::start_with("127.0.0.1:0", Sandbox::demo(), config)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct ServerConfig {
    pub(super) cors: Option<Cors>,
    record: Option<Record>,
    /// Whether only this machine can connect, as the server finds out.
    pub(super) is_local: bool,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<super::tls::Tls>,
}

/// The writer of a record.
struct Record(Mutex<Box<dyn Write + Send>>);

/// The error of an origin that is neither `*` nor a scheme with a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the origin {0:?} must be * or like http://localhost:3000{hint}", hint = hint(.0))]
pub struct OriginError(String);

fn hint(origin: &str) -> &'static str {
    match origin.is_ascii() {
        true => "",
        false => "; write a host with other letters as browsers send it, such as xn--bcher-kva.example",
    }
}

impl ServerConfig {
    /// Lets pages of that origin use the API and the control API; `*` is any origin.
    ///
    /// # Errors
    /// Fails if `origin` is neither `*` nor a scheme with a host.
    pub fn cors(mut self, origin: &str) -> Result<Self, OriginError> {
        self.cors = Some(Cors::parse(origin).ok_or_else(|| OriginError(origin.to_owned()))?);
        Ok(self)
    }
    /// Serves HTTPS with a new certificate for `localhost`, `127.0.0.1` and `::1`, which signs itself. Returns the
    /// certificate as PEM, for the clients to trust.
    ///
    /// # Errors
    /// Fails if the system has no randomness.
    #[cfg(feature = "tls")]
    pub fn self_signed(mut self) -> std::io::Result<(Self, String)> {
        let tls = super::tls::Tls::self_signed()?;
        let certificate = tls.certificate().to_owned();
        self.tls = Some(tls);
        Ok((self, certificate))
    }

    /// Returns the scheme of the URL of the server.
    pub(super) fn scheme(&self) -> &'static str {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return "https";
        }
        "http"
    }

    /// Continues the record of the sandbox in a writer, a request at a time; see
    /// [`Sandbox::start_record`](crate::Sandbox::start_record). The server ignores the errors of the writer.
    #[must_use]
    pub fn record_to(mut self, writer: impl Write + Send + 'static) -> Self {
        self.record = Some(Record(Mutex::new(Box::new(writer))));
        self
    }

    pub(super) fn has_record(&self) -> bool {
        self.record.is_some()
    }

    /// Writes the changes since the last call. The caller holds the lock of the sandbox, so that the order of
    /// the lines is that of the changes.
    pub(super) fn continue_record(&self, sandbox: &mut Sandbox) {
        if let Some(Record(writer)) = &self.record {
            let lines = sandbox.continue_record();
            if !lines.is_empty() {
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = writer.write_all(lines.as_bytes()).and_then(|()| writer.flush());
            }
        }
    }
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("cors", &self.cors)
            .field("record", &self.record.is_some())
            .field("scheme", &self.scheme())
            .finish()
    }
}
