//! `tls_server_config`: the certificate, its key, and the parameters of TLS.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring::{self, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};
use serde::Deserialize;
use tokio_rustls::TlsAcceptor;

use super::certificate_expiry::{CertificateExpiry, CertificateUse};
use super::client_auth::{self, AllowedName, ClientAuthType};
use super::config_error::SettingError;
use super::file_stamps::FileStamps;

/// `tls_server_config`, as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsConfig {
    cert: Option<String>,
    key: Option<String>,
    client_ca: Option<String>,
    cert_file: Option<String>,
    key_file: Option<String>,
    client_ca_file: Option<String>,
    client_auth_type: Option<ClientAuthType>,
    client_allowed_sans: Option<Vec<AllowedName>>,
    min_version: Option<Version>,
    max_version: Option<Version>,
    cipher_suites: Option<Vec<Suite>>,
    prefer_server_cipher_suites: Option<bool>,
    curve_preferences: Option<Vec<Curve>>,
}

impl TlsConfig {
    /// Whether a client without a certificate is refused.
    pub(super) fn requires_client_certificate(&self) -> bool {
        self.client_auth_type.unwrap_or_default().requires_certificate()
    }
}

/// TLS, as the server needs it.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) expiries: Vec<CertificateExpiry>,
}

/// Builds the TLS acceptor; `None` if the section sets nothing.
pub(super) fn acceptor(tls: TlsConfig, directory: &Path, stamps: &mut FileStamps) -> Result<Option<Tls>, SettingError> {
    let mut values = ValueReader { directory, stamps };
    let authority = values.read("client_ca", "client_ca_file", tls.client_ca.as_ref(), tls.client_ca_file.as_ref())?;
    let certificate = values.read("cert", "cert_file", tls.cert.as_ref(), tls.cert_file.as_ref())?;
    let key = values.read("key", "key_file", tls.key.as_ref(), tls.key_file.as_ref())?;
    let is_enabled = certificate.is_some() || key.is_some() || authority.is_some() || tls.client_auth_type.is_some();
    if !is_enabled && tls.client_allowed_sans.is_none() {
        return Ok(None);
    }
    let certificate = certificate.ok_or(SettingError::Missing { missing: "cert_file or cert" })?;
    let key = key.ok_or(SettingError::Missing { missing: "key_file or key" })?;
    warn_if_world_readable(key.file.as_deref());

    let provider = Arc::new(provider(&tls));
    let auth = tls.client_auth_type.unwrap_or_default();
    let chain = certificates(&certificate)?;
    let authorities = authority.as_ref().map(certificates).transpose()?;
    let expiries = [
        CertificateExpiry::check(CertificateUse::Server, certificate.key, &chain),
        authority.as_ref().zip(authorities.as_ref()).and_then(|(authority, found)| {
            CertificateExpiry::check(CertificateUse::ClientAuthority, authority.key, found)
        }),
    ];
    let verifier = client_auth::verifier(auth, authorities, tls.client_allowed_sans, &provider)?;
    let (lowest, highest) = (tls.min_version.unwrap_or(Version::Tls12), tls.max_version.unwrap_or(Version::Tls13));
    if lowest > highest {
        return Err(SettingError::VersionOrder);
    }
    let versions: Vec<_> = [Version::Tls13, Version::Tls12]
        .into_iter()
        .filter(|version| (lowest..=highest).contains(version))
        .map(Version::supported)
        .collect();
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(SettingError::Protocol)?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, private_key(&key)?).map_err(SettingError::Identity)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = tls.prefer_server_cipher_suites.unwrap_or(true);
    let expiries = expiries.into_iter().flatten().collect();
    Ok(Some(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), expiries }))
}

/// The cryptography with the configured cipher suites and curves. The suites of TLS 1.3 are always enabled, as in Go.
fn provider(tls: &TlsConfig) -> CryptoProvider {
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

/// A text in PEM, and its source.
struct Pem {
    key: &'static str,
    text: Vec<u8>,
    file: Option<PathBuf>,
}

/// Reads values that stand in the configuration or in a file that it names.
struct ValueReader<'a> {
    directory: &'a Path,
    stamps: &'a mut FileStamps,
}

