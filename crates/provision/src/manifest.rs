//! The manifest: a record of what an install wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use mosaic_regular_file::MAX_CONFIGURATION_BYTES;
use serde::{Deserialize, Serialize};

use crate::ProvisionError;

/// What an install wrote or was about to write.
///
/// The manifest is written before anything else, so that an uninstall also finds everything after an interrupted
/// install.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent flags of a file format")]
pub struct Manifest {
    /// Installed files and links.
    pub paths: BTreeSet<PathBuf>,
    /// Directories that the install created.
    pub directories: BTreeSet<PathBuf>,
    /// Units and scripts of the site that the install replaced, and the paths of their backups.
    pub kept_aside: BTreeMap<PathBuf, PathBuf>,
    /// The target of the run directory link.
    pub run_directory: Option<PathBuf>,
    /// Whether the install enabled lingering.
    pub linger: bool,
    /// Whether an install enabled the exporter's socket. If it is disabled now, the user disabled it.
    #[serde(default)]
    pub exporter: bool,
    /// Whether an install enabled and started the outbox timer. If it is disabled now, the user disabled it.
    #[serde(default)]
    pub outbox: bool,
    /// Whether units have changed since the manager last reloaded them.
    pub reload_pending: bool,
}

impl Manifest {
    /// Reads the manifest; `None` if the file does not exist.
    ///
    /// # Errors
    /// The file cannot be read or is not a valid manifest.
    pub fn read(path: &Path) -> Result<Option<Self>, ProvisionError> {
        let bytes = match mosaic_regular_file::read(path, MAX_CONFIGURATION_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ProvisionError::file("read", path)(error)),
        };
        let manifest = serde_json::from_slice(&bytes);
        manifest
            .map(Some)
            .map_err(|error| ProvisionError::Manifest { path: path.to_owned(), reason: error.to_string() })
    }

    /// The text of the file.
    ///
    /// # Errors
    /// A path in the manifest is not UTF-8.
    pub(crate) fn text(&self, path: &Path) -> Result<String, ProvisionError> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n")
            .map_err(|error| ProvisionError::Manifest { path: path.to_owned(), reason: error.to_string() })
    }
}
