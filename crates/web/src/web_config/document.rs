//! The web configuration file as it is written: the keys of Prometheus' exporter-toolkit, and no others.

use std::collections::BTreeMap;

use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS, X_XSS_PROTECTION,
};
use serde::Deserialize;
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter as _};

use super::basic_auth::PasswordHash;
use super::rate_limit::RateLimitConfig;
use super::tls::TlsConfig;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) tls_server_config: Option<TlsConfig>,
    pub(super) http_server_config: Option<HttpConfig>,
    pub(super) basic_auth_users: Option<BTreeMap<String, PasswordHash>>,
    pub(super) rate_limit: Option<RateLimitConfig>,
}

impl Document {
    /// Parses the file. The error names the line and what is expected there.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|error| format!("the file is not UTF-8: {error}"))?;
        let is_empty = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        if is_empty {
            Ok(Self::default())
        } else {
            serde_saphyr::from_str(text).map_err(|error| describe_yaml_error(&error))
        }
    }
}

/// Describes the error in one line: its line and column, if they are known, and what is wrong.
fn describe_yaml_error(error: &serde_saphyr::Error) -> String {
    let at = error.location().filter(|at| at.line() > 0);
    let at = at.map(|at| format!("line {}, column {}: ", at.line(), at.column())).unwrap_or_default();
    let problem = match error.without_snippet() {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            format!("unknown key '{}': expected one of {}", field.escape_debug(), expected.join(", "))
        }
        other => {
            let message = DefaultMessageFormatter.format_message(other);
            message.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    };
    at + &problem
}

/// `http_server_config`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpConfig {
    /// Accepted because several exporters may share a file. The server does not support HTTP/2, and clients negotiate
    /// HTTP/1.1 by themselves.
    #[serde(rename = "http2")]
    pub(super) _http2: Option<bool>,
    pub(super) headers: Option<Headers>,
}

/// `http_server_config.headers`: the header fields that exporter-toolkit allows. An empty value adds no field.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Headers {
    #[serde(rename = "Content-Security-Policy")]
    content_security_policy: Option<TextValue>,
    #[serde(rename = "X-Frame-Options")]
    x_frame_options: Option<FrameOptions>,
    #[serde(rename = "X-Content-Type-Options")]
    x_content_type_options: Option<ContentTypeOptions>,
    #[serde(rename = "X-XSS-Protection")]
    x_xss_protection: Option<TextValue>,
    #[serde(rename = "Strict-Transport-Security")]
    strict_transport_security: Option<TextValue>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct TextValue(Option<HeaderValue>);

impl TryFrom<String> for TextValue {
    type Error = &'static str;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        if given.is_empty() {
            return Ok(Self(None));
        }
        let expected = "expected a header value without line breaks and control characters";
        HeaderValue::try_from(given).map(|value| Self(Some(value))).map_err(|_| expected)
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum FrameOptions {
    #[serde(rename = "deny")]
    Deny,
    #[serde(rename = "sameorigin")]
    SameOrigin,
    #[serde(rename = "")]
    Unset,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum ContentTypeOptions {
    #[serde(rename = "nosniff")]
    NoSniff,
    #[serde(rename = "")]
    Unset,
}

impl Headers {
    pub(super) fn into_fields(self) -> Vec<(HeaderName, HeaderValue)> {
        let framing = match self.x_frame_options {
            Some(FrameOptions::Deny) => Some(HeaderValue::from_static("deny")),
            Some(FrameOptions::SameOrigin) => Some(HeaderValue::from_static("sameorigin")),
            Some(FrameOptions::Unset) | None => None,
        };
        let no_sniff = match self.x_content_type_options {
            Some(ContentTypeOptions::NoSniff) => Some(HeaderValue::from_static("nosniff")),
            Some(ContentTypeOptions::Unset) | None => None,
        };
        [
            (CONTENT_SECURITY_POLICY, self.content_security_policy.and_then(|text| text.0)),
            (X_FRAME_OPTIONS, framing),
            (X_CONTENT_TYPE_OPTIONS, no_sniff),
            (X_XSS_PROTECTION, self.x_xss_protection.and_then(|text| text.0)),
            (STRICT_TRANSPORT_SECURITY, self.strict_transport_security.and_then(|text| text.0)),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Document;

    #[test]
    fn an_error_is_one_line_with_its_position() {
        let error = Document::parse(b"http_server_config:\n  bogus: 1\n").unwrap_err();
        assert_eq!(error, "line 2, column 3: unknown key 'bogus': expected one of http2, headers");
        let error = Document::parse(b"rate_limit: [\n").unwrap_err();
        assert!(error.starts_with("line ") && !error.contains('\n'), "{error}");
    }
}
