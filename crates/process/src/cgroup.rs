//! The control group of a process.
//!
//! With cgroup version 2, a group is one directory. On a hybrid host, systemd keeps a unit in its own
//! version 1 hierarchy (`name=systemd`), in the version 2 hierarchy, and in those of controllers; a
//! [`Cgroup`] then covers all hierarchies in which the process has the same path.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mosaic_domain::Pid;
use rustix::fs::statfs;

use crate::KernelFile;
use crate::kernel_file::read_file_in_with;

/// `CGROUP2_SUPER_MAGIC` (linux/magic.h).
const CGROUP_2: u64 = 0x6367_7270;

/// A control group, with its directory in each hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    path: PathBuf,
    directories: Vec<PathBuf>,
}

impl Cgroup {
    /// The group of this process. `None` if the host has no control groups, or if the process is in the root
    /// group.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn current() -> io::Result<Option<Self>> {
        CgroupMounts::read()?.cgroup_of_entry("self")
    }

    /// The group of a process. `None` if the host has no control groups, or if the process is in the root
    /// group.
    ///
    /// # Errors
    /// No process has this PID, or `/proc` cannot be read.
    pub fn from_pid(pid: Pid) -> io::Result<Option<Self>> {
        CgroupMounts::read()?.cgroup_of_entry(pid)
    }

    /// The group that contains this one.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let up = |path: &PathBuf| path.parent().map(Path::to_path_buf);
        Some(Self { path: up(&self.path)?, directories: self.directories.iter().filter_map(up).collect() })
    }

    /// Finds the directories of a group from the contents of `/proc/PID/cgroup`.
    fn locate(cgroup: &str, mounts: &CgroupMounts) -> Option<Self> {
        let lines = || {
            cgroup.lines().filter_map(|line| {
                let (_, rest) = line.split_once(':')?;
                rest.split_once(':')
            })
        };
        // Where systemd keeps units in its own hierarchy, the version 2 hierarchy may be empty. The kernel lists a
        // hierarchy also where it is not mounted, for example in a container.
        let of_units = || ["name=systemd", ""].into_iter().filter_map(|name| lines().find(|(line, _)| *line == name));
        let mounted = of_units().find(|(controllers, _)| mounts.mount_of(controllers).is_some());
        let (_, path) = mounted.or_else(|| of_units().next())?;
        if path == "/" {
            return None;
        }
        let same = lines().filter(|(_, other)| *other == path);
        let directories =
            same.filter_map(|(controllers, _)| Some(mounts.mount_of(controllers)?.directory(path))).collect();
        Some(Self { path: PathBuf::from(path), directories })
    }

    /// The group of the given name with the same parent, if `pid` is in it, and its processes.
    ///
    /// The group of one process of a fleet tells where to look for those of the others. The check reads one
    /// file, which has to be read anyway where the kernel does no accounting.
    #[must_use]
    pub fn sibling_with_process(&self, name: &str, pid: Pid) -> Option<(Self, Vec<Pid>)> {
        let directories: Vec<PathBuf> = self.directories.iter().map(|path| path.with_file_name(name)).collect();
        let listed = read_file_in_with(directories.first()?, format_args!("cgroup.procs"), pids).ok()?;
        listed.contains(&pid).then(|| (Self { path: self.path.with_file_name(name), directories }, listed))
    }

    /// Opens the list of the group's own processes, for repeated reading by [`Cgroup::read_procs`]. The list
    /// stays bound to this group: after the group was removed and made anew, reading fails.
    ///
    /// # Errors
    /// The list cannot be opened, or all hierarchies are of version 1. There, an open list is not updated
    /// while it is read more than once a second (`CGROUP_PIDLIST_DESTROY_DELAY` in the kernel).
    pub fn open_procs(&self) -> io::Result<KernelFile> {
        let is_of_version_2 =
            |directory: &&PathBuf| statfs(*directory).is_ok_and(|system| u64::try_from(system.f_type) == Ok(CGROUP_2));
        let directory = self.directories.iter().find(is_of_version_2).ok_or(io::ErrorKind::Unsupported)?;
        KernelFile::open(directory.join("cgroup.procs"))
    }

    /// Reads the group's own processes from the list that [`Cgroup::open_procs`] opened.
    ///
    /// # Errors
    /// The list cannot be read, because the group is gone.
    pub fn read_procs(list: &KernelFile) -> io::Result<Vec<Pid>> {
        list.read_with(pids)
    }

    /// The last component of the group's path, which for the group of a unit is the unit's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn with_directories(directories: Vec<PathBuf>) -> Self {
        Self { path: PathBuf::from("/test"), directories }
    }

    /// The group's directory in each hierarchy.
    pub(crate) fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// The `cgroup.procs` files of the group. A process enters the group by writing its PID, or `0`, to each.
    #[must_use]
    pub fn procs_files(&self) -> Vec<PathBuf> {
        self.directories.iter().map(|directory| directory.join("cgroup.procs")).collect()
    }

    /// Opens the list of the groups of a process, for repeated looks by [`Cgroup::is_in`]. The list stays bound to
    /// this process: once it has ended, looking fails, even if another process has its PID by then.
    ///
    /// # Errors
    /// No process has this PID, or `/proc` cannot be read.
    pub fn open_groups_of(pid: Pid) -> io::Result<KernelFile> {
        KernelFile::open(format!("/proc/{pid}/cgroup"))
    }

    /// Returns whether the group, or one below it, is in a list that [`Cgroup::open_groups_of`] opened.
    ///
    /// # Errors
    /// The process has ended.
    pub fn is_in(&self, groups: &KernelFile) -> io::Result<bool> {
        groups.read_with(|bytes| self.is_listed_in(bytes))
    }

    /// Returns whether the contents of `/proc/PID/cgroup` name the group, or one below it, in any hierarchy.
    fn is_listed_in(&self, cgroup: &[u8]) -> bool {
        let lines = str::from_utf8(cgroup).unwrap_or_default().lines();
        lines.filter_map(|line| line.splitn(3, ':').nth(2)).any(|path| Path::new(path).starts_with(&self.path))
    }

    /// Moves a process into the group.
    ///
    /// # Errors
    /// The kernel denies it, unless the caller owns both groups and their common ancestor.
    pub fn add_process(&self, pid: Pid) -> io::Result<()> {
        self.procs_files().iter().try_for_each(|file| fs::write(file, pid.to_string()))
    }

    /// All processes in the group and in the groups below it.
    ///
    /// # Errors
    /// The group cannot be read.
    pub fn processes(&self) -> io::Result<BTreeSet<Pid>> {
        self.processes_with(None)
    }

    /// Does the same as [`Cgroup::processes`], for a caller that may have read the group's own list already.
    pub(crate) fn processes_with(&self, own: Option<Vec<Pid>>) -> io::Result<BTreeSet<Pid>> {
        let mut processes = BTreeSet::new();
        // One hierarchy suffices, because the processes are the same in each.
        if let Some(directory) = self.directories.first() {
            match own {
                Some(own) => {
                    processes.extend(own);
                    collect_below(directory, &mut processes)?;
                }
                None => collect(directory, &mut processes)?,
            }
        }
        Ok(processes)
    }
}

