//! Reads each source once, bounded in time, and judges nothing.
//!
//! One tmux call covers the whole server, and one more all screens that have to be read; one round of calls to the
//! user manager covers all units; each file is read once. The sources are read concurrently: the processes that
//! heartbeats name while tmux answers, and those that only tmux knows after that.

mod boot_time;
mod end_logs;
mod generated_files;
mod observation;
mod process_reader;
mod programs;
mod roster_file;
mod run_files;
mod source;
mod status_files;
#[cfg(test)]
mod tests;
mod tmux_source;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, Pid};
use mosaic_heartbeat::Now;
use mosaic_process::ProcRoot;
use mosaic_roster::Roster;
use mosaic_systemd::Linger;

use crate::judge::running_process;
use crate::snapshot::SourceName;
use crate::target::Target;
use boot_time::BootTime;
use end_logs::EndLogsCache;
use generated_files::GeneratedFilesCache;
use process_reader::ProcessCache;
use roster_file::RosterCache;
use run_files::RunFilesCache;
use source::PendingRead;
use status_files::{StatusFilesCache, StatusSigns};
use tmux_source::{ScreenCache, ScreenQuery, TmuxQuery};
use units::UnitCache;

pub(crate) use end_logs::AgentEnds;
pub(crate) use observation::{
    GeneratedFiles, LaunchCommand, Observation, Observed, ObservedProcess, ObservedSocket, RunFiles, TmuxServer,
    UnitFiles, Units,
};
pub(crate) use programs::UnusableProgram;
pub(crate) use roster_file::{LastGood, ObservedRoster};
pub(crate) use source::Source;
pub(crate) use tmux_source::ObservedSign;

/// The cache of an observer, one part per source. A cached value is only used if something that is checked at every
/// observation shows that it is still valid.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    roster: Source<RosterCache>,
    tmux: Source<()>,
    units: Source<UnitCache>,
    run_files: Source<RunFilesCache>,
    processes: Source<ProcessCache>,
    screens: Source<ScreenCache>,
    statuses: Source<StatusFilesCache>,
    generated: Source<GeneratedFilesCache>,
    ends: Source<EndLogsCache>,
    programs: Source<()>,
    /// The last valid roster, which stays in effect while the file cannot be read.
    last_good: Option<LastGood>,
    boot_time: BootTime,
    /// There is only one observation, so nothing is kept open for another one.
    single_use: bool,
}

impl Cache {
    /// The cache of an observer for a single observation.
    pub(crate) fn single_use() -> Self {
        Self { single_use: true, ..Self::default() }
    }
}

/// Reads every source of a target, using the cache where it is still valid.
///
/// # Errors
/// The boot id cannot be read, without which no process can be identified.
pub(crate) fn observe(target: &Arc<Target>, cache: &mut Cache) -> io::Result<Observation> {
    let run_files = cache.run_files.clone();
    let begin_heartbeats =
        || begin(target, SourceName::Heartbeat, &run_files, |cache, target| cache.read(&target.run_directory));
    // The roster names the tmux socket, and tmux takes longest, so these two come first. Without a cache, reading the
    // roster takes long itself.
    let early_heartbeats = cache.single_use.then(begin_heartbeats);
    let roster = read_roster(target, cache);
    let query = TmuxQuery {
        search_path: target.search_path.clone(),
        socket: target.socket_name(roster.roster()),
        run_directory: target.run_directory.path().to_owned(),
        limit: own_limit(target),
    };
    let tmux = begin(target, SourceName::Tmux, &cache.tmux, move |(), _| Ok((query.socket(), query.read_sessions())));
    let systemd = begin(target, SourceName::Systemd, &cache.units, |cache, target| Ok(cache.read(target)));

    let heartbeats = early_heartbeats.unwrap_or_else(begin_heartbeats);
    let heartbeats = complete_heartbeats(heartbeats.finish(), target, cache, roster.roster());
    // Read the clock after the heartbeats, so that no heartbeat lies in the future.
    let now =
        Now { wall: Timestamp::now(), monotonic: mosaic_process::monotonic(), boot: ProcRoot::default().boot_id()? };
    // Read both clocks at the same moment, because start times are converted between them.
    let since_boot = cache.boot_time.elapsed(now.wall, mosaic_process::since_boot());
    let named = heartbeat_pids(&heartbeats);
    let sidecars = Arc::new(sidecar_pids(&heartbeats));
    let single_use = cache.single_use;
    let early = begin(target, SourceName::Process, &cache.processes, {
        let (pids, sidecars) = (named.clone(), Arc::clone(&sidecars));
        move |cache, _| {
            cache.begin_observation();
            cache.read(&pids, &sidecars, single_use)
        }
    });
    let ends = cache.ends.begin(target.limit, {
        let (target, agents) = (Arc::clone(target), roster_agents(roster.roster()));
        move |cache| Ok(cache.read(&target, &agents))
    });
    let programs = cache.programs.begin(target.limit, {
        let tools = target.tools();
        move |()| Ok(programs::unusable_programs(&tools))
    });
    let effective_roster = roster.effective();
    let generated = cache.generated.begin(target.limit, {
        let target = Arc::clone(target);
        move |cache| {
            let directory = target.home.paths().stop_records();
            let stops = mosaic_heartbeat::read_stop_records(&directory)
                .map_err(|error| format!("cannot read {}: {error}", directory.display()));
            Ok((cache.read(&target, effective_roster?), stops))
        }
    });
    let tmux = tmux.finish();
    let (socket, sessions) = tmux.result.map_or_else(|why| (None, Err(why)), |(socket, read)| (Some(socket), read));
    let tmux = Observed { result: sessions, took: tmux.took };
    let holder = target.holder_session(roster.roster());
    let read_late = |pids: BTreeSet<Pid>, limit| {
        cache.processes.begin(limit, move |cache| cache.read(&pids, &sidecars, single_use)).finish()
    };
    let pids = agent_pids(&tmux, holder, named, &heartbeats);
    let processes = select_processes(early.finish(), pids, target.limit, read_late);

    let signs = read_signs(target, cache, &roster, &tmux, &heartbeats, &processes, now.wall);
    let systemd = systemd.finish();
    let took = systemd.took;
    let (units, unit_files, linger, direct) = match systemd.result {
        Ok(read) => {
            let direct = read.manager_absent && !shows_a_manager(&read.unit_files, &processes);
            (read.units, read.unit_files, read.linger, direct)
        }
        Err(why) => (Err(why.clone()), Err(why), Linger::NoLogind, false),
    };
    let generated = generated.finish();
    let (files, stops) = match generated.result {
        Ok((files, stops)) => (Ok(files), stops),
        Err(why) => (Err(why.clone()), Err(why)),
    };
    Ok(Observation {
        now,
        since_boot,
        roster,
        tmux,
        socket,
        systemd: Observed { result: units, took },
        direct,
        unit_files,
        linger,
        heartbeats,
        processes,
        signs,
        stops,
        generated: Observed { result: files, took: generated.took },
        ends: ends.finish().result.unwrap_or_default(),
        unusable_programs: programs.finish().result.unwrap_or_default(),
    })
}

