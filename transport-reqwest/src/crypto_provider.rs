//! The crypto provider of rustls, which the application installs with the feature `rustls-no-provider`.

use zuora_core::transport::TransportError;

/// Checks that there is a crypto provider.
///
/// # Errors
/// There is no provider. reqwest would panic.
#[cfg(all(feature = "rustls-no-provider", not(any(feature = "rustls", feature = "native-tls"))))]
pub(crate) fn check() -> Result<(), TransportError> {
    match rustls::crypto::CryptoProvider::get_default() {
        Some(_) => Ok(()),
        None => Err(TransportError::unusable(
            "rustls has no crypto provider: with the feature `rustls-no-provider`, call `install_default` of a provider \
             before the first client",
        )),
    }
}

/// Returns `Ok`, since another feature provides a provider or another library, or the application has chosen a TLS
/// feature of reqwest.
#[cfg(not(all(feature = "rustls-no-provider", not(any(feature = "rustls", feature = "native-tls")))))]
pub(crate) fn check() -> Result<(), TransportError> {
    Ok(())
}
