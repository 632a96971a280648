//! The header fields that may be added to answers: those of exporter-toolkit, and no other.

use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS, X_XSS_PROTECTION,
};
use serde::Deserialize;

/// `http_server_config.headers`. An empty value is none.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Headers {
    #[serde(rename = "Content-Security-Policy")]
    content_security_policy: Option<Text>,
    #[serde(rename = "X-Frame-Options")]
    x_frame_options: Option<Framing>,
    #[serde(rename = "X-Content-Type-Options")]
    x_content_type_options: Option<NoSniff>,
    #[serde(rename = "X-XSS-Protection")]
    x_xss_protection: Option<Text>,
    #[serde(rename = "Strict-Transport-Security")]
    strict_transport_security: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Text(Option<HeaderValue>);

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        if given.is_empty() {
            return Ok(Self(None));
        }
        let wrong = "a header's value has no line breaks and no control characters";
        HeaderValue::try_from(given).map(|value| Self(Some(value))).map_err(|_| wrong)
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Framing {
    #[serde(rename = "deny")]
    Deny,
    #[serde(rename = "sameorigin")]
    SameOrigin,
    #[serde(rename = "")]
    Unset,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum NoSniff {
    #[serde(rename = "nosniff")]
    NoSniff,
    #[serde(rename = "")]
    Unset,
}

impl Headers {
    pub(super) fn list(self) -> Vec<(HeaderName, HeaderValue)> {
        let framing = match self.x_frame_options {
            Some(Framing::Deny) => Some(HeaderValue::from_static("deny")),
            Some(Framing::SameOrigin) => Some(HeaderValue::from_static("sameorigin")),
            Some(Framing::Unset) | None => None,
        };
        let no_sniff = match self.x_content_type_options {
            Some(NoSniff::NoSniff) => Some(HeaderValue::from_static("nosniff")),
            Some(NoSniff::Unset) | None => None,
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
