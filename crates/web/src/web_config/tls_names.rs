//! The names that Go has for versions, cipher suites and curves, and those of them that are spoken here.

use rustls::crypto::SupportedKxGroup;
use rustls::crypto::ring::{cipher_suite, kx_group};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};
use serde::Deserialize;

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
            _ => Err(format!("'{}' is not spoken here; write TLS12 or TLS13", given.escape_debug())),
        }
    }
}

/// One of `cipher_suites`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Suite(pub(super) SupportedCipherSuite);

/// Of TLS 1.3, Go has other names than rustls.
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
            None => Err(not_spoken(&given, SUITES.iter().map(|(name, _)| *name))),
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
            None => Err(not_spoken(&given, CURVES.iter().map(|(name, _)| *name))),
        }
    }
}

fn not_spoken(given: &str, known: impl Iterator<Item = &'static str>) -> String {
    let known: Vec<_> = known.collect();
    format!("'{}' is not spoken here; write any of {}", given.escape_debug(), known.join(", "))
}
