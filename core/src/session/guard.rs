//! Guards of a session: what it never sends, whatever an operation or the options of a call say.

use http::Method;

use super::base_url::BaseUrl;
use crate::error::{Error, Result};
use crate::operation::Effect;
use crate::transport::HttpRequest;

/// Guards that a configuration sets. No option of a call lifts them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Guards {
    pub(crate) read_only: bool,
    pub(crate) non_production: bool,
}

/// Paths to which a POST only reads.
const READING_POSTS: [&str; 3] = ["/oauth/token", "/v1/action/query", "/v1/action/queryMore"];

impl Guards {
    /// Checks a request against the guards.
    ///
    /// # Errors
    /// A request that a guard forbids. The error names the guard.
    pub(crate) fn check(self, effect: Effect, request: &HttpRequest, base: &BaseUrl) -> Result<()> {
        // An operation can claim to be a read. Its method is checked as well, since the claim may be wrong.
        let may_read = match *request.method() {
            Method::GET | Method::HEAD | Method::OPTIONS => true,
            Method::POST => READING_POSTS.contains(&request.uri().path()),
            _ => false,
        };
        if self.read_only && !(effect == Effect::Read && may_read) {
            let why = format!(
                "allows reads only, and {} {} may change data",
                request.method(),
                request.uri().path()
            );
            return Err(Error::invalid("read_only", why));
        }
        if self.non_production && !is_non_production(base) {
            let why = format!("allows requests to sandboxes and loopback addresses only, and not to {base}");
            return Err(Error::invalid("non_production", why));
        }
        Ok(())
    }
}

/// Whether a host is a sandbox of the service or a loopback address. In doubt it is production.
fn is_non_production(base: &BaseUrl) -> bool {
    let host = base.host().trim_end_matches('.').to_ascii_lowercase();
    let is_sandbox = |name: &str| {
        name.split('.').any(|label| matches!(label, "test" | "sandbox" | "apisandbox" | "apisandbox-api"))
    };
    base.is_loopback() || host.strip_suffix(".zuora.com").is_some_and(is_sandbox)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::data_center::DataCenter;

    #[test]
    fn every_host_is_production_unless_it_is_known_not_to_be() {
        let is_non_production = |url: &str| is_non_production(&BaseUrl::parse(url, &[]).expect("a base URL"));
        for center in DataCenter::ALL {
            let url = center.base_url();
            let is_production =
                !["sandbox.", "apisandbox.", "rest.test."].iter().any(|part| url.contains(part));
            assert_eq!(is_non_production(url), !is_production, "{url}");
        }
        for url in [
            "https://REST.Test.Zuora.com",
            "https://rest.test.zuora.com.:443",
            "https://apisandbox-api.zuora.com",
            "http://localhost:8470",
            "http://127.0.0.1",
            "http://[::1]:1",
        ] {
            assert!(is_non_production(url), "{url}");
        }
        for url in [
            "https://rest.zuora.com",
            "https://rest.pt1.zuora.com",
            "https://rest.test.zuora.com.example.com",
            "https://sandbox.example.com",
            "https://testzuora.com",
            "https://rest.testing.zuora.com",
            "https://rest.latest.zuora.com",
            "https://test.zuora.community",
        ] {
            assert!(!is_non_production(url), "{url}");
        }
    }
}
