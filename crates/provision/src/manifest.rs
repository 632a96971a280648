//! What is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ProvisionError;

/// What an install wrote, or was about to write: it is recorded before anything else is done, so
/// that an uninstall finds everything, also after an install that was killed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, by its name in the file")]
pub struct Manifest {
    /// Files and links.
    pub paths: BTreeSet<PathBuf>,
    /// Directories that were not there before.
    pub directories: BTreeSet<PathBuf>,
    /// A site's own units and scripts, and where they were put when ours took their place.
    pub kept_aside: BTreeMap<PathBuf, PathBuf>,
    /// Where the run directory leads.
    pub run_directory: Option<PathBuf>,
    /// Lingering was off before.
    pub linger: bool,
    /// The exporter's socket was enabled: who has disabled it since meant it.
    #[serde(default)]
    pub exporter: bool,
    /// The outbox's timer was enabled and started; the same holds for it.
    #[serde(default)]
    pub outbox: bool,
    /// Units were changed and the manager has not been told yet.
    pub reload_pending: bool,
}

impl Manifest {
    /// Reads it; nothing if there is none.
    ///
    /// # Errors
    /// It cannot be read, or makes no sense.
    pub fn read(path: &Path) -> Result<Option<Self>, ProvisionError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ProvisionError::file("read", path)(error)),
        };
        let manifest = serde_json::from_slice(&bytes);
        manifest.map(Some).map_err(|error| ProvisionError::Manifest { path: path.to_owned(), why: error.to_string() })
    }

    /// The file's text.
    ///
    /// # Errors
    /// A path in it is not UTF-8.
    pub(crate) fn text(&self, path: &Path) -> Result<String, ProvisionError> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n")
            .map_err(|error| ProvisionError::Manifest { path: path.to_owned(), why: error.to_string() })
    }
}
