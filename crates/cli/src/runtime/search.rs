//! Where a program is.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use mosaic_process::is_program;

/// Finds a program in the directories of `path`; a relative one counts from `here`.
pub(crate) fn find_program(name: &str, path: Option<&OsStr>, here: &Path) -> Option<PathBuf> {
    env::split_paths(path?).map(|directory| here.join(directory).join(name)).find(|program| is_program(program))
}
