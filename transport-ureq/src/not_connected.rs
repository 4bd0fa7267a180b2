//! Errors that prove that no request was sent.

use std::error::Error;
use std::fmt;
use std::io;

use ureq::Timeout;

/// Marks an error that occurred before a connection existed, whatever it is.
#[derive(Debug)]
pub(crate) struct NotConnected(ureq::Error);

impl NotConnected {
    pub(crate) fn mark(error: ureq::Error) -> ureq::Error {
        match error {
            // The connection to a proxy is marked already.
            ureq::Error::Other(error) if error.is::<Self>() => ureq::Error::Other(error),
            error => ureq::Error::Other(Box::new(Self(error))),
        }
    }

    /// Returns the error itself, whose message is the one to show.
    pub(crate) fn unmark(error: ureq::Error) -> ureq::Error {
        match error {
            ureq::Error::Other(error) => {
                error.downcast::<Self>().map_or_else(ureq::Error::Other, |marked| marked.0)
            }
            error => error,
        }
    }
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for NotConnected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// Whether the error can only occur before a connection exists. For a request without a body there is no other evidence.
///
/// The default agent marks these errors. With another connector or resolver, failed TLS handshakes are not recognized,
/// since ureq reports them like a connection that broke later.
pub(crate) fn never_connected(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Other(error) => error.is::<NotConnected>(),
        ureq::Error::HostNotFound
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => true,
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => true,
        // The standard library has no kind for a failed lookup. Where its text differs, the error counts as `MaybeSent`.
        ureq::Error::Io(error) => error.to_string().starts_with("failed to lookup address information"),
        _ => false,
    }
}
