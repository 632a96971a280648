use super::Fleet;
use crate::{Deadline, ProcessWatch};
use rustix::mount::{UnmountFlags, unmount};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

impl Drop for Fleet {
    /// Kills the processes before it removes the directory, so that none of them writes a file meanwhile.
    fn drop(&mut self) {
        let processes = FleetProcesses::new(self.root());
        processes.resume();
        let _ = self.tmux(&["kill-server"]);
        let left = processes.kill_all();
        for mount in mounts_below(self.root()) {
            let _ = unmount(&mount, UnmountFlags::DETACH);
        }
        let removed = remove_contents(self.root()).and_then(|()| fs::remove_dir(self.root()));
        // A second panic would abort the process and hide the first one.
        let message = format!("fleet not removed: processes {left:?}, directory {removed:?}");
        if std::thread::panicking() {
            if !left.is_empty() || removed.is_err() {
                eprintln!("{message}");
            }
        } else {
            assert!(left.is_empty() && removed.is_ok(), "{message}");
        }
    }
}

/// The mount points that a test has created below `root`, innermost first.
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

/// Removes the contents of a directory. A user manager creates directories without any permission, so this adds them.
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

/// All processes that have a fleet's root in their environment: sidecars, the tmux server, panes and their
/// descendants, also those that left the process tree.
#[derive(Clone, Debug)]
pub(crate) struct FleetProcesses {
    root: PathBuf,
}

impl FleetProcesses {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn list(&self) -> Vec<u32> {
        let entries = fs::read_dir("/proc").expect("/proc");
        let mut found: Vec<u32> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| *pid != std::process::id() && self.owns(*pid))
            .collect();
        found.sort_unstable();
        found
    }

    /// Continues stopped processes; a stopped tmux server would not answer `kill-server`.
    pub(crate) fn resume(&self) {
        for process in self.list().into_iter().filter_map(|pid| ProcessWatch::new(pid).ok()) {
            process.signal(rustix::process::Signal::CONT.as_raw());
        }
    }

    /// Kills processes until none is left, and returns those that survive for 10 seconds.
    pub(crate) fn kill_all(&self) -> Vec<u32> {
        let deadline = Deadline::after(Duration::from_secs(10));
        loop {
            let alive = self.list();
            if alive.is_empty() || deadline.passed() {
                return alive;
            }
            for pid in alive {
                // Checked again after the pidfd is open: the PID may have been reused.
                let Ok(watch) = ProcessWatch::new(pid) else {
                    continue;
                };
                if self.owns(pid) {
                    watch.signal(rustix::process::Signal::KILL.as_raw());
                    let _ = watch.wait_for(deadline.remaining());
                }
            }
        }
    }

    fn owns(&self, pid: u32) -> bool {
        let root = self.root.as_os_str().as_bytes();
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environ| environ.windows(root.len()).any(|window| window == root))
    }
}
