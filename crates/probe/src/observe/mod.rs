//! Looks at each source once, bounded in time, and judges nothing.
//!
//! One call to tmux for the whole server, and one for the screens that have to be read; one round of calls to the user manager for all units, one
//! read for each file. Sources are looked at side by side; the processes that heartbeats name while
//! tmux answers, and after that those that it alone knows of.

mod eye;
mod generated;
mod memory;
mod observation;
mod panes;
mod places;
mod processes;
mod roster_seen;
mod run_files;
mod screens;
mod seen;
mod source;
mod target;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, Pid};
use mosaic_heartbeat::Now;
use mosaic_process::ProcRoot;
use mosaic_roster::Roster;

pub use memory::Memory;
pub use observation::{GeneratedFiles, Launched, Observation, ProcessSeen, RunFiles, TmuxServer, UnitFiles, Units};
pub use roster_seen::{LastGood, RosterSeen};
pub use screens::ScreenSays;
pub use seen::Seen;
pub use target::Target;

use crate::snapshot::SourceName;
use run_files::RunMemory;
use source::Looking;
pub(crate) use source::Source;

/// Looks at everything that `target` names, by what is remembered where that still holds.
///
/// # Errors
/// The clocks of this host cannot be read: without the boot's id nothing can be said of any process.
pub fn observe(target: &Arc<Target>, memory: &mut Memory) -> std::io::Result<Observation> {
    let run_files = memory.run_files.clone();
    let heartbeats =
        || begin(target, SourceName::Heartbeat, &run_files, |memory, target| memory.look(&target.run_directory));
    // The roster names the socket, and tmux is who takes longest: nothing goes before these two. To read a
    // roster for the first time takes long itself.
    let meanwhile = memory.once.then(heartbeats);
    let roster = roster(target, memory);
    let asked = panes::Asked {
        search_path: target.search_path.clone(),
        socket: target.socket_by(roster.roster()),
        limit: own_limit(target),
    };
    let tmux = begin(target, SourceName::Tmux, &memory.tmux, |(), _| panes::look(asked));
    let systemd = begin(target, SourceName::Systemd, &memory.units, |memory, target| Ok(memory.look(target)));

    let heartbeats = meanwhile.unwrap_or_else(heartbeats);
    let heartbeats = completed(heartbeats.finish(), target, memory, roster.roster());
    // Only now: a heartbeat that was written after the clock was read would lie in the future.
    let now =
        Now { wall: Timestamp::now(), monotonic: mosaic_process::monotonic(), boot: ProcRoot::default().boot_id()? };
    // At the same moment: from both follows when a process started.
    let since_boot = mosaic_process::since_boot();
    let named = named(&heartbeats);
    let sidecars = Arc::new(sidecars(&heartbeats));
    let once = memory.once;
    let early = begin(target, SourceName::Process, &memory.processes, {
        let (pids, sidecars) = (named.clone(), Arc::clone(&sidecars));
        move |memory, _| {
            memory.turn();
            memory.look(&pids, &sidecars, once)
        }
    });
    let holds = roster.holds();
    let generated = memory.generated.begin(target.limit, {
        let target = Arc::clone(target);
        move |memory| Ok(memory.look(&target, holds?))
    });
    let tmux = tmux.finish();
    let holder = target.holder_by(roster.roster());
    let late = |pids: BTreeSet<Pid>, limit| {
        memory.processes.begin(limit, move |memory| memory.look(&pids, &sidecars, once)).finish()
    };
    let processes = meant(early.finish(), pids(&tmux, holder, named), target.limit, late);

    let signs = signs(target, memory, &roster, &tmux, &heartbeats, &processes, now.wall);
    let systemd = systemd.finish();
    let took = systemd.took;
    let (units, unit_files, linger, direct) = match systemd.result {
        Ok(looked) => {
            let direct = looked.manager_absent && !bears_a_managers_mark(&looked.unit_files, &processes);
            (looked.units, looked.unit_files, looked.linger, direct)
        }
        Err(why) => (Err(why.clone()), Err(why), mosaic_systemd::Linger::NoLogind, false),
    };
    Ok(Observation {
        now,
        since_boot,
        roster,
        tmux,
        systemd: Seen { result: units, took },
        direct,
        unit_files,
        linger,
        heartbeats,
        processes,
        signs,
        generated: generated.finish(),
    })
}

/// Begins with a source, if somebody wants to know of it.
fn begin<M: Send + 'static, T: Send + 'static>(
    target: &Arc<Target>,
    name: SourceName,
    source: &Source<M>,
    look: impl FnOnce(&mut M, &Target) -> Result<T, String> + Send + 'static,
) -> Looking<T> {
    if target.without.contains(&name) {
        return Looking::over(Seen::switched_off());
    }
    let asked = Arc::clone(target);
    source.begin(target.limit, move |memory| look(memory, &asked))
}

/// The roster as it is now; if it cannot be read, as it was.
fn roster(target: &Arc<Target>, memory: &mut Memory) -> RosterSeen {
    let asked = Arc::clone(target);
    let seen = memory.roster.begin(target.limit, move |memory| Ok(memory.look(&asked.roster_path))).finish();
    let result = match seen.result {
        Ok((result, good)) => {
            memory.last_good = good;
            result
        }
        Err(why) => Err(why),
    };
    RosterSeen { now: Seen { result, took: seen.took }, last_good: memory.last_good.clone() }
}

