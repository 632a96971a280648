//! Files that can be run.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Is this a file that somebody may execute?
#[must_use]
pub fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
