//! A message's file.

use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{Record, SpoolError};

/// A message, and where it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The message.
    pub record: Record,
    pub(super) path: PathBuf,
}

/// Must what is written outlive the host?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// Yes: somebody relies on its being delivered after a boot.
    OnDisk,
    /// No: with the host its pane is gone too.
    InMemory,
}

impl Entry {
    /// Replaces the file by what the record says.
    pub(super) fn write(&self, durability: Durability) -> Result<(), SpoolError> {
        let directory = self.path.parent().unwrap_or(&self.path);
        let failed = || SpoolError::io("write", &self.path);
        let bytes = serde_json::to_vec(&self.record).map_err(|error| failed()(error.into()))?;
        let mut draft = tempfile::Builder::new()
            .prefix(".draft-")
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(directory)
            .map_err(failed())?;
        let written = draft.write_all(&bytes).and_then(|()| match durability {
            Durability::OnDisk => draft.as_file().sync_all(),
            Durability::InMemory => Ok(()),
        });
        written.map_err(failed())?;
        draft.persist(&self.path).map_err(|error| failed()(error.error))?;
        if durability == Durability::OnDisk {
            File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed())?;
        }
        Ok(())
    }
}