impl ValueReader<'_> {
    /// Returns the inline text or the content of the file. An empty value counts as absent.
    fn read(
        &mut self,
        inline_key: &'static str,
        file_key: &'static str,
        inline: Option<&String>,
        file: Option<&String>,
    ) -> Result<Option<Pem>, SettingError> {
        match (inline.filter(|text| !text.is_empty()), file.filter(|path| !path.is_empty())) {
            (Some(_), Some(_)) => Err(SettingError::InlineAndFile { inline: inline_key }),
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
    let invalid = |problem| SettingError::Pem { key: pem.key, problem };
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem.text)
        .collect::<Result<_, _>>()
        .map_err(|error| invalid(format!("is not PEM: {error}")))?;
    if found.is_empty() {
        return Err(invalid(
            "contains no certificate; a block that begins with -----BEGIN CERTIFICATE----- is expected".to_owned(),
        ));
    }
    Ok(found)
}

fn private_key(pem: &Pem) -> Result<PrivateKeyDer<'static>, SettingError> {
    PrivateKeyDer::from_pem_slice(&pem.text).map_err(|error| {
        let problem = match error {
            pem::Error::NoItemsFound => {
                "contains no unencrypted private key; a block that begins with -----BEGIN PRIVATE KEY----- is expected"
                    .to_owned()
            }
            error => format!("is not PEM: {error}"),
        };
        SettingError::Pem { key: pem.key, problem }
    })
}

/// Warns if every user may read the private key. Access for the group may be intended.
fn warn_if_world_readable(file: Option<&Path>) {
    let Some(file) = file else { return };
    if fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o007 != 0) {
        tracing::warn!(
            path = %file.display(),
            "every user of this host has access to the private key: remove it with chmod o-rwx"
        );
    }
}

/// `min_version`, `max_version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Version {
    Tls12,
    Tls13,
}

impl Version {
    pub(super) fn supported(self) -> &'static SupportedProtocolVersion {
        match self {
            Self::Tls12 => &rustls::version::TLS12,
            Self::Tls13 => &rustls::version::TLS13,
        }
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        match given.as_str() {
            "TLS12" => Ok(Self::Tls12),
            "TLS13" => Ok(Self::Tls13),
            _ => Err(format!("'{}' is not supported; use TLS12 or TLS13", given.escape_debug())),
        }
    }
}

/// One of `cipher_suites`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Suite(pub(super) SupportedCipherSuite);

/// The names are Go's, which differ from those of rustls for TLS 1.3.
const SUITES: [(&str, SupportedCipherSuite); 9] = [
    ("TLS_AES_256_GCM_SHA384", cipher_suite::TLS13_AES_256_GCM_SHA384),
    ("TLS_AES_128_GCM_SHA256", cipher_suite::TLS13_AES_128_GCM_SHA256),
    ("TLS_CHACHA20_POLY1305_SHA256", cipher_suite::TLS13_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

impl TryFrom<String> for Suite {
    type Error = String;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        match SUITES.iter().find(|(name, _)| *name == given) {
            Some((_, suite)) => Ok(Self(*suite)),
            None => Err(unsupported(&given, SUITES.iter().map(|(name, _)| *name))),
        }
    }
}

/// One of `curve_preferences`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Curve(pub(super) &'static dyn SupportedKxGroup);

const CURVES: [(&str, &dyn SupportedKxGroup); 3] =
    [("X25519", kx_group::X25519), ("CurveP256", kx_group::SECP256R1), ("CurveP384", kx_group::SECP384R1)];

impl TryFrom<String> for Curve {
    type Error = String;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        match CURVES.iter().find(|(name, _)| *name == given) {
            Some((_, curve)) => Ok(Self(*curve)),
            None => Err(unsupported(&given, CURVES.iter().map(|(name, _)| *name))),
        }
    }
}

fn unsupported(given: &str, known: impl Iterator<Item = &'static str>) -> String {
    let known: Vec<_> = known.collect();
    format!("'{}' is not supported; use any of {}", given.escape_debug(), known.join(", "))
}
