//! Looks at each source once, bounded in time, and judges nothing.
//!
//! One call to tmux for the whole server, one round of calls to the user manager for all units, one
//! read for each file. Sources are looked at side by side; the processes that heartbeats name while
//! tmux answers, and after that those that it alone knows of.

mod generated;
mod observation;
mod processes;
mod run_files;
mod seen;
mod target;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::Pid;
use heartbeat::Now;
use jiff::Timestamp;
use process::ProcRoot;
use tmux::Server;

pub use observation::{GeneratedFiles, Launched, Observation, ProcessSeen, RunFiles, TmuxServer, UnitFiles, Units};
pub use seen::Seen;
pub use target::{Target, TargetRoster};

use seen::Looking;

/// Looks at everything that `target` names.
///
/// # Errors
/// The clocks of this host cannot be read: without the boot's id nothing can be said of any process.
pub fn observe(target: &Arc<Target>) -> std::io::Result<Observation> {
    let begin = |target: &Arc<Target>| (Arc::clone(target), target.limit);
    let (asked, limit) = begin(target);
    let heartbeats = Looking::begin(limit, move || run_files::look(&asked.run_directory));
    // The roster names the socket, and tmux is who takes longest: nothing else goes before these two.
    let (asked, limit) = begin(target);
    let tmux = Looking::begin(limit, move || panes(&asked));
    drop(target.socket());
    let (asked, limit) = begin(target);
    let systemd = Looking::begin(limit, move || Ok(units::look(&asked)));

    let heartbeats = heartbeats.finish();
    // Only now: a heartbeat that was written after the clock was read would lie in the future.
    let proc = ProcRoot::default();
    let now = Now { wall: Timestamp::now(), monotonic: process::monotonic(), boot: proc.boot_id()? };
    let named = named(&heartbeats);
    let sidecars = Arc::new(sidecars(&heartbeats));
    let early = Looking::begin(limit, {
        let (proc, pids, sidecars) = (proc.clone(), named.clone(), Arc::clone(&sidecars));
        move || processes::look(&proc, &pids, &sidecars)
    });
    let (asked, limit) = begin(target);
    let generated = Looking::begin(limit, move || generated::look(&asked));
    let tmux = tmux.finish();
    let late = |pids: BTreeSet<Pid>, limit| {
        let proc = proc.clone();
        Looking::begin(limit, move || processes::look(&proc, &pids, &sidecars)).finish()
    };
    let processes = meant(early.finish(), pids(&tmux, target.holder(), named), limit, late);

    let systemd = systemd.finish();
    let took = systemd.took;
    let (units, unit_files, linger, direct) = match systemd.result {
        Ok(looked) => {
            let direct = looked.manager_absent && !bears_a_managers_mark(&looked.unit_files, &processes);
            (looked.units, looked.unit_files, looked.linger, direct)
        }
        Err(why) => (Err(why.clone()), Err(why), systemd::Linger::NoLogind, false),
    };
    Ok(Observation {
        now,
        since_boot: process::since_boot(),
        tmux,
        systemd: Seen { result: units, took },
        direct,
        unit_files,
        linger,
        heartbeats,
        processes,
        generated: generated.finish(),
    })
}

/// Is there anything that only a user manager could have made: an agent's unit that is enabled, or a
/// process in the group of one?
fn bears_a_managers_mark(files: &Result<UnitFiles, String>, processes: &Seen<BTreeMap<Pid, ProcessSeen>>) -> bool {
    let enabled = files.as_ref().is_ok_and(|files| files.enabled.iter().any(|unit| unit.agent_name().is_some()));
    let in_a_group = |process: &ProcessSeen| process.group.as_deref().is_some_and(processes::is_of_an_agent);
    enabled || processes.ok().is_some_and(|processes| processes.values().any(in_a_group))
}

/// How long a source may take by itself, which has words for it: sooner than it is given up.
fn own_limit(target: &Target) -> Duration {
    target.limit.mul_f32(0.8)
}

fn panes(target: &Target) -> Result<Option<TmuxServer>, String> {
    let program = tmux::find_program(target.search_path.as_deref()).map_err(|error| error.to_string())?;
    let server = Server::new(program, target.socket()).within(own_limit(target));
    let panes = server.all_panes().map_err(|error| error.to_string())?;
    Ok(panes.map(|panes| TmuxServer {
        pid: panes.server,
        started: panes.started,
        sessions: panes.sessions.into_iter().map(|pane| (pane.session.clone(), pane)).collect(),
    }))
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
