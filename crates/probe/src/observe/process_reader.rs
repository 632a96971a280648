//! Reads the processes of the agents: whether each is alive, how it was started, its control group and its usage.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

use mosaic_domain::{AgentName, Pid, env_var};
use mosaic_process::{
    Cgroup, CgroupAccounting, CgroupMounts, Controllers, KernelFile, ProcRoot, Stat, Usage, share_work,
};
use mosaic_systemd::UnitName;
use rustix::process::{Resource, getrlimit};

use super::{LaunchCommand, ObservedProcess};

/// The cache between observations: for each process what cannot change.
#[derive(Debug, Default)]
pub(super) struct ProcessCache {
    /// The entries of the previous observation, sorted by PID.
    previous: Vec<(Pid, CacheEntry)>,
    /// The entries of this observation.
    current: Vec<(Pid, CacheEntry)>,
}

impl ProcessCache {
    /// Begins an observation. Processes that are not read in it are dropped from the cache.
    pub(super) fn begin_observation(&mut self) {
        self.previous = std::mem::take(&mut self.current);
        self.previous.sort_unstable_by_key(|(pid, _)| *pid);
    }

    /// Reads all processes. Reading `/proc` is computation, so it is distributed over threads. `sidecars` run in the
    /// agents' control groups and are left out of sums over processes. With `single_use` no file is kept open.
    pub(super) fn read(
        &mut self,
        pids: &BTreeSet<Pid>,
        sidecars: &BTreeSet<Pid>,
        single_use: bool,
    ) -> Result<BTreeMap<Pid, ObservedProcess>, String> {
        /// Reading fewer takes less time than starting a thread.
        const WORTH_A_THREAD: usize = 16;
        let mounts = CgroupMounts::read().map_err(|error| format!("/proc: {error}"))?;
        let budget = if single_use { 0 } else { (open_file_budget() / 2).saturating_sub(self.current.len()) };
        let mut entries: Vec<(Pid, CacheEntry)> = pids.iter().map(|pid| (*pid, self.take_entry(*pid))).collect();
        let workers = thread::available_parallelism().map_or(1, NonZero::get).min(pids.len() / WORTH_A_THREAD).max(1);
        let share = entries.len().div_ceil(workers).max(1);
        let read = |nth: usize, entries: &mut [(Pid, CacheEntry)]| {
            let mut reader = ProcessReader::new(&mounts, sidecars, budget.saturating_sub(nth * share));
            entries.iter_mut().map(|(pid, entry)| (*pid, reader.read(*pid, entry))).collect::<Vec<_>>()
        };
        let left = Mutex::new(entries.chunks_mut(share).enumerate());
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
        let shares = share_work(workers, || {
            let mut observed = Vec::new();
            while let Some((nth, entries)) = next() {
                observed.append(&mut read(nth, entries));
            }
            observed
        });
        self.current.append(&mut entries);
        Ok(shares.into_iter().flatten().collect())
    }

    fn take_entry(&mut self, pid: Pid) -> CacheEntry {
        let found = self.previous.binary_search_by_key(&pid, |(pid, _)| *pid);
        found.ok().and_then(|at| self.previous.get_mut(at)).map(|(_, entry)| std::mem::take(entry)).unwrap_or_default()
    }
}

/// How many files may be kept open without running out of descriptors elsewhere.
fn open_file_budget() -> usize {
    const RESERVED: u64 = 256;
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(allowed.saturating_sub(RESERVED)).unwrap_or(usize::MAX)
}

/// The prefix of the names of agents' units.
const AGENT_UNIT: &str = "mosaic-agent@";

/// Whether a control group belongs to an agent's unit.
pub(super) fn is_agent_group(group: &str) -> bool {
    group.starts_with(AGENT_UNIT)
}

/// What is cached of a process.
#[derive(Debug, Default)]
struct CacheEntry {
    /// Its `stat` file, kept open: the descriptor never refers to another process.
    stat: Option<KernelFile>,
    launch: Option<Launch>,
    /// The control group of its unit, with the list of its processes, kept open.
    group: Option<(Cgroup, KernelFile)>,
}

/// How a process was started. It stays the same until the process executes another program.
#[derive(Debug)]
struct Launch {
    start_ticks: u64,
    environment_at: (u64, u64),
    agent: Option<AgentName>,
    command: Option<LaunchCommand>,
}

