//! A place for heartbeats in memory.

use rustix::fs::statfs;
use std::path::{Path, PathBuf};

/// The `f_type` of a tmpfs, see `statfs(2)`.
const TMPFS_MAGIC: i64 = 0x0102_1994;

/// A directory in memory that everybody may use: the installer, too, lets a fleet's heartbeats lie
/// in one.
///
/// # Errors
/// This machine has none.
pub(crate) fn memory_directory() -> Result<PathBuf, String> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let usual = ["/dev/shm", "/run/shm", "/tmp"].map(PathBuf::from);
    let mut candidates = runtime.into_iter().chain(usual);
    candidates.find(|path| is_in_memory(path)).ok_or_else(|| "no tmpfs in the usual places".to_owned())
}

/// Whether a directory is in memory.
pub(crate) fn is_in_memory(path: &Path) -> bool {
    statfs(path).is_ok_and(|system| system.f_type == TMPFS_MAGIC)
}
