//! The control group of a process, in every hierarchy in which it is the same one.
//!
//! On a host with cgroup 2 that is one directory. On a hybrid host systemd keeps a unit in its own
//! version 1 hierarchy (`name=systemd`), in the version 2 one, and in those of controllers.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::Pid;

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
        Self::of_process("self")
    }

    /// The group of a process; `None` where there are no control groups, or only the root.
    ///
    /// # Errors
    /// There is no such process, or `/proc` cannot be read.
    pub fn of(pid: Pid) -> io::Result<Option<Self>> {
        Self::of_process(&pid.to_string())
    }

    fn of_process(process: &str) -> io::Result<Option<Self>> {
        let cgroup = fs::read_to_string(format!("/proc/{process}/cgroup"))?;
        Ok(Self::locate(&cgroup, &fs::read_to_string("/proc/self/mountinfo")?))
    }

    /// The group that this one is in.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let up = |path: &PathBuf| path.parent().map(Path::to_path_buf);
        Some(Self { path: up(&self.path)?, directories: self.directories.iter().filter_map(up).collect() })
    }

    /// Finds a group's directories from `/proc/PID/cgroup` and `/proc/self/mountinfo`.
    fn locate(cgroup: &str, mountinfo: &str) -> Option<Self> {
        let lines: Vec<(&str, &str)> = cgroup
            .lines()
            .filter_map(|line| {
                let (_, rest) = line.split_once(':')?;
                rest.split_once(':')
            })
            .collect();
        // Where systemd keeps units by its own hierarchy, the version 2 one may be a mere shadow.
        let systemd = lines.iter().find(|(controllers, _)| *controllers == "name=systemd");
        let (_, path) = systemd.or_else(|| lines.iter().find(|(controllers, _)| controllers.is_empty()))?;
        if *path == "/" {
            return None;
        }
        let same = lines.iter().filter(|(_, other)| other == path);
        let directories =
            same.filter_map(|(controllers, _)| Some(mount_of(controllers, mountinfo)?.directory(path))).collect();
        Some(Self { path: PathBuf::from(path), directories })
    }

    /// The group's own name: of a unit's group, the unit's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
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
        let mut members = BTreeSet::new();
        // The first hierarchy suffices: the processes are the same in each.
        if let Some(directory) = self.directories.first() {
            collect_members(directory, &mut members)?;
        }
        Ok(members)
    }
}

fn collect_members(directory: &Path, members: &mut BTreeSet<Pid>) -> io::Result<()> {
    let listed = fs::read_to_string(directory.join("cgroup.procs"))?;
    members.extend(listed.lines().filter_map(|line| line.parse::<Pid>().ok()));
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

struct Mount<'a> {
    /// Which group of the hierarchy is mounted there.
    root: &'a str,
    point: &'a str,
}

impl Mount<'_> {
    fn directory(&self, path: &str) -> PathBuf {
        let path = Path::new(path);
        let below = path.strip_prefix(self.root).or_else(|_| path.strip_prefix("/")).unwrap_or(path);
        Path::new(self.point).join(below)
    }
}

/// Where a hierarchy is mounted: proc(5), "mountinfo".
fn mount_of<'a>(controllers: &str, mountinfo: &'a str) -> Option<Mount<'a>> {
    mountinfo.lines().find_map(|line| {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, point) = (mount.next()?, mount.next()?);
        let mut filesystem = filesystem.split(' ');
        let (kind, options) = (filesystem.next()?, filesystem.nth(1)?);
        let matches = match kind {
            "cgroup2" => controllers.is_empty(),
            "cgroup" => {
                !controllers.is_empty()
                    && controllers.split(',').all(|wanted| options.split(',').any(|option| option == wanted))
            }
            _ => false,
        };
        matches.then_some(Mount { root, point })
    })
}

#[cfg(test)]
mod tests {
    use super::Cgroup;
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
            let found = Cgroup::locate(&cgroup, mountinfo).unwrap();
            assert_eq!(found.name(), "mosaic-agent@coder0.service");
            assert_eq!(found.directories, expected.iter().map(PathBuf::from).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_root_group_is_nobodys() {
        for cgroup in ["0::/\n", "9:name=systemd:/\n4:memory:/x\n0::/\n", ""] {
            assert_eq!(Cgroup::locate(cgroup, HYBRID), None);
        }
    }
}
