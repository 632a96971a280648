//! The address of a Prometheus server, and the credentials for it.

use std::ffi::OsString;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use ureq::http::{HeaderValue, Uri};

use crate::PrometheusError;

/// The variables of the environment. Secrets are not taken from the command line, which all users of the host can
/// read.
const URL: &str = "MOSAIC_PROMETHEUS_URL";
const USER: &str = "MOSAIC_PROMETHEUS_USER";
const PASSWORD: &str = "MOSAIC_PROMETHEUS_PASSWORD";
const TOKEN: &str = "MOSAIC_PROMETHEUS_BEARER_TOKEN";
const TENANT: &str = "MOSAIC_PROMETHEUS_TENANT";

/// A server, and the headers that are sent with each query.
#[derive(Clone, Debug)]
pub struct Endpoint {
    url: String,
    tls: bool,
    headers: Vec<(&'static str, HeaderValue)>,
}

impl Endpoint {
    /// The endpoint at `url` or, without one, at `MOSAIC_PROMETHEUS_URL`. Credentials in the URL take precedence
    /// over those of the environment, which `variable` looks up.
    ///
    /// # Errors
    /// There is no URL, it is invalid, or a variable has a value that is not valid in a header.
    pub fn resolve(url: Option<&str>, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, PrometheusError> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let text = |name| match set(name).map(OsString::into_string) {
            Some(Err(_)) => Err(PrometheusError::InvalidVariable { name }),
            Some(Ok(value)) => Ok(Some(value)),
            None => Ok(None),
        };
        let from_environment = text(URL)?;
        let given = url.or(from_environment.as_deref()).ok_or(PrometheusError::MissingUrl)?;
        let (base, tls, credentials) = parse_url(given)
            .map_err(|problem| PrometheusError::InvalidUrl { given: without_credentials(given), problem })?;
        let authorization = match (credentials, text(TOKEN)?, text(USER)?) {
            (Some(basic), ..) => Some((URL, basic)),
            (None, Some(token), _) => Some((TOKEN, format!("Bearer {token}"))),
            (None, None, Some(user)) => {
                let password = text(PASSWORD)?.unwrap_or_default();
                Some((USER, basic([user, password].map(String::into_bytes))))
            }
            (None, None, None) => None,
        };
        let mut headers = Vec::new();
        if let Some((name, value)) = authorization {
            headers.push(("authorization", header(name, &value, true)?));
        }
        if let Some(tenant) = text(TENANT)? {
            headers.push(("x-scope-orgid", header(TENANT, &tenant, false)?));
        }
        Ok(Self { url: base, tls, headers })
    }

    /// The URL without credentials.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the server is reached over TLS.
    pub(crate) fn uses_tls(&self) -> bool {
        self.tls
    }

