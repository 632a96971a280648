//! What a web configuration comes to: what is needed to serve.

use std::path::Path;

use hyper::header::{HeaderName, HeaderValue};
use tokio_rustls::TlsAcceptor;

use super::document::Document;
use super::error::{SettingError, WebConfigError};
use super::rate::Rate;
use super::stamps::Stamps;
use super::tls;
use super::users::Users;

/// All that is configured. The default is nothing.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) needs_certificate: bool,
    pub(crate) users: Option<Users>,
    pub(crate) rate: Option<Rate>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Settings {
    /// Reads the file and those that it names.
    pub(super) fn read(path: &Path, stamps: &mut Stamps) -> Result<Self, WebConfigError> {
        let unreadable = |source| WebConfigError::Unreadable { path: path.to_owned(), source };
        let text = stamps.read(path).map_err(unreadable)?;
        let document =
            Document::read(&text).map_err(|message| WebConfigError::Document { path: path.to_owned(), message })?;
        let directory = path.parent().unwrap_or(Path::new(""));
        Self::of(document, directory, stamps)
            .map_err(|source| WebConfigError::Setting { path: path.to_owned(), source })
    }

    fn of(document: Document, directory: &Path, stamps: &mut Stamps) -> Result<Self, SettingError> {
        let tls = document.tls_server_config.unwrap_or_default();
        let needs_certificate = tls.client_auth_type.unwrap_or_default().needs_certificate();
        let http = document.http_server_config.unwrap_or_default();
        Ok(Self {
            tls: tls::acceptor(tls, directory, stamps)?,
            needs_certificate,
            users: Users::of(document.basic_auth_users.unwrap_or_default())?,
            rate: document.rate_limit.and_then(Rate::of),
            headers: http.headers.unwrap_or_default().list(),
        })
    }

    /// Whether nothing is answered to somebody who does not show who they are.
    pub(crate) fn wants_credentials(&self) -> bool {
        self.users.is_some() || self.needs_certificate
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Keys and hashes are nobody's to print.
        f.debug_struct("Settings")
            .field("tls", &self.tls.is_some())
            .field("users", &self.users.is_some())
            .finish_non_exhaustive()
    }
}
