use crate::{Deadline, ProcessWatch};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

/// The number of pidfds that are open at once, well below the usual limit of 1024.
const MAX_OPEN_PIDFDS: usize = 256;

/// A control group with its descendants, in every hierarchy that systemd uses: one directory on a machine with
/// cgroup v2 alone, two on a hybrid one.
#[derive(Clone, Debug)]
pub struct CgroupTree(Vec<PathBuf>);

impl CgroupTree {
    /// The root of the machine's hierarchies.
    #[must_use]
    pub fn top() -> Self {
        let mount = Path::new("/sys/fs/cgroup");
        if mount.join("cgroup.controllers").exists() {
            return Self(vec![mount.to_owned()]);
        }
        let hybrid = ["systemd", "unified"].map(|hierarchy| mount.join(hierarchy));
        Self(hybrid.into_iter().filter(|path| path.exists()).collect())
    }

    /// The group with these directories.
    pub(crate) fn from_directories(directories: &[PathBuf]) -> Self {
        Self(directories.to_vec())
    }

    /// The group of this process.
    pub(crate) fn current() -> io::Result<Self> {
        let memberships = fs::read_to_string("/proc/self/cgroup")?;
        let path_in = |hierarchy: &str| {
            let mut lines = memberships.lines();
            let path = lines.find_map(|line| line.split_once(hierarchy)?.1.strip_prefix('/'));
            path.map(str::to_owned)
        };
        let Self(tops) = Self::top();
        let own = tops.into_iter().filter_map(|top| {
            let hierarchy = if top.ends_with("systemd") { ":name=systemd:" } else { "0::" };
            Some(top.join(path_in(hierarchy)?))
        });
        Ok(Self(own.collect()))
    }

    /// The child group with this name, which need not exist.
    #[must_use]
    pub fn child(&self, name: impl AsRef<Path>) -> Self {
        Self(self.0.iter().map(|path| path.join(&name)).collect())
    }

    /// The group's directories, one for each hierarchy.
    #[must_use]
    pub fn directories(&self) -> &[PathBuf] {
        &self.0
    }

    /// Creates the group and delegates it to a user, with the same files as systemd delegates.
    pub(crate) fn create(&self, uid: u32, gid: u32) -> io::Result<()> {
        for directory in &self.0 {
            fs::create_dir_all(directory)?;
            chown(directory, Some(uid), Some(gid))?;
            for file in ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "tasks"] {
                let file = directory.join(file);
                if file.exists() {
                    chown(file, Some(uid), Some(gid))?;
                }
            }
        }
        Ok(())
    }

    /// Enables every available controller for the child groups; errors are ignored.
    pub(crate) fn enable_controllers(&self) {
        for directory in &self.0 {
            let offered = fs::read_to_string(directory.join("cgroup.controllers"));
            for controller in offered.unwrap_or_default().split_whitespace() {
                let _ = fs::write(directory.join("cgroup.subtree_control"), format!("+{controller}"));
            }
        }
    }

    /// Moves this process into the group.
    pub(crate) fn join(&self) -> io::Result<()> {
        let mut directories = self.0.iter();
        let move_to = |directory: &PathBuf| fs::write(directory.join("cgroup.procs"), "0");
        directories.try_for_each(move_to)
    }

    /// The PIDs of all processes in the group and its descendants, sorted.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let mut found: Vec<u32> = self.0.iter().flat_map(|top| processes_below(top)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Kills processes until the group is empty.
    pub(crate) fn kill(&self) -> io::Result<()> {
        let deadline = Deadline::after(Duration::from_secs(10));
        loop {
            let alive = self.processes();
            if alive.is_empty() {
                return Ok(());
            }
            if deadline.passed() {
                return Err(io::Error::other(format!("these processes survive SIGKILL: {alive:?}")));
            }
            for pids in alive.chunks(MAX_OPEN_PIDFDS) {
                let watches: Vec<ProcessWatch> = pids.iter().filter_map(|pid| ProcessWatch::new(*pid).ok()).collect();
                // A PID that is still in the group after its pidfd was opened has not been reused.
                let still = self.processes();
                let killed: Vec<&ProcessWatch> =
                    watches.iter().filter(|watch| still.binary_search(&watch.pid()).is_ok()).collect();
                for watch in &killed {
                    watch.signal(rustix::process::Signal::KILL.as_raw());
                }
                for watch in killed {
                    let _ = watch.wait_for(deadline.remaining());
                }
            }
        }
    }

    /// Removes the group and its descendants, which must be empty.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let deadline = Deadline::after(Duration::from_secs(10));
        let mut directories = self.0.iter();
        directories.try_for_each(|directory| remove_below(directory, deadline))
    }
}

fn subgroups(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    directories.map(|entry| entry.path()).collect()
}

fn processes_below(directory: &Path) -> Vec<u32> {
    let own = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    let mut found: Vec<u32> = own.lines().filter_map(|line| line.parse().ok()).collect();
    for subgroup in subgroups(directory) {
        found.extend(processes_below(&subgroup));
    }
    found
}

fn remove_below(directory: &Path, deadline: Deadline) -> io::Result<()> {
    for subgroup in subgroups(directory) {
        remove_below(&subgroup, deadline)?;
    }
    loop {
        match fs::remove_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            // The kernel removes a dead process from its group shortly after the pidfd has become readable, and
            // cgroup v1 has no event for that.
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && !deadline.passed() => {
                std::thread::sleep(Duration::from_millis(1));
            }
            result => return result,
        }
    }
}