    /// The headers that are sent with each query.
    pub(crate) fn headers(&self) -> &[(&'static str, HeaderValue)] {
        &self.headers
    }
}

/// The base URL without credentials, whether it uses TLS, and the value of an `Authorization` header for the
/// credentials in it. The error completes the sentence "'URL' …".
fn parse_url(given: &str) -> Result<(String, bool, Option<String>), &'static str> {
    let uri: Uri = given.parse().map_err(|_| "is not a URL")?;
    let tls = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        Some(_) => return Err("has a scheme other than http and https"),
        None => return Err("has no scheme"),
    };
    if uri.path().contains('@') {
        return Err("has an @ in its path; write a / in a password as %2F");
    }
    if uri.query().is_some() {
        return Err("has a query string");
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let (credentials, host) =
        authority.rsplit_once('@').map_or((None, authority), |(before, host)| (Some(before), host));
    if host.is_empty() || (host.rsplit(']').next().unwrap_or(host).contains(':') && uri.port_u16().is_none()) {
        return Err("has no host, or an invalid port");
    }
    let scheme = if tls { "https" } else { "http" };
    let base = format!("{scheme}://{host}{}", uri.path().trim_end_matches('/'));
    let authorization = credentials.map(|credentials| {
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        basic([user, password].map(|part| percent_decode_str(part).collect::<Vec<u8>>()))
    });
    Ok((base, tls, authorization))
}

fn basic([user, password]: [Vec<u8>; 2]) -> String {
    format!("Basic {}", STANDARD.encode([user, password].join(&b':')))
}

fn header(name: &'static str, value: &str, secret: bool) -> Result<HeaderValue, PrometheusError> {
    let mut header = HeaderValue::from_str(value).map_err(|_| PrometheusError::InvalidVariable { name })?;
    header.set_sensitive(secret);
    Ok(header)
}

/// Removes credentials from a URL, or from a text that was meant as one.
pub(crate) fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // A password that contains a slash makes the rest of it look like a path.
    let path = if authority.contains('@') { path } else { path.rsplit_once('@').map_or(path, |(_, after)| after) };
    let authority = if rest.contains('@') && !authority.contains('@') { "" } else { authority };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, without_credentials};
    use crate::PrometheusError;
    use std::ffi::OsString;

    fn resolve(url: Option<&str>, variables: &[(&str, &str)]) -> Result<Endpoint, PrometheusError> {
        Endpoint::resolve(url, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    fn headers(endpoint: &Endpoint) -> Vec<(&str, &str)> {
        endpoint.headers().iter().map(|(name, value)| (*name, value.to_str().unwrap())).collect()
    }

    #[test]
    fn a_url_has_a_scheme_a_host_and_an_optional_path() {
        let table = [
            ("http://host:9090", "http://host:9090", false),
            ("http://host:9090/", "http://host:9090", false),
            ("https://mimir.example/prometheus", "https://mimir.example/prometheus", true),
            ("https://mimir.example/prometheus/", "https://mimir.example/prometheus", true),
            ("http://[::1]:9090", "http://[::1]:9090", false),
            ("http://me:secret@host:9090/p", "http://host:9090/p", false),
        ];
        for (given, url, tls) in table {
            let endpoint = resolve(Some(given), &[]).unwrap();
            assert_eq!((endpoint.url(), endpoint.uses_tls()), (url, tls), "{given}");
        }
        let by_variable = resolve(None, &[("MOSAIC_PROMETHEUS_URL", "http://host:1")]).unwrap();
        assert_eq!(by_variable.url(), "http://host:1");
        assert_eq!(resolve(None, &[("MOSAIC_PROMETHEUS_URL", "")]).unwrap_err(), PrometheusError::MissingUrl);
    }

    #[test]
    fn an_invalid_url_is_reported_without_its_password() {
        for given in [
            "",
            "host",
            "host:9090",
            "ftp://me:secret@host",
            "http://",
            "http://host/graph?g0.expr=up",
            "http://me:se/cret@host",
            "http:// x",
            "http://host:port",
            "http://host:99999",
            "http://me:secret@",
        ] {
            let error = resolve(Some(given), &[]).unwrap_err();
            assert!(matches!(error, PrometheusError::InvalidUrl { .. }), "{given}: {error}");
            assert!(
                error.to_string().contains("such as http://host:9090") && !error.to_string().contains("cret"),
                "{error}"
            );
        }
    }

    #[test]
    fn credentials_of_the_url_take_precedence_over_the_environment() {
        let user = [("MOSAIC_PROMETHEUS_USER", "me"), ("MOSAIC_PROMETHEUS_PASSWORD", "a:b")];
        let token = [user[0], user[1], ("MOSAIC_PROMETHEUS_BEARER_TOKEN", "t0ken")];
        let tenant = [("MOSAIC_PROMETHEUS_TENANT", "team-a")];
        let table: [(&str, &[_], &[_]); 5] = [
            ("http://h", &[], &[]),
            // me:a:b
            ("http://h", &user, &[("authorization", "Basic bWU6YTpi")]),
            ("http://h", &token, &[("authorization", "Bearer t0ken")]),
            // you:a@b
            ("http://you:a%40b@h", &token, &[("authorization", "Basic eW91OmFAYg==")]),
            ("http://h", &tenant, &[("x-scope-orgid", "team-a")]),
        ];
        for (given, variables, expected) in table {
            assert_eq!(headers(&resolve(Some(given), variables).unwrap()), expected, "{given} {variables:?}");
        }
        let error = resolve(Some("http://h"), &[("MOSAIC_PROMETHEUS_BEARER_TOKEN", "secret\n")]).unwrap_err();
        assert!(matches!(error, PrometheusError::InvalidVariable { .. }), "{error}");
        assert!(error.to_string().contains("MOSAIC_PROMETHEUS_BEARER_TOKEN") && !error.to_string().contains("secret"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let endpoint = resolve(Some("http://me:secret@h"), &[("MOSAIC_PROMETHEUS_TENANT", "t")]).unwrap();
        assert!(
            !format!("{endpoint:?}").contains("secret") && !format!("{endpoint:?}").contains("bWU6"),
            "{endpoint:?}"
        );
        let table = [
            ("http://me:secret@host/x", "http://host/x"),
            ("me:secret@host", "host"),
            ("http://me:sec/ret@host:1", "http://host:1"),
            ("http://host/a@b", "http://b"),
            ("https://host/path", "https://host/path"),
            ("host:9090", "host:9090"),
        ];
        for (address, shown) in table {
            assert_eq!(without_credentials(address), shown, "{address}");
        }
    }
}