/// What screens say. Where nothing could be asked of tmux, it has said so already.
fn signs(
    target: &Arc<Target>,
    memory: &Memory,
    roster: &RosterSeen,
    tmux: &Seen<Option<TmuxServer>>,
    heartbeats: &Seen<RunFiles>,
    processes: &Seen<BTreeMap<Pid, ProcessSeen>>,
    now: Timestamp,
) -> BTreeMap<AgentName, ScreenSays> {
    let (Some(roster), Some(Some(server))) = (roster.roster(), tmux.ok()) else { return BTreeMap::new() };
    let agents = screens::unexplained(roster, server, heartbeats.ok(), processes.ok(), now);
    if agents.is_empty() {
        return BTreeMap::new();
    }
    let asked = screens::Asked {
        search_path: target.search_path.clone(),
        socket: target.socket_by(Some(roster)),
        limit: own_limit(target).saturating_sub(tmux.took),
        home: target.home.clone(),
        agents,
    };
    let look = memory.screens.begin(target.limit.saturating_sub(tmux.took), move |memory| memory.look(&asked));
    look.finish().result.unwrap_or_default()
}

/// Looks once more for heartbeats of the roster's agents that were not listed.
fn completed(listed: Seen<RunFiles>, target: &Arc<Target>, memory: &Memory, roster: Option<&Roster>) -> Seen<RunFiles> {
    let Ok(mut files) = listed.result else { return listed };
    let names = roster.into_iter().flat_map(|roster| roster.agents.iter().map(|agent| &agent.name));
    let unlisted: Vec<_> = names.filter(|name| !files.heartbeats.contains_key(*name)).cloned().collect();
    if unlisted.is_empty() {
        return Seen { result: Ok(files), took: listed.took };
    }
    let asked = Arc::clone(target);
    let look_up = move |_: &mut RunMemory| Ok(RunMemory::look_up(&asked.run_directory, &unlisted));
    let found = memory.run_files.begin(target.limit.saturating_sub(listed.took), look_up).finish();
    let result = found.result.map(|found| {
        files.heartbeats.extend(found);
        files
    });
    Seen { result, took: listed.took + found.took }
}

/// Is there anything that only a user manager could have made: an agent's unit that is enabled, or a
/// process in the group of one?
fn bears_a_managers_mark(files: &Result<UnitFiles, String>, processes: &Seen<BTreeMap<Pid, ProcessSeen>>) -> bool {
    let enabled = files.as_ref().is_ok_and(|files| files.links.enabled.iter().any(|unit| unit.agent_name().is_some()));
    let in_a_group = |process: &ProcessSeen| process.group.as_deref().is_some_and(eye::is_of_an_agent);
    enabled || processes.ok().is_some_and(|processes| processes.values().any(in_a_group))
}

/// How long a source may take by itself, which has words for it: sooner than it is given up.
fn own_limit(target: &Target) -> Duration {
    target.limit.mul_f32(0.8)
}

/// The processes that heartbeats name.
fn named(heartbeats: &Seen<RunFiles>) -> BTreeSet<Pid> {
    let files = heartbeats.ok().into_iter();
    files.flat_map(|files| files.heartbeats.values().flatten().map(|heartbeat| heartbeat.pid)).collect()
}

/// The sidecars that wrote them.
fn sidecars(heartbeats: &Seen<RunFiles>) -> BTreeSet<Pid> {
    let files = heartbeats.ok().into_iter();
    let beats = files.flat_map(|files| files.heartbeats.values().flatten());
    beats.filter_map(|heartbeat| Some(heartbeat.binding.as_ref()?.sidecar)).collect()
}

/// The processes that are meant: what tmux says is in the panes, but not in the holder's, of which
/// nothing is told. Where tmux says nothing, those that the heartbeats name.
fn pids(tmux: &Seen<Option<TmuxServer>>, holder: &str, named: BTreeSet<Pid>) -> BTreeSet<Pid> {
    match &tmux.result {
        Ok(server) => {
            let panes = server.iter().flat_map(|server| server.sessions.values());
            panes.filter(|pane| pane.session != holder).map(|pane| pane.pid).collect()
        }
        Err(_) => named,
    }
}

/// Looks at those that nobody has looked at yet, and forgets those that are not meant.
fn meant(
    early: Seen<BTreeMap<Pid, ProcessSeen>>,
    pids: BTreeSet<Pid>,
    limit: Duration,
    look: impl FnOnce(BTreeSet<Pid>, Duration) -> Seen<BTreeMap<Pid, ProcessSeen>>,
) -> Seen<BTreeMap<Pid, ProcessSeen>> {
    let Ok(mut seen) = early.result else { return early };
    seen.retain(|pid, _| pids.contains(pid));
    let missing: BTreeSet<Pid> = pids.into_iter().filter(|pid| !seen.contains_key(pid)).collect();
    if missing.is_empty() {
        return Seen { result: Ok(seen), took: early.took };
    }
    let late = look(missing, limit.saturating_sub(early.took));
    let result = late.result.map(|late| {
        seen.extend(late);
        seen
    });
    Seen { result, took: early.took + late.took }
}

#[cfg(test)]
mod tests;
