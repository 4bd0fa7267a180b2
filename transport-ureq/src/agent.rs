//! The default agent of the transport.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use zuora_core::transport::{DefaultTransport, TransportError};

use crate::Ureq;

/// Keeps up to 64 idle connections, so that as many threads can send concurrently, and caches the addresses of the host
/// for 30 s.
impl Default for Ureq {
    fn default() -> Self {
        let config = Agent::config_builder().max_idle_connections(64).max_idle_connections_per_host(64);
        let connector = DefaultConnector::default();
        Self::with_agent(Agent::with_parts(config.build(), connector, CachingResolver::default()))
    }
}

impl DefaultTransport for Ureq {
    fn create() -> Result<Self, TransportError> {
        Ok(Self::default())
    }
}

/// The resolver of ureq with a cache.
///
/// ureq resolves the host for every request, even if it then reuses a connection. A lookup cannot be canceled, so one with
/// a timeout runs on a separate thread. That costs more than the rest of a small call.
#[derive(Debug, Default)]
struct CachingResolver {
    system: DefaultResolver,
    last: Mutex<Option<CacheEntry>>,
}

#[derive(Debug)]
struct CacheEntry {
    scheme: Scheme,
    authority: Authority,
    addresses: Vec<SocketAddr>,
    until: Instant,
}

/// Lifetime of an entry, as short as the DNS records of hosts whose address changes often.
const TTL: Duration = Duration::from_secs(30);

impl Resolver for CachingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        if let Some(addresses) = self.lookup(uri, Instant::now()) {
            return Ok(addresses);
        }
        let addresses = self.system.resolve(uri, config, timeout)?;
        if let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(CacheEntry {
                scheme: scheme.clone(),
                authority: authority.clone(),
                addresses: addresses.to_vec(),
                until: Instant::now() + TTL,
            });
        }
        Ok(addresses)
    }
}

impl CachingResolver {
    fn lookup(&self, uri: &Uri, now: Instant) -> Option<ResolvedSocketAddrs> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = last.as_ref().filter(|entry| now < entry.until)?;
        if uri.scheme() != Some(&entry.scheme) || uri.authority() != Some(&entry.authority) {
            return None;
        }
        let mut addresses = self.empty();
        entry.addresses.iter().for_each(|address| addresses.push(*address));
        Some(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_host_is_cached_and_only_until_it_expires() {
        let resolver = CachingResolver::default();
        let now = Instant::now();
        let address: SocketAddr = "127.0.0.1:8470".parse().unwrap();
        let uri = Uri::from_static("http://localhost:8470/v1/bill-runs");
        assert!(resolver.lookup(&uri, now).is_none());
        *resolver.last.lock().unwrap() = Some(CacheEntry {
            scheme: Scheme::HTTP,
            authority: Authority::from_static("LocalHost:8470"),
            addresses: vec![address],
            until: now + TTL,
        });
        assert_eq!(resolver.lookup(&uri, now).unwrap()[..], [address]);
        assert!(resolver.lookup(&uri, now + TTL).is_none());
        for other in ["https://localhost:8470/", "http://localhost:8471/", "http://example.com/", "/v1"] {
            assert!(resolver.lookup(&Uri::from_static(other), now).is_none(), "{other}");
        }
    }
}
