//! Why a Prometheus did not tell.

use mosaic_domain::ExitCode;

use super::client::LIMIT;

/// Each names the address, without what is secret in it, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PrometheusError {
    /// No address was given, on the command line or otherwise.
    #[error("which Prometheus? Give its URL to --prometheus, or put it into MOSAIC_PROMETHEUS_URL")]
    NoUrl,
    /// What was given is no address.
    #[error(
        "'{given}' {why}; expected the URL of a Prometheus, such as http://host:9090 or https://mimir.example/prometheus"
    )]
    BadUrl {
        /// As it was given, without a password.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A variable has a value that cannot be used.
    #[error("{name} has a character that no HTTP header may have; set it anew")]
    BadVariable {
        /// Its name.
        name: &'static str,
    },
    /// HTTPS was asked for, and nothing on this host says whom to trust.
    #[error(
        "no CA certificates on this host to know {url} by: install ca-certificates, or name a file in SSL_CERT_FILE"
    )]
    NoCertificates {
        /// The server.
        url: String,
    },
    /// There is no connection.
    #[error("cannot reach {url}: {why}; see whether it runs, and whether this is its address")]
    Unreachable {
        /// The server.
        url: String,
        /// What is in the way.
        why: String,
    },
    /// There is a connection, and nobody to trust at its end.
    #[error("cannot trust {url}: {why}; name the file of your own CA in SSL_CERT_FILE")]
    Untrusted {
        /// The server.
        url: String,
        /// What is wrong with its certificate.
        why: String,
    },
    /// It takes too long.
    #[error("{url} did not answer within {} s; see whether it is overloaded", LIMIT.as_secs())]
    Timeout {
        /// The server.
        url: String,
    },
    /// It wants to know who asks, or does not want us.
    #[error(
        "{url} refuses to answer (HTTP {status}): set MOSAIC_PROMETHEUS_USER and MOSAIC_PROMETHEUS_PASSWORD, \
             or MOSAIC_PROMETHEUS_BEARER_TOKEN, to what it accepts"
    )]
    Refused {
        /// The server.
        url: String,
        /// 401 or 403.
        status: u16,
    },
    /// It is somewhere else. Nobody follows, because of the credentials.
    #[error("{url} leads to {to}, which is not followed; if that is right, give it to --prometheus")]
    Redirected {
        /// The server.
        url: String,
        /// Where it says that it is, without credentials and without the query.
        to: String,
    },
    /// What answers is something else.
    #[error(
        "{url} is no Prometheus API (HTTP {status}, and no JSON of its form); see whether a path is missing in the URL, \
             such as /prometheus"
    )]
    NotPrometheus {
        /// The server.
        url: String,
        /// The status of its answer.
        status: u16,
    },
    /// It is a Prometheus, and cannot answer.
    #[error("{url} cannot answer: {said}; see its log, and try again")]
    Query {
        /// The server.
        url: String,
        /// In its own words.
        said: String,
    },
    /// The answer does not end.
    #[error("{url} answers with more than {limit} MiB, which no fleets take; see whether it is the right one")]
    TooMuch {
        /// The server.
        url: String,
        /// In MiB.
        limit: u64,
    },
}

impl PrometheusError {
    /// The exit code for it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoUrl | Self::BadUrl { .. } => ExitCode::Usage,
            Self::BadVariable { .. } => ExitCode::Configuration,
            Self::Refused { .. } => ExitCode::Permission,
            Self::NoCertificates { .. }
            | Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::Timeout { .. }
            | Self::Redirected { .. }
            | Self::NotPrometheus { .. }
            | Self::Query { .. }
            | Self::TooMuch { .. } => ExitCode::Unavailable,
        }
    }
}
