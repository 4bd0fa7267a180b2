//! The resolver of the default agent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::connector::NotConnected;

/// The resolver of ureq with a cache.
///
/// ureq resolves the host for every request, even if it then reuses a connection. A lookup cannot be canceled, so one with
/// a timeout runs on a separate thread. That costs more than the rest of a small call.
#[derive(Debug)]
pub(crate) struct CachingResolver<R = DefaultResolver> {
    system: R,
    cache: Arc<AddressCache>,
}

/// The addresses of the last host, shared with the connector, which knows whether they work.
#[derive(Debug, Default)]
pub(crate) struct AddressCache(Mutex<Option<CacheEntry>>);

#[derive(Debug)]
struct CacheEntry {
    scheme: Scheme,
    authority: Authority,
    addresses: Vec<SocketAddr>,
    until: Instant,
}

/// Lifetime of an entry, as short as the DNS records of hosts whose address changes often.
const TTL: Duration = Duration::from_secs(30);

impl<R> CachingResolver<R> {
    pub(crate) fn new(system: R, cache: Arc<AddressCache>) -> Self {
        Self { system, cache }
    }
}

impl<R: Resolver> Resolver for CachingResolver<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        let cached = self.cache.lookup(uri, Instant::now(), |address| addresses.push(address));
        if cached {
            return Ok(addresses);
        }
        let addresses = self.system.resolve(uri, config, timeout).map_err(NotConnected::mark)?;
        self.cache.store(uri, &addresses, Instant::now() + TTL);
        Ok(addresses)
    }
}

impl AddressCache {
    /// Makes the next attempt resolve the host again.
    pub(crate) fn forget(&self) {
        *self.entry() = None;
    }

    /// Moves an address that works before those that were tried in vain.
    pub(crate) fn prefer(&self, address: SocketAddr) {
        if let Some(entry) = &mut *self.entry() {
            let at = entry.addresses.iter().position(|known| *known == address);
            entry.addresses[..at.map_or(0, |at| at + 1)].rotate_right(usize::from(at.is_some()));
        }
    }

    fn lookup(&self, uri: &Uri, now: Instant, each: impl FnMut(SocketAddr)) -> bool {
        let entry = self.entry();
        let entry = entry.as_ref().filter(|entry| now < entry.until);
        let entry = entry
            .filter(|entry| uri.scheme() == Some(&entry.scheme) && uri.authority() == Some(&entry.authority));
        entry.into_iter().flat_map(|entry| entry.addresses.iter().copied()).for_each(each);
        entry.is_some()
    }

    fn store(&self, uri: &Uri, addresses: &[SocketAddr], until: Instant) {
        if let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) {
            let (scheme, authority, addresses) = (scheme.clone(), authority.clone(), addresses.to_vec());
            *self.entry() = Some(CacheEntry { scheme, authority, addresses, until });
        }
    }

    fn entry(&self) -> MutexGuard<'_, Option<CacheEntry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(cache: &AddressCache, uri: &str, now: Instant) -> Option<Vec<SocketAddr>> {
        let mut addresses = Vec::new();
        cache.lookup(&uri.parse().unwrap(), now, |address| addresses.push(address)).then_some(addresses)
    }

    #[test]
    fn only_the_same_host_is_cached_and_only_until_it_expires() {
        let (cache, until) = (AddressCache::default(), Instant::now());
        let before = until - Duration::from_millis(1);
        let address: SocketAddr = "127.0.0.1:8470".parse().unwrap();
        let uri = "http://localhost:8470/v1/bill-runs";
        assert_eq!(lookup(&cache, uri, before), None);
        cache.store(&"http://LocalHost:8470/".parse().unwrap(), &[address], until);
        assert_eq!(lookup(&cache, uri, before), Some(vec![address]));
        assert_eq!(lookup(&cache, uri, until), None);
        for other in ["https://localhost:8470/", "http://localhost:8471/", "http://example.com/", "/v1"] {
            assert_eq!(lookup(&cache, other, before), None, "{other}");
        }
        cache.forget();
        assert_eq!(lookup(&cache, uri, before), None);
    }

    #[test]
    fn the_address_that_worked_is_tried_first() {
        let cache = AddressCache::default();
        let [a, b, c] = [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let (uri, now) = ("http://localhost/", Instant::now());
        cache.store(&uri.parse().unwrap(), &[a, b, c], now + TTL);
        cache.prefer(b);
        assert_eq!(lookup(&cache, uri, now), Some(vec![b, a, c]));
        cache.prefer(b);
        cache.prefer(SocketAddr::from(([127, 0, 0, 1], 4)));
        assert_eq!(lookup(&cache, uri, now), Some(vec![b, a, c]));
    }
}
