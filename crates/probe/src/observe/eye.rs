//! One process: alive or not, started to do what, in which control group, using how much.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;

use mosaic_domain::{AgentName, Pid};
use mosaic_process::{CgroupAccounting, Cgroup, CgroupMounts, KernelFile, ProcRoot, Stat, Usage};

use mosaic_systemd::UnitName;

use super::{Launched, ProcessSeen};

/// What the name of an agent's unit begins with.
const AGENT_UNIT: &str = "mosaic-agent@";

/// Is this the group of an agent's unit?
pub(super) fn is_of_an_agent(group: &str) -> bool {
    group.starts_with(AGENT_UNIT)
}

/// What is remembered of a process.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Its line, kept open: it never is another process's.
    stat: Option<KernelFile>,
    started: Option<Started>,
    /// The group of its unit, and who is in it, kept open.
    group: Option<(Cgroup, KernelFile)>,
}

/// What a process was started with. It stays until it executes another program.
#[derive(Debug)]
struct Started {
    start_ticks: u64,
    environment_at: (u64, u64),
    agent: Option<AgentName>,
    launched: Option<Launched>,
}

impl Started {
    fn is_of(&self, stat: &Stat) -> bool {
        (self.start_ticks, self.environment_at) == (stat.start_ticks, stat.environment_at)
    }
}

/// What one worker looks with. One agent is much like the one before, so what was found there is where
/// it looks first.
pub(super) struct Eye<'a> {
    proc: ProcRoot,
    mounts: &'a CgroupMounts,
    sidecars: &'a BTreeSet<Pid>,
    accounts: CgroupAccounting,
    /// The group of the last agent.
    last: Option<Cgroup>,
    /// Of how many processes files may be kept open.
    room: usize,
}

impl<'a> Eye<'a> {
    pub(super) fn new(mounts: &'a CgroupMounts, sidecars: &'a BTreeSet<Pid>, room: usize) -> Self {
        Self { proc: ProcRoot::default(), mounts, sidecars, accounts: CgroupAccounting::default(), last: None, room }
    }

    pub(super) fn look(&mut self, pid: Pid, known: &mut Known) -> ProcessSeen {
        let keeps = self.room > 0;
        self.room = self.room.saturating_sub(1);
        if !keeps {
            (known.stat, known.group) = (None, None);
        }
        let seen = self.stat(pid, known, keeps).map_err(|error| format!("/proc/{pid}/stat: {error}"));
        let (stat, program) = match seen {
            Ok(Some((stat, program))) if !stat.is_zombie() => (stat, program),
            other => {
                *known = Known::default();
                let stat = other.map(|seen| seen.map(|(stat, _)| stat));
                return ProcessSeen { stat, launched: None, group: None, usage: None, foreground: None };
            }
        };
        if !known.started.as_ref().is_some_and(|started| started.is_of(&stat)) {
            let (agent, launched) = launched(&self.proc, pid);
            let agent = agent.and_then(|agent| agent.parse().ok());
            let (start_ticks, environment_at) = (stat.start_ticks, stat.environment_at);
            known.started = Some(Started { start_ticks, environment_at, agent, launched });
        }
        let launched = known.started.as_ref().and_then(|started| started.launched.clone());
        let agent = known.started.as_ref().and_then(|started| started.agent.clone());
        // What could not be read may be readable the next time.
        known.started.take_if(|started| started.launched.is_none());
        let (name, usage) = self.group_and_usage(pid, stat, agent.as_ref(), known, keeps);
        let leader = u32::try_from(stat.foreground_group).ok().and_then(Pid::new).filter(|leader| *leader != pid);
        let foreground = leader.and_then(|leader| self.proc.program(leader).ok().flatten()).unwrap_or(program);
        ProcessSeen {
            stat: Ok(Some(stat)),
            launched,
            group: name,
            usage,
            foreground: Some(foreground.to_string_lossy().into_owned()),
        }
    }

    /// By the file that is kept, if there is one; who has the PID now if that process is gone.
    fn stat(&self, pid: Pid, known: &mut Known, keeps: bool) -> io::Result<Option<(Stat, OsString)>> {
        if let Some(kept) = &known.stat {
            match ProcRoot::read_stat_and_program(kept) {
                Ok(None) => *known = Known::default(),
                seen => return seen,
            }
        }
        // Also where no more files may be open it is read: one at a time.
        match keeps.then(|| self.proc.open_stat(pid)) {
            Some(Ok(kept)) => {
                known.stat = kept;
                known.stat.as_ref().map_or(Ok(None), ProcRoot::read_stat_and_program)
            }
            Some(Err(_)) | None => self.proc.stat_and_program(pid),
        }
    }

