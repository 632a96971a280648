//! The document as it is written: every key of exporter-toolkit's, and no other.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::client_auth::ClientAuthType;
use super::headers::Headers;
use super::rate::RateLimit;
use super::tls_names::{Curve, Suite, Version};
use super::users::PasswordHash;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) tls_server_config: Option<Tls>,
    pub(super) http_server_config: Option<Http>,
    pub(super) basic_auth_users: Option<BTreeMap<String, PasswordHash>>,
    pub(super) rate_limit: Option<RateLimit>,
}

/// `tls_server_config`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) cert: Option<String>,
    pub(super) key: Option<String>,
    pub(super) client_ca: Option<String>,
    pub(super) cert_file: Option<String>,
    pub(super) key_file: Option<String>,
    pub(super) client_ca_file: Option<String>,
    pub(super) client_auth_type: Option<ClientAuthType>,
    pub(super) client_allowed_sans: Option<Vec<super::client_auth::AllowedName>>,
    pub(super) min_version: Option<Version>,
    pub(super) max_version: Option<Version>,
    pub(super) cipher_suites: Option<Vec<Suite>>,
    pub(super) prefer_server_cipher_suites: Option<bool>,
    pub(super) curve_preferences: Option<Vec<Curve>>,
}

/// `http_server_config`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    /// Taken in because files that several exporters share have it. HTTP/2 is not spoken here, which every client
    /// finds out by itself.
    #[serde(rename = "http2")]
    pub(super) _http2: Option<bool>,
    pub(super) headers: Option<Headers>,
}

impl Document {
    /// Reads it; an error says where it is, and what was expected there.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|error| format!("it is not UTF-8: {error}"))?;
        let is_empty = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        if is_empty { Ok(Self::default()) } else { serde_saphyr::from_str(text).map_err(|error| error.to_string()) }
    }
}