impl Launch {
    fn is_current(&self, stat: &Stat) -> bool {
        (self.start_ticks, self.environment_at) == (stat.start_ticks, stat.environment_at)
    }
}

/// What a process's control group says.
struct GroupState {
    name: Option<String>,
    controllers: Option<Controllers>,
    usage: Option<Usage>,
}

/// Reads processes on one thread. Agents resemble each other, so the control group of the previous one is tried first.
struct ProcessReader<'a> {
    proc: ProcRoot,
    mounts: &'a CgroupMounts,
    sidecars: &'a BTreeSet<Pid>,
    accounts: CgroupAccounting,
    /// The control group of the previous agent.
    previous_group: Option<Cgroup>,
    /// The number of processes whose files may still be kept open.
    budget: usize,
}

impl<'a> ProcessReader<'a> {
    pub(super) fn new(mounts: &'a CgroupMounts, sidecars: &'a BTreeSet<Pid>, budget: usize) -> Self {
        Self {
            proc: ProcRoot::default(),
            mounts,
            sidecars,
            accounts: CgroupAccounting::default(),
            previous_group: None,
            budget,
        }
    }

    fn read(&mut self, pid: Pid, entry: &mut CacheEntry) -> ObservedProcess {
        let keep_open = self.budget > 0;
        self.budget = self.budget.saturating_sub(1);
        if !keep_open {
            (entry.stat, entry.group) = (None, None);
        }
        let read = self.stat(pid, entry, keep_open).map_err(|error| format!("/proc/{pid}/stat: {error}"));
        let (stat, program) = match read {
            Ok(Some((stat, program))) if !stat.is_zombie() => (stat, program),
            other => {
                *entry = CacheEntry::default();
                let stat = other.map(|read| read.map(|(stat, _)| stat));
                return ObservedProcess {
                    stat,
                    launch_command: None,
                    group: None,
                    controllers: None,
                    usage: None,
                    foreground: None,
                };
            }
        };
        if !entry.launch.as_ref().is_some_and(|launch| launch.is_current(&stat)) {
            let (agent, command) = launch_environment(&self.proc, pid);
            let agent = agent.and_then(|agent| agent.parse().ok());
            let (start_ticks, environment_at) = (stat.start_ticks, stat.environment_at);
            entry.launch = Some(Launch { start_ticks, environment_at, agent, command });
        }
        let launch_command = entry.launch.as_ref().and_then(|launch| launch.command.clone());
        let agent = entry.launch.as_ref().and_then(|launch| launch.agent.clone());
        // An environment that could not be read may be readable the next time.
        entry.launch.take_if(|launch| launch.command.is_none());
        let GroupState { name, controllers, usage } = self.group_and_usage(pid, stat, agent.as_ref(), entry, keep_open);
        let leader = u32::try_from(stat.foreground_group).ok().and_then(Pid::new).filter(|leader| *leader != pid);
        let foreground = leader.and_then(|leader| self.proc.program(leader).ok().flatten()).unwrap_or(program);
        ObservedProcess {
            stat: Ok(Some(stat)),
            launch_command,
            group: name,
            controllers,
            usage,
            foreground: Some(foreground.to_string_lossy().into_owned()),
        }
    }

    /// Reads the `stat` file that is kept open. If that process has ended, reads the process that has the PID now.
    fn stat(&self, pid: Pid, entry: &mut CacheEntry, keep_open: bool) -> io::Result<Option<(Stat, OsString)>> {
        if let Some(kept) = &entry.stat {
            match ProcRoot::read_stat_and_program(kept) {
                Ok(None) => *entry = CacheEntry::default(),
                read => return read,
            }
        }
        // Without budget the file is opened, read and closed.
        match keep_open.then(|| self.proc.open_stat(pid)) {
            Some(Ok(kept)) => {
                entry.stat = kept;
                entry.stat.as_ref().map_or(Ok(None), ProcRoot::read_stat_and_program)
            }
            Some(Err(_)) | None => self.proc.stat_and_program(pid),
        }
    }