fn pids(listed: &[u8]) -> Vec<Pid> {
    let lines = str::from_utf8(listed).unwrap_or_default().lines();
    lines.filter_map(|line| line.parse().ok()).collect()
}

fn collect(directory: &Path, processes: &mut BTreeSet<Pid>) -> io::Result<()> {
    processes.extend(read_file_in_with(directory, format_args!("cgroup.procs"), pids)?);
    collect_below(directory, processes)
}

fn collect_below(directory: &Path, processes: &mut BTreeSet<Pid>) -> io::Result<()> {
    // A directory has one link from its parent, one from itself, and one from each subdirectory.
    if fs::metadata(directory)?.nlink() == 2 {
        return Ok(());
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            match collect(&entry.path(), processes) {
                // The group was removed meanwhile, so it had no processes.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
    }
    Ok(())
}

/// The mounts of the control group hierarchies, for a caller that asks for the groups of many processes.
#[derive(Clone, Debug)]
pub struct CgroupMounts(Vec<Mount>);

impl CgroupMounts {
    /// Reads the mounts of this process.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn read() -> io::Result<Self> {
        Ok(Self::parse(&fs::read_to_string("/proc/self/mountinfo")?))
    }

    fn parse(mountinfo: &str) -> Self {
        Self(mountinfo.lines().filter_map(Mount::parse).collect())
    }

    /// The group of a process. `None` if the host has no control groups, or if the process is in the root
    /// group.
    ///
    /// # Errors
    /// No process has this PID, or `/proc` cannot be read.
    pub fn cgroup_of(&self, pid: Pid) -> io::Result<Option<Cgroup>> {
        self.cgroup_of_entry(pid)
    }

    /// The group of the process whose directory in `/proc` is `entry`: a PID, or `self`.
    fn cgroup_of_entry(&self, entry: impl std::fmt::Display) -> io::Result<Option<Cgroup>> {
        let text = |bytes: &[u8]| str::from_utf8(bytes).map(|cgroup| Cgroup::locate(cgroup, self));
        let found = read_file_in_with(Path::new("/proc"), format_args!("{entry}/cgroup"), text)?;
        found.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// The mount of the hierarchy with these controllers, a comma-separated list as in `/proc/PID/cgroup`.
    fn mount_of(&self, controllers: &str) -> Option<&Mount> {
        self.0.iter().find(|mount| match &mount.controllers {
            None => controllers.is_empty(),
            Some(options) => {
                !controllers.is_empty()
                    && controllers.split(',').all(|wanted| options.split(',').any(|option| option == wanted))
            }
        })
    }
}

/// A mounted hierarchy.
#[derive(Clone, Debug)]
struct Mount {
    /// The mount options, which name the controllers. `None` for version 2.
    controllers: Option<String>,
    /// The path of the group that is mounted.
    root: PathBuf,
    point: PathBuf,
}

impl Mount {
    /// Parses a line of `/proc/PID/mountinfo` (proc(5)). `None` if it is not a mount of control groups.
    fn parse(line: &str) -> Option<Self> {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, point) = (mount.next()?.into(), mount.next()?.into());
        let mut filesystem = filesystem.split(' ');
        let controllers = match (filesystem.next()?, filesystem.nth(1)?) {
            ("cgroup2", _) => None,
            ("cgroup", options) => Some(options.to_owned()),
            _ => return None,
        };
        Some(Self { controllers, root, point })
    }

    fn directory(&self, path: &str) -> PathBuf {
        let path = Path::new(path);
        let below = path.strip_prefix(&self.root).or_else(|_| path.strip_prefix("/")).unwrap_or(path);
        self.point.join(below)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cgroup, CgroupMounts};
    use std::path::PathBuf;

    const PURE: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
    const HYBRID: &str = "\
        91 89 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
        92 89 0:32 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
        93 89 0:33 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n\
        94 89 0:34 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
    const INSIDE: &str = "30 23 0:26 /user.slice/box /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_directories_of_a_units_group_are_found() {
        let unit = "/user.slice/app.slice/mosaic-agent@coder0.service";
        let table: [(String, &str, Vec<String>); 5] = [
            (format!("0::{unit}\n"), PURE, vec![format!("/sys/fs/cgroup{unit}")]),
            (
                format!("4:memory:/elsewhere\n3:cpu,cpuacct:{unit}\n2:name=systemd:{unit}\n0::{unit}\n"),
                HYBRID,
                vec![
                    format!("/sys/fs/cgroup/cpu,cpuacct{unit}"),
                    format!("/sys/fs/cgroup/systemd{unit}"),
                    format!("/sys/fs/cgroup/unified{unit}"),
                ],
            ),
            (
                "0::/user.slice/box/mosaic-agent@coder0.service\n".to_owned(),
                INSIDE,
                vec!["/sys/fs/cgroup/mosaic-agent@coder0.service".to_owned()],
            ),
            (format!("0::{unit}\n"), "", vec![]),
            // In a container, the kernel of a hybrid host lists a hierarchy that is not mounted.
            (format!("2:name=systemd:/docker/4f5c\n0::{unit}\n"), PURE, vec![format!("/sys/fs/cgroup{unit}")]),
        ];
        for (cgroup, mountinfo, expected) in table {
            let found = Cgroup::locate(&cgroup, &CgroupMounts::parse(mountinfo)).unwrap();
            assert_eq!(found.name(), "mosaic-agent@coder0.service");
            assert_eq!(found.directories, expected.iter().map(PathBuf::from).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_process_below_the_group_is_in_it() {
        let unit = "/app.slice/mosaic-agent@coder0.service";
        let group = Cgroup::locate(&format!("0::{unit}\n"), &CgroupMounts::parse(PURE)).unwrap();
        let table = [
            (format!("0::{unit}\n"), true),
            (format!("4:memory:/\n2:name=systemd:{unit}/inner\n0::/\n"), true),
            (format!("0::{unit}x\n"), false),
            ("0::/app.slice/tmux-spawn-1.scope\n".to_owned(), false),
            (String::new(), false),
        ];
        for (cgroup, expected) in table {
            assert_eq!(group.is_listed_in(cgroup.as_bytes()), expected, "{cgroup}");
        }
    }

    #[test]
    fn the_root_group_is_none() {
        for cgroup in ["0::/\n", "9:name=systemd:/\n4:memory:/x\n0::/\n", ""] {
            assert_eq!(Cgroup::locate(cgroup, &CgroupMounts::parse(HYBRID)), None);
        }
    }
}