/// The names of the roster's agents.
fn roster_agents(roster: Option<&Roster>) -> Vec<AgentName> {
    roster.into_iter().flat_map(|roster| roster.agents.iter().map(|agent| agent.name.clone())).collect()
}

/// Begins to read a source, unless it is disabled.
fn begin<M: Send + 'static, T: Send + 'static>(
    target: &Arc<Target>,
    name: SourceName,
    source: &Source<M>,
    read: impl FnOnce(&mut M, &Target) -> Result<T, String> + Send + 'static,
) -> PendingRead<T> {
    if target.disabled_sources.contains(&name) {
        return PendingRead::finished(Observed::disabled());
    }
    let owned = Arc::clone(target);
    source.begin(target.limit, move |cache| read(cache, &owned))
}

/// Reads the roster. If it cannot be read, the last valid roster stays in effect.
fn read_roster(target: &Arc<Target>, cache: &mut Cache) -> ObservedRoster {
    let owned = Arc::clone(target);
    let read = cache.roster.begin(target.limit, move |cache| Ok(cache.read(&owned.roster_path))).finish();
    let result = match read.result {
        Ok((result, good)) => {
            cache.last_good = good;
            result
        }
        Err(why) => Err(why),
    };
    ObservedRoster { read: Observed { result, took: read.took }, last_good: cache.last_good.clone() }
}

/// Reads the signs that can tell more than the agents' reports: the status files of their programs, and the screens
/// where no such file decides. If tmux failed before, it is not called again.
fn read_signs(
    target: &Arc<Target>,
    cache: &Cache,
    roster: &ObservedRoster,
    tmux: &Observed<Option<TmuxServer>>,
    heartbeats: &Observed<RunFiles>,
    processes: &Observed<BTreeMap<Pid, ObservedProcess>>,
    now: Timestamp,
) -> BTreeMap<AgentName, ObservedSign> {
    let (Some(roster), Some(Some(server))) = (roster.roster(), tmux.ok()) else { return BTreeMap::new() };
    let programs = status_files::programs_to_read(roster, server, processes.ok());
    let home = target.home.clone();
    let statuses = cache.statuses.begin(target.limit, move |cache| Ok(cache.read(&home, &programs))).finish();
    let StatusSigns { decided, provisional } =
        status_files::status_signs(statuses.result.unwrap_or_default(), heartbeats.ok());
    let agents = tmux_source::screens_to_read(roster, server, heartbeats.ok(), processes.ok(), &decided, now);
    let mut signs = provisional;
    signs.extend(decided);
    if agents.is_empty() {
        return signs;
    }
    let query = TmuxQuery {
        search_path: target.search_path.clone(),
        socket: target.socket_name(Some(roster)),
        run_directory: target.run_directory.path().to_owned(),
        limit: own_limit(target).saturating_sub(tmux.took),
    };
    let query = ScreenQuery { tmux: query, home: target.home.clone(), agents };
    let pending = cache.screens.begin(target.limit.saturating_sub(tmux.took), move |cache| cache.read(&query));
    // A screen has a name for a dialog that a status file only says is open.
    signs.extend(pending.finish().result.unwrap_or_default());
    signs
}

