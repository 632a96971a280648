//! An HTTP client for instant queries, bounded in time and in the size of a response. It does not follow redirects.

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls_native_certs::load_native_certs;
use ureq::http::header::{ACCEPT, LOCATION};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Error};

use crate::endpoint::without_credentials;
use crate::instant_vector::{InstantVector, ResponseError};
use crate::{Endpoint, PrometheusError};

/// The time limit for all queries together.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(10);
/// The size limit of one response in bytes. A thousand agents take a few MiB.
const SIZE_LIMIT: u64 = 64 << 20;

/// What makes `VictoriaMetrics` evaluate the newest samples. Otherwise it evaluates those of 30 seconds ago, and labels
/// them with the current time. Other servers ignore these parameters.
const NEWEST_SAMPLES: [(&str, &str); 2] = [("latency_offset", "1ms"), ("nocache", "1")];

/// A client of one server.
#[derive(Debug)]
pub(crate) struct Client {
    endpoint: Endpoint,
    agent: Agent,
    deadline: Instant,
}

impl Client {
    /// A client whose queries have to complete within [`TIME_LIMIT`] from now.
    ///
    /// # Errors
    /// The endpoint uses TLS, and this host has no CA certificates.
    pub(crate) fn new(endpoint: Endpoint) -> Result<Self, PrometheusError> {
        Self::with_time_limit(endpoint, TIME_LIMIT)
    }

    fn with_time_limit(endpoint: Endpoint, limit: Duration) -> Result<Self, PrometheusError> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Credentials for one server must not reach another.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("mosaic/", env!("CARGO_PKG_VERSION")));
        let config = if endpoint.uses_tls() {
            let tls = system_tls().ok_or_else(|| PrometheusError::NoCertificates { url: endpoint.url().to_owned() })?;
            config.tls_config(tls)
        } else {
            config
        };
        Ok(Self { agent: config.build().into(), endpoint, deadline: Instant::now() + limit })
    }

    /// The URL of the server, without credentials.
    pub(crate) fn url(&self) -> &str {
        self.endpoint.url()
    }

    /// Evaluates an expression at the current time of the server.
    ///
    /// # Errors
    /// The server cannot be reached, refuses the request, or does not return a result.
    pub(crate) fn query(&self, promql: &str) -> Result<InstantVector, PrometheusError> {
        let url = || self.url().to_owned();
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(PrometheusError::Timeout { url: url() });
        }
        let mut request = self.agent.get(format!("{}/api/v1/query", self.url())).query("query", promql);
        for (name, value) in NEWEST_SAMPLES {
            request = request.query(name, value);
        }
        for (name, value) in self.endpoint.headers() {
            request = request.header(*name, value);
        }
        let request = request.header(ACCEPT, "application/json").config().timeout_global(Some(left)).build();
        let mut response = request.call().map_err(|error| self.failure(error))?;
        let status = response.status().as_u16();
        match status {
            401 | 403 => return Err(PrometheusError::Unauthorized { url: url(), status }),
            300..=399 => {
                let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
                let to = without_credentials(to.split('?').next().unwrap_or_default());
                return Err(PrometheusError::Redirected { url: url(), to: to.replace("/api/v1/query", "") });
            }
            _ => {}
        }
        let body =
            response.body_mut().with_config().limit(SIZE_LIMIT).read_to_vec().map_err(|error| self.failure(error))?;
        match InstantVector::parse(&body) {
            Ok(vector) if status == 200 => Ok(vector),
            Ok(_) | Err(ResponseError::Malformed) => Err(PrometheusError::NotPrometheus { url: url(), status }),
            Err(ResponseError::Query(reason)) => Err(PrometheusError::QueryFailed { url: url(), reason }),
        }
    }

    fn failure(&self, error: Error) -> PrometheusError {
        let url = self.url().to_owned();
        match error {
            Error::Timeout(_) => PrometheusError::Timeout { url },
            Error::BodyExceedsLimit(_) => PrometheusError::TooLarge { url, limit: SIZE_LIMIT >> 20 },
            Error::Rustls(error) => self.tls_failure(&error),
            Error::Protocol(_) => {
                PrometheusError::Unreachable { url, reason: "the server does not speak HTTP".to_owned() }
            }
            Error::Io(error) => self.io_failure(&error),
            error => PrometheusError::Unreachable { url, reason: error.to_string() },
        }
    }

    fn tls_failure(&self, error: &rustls::Error) -> PrometheusError {
        let url = self.url().to_owned();
        match error {
            rustls::Error::InvalidCertificate(_) => PrometheusError::Untrusted { url, reason: error.to_string() },
            _ => PrometheusError::Unreachable { url, reason: format!("the TLS handshake failed: {error}") },
        }
    }

    fn io_failure(&self, error: &io::Error) -> PrometheusError {
        let url = self.url().to_owned();
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => self.tls_failure(error),
            None if error.kind() == io::ErrorKind::TimedOut => PrometheusError::Timeout { url },
            None => PrometheusError::Unreachable { url, reason: error.to_string() },
        }
    }
}

/// TLS with the CA certificates of the system, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`; `None` without any.
fn system_tls() -> Option<TlsConfig> {
    let found = load_native_certs().certs;
    let roots: Vec<Certificate<'static>> = found.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    if roots.is_empty() {
        return None;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::Specific(Arc::new(roots)));
    Some(tls.build())
}
