//! rustls without a built-in provider: the application installs one.

#![cfg(all(feature = "rustls-no-provider", not(any(feature = "rustls", feature = "native-tls"))))]
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use zuora_reqwest::{Client, Config, DataCenter, ErrorKind};

// One test, since a process has one provider.
#[test]
fn a_client_needs_a_provider_and_says_so_without_a_panic() {
    let config = Config::with_token(DataCenter::UsCloud2, "token");
    let error = Client::new(&config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(format!("{error:#}").contains("install_default"), "{error:#}");

    rustls::crypto::ring::default_provider().install_default().unwrap();
    Client::new(&config).unwrap();
}
