//! Whom to trust: the CA certificates of this host.

use std::sync::Arc;

use rustls_native_certs::load_native_certs;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// TLS as this host trusts it: by the system's certificates, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
/// Nothing if there are none.
pub(super) fn tls() -> Option<TlsConfig> {
    let found = load_native_certs().certs;
    let roots: Vec<Certificate<'static>> = found.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    if roots.is_empty() {
        return None;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::Specific(Arc::new(roots)));
    Some(tls.build())
}
