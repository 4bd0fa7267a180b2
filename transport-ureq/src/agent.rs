//! The default agent of the transport.

use std::sync::Arc;

use ureq::Agent;
use ureq::config::Config;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, Resolver};
use zuora_core::transport::{DefaultTransport, TransportError};

use crate::Ureq;
use crate::connector::default_connector;
use crate::resolver::CachingResolver;

/// Keeps up to 64 idle connections, so that as many threads can send concurrently, and caches the addresses of the host
/// for 30 s.
impl Default for Ureq {
    fn default() -> Self {
        let roots = match cfg!(feature = "platform-verifier") {
            true => RootCerts::PlatformVerifier,
            false => RootCerts::WebPki,
        };
        let config = Agent::config_builder()
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .tls_config(TlsConfig::builder().root_certs(roots).build());
        Self::with_config(config.build())
    }
}

impl DefaultTransport for Ureq {
    fn create() -> Result<Self, TransportError> {
        Ok(Self::default())
    }
}

/// Returns an agent with the connector and resolver of this crate.
pub(crate) fn agent(config: Config, system: impl Resolver) -> Agent {
    let cache = Arc::default();
    let connector = default_connector(Arc::clone(&cache));
    Agent::with_parts(config, connector, CachingResolver::new(system, cache))
}

impl Ureq {
    /// Creates a transport with custom settings, such as root certificates, a client certificate or a proxy.
    ///
    /// What [`with_agent`](Self::with_agent) says about overridden settings applies here too. The certificates of a
    /// company are read from a PEM file as follows.
    ///
    /// ```no_run
    /// use zuora_ureq::Ureq;
    /// use zuora_ureq::ureq::Agent;
    /// use zuora_ureq::ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
    ///
    /// # fn open() -> Result<Ureq, Box<dyn std::error::Error>> {
    /// let pem = std::fs::read("/etc/ssl/certs/company-ca.pem")?;
    /// let mut roots = Vec::new();
    /// for item in parse_pem(&pem) {
    ///     if let PemItem::Certificate(certificate) = item? {
    ///         roots.push(certificate);
    ///     }
    /// }
    /// let tls = TlsConfig::builder().root_certs(RootCerts::from(roots)).build();
    /// let transport = Ureq::with_config(Agent::config_builder().tls_config(tls).build());
    /// # Ok(transport)
    /// # }
    /// ```
    pub fn with_config(config: Config) -> Self {
        Self::with_agent(agent(config, DefaultResolver::default()))
    }
}
