//! The processes of the panes: alive or not, started to do what, in which control group, using how
//! much.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::thread;

use domain::{AgentName, Pid};
use process::{Accounts, Cgroup, CgroupMounts, ProcRoot, Usage};

use systemd::UnitName;

use super::{Launched, ProcessSeen};

/// What the name of an agent's unit begins with.
const AGENT_UNIT: &str = "mosaic-agent@";

/// Is this the group of an agent's unit?
pub(super) fn is_of_an_agent(group: &str) -> bool {
    group.starts_with(AGENT_UNIT)
}

/// Looks at all of them. `/proc` is memory, so what it costs is computing, which is shared out.
/// `sidecars` are in the agents' groups too, and ours: where processes are summed up they are left out.
pub(super) fn look(
    proc: &ProcRoot,
    pids: &BTreeSet<Pid>,
    sidecars: &BTreeSet<Pid>,
) -> Result<BTreeMap<Pid, ProcessSeen>, String> {
    /// Fewer are looked at sooner than a thread is started.
    const WORTH_A_THREAD: usize = 16;
    let mounts = CgroupMounts::read().map_err(|error| format!("/proc: {error}"))?;
    let pids: Vec<Pid> = pids.iter().copied().collect();
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(pids.len() / WORTH_A_THREAD).max(1);
    let share = pids.len().div_ceil(workers).max(1);
    let look = |pids: &[Pid]| {
        let mut eye = Eye { proc, mounts: &mounts, sidecars, accounts: Accounts::default(), last: None };
        pids.iter().map(|pid| (*pid, eye.look(*pid))).collect::<Vec<_>>()
    };
    let shares: Result<Vec<_>, String> = thread::scope(|scope| {
        let look = &look;
        let looks: Vec<_> = pids.chunks(share).map(|pids| scope.spawn(move || look(pids))).collect();
        looks.into_iter().map(|look| look.join().map_err(|_| "a look at /proc failed".to_owned())).collect()
    });
    Ok(shares?.into_iter().flatten().collect())
}

/// What one worker looks with. One agent is much like the one before, so what was found there is where
/// it looks first.
struct Eye<'a> {
    proc: &'a ProcRoot,
    mounts: &'a CgroupMounts,
    sidecars: &'a BTreeSet<Pid>,
    accounts: Accounts,
    /// The group of the last agent.
    last: Option<Cgroup>,
}

impl Eye<'_> {
    fn look(&mut self, pid: Pid) -> ProcessSeen {
        let proc = self.proc;
        let seen = proc.stat_and_program(pid).map_err(|error| format!("/proc/{pid}/stat: {error}"));
        let (stat, program) = match seen {
            Ok(Some((stat, program))) if !stat.is_zombie() => (stat, program),
            other => {
                let stat = other.map(|seen| seen.map(|(stat, _)| stat));
                return ProcessSeen { stat, launched: None, group: None, usage: None, foreground: None };
            }
        };
        let (agent, launched) = launched(proc, pid);
        let (group, own) = self.group(agent.as_deref(), pid);
        let name = group.as_ref().map(|group| group.name().to_owned());
        let unit = group.filter(|group| is_of_an_agent(group.name()));
        let usage = if let Some(group) = &unit {
            let stat_of = |other: Pid| match other == pid {
                true => Some(stat),
                false if self.sidecars.contains(&other) => None,
                false => proc.stat(other).ok().flatten(),
            };
            Usage::of_group(group, &mut self.accounts, own, stat_of)
        } else {
            let descendants = proc.descendants(pid).into_iter().filter_map(|pid| proc.stat(pid).ok().flatten());
            Usage::of_processes(std::iter::once(stat).chain(descendants))
        };
        self.last = unit.or(self.last.take());
        let leader = u32::try_from(stat.foreground_group).ok().and_then(Pid::new).filter(|leader| *leader != pid);
        let foreground = leader.and_then(|leader| proc.program(leader).ok().flatten()).unwrap_or(program);
        ProcessSeen {
            stat: Ok(Some(stat)),
            launched,
            group: name,
            usage,
            foreground: Some(foreground.to_string_lossy().into_owned()),
        }
    }

    /// The control group, and who is in it if that had to be read.
    fn group(&self, agent: Option<&str>, pid: Pid) -> (Option<Cgroup>, Option<Vec<Pid>>) {
        let agent = agent.and_then(|agent| agent.parse::<AgentName>().ok());
        let sibling = agent
            .zip(self.last.as_ref())
            .and_then(|(agent, last)| last.sibling_with(UnitName::agent(&agent).as_str(), pid));
        match sibling {
            Some((group, own)) => (Some(group), Some(own)),
            None => (self.mounts.group_of(pid).ok().flatten(), None),
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
