//! Settings of the HTTP server.

use super::cors::Cors;

/// Settings of a [`Server`](crate::Server), as opposed to those of the service, which are [`Settings`](crate::Settings).
///
/// ```
/// use zuora_sandbox::{Sandbox, Server, ServerConfig};
///
/// let config = ServerConfig::default().cors("http://localhost:3000")?;
/// let server = Server::start_with("127.0.0.1:0", Sandbox::demo(), config)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ServerConfig {
    pub(super) cors: Option<Cors>,
}

/// The error of an origin that is neither `*` nor a scheme with a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the origin {0:?} must be * or like http://localhost:3000")]
pub struct OriginError(String);

impl ServerConfig {
    /// Lets pages of that origin use the API and the control API; `*` is any origin.
    ///
    /// # Errors
    /// Fails if `origin` is neither `*` nor a scheme with a host.
    pub fn cors(mut self, origin: &str) -> Result<Self, OriginError> {
        self.cors = Some(Cors::parse(origin).ok_or_else(|| OriginError(origin.to_owned()))?);
        Ok(self)
    }
}
