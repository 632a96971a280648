//! `tls_server_config`: certificate, key, and how connections are encrypted.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::client_auth::{self, ClientAuthType};
use super::document::Tls;
use super::error::SettingError;
use super::stamps::Stamps;
use super::tls_names::Version;

/// Who speaks TLS, unless none of the keys says so.
pub(super) fn acceptor(tls: Tls, directory: &Path, stamps: &mut Stamps) -> Result<Option<TlsAcceptor>, SettingError> {
    let mut files = Files { directory, stamps };
    let authority = files.take("client_ca", "client_ca_file", tls.client_ca.as_ref(), tls.client_ca_file.as_ref())?;
    let certificate = files.take("cert", "cert_file", tls.cert.as_ref(), tls.cert_file.as_ref())?;
    let key = files.take("key", "key_file", tls.key.as_ref(), tls.key_file.as_ref())?;
    let is_asked_for = certificate.is_some() || key.is_some() || authority.is_some() || tls.client_auth_type.is_some();
    if !is_asked_for && tls.client_allowed_sans.is_none() {
        return Ok(None);
    }
    let certificate = certificate.ok_or(SettingError::Half { missing: "cert_file or cert" })?;
    let key = key.ok_or(SettingError::Half { missing: "key_file or key" })?;
    warn_of_others(key.file.as_deref());

    let provider = Arc::new(provider(&tls));
    let auth = tls.client_auth_type.unwrap_or_default();
    let authorities = authority.map(|authority| certificates(&authority)).transpose()?;
    let verifier = client_auth::verifier(auth, authorities, tls.client_allowed_sans, &provider)?;
    let (least, most) = (tls.min_version.unwrap_or(Version::Tls12), tls.max_version.unwrap_or(Version::Tls13));
    if least > most {
        return Err(SettingError::Versions);
    }
    let versions: Vec<_> = [Version::Tls13, Version::Tls12]
        .into_iter()
        .filter(|version| (least..=most).contains(version))
        .map(Version::supported)
        .collect();
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(SettingError::Nothing)?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config =
        builder.with_single_cert(certificates(&certificate)?, private_key(&key)?).map_err(SettingError::Identity)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = tls.prefer_server_cipher_suites.unwrap_or(true);
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

/// The suites of TLS 1.3 are not a matter of choice, as in Go.
fn provider(tls: &Tls) -> CryptoProvider {
    let mut provider = ring::default_provider();
    if let Some(chosen) = tls.cipher_suites.as_ref().filter(|chosen| !chosen.is_empty()) {
        provider.cipher_suites.retain(|suite| suite.tls13().is_some());
        provider.cipher_suites.extend(chosen.iter().map(|suite| suite.0).filter(|suite| suite.tls13().is_none()));
    }
    if let Some(curves) = tls.curve_preferences.as_ref().filter(|curves| !curves.is_empty()) {
        provider.kx_groups = curves.iter().map(|curve| curve.0).collect();
    }
    provider
}

/// A text in PEM, and where it is from.
struct Pem {
    key: &'static str,
    text: Vec<u8>,
    file: Option<std::path::PathBuf>,
}

struct Files<'a> {
    directory: &'a Path,
    stamps: &'a mut Stamps,
}

impl Files<'_> {
    /// The text that stands there itself, or that of a file; an empty value is none.
    fn take(
        &mut self,
        inline_key: &'static str,
        file_key: &'static str,
        inline: Option<&String>,
        file: Option<&String>,
    ) -> Result<Option<Pem>, SettingError> {
        match (inline.filter(|text| !text.is_empty()), file.filter(|path| !path.is_empty())) {
            (Some(_), Some(_)) => Err(SettingError::Both { inline: inline_key }),
            (Some(text), None) => Ok(Some(Pem { key: inline_key, text: text.clone().into_bytes(), file: None })),
            (None, Some(path)) => {
                let path = self.directory.join(path);
                let text = self.stamps.read(&path).map_err(|source| SettingError::Unreadable {
                    key: file_key,
                    path: path.clone(),
                    source,
                })?;
                Ok(Some(Pem { key: file_key, text, file: Some(path) }))
            }
            (None, None) => Ok(None),
        }
    }
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, SettingError> {
    let wrong = |wrong| SettingError::Pem { key: pem.key, wrong };
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem.text)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(format!("is not PEM: {error}")))?;
    if found.is_empty() {
        return Err(wrong(
            "has no certificate; a block that begins with -----BEGIN CERTIFICATE----- is".to_owned() + " expected",
        ));
    }
    Ok(found)
}

fn private_key(pem: &Pem) -> Result<PrivateKeyDer<'static>, SettingError> {
    PrivateKeyDer::from_pem_slice(&pem.text).map_err(|error| {
        let wrong = match error {
            pem::Error::NoItemsFound => {
                "has no private key that is not encrypted; a block that begins with -----BEGIN PRIVATE KEY----- is \
                 expected"
                    .to_owned()
            }
            error => format!("is not PEM: {error}"),
        };
        SettingError::Pem { key: pem.key, wrong }
    })
}

/// Members of its group may have been given it on purpose.
fn warn_of_others(file: Option<&Path>) {
    let Some(file) = file else { return };
    if fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o007 != 0) {
        tracing::warn!(
            path = %file.display(),
            "every user of this host may use the private key: take that right away with chmod o-rwx"
        );
    }
}

impl ClientAuthType {
    /// Whether a client without a certificate is sent away.
    pub(super) fn needs_certificate(self) -> bool {
        matches!(self, Self::RequireAny | Self::RequireAndVerify)
    }
}