/// Reads the heartbeats of the roster's agents that the listing did not contain, by their names.
fn complete_heartbeats(
    listed: Observed<RunFiles>,
    target: &Arc<Target>,
    cache: &Cache,
    roster: Option<&Roster>,
) -> Observed<RunFiles> {
    let Ok(mut files) = listed.result else { return listed };
    let names = roster.into_iter().flat_map(|roster| roster.agents.iter().map(|agent| &agent.name));
    let unlisted: Vec<_> = names.filter(|name| !files.heartbeats.contains_key(*name)).cloned().collect();
    if unlisted.is_empty() {
        return Observed { result: Ok(files), took: listed.took };
    }
    let owned = Arc::clone(target);
    let read = move |_: &mut RunFilesCache| Ok(run_files::read_heartbeats(&owned.run_directory, &unlisted));
    let found = cache.run_files.begin(target.limit.saturating_sub(listed.took), read).finish();
    let result = found.result.map(|found| {
        files.heartbeats.extend(found);
        files
    });
    Observed { result, took: listed.took + found.took }
}

/// Whether something exists that only a user manager creates: an enabled unit of an agent, or a process in the
/// control group of one.
fn shows_a_manager(files: &Result<UnitFiles, String>, processes: &Observed<BTreeMap<Pid, ObservedProcess>>) -> bool {
    let enabled = files.as_ref().is_ok_and(|files| files.links.enabled.iter().any(|unit| unit.agent_name().is_some()));
    let in_agent_group =
        |process: &ObservedProcess| process.group.as_deref().is_some_and(process_reader::is_agent_group);
    enabled || processes.ok().is_some_and(|processes| processes.values().any(in_agent_group))
}

/// The time limit that a source enforces itself. It is shorter than the limit at which the read is abandoned, so that
/// the more precise error of the source is reported.
fn own_limit(target: &Target) -> Duration {
    target.limit.mul_f32(0.8)
}

/// The processes that heartbeats name.
fn heartbeat_pids(heartbeats: &Observed<RunFiles>) -> BTreeSet<Pid> {
    let files = heartbeats.ok().into_iter();
    files.flat_map(|files| files.heartbeats.values().flatten().map(|heartbeat| heartbeat.pid)).collect()
}

/// The sidecars that wrote the heartbeats.
fn sidecar_pids(heartbeats: &Observed<RunFiles>) -> BTreeSet<Pid> {
    let files = heartbeats.ok().into_iter();
    let beats = files.flat_map(|files| files.heartbeats.values().flatten());
    beats.filter_map(|heartbeat| Some(heartbeat.binding.as_ref()?.sidecar)).collect()
}

/// The processes of the agents: those in tmux's panes, except the holder's, and those that the heartbeats of agents
/// without a session name. If tmux cannot be queried, those that all heartbeats name.
fn agent_pids(
    tmux: &Observed<Option<TmuxServer>>,
    holder: &str,
    named: BTreeSet<Pid>,
    heartbeats: &Observed<RunFiles>,
) -> BTreeSet<Pid> {
    match &tmux.result {
        Ok(server) => {
            let panes = server.iter().flat_map(|server| server.sessions.values());
            let panes = panes.filter(|pane| pane.session != holder).filter_map(|pane| pane.pid);
            let has_session =
                |agent: &AgentName| server.as_ref().is_some_and(|server| server.sessions.contains_key(agent.as_str()));
            let beats = heartbeats.ok().into_iter().flat_map(|files| &files.heartbeats);
            let others = beats.filter(|(agent, _)| !has_session(agent));
            let others = others.filter_map(|(_, read)| Some(running_process(read.as_ref().ok()?)?.pid));
            panes.chain(others).collect()
        }
        Err(_) => named,
    }
}

/// Reads the processes that were not read early, and drops those that belong to no agent.
fn select_processes(
    early: Observed<BTreeMap<Pid, ObservedProcess>>,
    pids: BTreeSet<Pid>,
    limit: Duration,
    read: impl FnOnce(BTreeSet<Pid>, Duration) -> Observed<BTreeMap<Pid, ObservedProcess>>,
) -> Observed<BTreeMap<Pid, ObservedProcess>> {
    let Ok(mut processes) = early.result else { return early };
    processes.retain(|pid, _| pids.contains(pid));
    let missing: BTreeSet<Pid> = pids.into_iter().filter(|pid| !processes.contains_key(pid)).collect();
    if missing.is_empty() {
        return Observed { result: Ok(processes), took: early.took };
    }
    let late = read(missing, limit.saturating_sub(early.took));
    let result = late.result.map(|late| {
        processes.extend(late);
        processes
    });
    Observed { result, took: early.took + late.took }
}
