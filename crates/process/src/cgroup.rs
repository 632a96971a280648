//! The control group of a process, in every hierarchy in which it is the same one.
//!
//! On a host with cgroup 2 that is one directory. On a hybrid host systemd keeps a unit in its own
//! version 1 hierarchy (`name=systemd`), in the version 2 one, and in those of controllers.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mosaic_domain::Pid;
use rustix::fs::statfs;

use crate::KeptFile;
use crate::small_file::with_file_in;

/// `CGROUP2_SUPER_MAGIC` (linux/magic.h).
const CGROUP_2: u64 = 0x6367_7270;

/// A control group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    path: PathBuf,
    directories: Vec<PathBuf>,
}

impl Cgroup {
    /// The group of this process; `None` where there are no control groups, or only the root.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn own() -> io::Result<Option<Self>> {
        CgroupMounts::read()?.of_process("self")
    }

    /// The group of a process; `None` where there are no control groups, or only the root.
    ///
    /// # Errors
    /// There is no such process, or `/proc` cannot be read.
    pub fn of(pid: Pid) -> io::Result<Option<Self>> {
        CgroupMounts::read()?.of_process(pid)
    }

    /// The group that this one is in.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let up = |path: &PathBuf| path.parent().map(Path::to_path_buf);
        Some(Self { path: up(&self.path)?, directories: self.directories.iter().filter_map(up).collect() })
    }

    /// Finds a group's directories from `/proc/PID/cgroup`.
    fn locate(cgroup: &str, mounts: &CgroupMounts) -> Option<Self> {
        let lines = || {
            cgroup.lines().filter_map(|line| {
                let (_, rest) = line.split_once(':')?;
                rest.split_once(':')
            })
        };
        // Where systemd keeps units by its own hierarchy, the version 2 one may be a mere shadow.
        let systemd = lines().find(|(controllers, _)| *controllers == "name=systemd");
        let (_, path) = systemd.or_else(|| lines().find(|(controllers, _)| controllers.is_empty()))?;
        if path == "/" {
            return None;
        }
        let same = lines().filter(|(_, other)| *other == path);
        let directories =
            same.filter_map(|(controllers, _)| Some(mounts.mount_of(controllers)?.directory(path))).collect();
        Some(Self { path: PathBuf::from(path), directories })
    }

    /// The group of another name with the same parent, if this process is in it, and all that are.
    ///
    /// What one process of a fleet is in tells where to look for the others, and that takes one file
    /// that has to be read anyway where the kernel keeps no accounts.
    #[must_use]
    pub fn sibling_with(&self, name: &str, pid: Pid) -> Option<(Self, Vec<Pid>)> {
        let directories: Vec<PathBuf> = self.directories.iter().map(|path| path.with_file_name(name)).collect();
        let listed = with_file_in(directories.first()?, format_args!("cgroup.procs"), pids).ok()?;
        listed.contains(&pid).then(|| (Self { path: self.path.with_file_name(name), directories }, listed))
    }

    /// Opens the list of who is in the group itself, to be read again and again by [`Cgroup::listed_in`].
    /// It stays the list of this very group: of one that was removed, and made anew, it cannot be read.
    ///
    /// # Errors
    /// It cannot be opened; or there are only hierarchies of version 1, where an open list stays as it was for
    /// as long as it is read more than once a second (`CGROUP_PIDLIST_DESTROY_DELAY` in the kernel).
    pub fn keep_list(&self) -> io::Result<KeptFile> {
        let is_of_version_2 =
            |directory: &&PathBuf| statfs(*directory).is_ok_and(|system| u64::try_from(system.f_type) == Ok(CGROUP_2));
        let directory = self.directories.iter().find(is_of_version_2).ok_or(io::ErrorKind::Unsupported)?;
        KeptFile::open(directory.join("cgroup.procs"))
    }

    /// Who is in the group itself, by its list that was opened before.
    ///
    /// # Errors
    /// It cannot be read: the group is gone.
    pub fn listed_in(list: &KeptFile) -> io::Result<Vec<Pid>> {
        list.with(pids)
    }

    /// The group's own name: of a unit's group, the unit's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn at(directories: Vec<PathBuf>) -> Self {
        Self { path: PathBuf::from("/test"), directories }
    }

    /// Its directory in each hierarchy.
    pub(crate) fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// The files into which a process writes its PID to enter the group, or `0` for itself.
    #[must_use]
    pub fn entrances(&self) -> Vec<PathBuf> {
        self.directories.iter().map(|directory| directory.join("cgroup.procs")).collect()
    }

    /// Moves a process into the group.
    ///
    /// # Errors
    /// The kernel lets only the owner of both groups and of what is between them do that.
    pub fn take_in(&self, pid: Pid) -> io::Result<()> {
        self.entrances().iter().try_for_each(|entrance| fs::write(entrance, pid.to_string()))
    }

    /// Every process in the group and in the groups below it.
    ///
    /// # Errors
    /// The group cannot be read.
    pub fn members(&self) -> io::Result<BTreeSet<Pid>> {
        self.members_with(None)
    }

    /// The same, where somebody has read already who is in the group itself.
    pub(crate) fn members_with(&self, own: Option<Vec<Pid>>) -> io::Result<BTreeSet<Pid>> {
        let mut members = BTreeSet::new();
        // The first hierarchy suffices: the processes are the same in each.
        if let Some(directory) = self.directories.first() {
            match own {
                Some(own) => {
                    members.extend(own);
                    collect_below(directory, &mut members)?;
                }
                None => collect_members(directory, &mut members)?,
            }
        }
        Ok(members)
    }
}

