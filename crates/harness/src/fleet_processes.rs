use crate::{Deadline, ProcessWatch};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// All processes that carry a fleet's root in their environment: sidecars, the tmux server, panes
/// and whatever they started, wherever they went in the process tree.
#[derive(Clone, Debug)]
pub(crate) struct FleetProcesses {
    root: PathBuf,
}

impl FleetProcesses {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn list(&self) -> Vec<u32> {
        let entries = std::fs::read_dir("/proc").expect("/proc");
        let mut found: Vec<u32> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| *pid != std::process::id() && self.owns(*pid))
            .collect();
        found.sort_unstable();
        found
    }

    /// A tmux server that a test stopped would answer nobody.
    pub(crate) fn resume(&self) {
        for process in self.list().into_iter().filter_map(|pid| ProcessWatch::new(pid).ok()) {
            process.signal(rustix::process::Signal::CONT.as_raw());
        }
    }

    /// Kills until none is left; the ones that would not die, after a while.
    pub(crate) fn kill_all(&self) -> Vec<u32> {
        let deadline = Deadline::after(Duration::from_secs(10));
        loop {
            let alive = self.list();
            if alive.is_empty() || deadline.passed() {
                return alive;
            }
            for pid in alive {
                // Looked at again once the pidfd is open: the PID may be somebody else's by now.
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
        std::fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environ| environ.windows(root.len()).any(|window| window == root))
    }
}
