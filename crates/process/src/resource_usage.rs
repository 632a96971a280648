//! The resource usage of processes, from the accounting of their control group or summed up per process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mosaic_domain::Pid;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, open, statat};
use rustix::param::{clock_ticks_per_second, page_size};

use crate::kernel_file::read_file_in_with;
use crate::{Cgroup, Stat};

/// The memory, CPU time and number of tasks of a group of processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The memory in bytes. For a control group this includes the kernel's caches; otherwise it is the
    /// resident memory, with shared pages counted once per process.
    pub memory_bytes: u64,
    /// The CPU time. For a control group this includes processes that have ended.
    pub cpu: Duration,
    /// The number of tasks.
    pub tasks: u64,
    /// How many processes of the control group the kernel has killed because memory was short, since the group was made.
    /// `None` if the kernel does not count them.
    pub oom_kills: Option<u64>,
}

/// Which hierarchies do the accounting for the groups below one parent. Controllers are enabled for all
/// children of a group at once, so a caller that reads many groups looks this up only once.
#[derive(Debug, Default)]
pub struct CgroupAccounting {
    parent: PathBuf,
    /// The parent's directory in the first hierarchy, opened.
    parent_directory: Option<OwnedFd>,
    /// The indices of the hierarchies of memory, CPU and tasks among a group's directories. `None` if one
    /// of the three is not accounted.
    hierarchies: Option<[usize; 3]>,
    controllers: Controllers,
}

/// The controllers that are enabled for a control group. A limit without its controller is accepted by systemd, and does
/// nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Controllers {
    /// Memory can be limited.
    pub memory: bool,
    /// CPU time can be limited.
    pub cpu: bool,
    /// The number of tasks can be limited.
    pub pids: bool,
}

impl Controllers {
    /// The controllers with a limit file in one of a group's directories, in version 2 or 1.
    fn in_directories(directories: &[PathBuf]) -> Self {
        let has =
            |files: &[&str]| directories.iter().any(|directory| files.iter().any(|file| directory.join(file).exists()));
        Self {
            memory: has(&["memory.max", "memory.limit_in_bytes"]),
            cpu: has(&["cpu.max", "cpu.cfs_quota_us"]),
            pids: has(&["pids.max"]),
        }
    }
}

const MEMORY: &str = "memory.current";
const CPU: &str = "cpu.stat";
const TASKS: &str = "pids.current";
const MEMORY_EVENTS: &str = "memory.events";

impl CgroupAccounting {
    /// Looks up the hierarchies for the parent of this group, if it is not the parent of the last one.
    fn set_parent_of(&mut self, group: &Cgroup) {
        let directories = group.directories();
        let parent = directories.first().and_then(|directory| directory.parent()).unwrap_or(Path::new(""));
        if parent == self.parent {
            return;
        }
        let hierarchy = |file: &str| directories.iter().position(|directory| directory.join(file).exists());
        let cpu = directories.iter().position(|directory| usage_usec(directory).is_some());
        let hierarchies =
            hierarchy(MEMORY).zip(cpu).zip(hierarchy(TASKS)).map(|((memory, cpu), tasks)| [memory, cpu, tasks]);
        let parent_directory = open(parent, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok();
        let controllers = Controllers::in_directories(directories);
        *self = Self { parent: parent.to_owned(), parent_directory, hierarchies, controllers };
    }

    /// The controllers that are enabled for a group.
    pub fn controllers(&mut self, group: &Cgroup) -> Controllers {
        self.set_parent_of(group);
        self.controllers
    }

    /// Returns whether a group is below this one.
    fn has_child_groups(&self, group: &Cgroup) -> bool {
        let Some(parent) = &self.parent_directory else { return true };
        // A directory has one link from its parent, one from itself, and one from each subdirectory.
        statat(parent, group.name(), AtFlags::SYMLINK_NOFOLLOW).map_or(true, |found| found.st_nlink != 2)
    }
}

impl Usage {
    /// The usage of a control group, from its own accounting if the kernel accounts for memory, CPU and
    /// tasks; otherwise the sum over its processes, each read by `stat_of`. `None` if the group has no
    /// processes. `own` are the group's own processes, if the caller knows them.
    #[must_use]
    pub fn from_cgroup(
        group: &Cgroup,
        accounting: &mut CgroupAccounting,
        own: Option<Vec<Pid>>,
        stat_of: impl Fn(Pid) -> Option<Stat>,
    ) -> Option<Self> {
        accounting.set_parent_of(group);
        let accounted = || {
            let [memory, cpu, tasks] = accounting.hierarchies?.map(|at| group.directories().get(at));
            Some(Self {
                memory_bytes: number(memory?, MEMORY)?,
                cpu: usage_usec(cpu?)?,
                tasks: number(tasks?, TASKS)?,
                oom_kills: field(memory?, MEMORY_EVENTS, "oom_kill "),
            })
        };
        let summed_up = || match own {
            Some(own) if !accounting.has_child_groups(group) => Self::from_stats(own.into_iter().filter_map(stat_of)),
            own => Self::from_stats(group.processes_with(own).ok()?.into_iter().filter_map(stat_of)),
        };
        accounted().or_else(summed_up)
    }

