use super::Fleet;
use crate::fleet_processes::FleetProcesses;
use rustix::mount::{UnmountFlags, unmount};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

impl Drop for Fleet {
    /// The order matters: what could write is dead before the directory goes.
    fn drop(&mut self) {
        let processes = FleetProcesses::new(self.root());
        processes.resume();
        let _ = self.tmux(&["kill-server"]);
        let left = processes.kill_all();
        for mount in mounts_below(self.root()) {
            let _ = unmount(&mount, UnmountFlags::DETACH);
        }
        let removed = remove_contents(self.root()).and_then(|()| fs::remove_dir(self.root()));
        // A second panic would abort and hide the first one.
        let complaint = format!("left of the fleet: processes {left:?}, directory {removed:?}");
        if std::thread::panicking() {
            if !left.is_empty() || removed.is_err() {
                eprintln!("{complaint}");
            }
        } else {
            assert!(left.is_empty() && removed.is_ok(), "{complaint}");
        }
    }
}

/// What a test mounted for itself, a full disk say; the innermost first.
fn mounts_below(root: &Path) -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut below: Vec<PathBuf> = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(PathBuf::from)
        .filter(|path| path.starts_with(root))
        .collect();
    below.reverse();
    below
}

/// A user manager makes directories without any permission, which stop everybody but root.
pub(crate) fn remove_contents(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_contents(&entry.path())?;
            fs::remove_dir(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
