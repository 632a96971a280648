//! TLS, users and headers, as a file in the format of Prometheus' exporter-toolkit says it (`--web.config.file`). It is
//! read again when it, or a certificate that it names, has changed.

mod client_auth;
mod document;
mod error;
mod headers;
mod rate;
mod settings;
mod stamps;
mod tls;
mod tls_names;
mod users;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use error::{SettingError, WebConfigError};
pub(crate) use settings::Settings;
use stamps::Stamps;

/// What is in force now.
#[derive(Debug)]
pub struct WebConfig {
    /// Nothing without a file: then it never changes.
    path: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    settings: Arc<Settings>,
    stamps: Stamps,
}

impl WebConfig {
    /// No TLS, no users.
    #[must_use]
    pub fn none() -> Self {
        let state = State { settings: Arc::default(), stamps: Stamps::default() };
        Self { path: None, state: Mutex::new(state) }
    }

    /// What a file says.
    ///
    /// # Errors
    /// It, or a file that it names, cannot be read, or says what cannot be done.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, WebConfigError> {
        let path = path.as_ref().to_owned();
        let mut stamps = Stamps::default();
        let settings = Arc::new(Settings::read(&path, &mut stamps)?);
        Ok(Self { path: Some(path), state: Mutex::new(State { settings, stamps }) })
    }

    /// Whether connections are encrypted now.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.in_force().tls.is_some()
    }

    /// What applies to a request that comes now.
    pub(crate) fn in_force(&self) -> Arc<Settings> {
        let mut state = self.state();
        if let Some(path) = self.path.as_deref().filter(|_| !state.stamps.are_current()) {
            state.read_again(path);
        }
        Arc::clone(&state.settings)
    }

    /// Reads it again, changed or not.
    pub(crate) fn reload(&self) {
        if let Some(path) = &self.path {
            self.state().read_again(path);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is wrong is said once: the stamps are those of this attempt, whatever came of it.
    fn read_again(&mut self, path: &Path) {
        let mut stamps = Stamps::default();
        match Settings::read(path, &mut stamps) {
            Ok(settings) => {
                self.settings = Arc::new(settings);
                tracing::info!("{} was read again", path.display());
            }
            Err(error) => tracing::error!("{error}; what was read before stays in force"),
        }
        self.stamps = stamps;
    }
}
