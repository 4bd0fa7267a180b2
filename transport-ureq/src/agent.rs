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

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use socket2::{Domain, Socket, Type};
    use ureq::http::Uri;
    use ureq::unversioned::resolver::ResolvedSocketAddrs;
    use ureq::unversioned::transport::NextTimeout;
    use zuora_core::http::Request;
    use zuora_core::transport::{Body, HttpResponse, Limits, Transport};

    use super::*;

    /// Resolves any host to the same addresses, and counts the lookups.
    #[derive(Debug)]
    struct Fixed(Vec<SocketAddr>, Arc<AtomicUsize>);

    impl Resolver for Fixed {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
            self.1.fetch_add(1, Ordering::SeqCst);
            let mut addresses = self.empty();
            self.0.iter().for_each(|address| addresses.push(*address));
            Ok(addresses)
        }
    }

    fn transport(addresses: &[SocketAddr]) -> (Ureq, Arc<AtomicUsize>) {
        let lookups = Arc::new(AtomicUsize::new(0));
        let config = Agent::config_builder().proxy(None).build();
        (Ureq::with_agent(agent(config, Fixed(addresses.to_vec(), Arc::clone(&lookups)))), lookups)
    }

    fn get(transport: &Ureq) -> Result<HttpResponse, TransportError> {
        let request = Request::get("http://rest.example.invalid/v1").body(Body::empty()).unwrap();
        transport.send(request, Limits::new(Duration::from_secs(60), 1024))
    }

    /// Responds once to each connection and closes it.
    fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let _ = stream.read(&mut [0; 4096]);
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            }
        });
        address
    }

    /// Starts a listener that accepts no connection, since its queue is full.
    fn black_hole() -> (SocketAddr, Vec<Socket>) {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let mut kept = vec![socket()];
        kept[0].bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        kept[0].listen(0).unwrap();
        let address = kept[0].local_addr().unwrap();
        for _ in 0..2 {
            let filler = socket();
            filler.set_nonblocking(true).unwrap();
            let _ = filler.connect(&address);
            kept.push(filler);
        }
        (address.as_socket().unwrap(), kept)
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_dead_address_costs_seconds_once_and_the_next_one_is_used() {
        let (dead, _kept) = black_hole();
        let (transport, lookups) = transport(&[dead, server()]);
        let start = Instant::now();
        assert_eq!(get(&transport).unwrap().status(), 200);
        let first = start.elapsed();
        assert!(first < Duration::from_secs(5), "{first:?}");
        assert_eq!(get(&transport).unwrap().status(), 200);
        let second = start.elapsed() - first;
        assert!(second < Duration::from_secs(1), "the address that worked is tried first: {second:?}");
        assert_eq!(lookups.load(Ordering::SeqCst), 1);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn connecting_has_a_time_limit_and_a_failed_address_is_dropped_from_the_cache() {
        let (dead, _kept) = black_hole();
        let (transport, lookups) = transport(&[dead]);
        assert_eq!(transport.connect_timeout, Duration::from_secs(10));
        let transport = transport.connect_timeout(Duration::from_millis(50));
        let start = Instant::now();
        for count in 1..=2 {
            let result = get(&transport);
            assert!(matches!(result, Err(TransportError::NotSent(_))), "{result:?}");
            assert_eq!(lookups.load(Ordering::SeqCst), count);
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}
