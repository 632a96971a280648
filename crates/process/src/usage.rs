//! What processes use, by their control group or one by one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mosaic_domain::Pid;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, open, statat};
use rustix::param::{clock_ticks_per_second, page_size};

use crate::small_file::with_file_in;
use crate::{Cgroup, Stat};

/// Memory, CPU time and number of a group of processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Memory, in bytes. Of a control group also what the kernel caches for it; else what is resident,
    /// shared pages counted for each process.
    pub memory_bytes: u64,
    /// CPU time. Of a control group also that of processes that have ended.
    pub cpu: Duration,
    /// Tasks.
    pub tasks: u64,
}

/// Where the groups of one parent have their accounts. Controllers are turned on for all of them at
/// once, so whoever looks at many groups need not look for the files in each.
#[derive(Debug, Default)]
pub struct Accounts {
    parent: PathBuf,
    /// The parent's directory in the first hierarchy.
    opened: Option<OwnedFd>,
    /// The hierarchies of memory, CPU and tasks, by their place among a group's directories.
    kept: Option<[usize; 3]>,
}

const MEMORY: &str = "memory.current";
const CPU: &str = "cpu.stat";
const TASKS: &str = "pids.current";

impl Accounts {
    /// Turns to the parent of this group.
    fn turn_to(&mut self, group: &Cgroup) {
        let directories = group.directories();
        let parent = directories.first().and_then(|directory| directory.parent()).unwrap_or(Path::new(""));
        if parent == self.parent {
            return;
        }
        let keeper = |file: &str| directories.iter().position(|directory| directory.join(file).exists());
        let cpu = directories.iter().position(|directory| usage_usec(directory).is_some());
        let kept = keeper(MEMORY).zip(cpu).zip(keeper(TASKS)).map(|((memory, cpu), tasks)| [memory, cpu, tasks]);
        let opened = open(parent, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok();
        *self = Self { parent: parent.to_owned(), opened, kept };
    }

    /// Is there a group below this one?
    fn has_groups_below(&self, group: &Cgroup) -> bool {
        let Some(parent) = &self.opened else { return true };
        // A directory is linked to by its parent, by itself and by each directory in it.
        statat(parent, group.name(), AtFlags::SYMLINK_NOFOLLOW).map_or(true, |found| found.st_nlink != 2)
    }
}

impl Usage {
    /// What a control group has used, by its own accounts; where the kernel does not keep all of
    /// them, what `stat_of` says of its processes. `None` if nobody is in it. Who is in the group
    /// itself may be known already.
    #[must_use]
    pub fn of_group(
        group: &Cgroup,
        accounts: &mut Accounts,
        own: Option<Vec<Pid>>,
        stat_of: impl Fn(Pid) -> Option<Stat>,
    ) -> Option<Self> {
        accounts.turn_to(group);
        let by_accounts = || {
            let [memory, cpu, tasks] = accounts.kept?.map(|at| group.directories().get(at));
            Some(Self { memory_bytes: number(memory?, MEMORY)?, cpu: usage_usec(cpu?)?, tasks: number(tasks?, TASKS)? })
        };
        let by_processes = || match own {
            Some(own) if !accounts.has_groups_below(group) => Self::of_processes(own.into_iter().filter_map(stat_of)),
            own => Self::of_processes(group.members_with(own).ok()?.into_iter().filter_map(stat_of)),
        };
        by_accounts().or_else(by_processes)
    }

    /// What some processes use together; `None` if there are none.
    #[must_use]
    pub fn of_processes(stats: impl IntoIterator<Item = Stat>) -> Option<Self> {
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
    with_file_in(group, format_args!("{file}"), |bytes| str::from_utf8(bytes).ok()?.trim_end().parse().ok()).ok()?
}

/// `cpu.stat` of a version 2 group.
fn usage_usec(group: &Path) -> Option<Duration> {
    with_file_in(group, format_args!("{CPU}"), |bytes| {
        let line = str::from_utf8(bytes).ok()?.lines().find_map(|line| line.strip_prefix("usage_usec "))?;
        line.parse().ok().map(Duration::from_micros)
    })
    .ok()?
}

#[cfg(test)]
mod tests {
    use super::{Accounts, Usage};
    use crate::{Cgroup, ProcRoot};
    use std::time::Duration;

    #[test]
    fn a_groups_own_accounts_are_used() {
        let group = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("memory.current", "4096\n"),
            ("pids.current", "3\n"),
            ("cpu.stat", "usage_usec 1500000\nuser_usec 1\nsystem_usec 2\n"),
        ] {
            std::fs::write(group.path().join(file), text).unwrap();
        }
        let group = Cgroup::at(vec![group.path().to_owned()]);
        let expected = Usage { memory_bytes: 4096, cpu: Duration::from_millis(1500), tasks: 3 };
        assert_eq!(Usage::of_group(&group, &mut Accounts::default(), None, |_| None), Some(expected));
    }

    #[test]
    fn without_accounts_the_processes_are_summed_up() {
        let me = std::process::id();
        let group = tempfile::tempdir().unwrap();
        std::fs::write(group.path().join("cgroup.procs"), format!("{me}\n")).unwrap();
        let group = Cgroup::at(vec![group.path().to_owned()]);
        let stat = |pid| ProcRoot::default().stat(pid).unwrap();
        let usage = Usage::of_group(&group, &mut Accounts::default(), None, stat).unwrap();
        assert_eq!(usage.tasks, 1);
        assert!(usage.memory_bytes > 100_000, "{usage:?}");
        assert_eq!(Usage::of_processes([]), None);
    }
}