    fn group_and_usage(
        &mut self,
        pid: Pid,
        stat: Stat,
        agent: Option<&AgentName>,
        entry: &mut CacheEntry,
        keep_open: bool,
    ) -> GroupState {
        let (proc, sidecars) = (&self.proc, self.sidecars);
        let stat_of = |other: Pid| match other == pid {
            true => Some(stat),
            false if sidecars.contains(&other) => None,
            false => proc.stat(other).ok().flatten(),
        };
        if let Some((group, list)) = &entry.group {
            match Cgroup::read_procs(list) {
                Ok(own) if own.contains(&pid) => {
                    return GroupState {
                        name: Some(group.name().to_owned()),
                        controllers: Some(self.accounts.controllers(group)),
                        usage: Usage::from_cgroup(group, &mut self.accounts, Some(own), stat_of),
                    };
                }
                // The process has moved, or its control group was created anew.
                _ => entry.group = None,
            }
        }
        let (group, own) = self.group(agent, pid);
        let name = group.as_ref().map(|group| group.name().to_owned());
        let Some(unit) = group.filter(|group| is_agent_group(group.name())) else {
            let descendants = proc.descendants(pid).into_iter().filter_map(|pid| proc.stat(pid).ok().flatten());
            let usage = Usage::from_stats(std::iter::once(stat).chain(descendants));
            return GroupState { name, controllers: None, usage };
        };
        let controllers = Some(self.accounts.controllers(&unit));
        let usage = Usage::from_cgroup(&unit, &mut self.accounts, own, stat_of);
        if keep_open {
            entry.group = unit.open_procs().ok().map(|list| (unit.clone(), list));
        }
        self.previous_group = Some(unit);
        GroupState { name, controllers, usage }
    }

    /// The control group of a process, with the processes in it if they had to be read.
    fn group(&self, agent: Option<&AgentName>, pid: Pid) -> (Option<Cgroup>, Option<Vec<Pid>>) {
        let sibling = agent
            .zip(self.previous_group.as_ref())
            .and_then(|(agent, previous)| previous.sibling_with_process(UnitName::agent(agent).as_str(), pid));
        match sibling {
            Some((group, own)) => (Some(group), Some(own)),
            None => (self.mounts.cgroup_of(pid).ok().flatten(), None),
        }
    }
}

/// Reads the agent and the command from the environment that the launcher set, which survives `exec`. Both are `None`
/// if the process belongs to another user.
fn launch_environment(proc: &ProcRoot, pid: Pid) -> (Option<String>, Option<LaunchCommand>) {
    let read = proc.variables(pid, [env_var::AGENT_NAME, env_var::AGENT_COMMAND, env_var::AGENT_RUNTIME]);
    let Ok(variables) = read else { return (None, None) };
    let [agent, command, runtime] = variables.map(|value| {
        let value = value?.into_string().ok()?;
        (!value.is_empty()).then_some(value)
    });
    if agent.is_none() {
        return (None, Some(LaunchCommand::NotByLauncher));
    }
    let command = command.unwrap_or_else(|| super::generated_files::default_command(runtime.as_deref()));
    (agent, Some(LaunchCommand::Command(command)))
}

#[cfg(test)]
mod tests {
    use super::{CacheEntry, ProcessReader};
    use crate::observe::{LaunchCommand, ObservedProcess};
    use mosaic_process::CgroupMounts;
    use std::collections::BTreeSet;
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    #[test]
    fn the_environment_is_read_again_after_exec() {
        let mut command = Command::new("sh");
        command.args(["-c", "read line; exec env -i cat"]).stdin(Stdio::piped());
        let mut child = command.env("MOSAIC_AGENT_NAME", "a").env("MOSAIC_AGENT_COMMAND", "work").spawn().unwrap();
        let (pid, mut entry) = (child.id().try_into().unwrap(), CacheEntry::default());
        let (mounts, sidecars) = (CgroupMounts::read().unwrap(), BTreeSet::new());
        let mut read = || ProcessReader::new(&mounts, &sidecars, 1).read(pid, &mut entry);
        // The program name changes first, and the environment a moment later.
        let mut wait = |program: &str, command: &LaunchCommand| {
            let begun = Instant::now();
            loop {
                let process: ObservedProcess = read();
                if process.foreground.as_deref() == Some(program) && process.launch_command.as_ref() == Some(command) {
                    break;
                }
                assert!(begun.elapsed() < Duration::from_secs(20), "it does not become {program}: {process:?}");
            }
        };
        for _ in 0..2 {
            wait("sh", &LaunchCommand::Command("work".to_owned()));
        }
        child.stdin.as_ref().unwrap().write_all(b"\n").unwrap();
        wait("cat", &LaunchCommand::NotByLauncher);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(read().stat, Ok(None));
    }
}
