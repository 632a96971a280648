//! Asks a Prometheus: bounded in time and size, and no further than the address that was given.

#[cfg(test)]
mod tests;

use std::io;
use std::time::{Duration, Instant};

use ureq::http::header::{ACCEPT, LOCATION};
use ureq::{Agent, Error};

use super::answer::{Answer, NoAnswer};
use super::server::without_credentials;
use super::{PrometheusError, Server, certificates};

/// How long all questions together may take.
pub(super) const LIMIT: Duration = Duration::from_secs(10);
/// A thousand agents are a few MiB.
const LARGEST: u64 = 64 << 20;

/// A connection to a server.
#[derive(Debug)]
pub(super) struct Client {
    server: Server,
    agent: Agent,
    deadline: Instant,
}

impl Client {
    /// Whoever asks now has [`LIMIT`].
    ///
    /// # Errors
    /// The server is asked over TLS, and this host has no certificates to know it by.
    pub(super) fn new(server: Server) -> Result<Self, PrometheusError> {
        Self::within(server, LIMIT)
    }

    fn within(server: Server, limit: Duration) -> Result<Self, PrometheusError> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // What was meant for one server is not told to another.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("mosaic/", env!("CARGO_PKG_VERSION")));
        let config = if server.is_secure() {
            let tls = certificates::tls();
            config.tls_config(tls.ok_or_else(|| PrometheusError::NoCertificates { url: server.url().to_owned() })?)
        } else {
            config
        };
        Ok(Self { agent: config.build().into(), server, deadline: Instant::now() + limit })
    }

    /// Where it asks, without credentials.
    pub(super) fn url(&self) -> &str {
        self.server.url()
    }

    /// The answer to an instant query, as of the server's now.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn ask(&self, expression: &str) -> Result<Answer, PrometheusError> {
        let url = || self.url().to_owned();
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(PrometheusError::Timeout { url: url() });
        }
        let mut request = self.agent.get(format!("{}/api/v1/query", self.url())).query("query", expression);
        for (name, value) in self.server.headers() {
            request = request.header(*name, value);
        }
        let request = request.header(ACCEPT, "application/json").config().timeout_global(Some(left)).build();
        let mut response = request.call().map_err(|error| self.failure(error))?;
        let status = response.status().as_u16();
        match status {
            401 | 403 => return Err(PrometheusError::Refused { url: url(), status }),
            300..=399 => {
                let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
                let to = without_credentials(to.split('?').next().unwrap_or_default());
                return Err(PrometheusError::Redirected { url: url(), to: to.replace("/api/v1/query", "") });
            }
            _ => {}
        }
        let body =
            response.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(|error| self.failure(error))?;
        match Answer::read(&body) {
            Ok(answer) if status == 200 => Ok(answer),
            Ok(_) | Err(NoAnswer::Form) => Err(PrometheusError::NotPrometheus { url: url(), status }),
            Err(NoAnswer::Said(said)) => Err(PrometheusError::Query { url: url(), said }),
        }
    }

    fn failure(&self, error: Error) -> PrometheusError {
        let url = self.url().to_owned();
        match error {
            Error::Timeout(_) => PrometheusError::Timeout { url },
            Error::BodyExceedsLimit(_) => PrometheusError::TooMuch { url, limit: LARGEST >> 20 },
            Error::Rustls(error) => self.tls_failure(&error),
            Error::Protocol(_) => PrometheusError::Unreachable { url, why: "what answers speaks no HTTP".to_owned() },
            Error::Io(error) => self.io_failure(&error),
            error => PrometheusError::Unreachable { url, why: error.to_string() },
        }
    }

    fn tls_failure(&self, error: &rustls::Error) -> PrometheusError {
        let url = self.url().to_owned();
        match error {
            rustls::Error::InvalidCertificate(_) => PrometheusError::Untrusted { url, why: error.to_string() },
            _ => PrometheusError::Unreachable { url, why: format!("no TLS with what answers: {error}") },
        }
    }

    fn io_failure(&self, error: &io::Error) -> PrometheusError {
        let url = self.url().to_owned();
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => self.tls_failure(error),
            None if error.kind() == io::ErrorKind::TimedOut => PrometheusError::Timeout { url },
            None => PrometheusError::Unreachable { url, why: error.to_string() },
        }
    }
}