    /// The summed usage of some processes. `None` if there are none.
    #[must_use]
    pub fn from_stats(stats: impl IntoIterator<Item = Stat>) -> Option<Self> {
        let mut sum = Self::default();
        let mut ticks = 0;
        for stat in stats {
            sum.memory_bytes += stat.resident_pages * page_size() as u64;
            ticks += stat.cpu_ticks;
            sum.tasks += 1;
        }
        sum.cpu = Duration::from_millis(ticks * 1000 / clock_ticks_per_second().max(1));
        (sum.tasks > 0).then_some(sum)
    }
}

fn number(group: &Path, file: &str) -> Option<u64> {
    read_file_in_with(group, format_args!("{file}"), |bytes| str::from_utf8(bytes).ok()?.trim_end().parse().ok())
        .ok()?
}

/// Reads the CPU time from the `cpu.stat` of a version 2 group.
fn usage_usec(group: &Path) -> Option<Duration> {
    field(group, CPU, "usage_usec ").map(Duration::from_micros)
}

/// Reads the number behind a name in a file of a version 2 group.
fn field(group: &Path, file: &str, name: &str) -> Option<u64> {
    read_file_in_with(group, format_args!("{file}"), |bytes| {
        str::from_utf8(bytes).ok()?.lines().find_map(|line| line.strip_prefix(name))?.parse().ok()
    })
    .ok()?
}

#[cfg(test)]
mod tests {
    use super::{CgroupAccounting, Controllers, Usage};
    use crate::{Cgroup, ProcRoot};
    use std::time::Duration;

    #[test]
    fn controllers_are_recognized_by_their_limit_files() {
        let directory = tempfile::tempdir().unwrap();
        let table: [(&[&str], Controllers); 4] = [
            (&["cgroup.procs"], Controllers::default()),
            (&["memory.max", "cpu.max", "pids.max"], Controllers { memory: true, cpu: true, pids: true }),
            (&["memory.limit_in_bytes"], Controllers { memory: true, ..Controllers::default() }),
            (&["cpu.cfs_quota_us", "cpu.stat"], Controllers { cpu: true, ..Controllers::default() }),
        ];
        for (row, (files, expected)) in table.into_iter().enumerate() {
            let group = directory.path().join(format!("{row}/unit.service"));
            std::fs::create_dir_all(&group).unwrap();
            for file in files {
                std::fs::write(group.join(file), "").unwrap();
            }
            let group = Cgroup::with_directories(vec![directory.path().join("elsewhere"), group]);
            assert_eq!(CgroupAccounting::default().controllers(&group), expected, "{files:?}");
        }
    }

    #[test]
    fn the_accounting_of_a_group_is_used() {
        let group = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("memory.current", "4096\n"),
            ("pids.current", "3\n"),
            ("cpu.stat", "usage_usec 1500000\nuser_usec 1\nsystem_usec 2\n"),
            ("memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"),
        ] {
            std::fs::write(group.path().join(file), text).unwrap();
        }
        let group = Cgroup::with_directories(vec![group.path().to_owned()]);
        let expected = Usage { memory_bytes: 4096, cpu: Duration::from_millis(1500), tasks: 3, oom_kills: Some(2) };
        assert_eq!(Usage::from_cgroup(&group, &mut CgroupAccounting::default(), None, |_| None), Some(expected));
    }

    #[test]
    fn usage_is_summed_up_without_accounting() {
        let me = std::process::id();
        let group = tempfile::tempdir().unwrap();
        std::fs::write(group.path().join("cgroup.procs"), format!("{me}\n")).unwrap();
        let group = Cgroup::with_directories(vec![group.path().to_owned()]);
        let stat = |pid| ProcRoot::default().stat(pid).unwrap();
        let usage = Usage::from_cgroup(&group, &mut CgroupAccounting::default(), None, stat).unwrap();
        assert_eq!(usage.tasks, 1);
        assert!(usage.memory_bytes > 100_000, "{usage:?}");
        assert_eq!(Usage::from_stats([]), None);
    }
}
