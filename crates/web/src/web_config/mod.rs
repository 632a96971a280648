//! TLS, users and header fields, from a file in the format of Prometheus' exporter-toolkit (`--web.config.file`).
//!
//! The file is read again when it changes, or when a certificate that it names changes.

mod basic_auth;
mod certificate_expiry;
mod client_auth;
mod config_error;
mod document;
mod file_stamps;
mod rate_limit;
mod tls;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::header::{HeaderName, HeaderValue};
use jiff::Timestamp;
use tokio_rustls::TlsAcceptor;

pub(crate) use basic_auth::PasswordQueue;
use basic_auth::Users;
pub use certificate_expiry::{CertificateExpiry, CertificateUse};
pub use config_error::{SettingError, WebConfigError};
use document::Document;
use file_stamps::FileStamps;
use rate_limit::RateLimiter;

/// The web configuration, kept up to date.
#[derive(Debug)]
pub struct WebConfig {
    /// The file; `None` for a configuration that never changes.
    path: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    settings: Arc<Settings>,
    stamps: FileStamps,
    /// When the settings were read.
    loaded_at: Timestamp,
    /// Whether the files were valid when they were last read.
    is_valid: bool,
}

/// The state of a web configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebConfigStatus {
    /// Whether the files were valid when they were last read. If not, an earlier configuration is in force.
    pub is_valid: bool,
    /// When the configuration in force was read.
    pub loaded_at: Timestamp,
    /// When the certificates expire.
    pub expiries: Vec<CertificateExpiry>,
}

impl WebConfig {
    /// A configuration without TLS and users.
    #[must_use]
    pub fn empty() -> Self {
        let state = State::new(Arc::default(), FileStamps::default());
        Self { path: None, state: Mutex::new(state) }
    }

    /// Loads a file.
    ///
    /// # Errors
    /// The file, or a file that it names, cannot be read, or contains an invalid setting.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, WebConfigError> {
        let path = path.as_ref().to_owned();
        let mut stamps = FileStamps::default();
        let settings = Arc::new(Settings::read(&path, &mut stamps)?);
        Ok(Self { path: Some(path), state: Mutex::new(State::new(settings, stamps)) })
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.current().tls.is_some()
    }

    /// The state of the configuration. Changed files are read first.
    pub(crate) fn status(&self) -> WebConfigStatus {
        let settings = self.current();
        let state = self.state();
        WebConfigStatus {
            is_valid: state.is_valid,
            loaded_at: state.loaded_at,
            expiries: settings.certificate_expiries.clone(),
        }
    }

    /// The settings for a request that arrives now. Changed files are read first.
    pub(crate) fn current(&self) -> Arc<Settings> {
        let mut state = self.state();
        if let Some(path) = self.path.as_deref().filter(|_| !state.stamps.are_current()) {
            state.reload(path);
        }
        Arc::clone(&state.settings)
    }

    /// Reads the files again, changed or not.
    pub(crate) fn reload(&self) {
        if let Some(path) = &self.path {
            self.state().reload(path);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(settings: Arc<Settings>, stamps: FileStamps) -> Self {
        Self { settings, stamps, loaded_at: Timestamp::now(), is_valid: true }
    }

    /// Replaces the settings if the files are valid. An error is logged once, because the stamps are updated in any
    /// case.
    fn reload(&mut self, path: &Path) {
        let mut stamps = FileStamps::default();
        let read = Settings::read(path, &mut stamps);
        self.is_valid = read.is_ok();
        match read {
            Ok(settings) => {
                self.settings = Arc::new(settings);
                self.loaded_at = Timestamp::now();
                tracing::info!("reloaded {}", path.display());
            }
            Err(error) => tracing::error!("{error}; the previous configuration stays in force"),
        }
        self.stamps = stamps;
    }
}

/// The settings in the form that the server needs. The default has no TLS and no users.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) certificate_expiries: Vec<CertificateExpiry>,
    pub(crate) requires_certificate: bool,
    pub(crate) users: Option<Users>,
    pub(crate) rate_limiter: Option<RateLimiter>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Settings {
    /// Reads the file and the files that it names.
    fn read(path: &Path, stamps: &mut FileStamps) -> Result<Self, WebConfigError> {
        let unreadable = |source| WebConfigError::Unreadable { path: path.to_owned(), source };
        let text = stamps.read(path).map_err(unreadable)?;
        let document =
            Document::parse(&text).map_err(|message| WebConfigError::Document { path: path.to_owned(), message })?;
        let directory = path.parent().unwrap_or(Path::new(""));
        Self::from_document(document, directory, stamps)
            .map_err(|source| WebConfigError::Setting { path: path.to_owned(), source })
    }

    fn from_document(document: Document, directory: &Path, stamps: &mut FileStamps) -> Result<Self, SettingError> {
        let tls = document.tls_server_config.unwrap_or_default();
        let requires_certificate = tls.requires_client_certificate();
        let http = document.http_server_config.unwrap_or_default();
        let tls = tls::acceptor(tls, directory, stamps)?;
        let (tls, certificate_expiries) = tls.map(|tls| (tls.acceptor, tls.expiries)).unzip();
        Ok(Self {
            tls,
            certificate_expiries: certificate_expiries.unwrap_or_default(),
            requires_certificate,
            users: Users::new(document.basic_auth_users.unwrap_or_default())?,
            rate_limiter: document.rate_limit.and_then(RateLimiter::new),
            headers: http.headers.unwrap_or_default().into_fields(),
        })
    }

    /// Whether every client has to authenticate, by a password or by a certificate.
    pub(crate) fn requires_credentials(&self) -> bool {
        self.users.is_some() || self.requires_certificate
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys and password hashes must not be printed.
        f.debug_struct("Settings")
            .field("tls", &self.tls.is_some())
            .field("users", &self.users.is_some())
            .finish_non_exhaustive()
    }
}
