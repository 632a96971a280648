//! A Prometheus' address, and who we are to it.

#[cfg(test)]
mod tests;

use std::ffi::OsString;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use ureq::http::{HeaderValue, Uri};

use super::PrometheusError;

/// The variables that say it; what is secret is never on a command line, where everybody can read it.
const URL: &str = "MOSAIC_PROMETHEUS_URL";
const USER: &str = "MOSAIC_PROMETHEUS_USER";
const PASSWORD: &str = "MOSAIC_PROMETHEUS_PASSWORD";
const TOKEN: &str = "MOSAIC_PROMETHEUS_BEARER_TOKEN";
const TENANT: &str = "MOSAIC_PROMETHEUS_TENANT";

/// A server, and what it is sent with each question.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    url: String,
    secure: bool,
    headers: Vec<(&'static str, HeaderValue)>,
}

impl Server {
    /// The server at the address that was given, or else at that of the environment.
    ///
    /// # Errors
    /// That is no URL, or a variable has a value that cannot be sent.
    pub(crate) fn find(
        given: Option<&str>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, PrometheusError> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let text = |name| match set(name).map(OsString::into_string) {
            Some(Err(_)) => Err(PrometheusError::BadVariable { name }),
            Some(Ok(value)) => Ok(Some(value)),
            None => Ok(None),
        };
        let from_environment = text(URL)?;
        let given = given.or(from_environment.as_deref()).ok_or(PrometheusError::NoUrl)?;
        let bad = |why| PrometheusError::BadUrl { given: without_credentials(given), why };
        let uri: Uri = given.parse().map_err(|_| bad("is no URL"))?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) => return Err(bad("is not of http or https")),
            None => return Err(bad("has no http:// or https:// before it")),
        };
        if uri.path().contains('@') {
            return Err(bad("has an @ in its path; a / in a password is written %2F"));
        }
        if uri.query().is_some() {
            return Err(bad("has a question mark, and what follows it is no part of an address"));
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let (credentials, place) =
            authority.rsplit_once('@').map_or((None, authority), |(before, place)| (Some(before), place));
        if place.is_empty() || (place.rsplit(']').next().unwrap_or(place).contains(':') && uri.port_u16().is_none()) {
            return Err(bad("has no host, or a port that is no number"));
        }
        let scheme = if secure { "https" } else { "http" };
        let url = format!("{scheme}://{place}{}", uri.path().trim_end_matches('/'));
        let mut headers = Vec::new();
        let in_url = credentials.map(|credentials| {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            basic([user, password].map(|part| percent_decode_str(part).collect::<Vec<u8>>()))
        });
        let authorization = match (in_url, text(TOKEN)?, text(USER)?) {
            (Some(basic), ..) => Some((URL, basic)),
            (None, Some(token), _) => Some((TOKEN, format!("Bearer {token}"))),
            (None, None, Some(user)) => {
                Some((USER, basic([user, text(PASSWORD)?.unwrap_or_default()].map(String::into_bytes))))
            }
            (None, None, None) => None,
        };
        if let Some((name, value)) = authorization {
            headers.push(("authorization", header(name, &value, true)?));
        }
        if let Some(tenant) = text(TENANT)? {
            headers.push(("x-scope-orgid", header(TENANT, &tenant, false)?));
        }
        Ok(Self { url, secure, headers })
    }

    /// The address, without credentials.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Is it asked over TLS?
    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    /// What is sent with each question.
    pub(super) fn headers(&self) -> &[(&'static str, HeaderValue)] {
        &self.headers
    }
}

fn basic([user, password]: [Vec<u8>; 2]) -> String {
    format!("Basic {}", STANDARD.encode([user, password].join(&b':')))
}

fn header(name: &'static str, value: &str, secret: bool) -> Result<HeaderValue, PrometheusError> {
    let mut header = HeaderValue::from_str(value).map_err(|_| PrometheusError::BadVariable { name })?;
    header.set_sensitive(secret);
    Ok(header)
}

/// An address as it may be shown, whether it is one or not.
pub(super) fn without_credentials(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let (place, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // A password may have a slash in it, and then the rest of it looks like a path.
    let path = if place.contains('@') { path } else { path.rsplit_once('@').map_or(path, |(_, after)| after) };
    let hidden = if rest.contains('@') && !place.contains('@') { "" } else { place };
    let place = hidden.rsplit_once('@').map_or(hidden, |(_, place)| place);
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{place}{path}")
}
