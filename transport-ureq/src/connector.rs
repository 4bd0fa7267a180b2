//! The connector of the default agent. A failure in it is proof that nothing was sent.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, RustlsConnector, TcpConnector,
    Transport, time,
};

use crate::not_connected::NotConnected;
use crate::resolver::AddressCache;

/// Limit on one address while others are left. A lost SYN is sent once more in this time.
const PER_ADDRESS: Duration = Duration::from_secs(2);

/// Returns the connector of the default agent: TCP, through a proxy where one is configured, and TLS.
pub(crate) fn default_connector(cache: Arc<AddressCache>) -> impl Connector {
    let connector = ();
    #[cfg(feature = "socks-proxy")]
    let connector = connector.chain(ureq::unversioned::transport::SocksConnector::default());
    let connector = connector
        .chain(ConnectProxyConnector::default())
        .chain(EachAddress { tcp: TcpConnector::default(), cache: Arc::clone(&cache) })
        .chain(RustlsConnector::default());
    BeforeSending { connector, cache }
}

/// The outermost connector: marks errors, and makes the next attempt resolve the host again.
#[derive(Debug)]
struct BeforeSending<C> {
    connector: C,
    cache: Arc<AddressCache>,
}

impl<C: Connector> Connector for BeforeSending<C> {
    type Out = C::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<C::Out>, ureq::Error> {
        self.connector.connect(details, chained).map_err(|error| {
            self.cache.forget();
            NotConnected::mark(error)
        })
    }
}

/// Tries one address after the other. ureq gives the first one most of the time, and stops at some errors.
#[derive(Debug)]
struct EachAddress {
    tcp: TcpConnector,
    cache: Arc<AddressCache>,
}

impl<In: Transport> Connector<In> for EachAddress {
    type Out = EarlyResponse<<TcpConnector as Connector<In>>::Out>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        if chained.is_some() {
            return Ok(self.tcp.connect(details, chained)?.map(EarlyResponse::new));
        }
        let start = Instant::now();
        let mut failure = ureq::Error::ConnectionFailed;
        for (index, address) in details.addrs.iter().enumerate() {
            let left = details.timeout.after.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(ureq::Error::Timeout(details.timeout.reason));
            }
            let is_last = index + 1 == details.addrs.len();
            let limit = if is_last { left } else { left.min(PER_ADDRESS) };
            let mut one = on_address(details, limit);
            one.addrs.push(*address);
            match self.tcp.connect(&one, None::<In>) {
                Ok(connected) => {
                    self.cache.prefer(*address);
                    return Ok(connected.map(EarlyResponse::new));
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// Returns the details of an attempt that still has to be given its address.
fn on_address<'a>(details: &ConnectionDetails<'a>, limit: Duration) -> ConnectionDetails<'a> {
    ConnectionDetails {
        uri: details.uri,
        addrs: details.resolver.empty(),
        config: details.config,
        request_level: details.request_level,
        resolver: details.resolver,
        now: time::Instant::now(),
        timeout: NextTimeout { after: time::Duration::Exact(limit), ..details.timeout },
        current_time: Arc::clone(&details.current_time),
        run_connector: Arc::clone(&details.run_connector),
        register_shutdown: Arc::clone(&details.register_shutdown),
    }
}

/// A connection on which a response can be read after the server has stopped reading the request.
///
/// A server that rejects an upload before its end closes the connection, which breaks the next write. ureq would report
/// that error, while the response has been received.
#[derive(Debug)]
struct EarlyResponse<T> {
    inner: T,
    /// Whether a part of the request was written since the last read: the next write belongs to its body.
    has_written: bool,
    failure: Option<io::Error>,
}

impl<T> EarlyResponse<T> {
    fn new(inner: T) -> Self {
        Self { inner, has_written: false, failure: None }
    }
}

impl<T: Transport> Transport for EarlyResponse<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        if self.failure.is_some() {
            return Ok(()); // the server reads no more, so the rest of the body is not needed
        }
        match self.inner.transmit_output(amount, timeout) {
            Err(ureq::Error::Io(error)) if self.has_written && is_closed(&error) => {
                self.failure = Some(error);
            }
            result => result?,
        }
        self.has_written = true;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.has_written = false;
        match (self.inner.await_input(timeout), &mut self.failure) {
            (Ok(true), _) => Ok(true),
            // Without a response, the error of the write is the cause.
            (_, failure @ Some(_)) => {
                Err(failure.take().map_or(ureq::Error::ConnectionFailed, ureq::Error::Io))
            }
            (result, None) => result,
        }
    }

    fn is_open(&mut self) -> bool {
        self.failure.is_none() && self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected)
}
