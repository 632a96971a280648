use crate::{Deadline, ProcessWatch};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

/// As many descriptors are open at once; a process may have a thousand.
const AT_ONCE: usize = 256;

/// One control group and all below it, in every hierarchy systemd keeps it in: one directory on
/// a machine with cgroup 2 alone, two on a hybrid one.
#[derive(Clone, Debug)]
pub struct CgroupTree(Vec<PathBuf>);

impl CgroupTree {
    /// The top of the machine's hierarchies.
    #[must_use]
    pub fn top() -> Self {
        let mount = Path::new("/sys/fs/cgroup");
        if mount.join("cgroup.controllers").exists() {
            return Self(vec![mount.to_owned()]);
        }
        let hybrid = ["systemd", "unified"].map(|hierarchy| mount.join(hierarchy));
        Self(hybrid.into_iter().filter(|path| path.exists()).collect())
    }

    /// The one in these directories.
    pub(crate) fn at(directories: &[PathBuf]) -> Self {
        Self(directories.to_vec())
    }

    /// The group this process is in.
    pub(crate) fn own() -> io::Result<Self> {
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

    /// The group of that name in this one; nothing is made.
    #[must_use]
    pub fn child(&self, name: impl AsRef<Path>) -> Self {
        Self(self.0.iter().map(|path| path.join(&name)).collect())
    }

    /// Its directories.
    #[must_use]
    pub fn directories(&self) -> &[PathBuf] {
        &self.0
    }

    /// Makes it, and gives it to a user the way a session's is given.
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

    /// Lets the groups below have every controller there is; none is fine too.
    pub(crate) fn pass_controllers_on(&self) {
        for directory in &self.0 {
            let offered = fs::read_to_string(directory.join("cgroup.controllers"));
            for controller in offered.unwrap_or_default().split_whitespace() {
                let _ = fs::write(directory.join("cgroup.subtree_control"), format!("+{controller}"));
            }
        }
    }

    /// Moves this process into it.
    pub(crate) fn join(&self) -> io::Result<()> {
        let mut directories = self.0.iter();
        let move_to = |directory: &PathBuf| fs::write(directory.join("cgroup.procs"), "0");
        directories.try_for_each(move_to)
    }

    /// Every process in it and below.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let mut found: Vec<u32> = self.0.iter().flat_map(|top| processes_below(top)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Kills until none is left in it.
    pub(crate) fn kill(&self) -> io::Result<()> {
        let deadline = Deadline::after(Duration::from_secs(10));
        loop {
            let alive = self.processes();
            if alive.is_empty() {
                return Ok(());
            }
            if deadline.passed() {
                return Err(io::Error::other(format!("will not die: {alive:?}")));
            }
            for pids in alive.chunks(AT_ONCE) {
                let watches: Vec<ProcessWatch> = pids.iter().filter_map(|pid| ProcessWatch::new(*pid).ok()).collect();
                // In it still, now that the pidfds are open, so no PID was used again.
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

    /// Removes it and all below, none of which may have a process.
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
            // The kernel takes a dead process out of its group a moment after it has told of the
            // death, and cgroup 1 has no event for that.
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && !deadline.passed() => {
                std::thread::sleep(Duration::from_millis(1));
            }
            result => return result,
        }
    }
}