    fn group_and_usage(
        &mut self,
        pid: Pid,
        stat: Stat,
        agent: Option<&AgentName>,
        known: &mut Known,
        keeps: bool,
    ) -> (Option<String>, Option<Usage>) {
        let (proc, sidecars) = (&self.proc, self.sidecars);
        let stat_of = |other: Pid| match other == pid {
            true => Some(stat),
            false if sidecars.contains(&other) => None,
            false => proc.stat(other).ok().flatten(),
        };
        if let Some((group, list)) = &known.group {
            match Cgroup::read_procs(list) {
                Ok(own) if own.contains(&pid) => {
                    let usage = Usage::from_cgroup(group, &mut self.accounts, Some(own), stat_of);
                    return (Some(group.name().to_owned()), usage);
                }
                // It has moved, or its group was made anew.
                _ => known.group = None,
            }
        }
        let (group, own) = self.group(agent, pid);
        let name = group.as_ref().map(|group| group.name().to_owned());
        let Some(unit) = group.filter(|group| is_of_an_agent(group.name())) else {
            let descendants = proc.descendants(pid).into_iter().filter_map(|pid| proc.stat(pid).ok().flatten());
            return (name, Usage::from_stats(std::iter::once(stat).chain(descendants)));
        };
        let usage = Usage::from_cgroup(&unit, &mut self.accounts, own, stat_of);
        if keeps {
            known.group = unit.open_procs().ok().map(|list| (unit.clone(), list));
        }
        self.last = Some(unit);
        (name, usage)
    }

    /// The control group, and who is in it if that had to be read.
    fn group(&self, agent: Option<&AgentName>, pid: Pid) -> (Option<Cgroup>, Option<Vec<Pid>>) {
        let sibling = agent
            .zip(self.last.as_ref())
            .and_then(|(agent, last)| last.sibling_with_process(UnitName::agent(agent).as_str(), pid));
        match sibling {
            Some((group, own)) => (Some(group), Some(own)),
            None => (self.mounts.cgroup_of(pid).ok().flatten(), None),
        }
    }
}

/// By the environment that the launcher gave it: whatever it executed since, that stays. Nothing is
/// known of a process of somebody else's.
fn launched(proc: &ProcRoot, pid: Pid) -> (Option<String>, Option<Launched>) {
    let asked = proc.variables(pid, ["MOSAIC_AGENT_NAME", "MOSAIC_AGENT_COMMAND", "MOSAIC_AGENT_RUNTIME"]);
    let Ok(said) = asked else { return (None, None) };
    let [agent, command, runtime] = said.map(|value| {
        let value = value?.into_string().ok()?;
        (!value.is_empty()).then_some(value)
    });
    if agent.is_none() {
        return (None, Some(Launched::Otherwise));
    }
    let command = command.unwrap_or_else(|| super::generated::default_command(runtime.as_deref()));
    (agent, Some(Launched::Command(command)))
}

#[cfg(test)]
mod tests {
    use super::{Eye, Known};
    use crate::observe::{Launched, ProcessSeen};
    use mosaic_process::CgroupMounts;
    use std::collections::BTreeSet;
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    #[test]
    fn what_a_process_was_started_with_is_read_again_when_it_executes_another_program() {
        let mut command = Command::new("sh");
        command.args(["-c", "read line; exec env -i cat"]).stdin(Stdio::piped());
        let mut child = command.env("MOSAIC_AGENT_NAME", "a").env("MOSAIC_AGENT_COMMAND", "work").spawn().unwrap();
        let (pid, mut known) = (child.id().try_into().unwrap(), Known::default());
        let (mounts, sidecars) = (CgroupMounts::read().unwrap(), BTreeSet::new());
        let mut look = || Eye::new(&mounts, &sidecars, 1).look(pid, &mut known);
        // The name comes first, and the environment a moment later.
        let mut wait = |program: &str, launched: &Launched| {
            let begun = Instant::now();
            loop {
                let seen: ProcessSeen = look();
                if seen.foreground.as_deref() == Some(program) && seen.launched.as_ref() == Some(launched) {
                    break;
                }
                assert!(begun.elapsed() < Duration::from_secs(20), "it does not become {program}: {seen:?}");
            }
        };
        for _ in 0..2 {
            wait("sh", &Launched::Command("work".to_owned()));
        }
        child.stdin.as_ref().unwrap().write_all(b"\n").unwrap();
        wait("cat", &Launched::Otherwise);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(look().stat, Ok(None));
    }
}