fn pids(listed: &[u8]) -> Vec<Pid> {
    let lines = str::from_utf8(listed).unwrap_or_default().lines();
    lines.filter_map(|line| line.parse().ok()).collect()
}

fn collect_members(directory: &Path, members: &mut BTreeSet<Pid>) -> io::Result<()> {
    members.extend(with_file_in(directory, format_args!("cgroup.procs"), pids)?);
    collect_below(directory, members)
}

fn collect_below(directory: &Path, members: &mut BTreeSet<Pid>) -> io::Result<()> {
    // A directory is linked to by its parent, by itself and by each directory in it.
    if fs::metadata(directory)?.nlink() == 2 {
        return Ok(());
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            match collect_members(&entry.path(), members) {
                // Removed while we looked: then nobody was in it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
    }
    Ok(())
}

/// Where the hierarchies are mounted: read once, for whoever asks for the groups of many processes.
#[derive(Clone, Debug)]
pub struct CgroupMounts(Vec<Mount>);

impl CgroupMounts {
    /// Reads the mounts.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn read() -> io::Result<Self> {
        Ok(Self::parse(&fs::read_to_string("/proc/self/mountinfo")?))
    }

    fn parse(mountinfo: &str) -> Self {
        Self(mountinfo.lines().filter_map(Mount::parse).collect())
    }

    /// The group of a process; `None` where there are no control groups, or only the root.
    ///
    /// # Errors
    /// There is no such process, or `/proc` cannot be read.
    pub fn group_of(&self, pid: Pid) -> io::Result<Option<Cgroup>> {
        self.of_process(pid)
    }

    fn of_process(&self, process: impl std::fmt::Display) -> io::Result<Option<Cgroup>> {
        let text = |bytes: &[u8]| str::from_utf8(bytes).map(|cgroup| Cgroup::locate(cgroup, self));
        let found = with_file_in(Path::new("/proc"), format_args!("{process}/cgroup"), text)?;
        found.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Where a hierarchy is mounted.
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
    /// Its controllers, among other options; none of version 2.
    controllers: Option<String>,
    /// Which group of the hierarchy is mounted there.
    root: PathBuf,
    point: PathBuf,
}

impl Mount {
    /// A line of proc(5), "mountinfo"; nothing if it is no control groups that are mounted.
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
    fn a_units_group_is_found_wherever_it_is_the_same() {
        let unit = "/user.slice/app.slice/mosaic-agent@coder0.service";
        let table: [(String, &str, Vec<String>); 4] = [
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
        ];
        for (cgroup, mountinfo, expected) in table {
            let found = Cgroup::locate(&cgroup, &CgroupMounts::parse(mountinfo)).unwrap();
            assert_eq!(found.name(), "mosaic-agent@coder0.service");
            assert_eq!(found.directories, expected.iter().map(PathBuf::from).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_root_group_is_nobodys() {
        for cgroup in ["0::/\n", "9:name=systemd:/\n4:memory:/x\n0::/\n", ""] {
            assert_eq!(Cgroup::locate(cgroup, &CgroupMounts::parse(HYBRID)), None);
        }
    }
}
