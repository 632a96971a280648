//! Errors of a query.

use crate::client::TIME_LIMIT;

/// Why no hosts could be fetched. URLs in it are without credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrometheusError {
    /// No URL was given.
    #[error("no Prometheus URL is given; pass it to --prometheus, or set MOSAIC_PROMETHEUS_URL")]
    MissingUrl,
    /// The URL is invalid.
    #[error(
        "'{given}' {problem}; expected the URL of a Prometheus server, such as http://host:9090 or \
         https://mimir.example/prometheus"
    )]
    InvalidUrl {
        /// The URL.
        given: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The value of a variable is not valid in an HTTP header.
    #[error("the value of {name} has a character that is not allowed in an HTTP header; set it again")]
    InvalidVariable {
        /// The name of the variable.
        name: &'static str,
    },
    /// The URL uses TLS, and the host has no CA certificates.
    #[error(
        "no CA certificates are installed to verify {url}; install ca-certificates, or set SSL_CERT_FILE to a file \
         of certificates"
    )]
    NoCertificates {
        /// The server.
        url: String,
    },
    /// The server cannot be reached.
    #[error("cannot reach {url}: {reason}; check that the server is running and that the URL is right")]
    Unreachable {
        /// The server.
        url: String,
        /// The cause.
        reason: String,
    },
    /// The certificate of the server is not trusted.
    #[error("cannot verify {url}: {reason}; if it uses your own CA, set SSL_CERT_FILE to the file of its certificate")]
    Untrusted {
        /// The server.
        url: String,
        /// The cause.
        reason: String,
    },
    /// The queries took longer than their time limit.
    #[error("{url} did not answer within {} s; check whether it is overloaded", TIME_LIMIT.as_secs())]
    Timeout {
        /// The server.
        url: String,
    },
    /// The server requires other credentials.
    #[error(
        "{url} denies access (HTTP {status}); set MOSAIC_PROMETHEUS_USER and MOSAIC_PROMETHEUS_PASSWORD, or \
         MOSAIC_PROMETHEUS_BEARER_TOKEN"
    )]
    Unauthorized {
        /// The server.
        url: String,
        /// 401 or 403.
        status: u16,
    },
    /// The server redirects. Redirects are not followed, because the request may contain credentials.
    #[error("{url} redirects to {to}, which is not followed; if that is the right server, pass it to --prometheus")]
    Redirected {
        /// The server.
        url: String,
        /// The target, without the query.
        to: String,
    },
    /// The response is not one of the Prometheus API.
    #[error(
        "{url} is not a Prometheus API (HTTP {status}, unexpected body); check whether the URL lacks a path, such as \
         /prometheus"
    )]
    NotPrometheus {
        /// The server.
        url: String,
        /// The status of the response.
        status: u16,
    },
    /// The server could not evaluate a query.
    #[error("{url} failed to evaluate a query: {reason}; check its log, and try again")]
    QueryFailed {
        /// The server.
        url: String,
        /// The error that the server reports.
        reason: String,
    },
    /// A response exceeds the size limit.
    #[error("the response of {url} is larger than {limit} MiB; check that it is the right server")]
    TooLarge {
        /// The server.
        url: String,
        /// The limit in MiB.
        limit: u64,
    },
}
