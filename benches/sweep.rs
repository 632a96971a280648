//! What a worker that did not come to its end left behind.

use mosaic_harness::{Deadline, ProcessWatch};
use rustix::process::Signal;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Kills whatever runs in a fleet and removes its directory; nothing to do is the usual case.
///
/// # Errors
/// It would not die or cannot be removed.
pub(crate) fn sweep(fleet: &Path) -> io::Result<()> {
    let deadline = Deadline::after(Duration::from_secs(10));
    if !fleet.exists() {
        return Ok(());
    }
    loop {
        let alive = processes_of(fleet);
        if alive.is_empty() {
            return remove(fleet);
        }
        if deadline.passed() {
            return Err(io::Error::other(format!("will not die: {alive:?}")));
        }
        for pid in alive {
            // Its pidfd is open before it is looked at again: a PID may be used twice.
            let Ok(process) = ProcessWatch::new(pid) else { continue };
            if is_of(pid, fleet) {
                process.signal(Signal::KILL.as_raw());
                let _ = process.wait_for(deadline.remaining());
            }
        }
    }
}

fn processes_of(fleet: &Path) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| *pid != std::process::id() && is_of(*pid, fleet)).collect()
}

/// Everything in a fleet has the fleet's directory in its environment.
fn is_of(pid: u32, fleet: &Path) -> bool {
    let root = fleet.as_os_str().as_bytes();
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| environ.windows(root.len()).any(|part| part == root))
}

/// A user manager makes directories without any permission, which stop everybody but root.
fn remove(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    let entries: Vec<PathBuf> = fs::read_dir(directory)?.flatten().map(|entry| entry.path()).collect();
    for entry in entries {
        if entry.is_dir() && !entry.is_symlink() { remove(&entry)? } else { fs::remove_file(&entry)? }
    }
    fs::remove_dir(directory)
}
