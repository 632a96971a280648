//! Where a program is.

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Finds a program in the directories of `path`; a relative one counts from `here`.
pub(crate) fn find_program(name: &str, path: Option<&OsStr>, here: &Path) -> Option<PathBuf> {
    let runnable = |program: &PathBuf| {
        program.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(path?).map(|directory| here.join(directory).join(name)).find(runnable)
}
