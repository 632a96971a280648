//! Joins an observation with the roster into a snapshot.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mosaic_domain::{AgentName, Pid, ProcessIdentity};
use mosaic_heartbeat::Freshness;
use mosaic_roster::{AgentSettings, RestartPolicy, Roster};
use mosaic_systemd::{ActiveState, Linger, LoadState, UnitName};

use crate::drift::{self, RosterNames};
use crate::ends::{RestartEvidence, SNAPSHOT_LINES, end_snapshot, judge_restarts};
use crate::judge::{
    ActivityEvidence, AgentFacts, HeartbeatFact, PaneFact, ProcessFact, ReasonEvidence, StopFact, condition_since,
    judge_activity, judge_condition, reason_with_ends,
};
use crate::limits::limits_snapshot;
use crate::observe::{Observation, ObservedProcess};
use crate::snapshot::{
    ActivitySnapshot, AgentSnapshot, Condition, DriftItem, HeartbeatHealth, HeartbeatSnapshot, HolderSnapshot,
    RestartsSnapshot, RosterSnapshot, SessionSnapshot, Snapshot, SourceName, StopSnapshot, UnitSnapshot, UsageSnapshot,
};
use crate::target::Target;

/// Makes the snapshot of an observation. Without a roster no agent is managed, and there is no drift.
#[must_use]
pub(crate) fn assemble(target: &Target, observation: &Observation) -> Snapshot {
    let roster = observation.roster.roster();
    let mut drift = Vec::new();
    let mut agents = Vec::new();
    for settings in roster.iter().flat_map(|roster| roster.agents.iter().map(|agent| roster.settings(agent))) {
        let facts = AgentFacts::gather(observation, &settings.name, target.assumed_interval);
        let generated = observation
            .generated
            .result
            .as_ref()
            .ok()
            .and_then(|files| files.get(&settings.name))
            .map(|files| &**files);
        let verdict = judge_condition(&facts, settings.restart);
        let items = drift::agent_drift(target, &settings, verdict.0, generated, &facts, observation);
        agents.push(agent(target, observation, &settings.name, Some(&settings), verdict, &facts, &items));
        drift.extend(items);
    }
    let holder = holder(target, observation, &agents);
    let fleet_drift = roster.map(|roster| drift::fleet_drift(target, roster, &holder, observation)).unwrap_or_default();
    for name in unmanaged_agents(roster, observation) {
        let facts = AgentFacts::gather(observation, &name, target.assumed_interval);
        let items: Vec<DriftItem> = fleet_drift.iter().filter(|item| item.subject == name.as_str()).cloned().collect();
        let verdict = judge_condition(&facts, RestartPolicy::default());
        agents.push(agent(target, observation, &name, None, verdict, &facts, &items));
    }
    drift.extend(fleet_drift);
    Snapshot {
        schema: 1,
        host: target.host.clone(),
        tenant: target.tenant.clone(),
        observed_at: round_to_milliseconds(observation.now.wall),
        socket: target.socket_name(observation.roster.roster()).to_string(),
        direct: observation.direct,
        sources: BTreeMap::from([
            (SourceName::Roster, observation.roster.read.report()),
            (SourceName::Tmux, observation.tmux.report()),
            (SourceName::Systemd, observation.systemd.report()),
            (SourceName::Heartbeat, observation.heartbeats.report()),
            (SourceName::Process, observation.processes.report()),
        ]),
        roster: RosterSnapshot {
            agents: roster.map(|roster| roster.agents.len()),
            loaded_at: observation.roster.last_good.as_ref().map(|good| round_to_milliseconds(good.loaded_at)),
        },
        linger: match observation.linger {
            Linger::On => Some(true),
            Linger::Off => Some(false),
            Linger::NoLogind => None,
        },
        holder,
        agents,
        drift,
    }
}

/// The sessions that are not in the roster and have a valid agent name, sorted by name.
fn unmanaged_agents(roster: Option<&Roster>, observation: &Observation) -> Vec<AgentName> {
    let sessions = observation.tmux.ok().and_then(Option::as_ref).into_iter().flat_map(|server| server.sessions.keys());
    let names = roster.map(RosterNames::new);
    let is_unmanaged = |session: &str| names.as_ref().is_none_or(|names| names.is_unmanaged(session));
    let mut unmanaged: Vec<AgentName> =
        sessions.filter(|session| is_unmanaged(session)).filter_map(|session| session.parse().ok()).collect();
    unmanaged.sort_unstable();
    unmanaged
}

fn agent(
    target: &Target,
    observation: &Observation,
    name: &AgentName,
    settings: Option<&AgentSettings>,
    (condition, reason): (Condition, Option<String>),
    facts: &AgentFacts<'_>,
    drift: &[DriftItem],
) -> AgentSnapshot {
    let ends = observation.ends.get(name);
    // What a person stopped is in no restart loop, whatever its last ends were.
    let was_stopped = matches!(facts.stop, StopFact::Requested { .. } | StopFact::NotRecorded { .. });
    let restarts = if was_stopped { None } else { restarts(name, facts, observation) };
    let reason = reason_with_ends(ReasonEvidence {
        condition,
        reason,
        restarts: restarts.as_ref(),
        last: ends.and_then(|ends| ends.last.as_ref()),
        failure: observation
            .systemd
            .ok()
            .filter(|_| !was_stopped)
            .and_then(|units| units.failures.get(&UnitName::agent(name))),
        now: observation.now.wall,
    });
    let mut snapshot = AgentSnapshot {
        name: name.to_string(),
        runtime: settings.map(|settings| settings.runtime.to_string()),
        class: settings.map(|settings| settings.class.clone()),
        host: target.host.clone(),
        tenant: target.tenant.clone(),
        managed: settings.is_some(),
        condition,
        reason,
        condition_since: None,
        stopped: match facts.stop {
            StopFact::Requested { since, by } => {
                Some(StopSnapshot { since: round_to_milliseconds(since), by: Some(by.to_owned()) })
            }
            StopFact::NotRecorded { since } => Some(StopSnapshot { since: round_to_milliseconds(since), by: None }),
            StopFact::NotRequested | StopFact::Unreadable(_) => None,
        },
        session: session(facts, observation),
        unit: unit(name, observation),
        heartbeat: heartbeat(target, name, facts),
        last_end: ends.and_then(|ends| ends.last.as_ref()).map(|end| end_snapshot(end, SNAPSHOT_LINES)),
        restarts,
        // The report of a process that has ended does not apply to the next one.
        activity: (!matches!(condition, Condition::Dead | Condition::Missing | Condition::Stopped))
            .then(|| activity(name, facts, observation))
            .flatten(),
        usage: facts.observed.and_then(|process| process.usage).map(|usage| UsageSnapshot {
            memory_bytes: usage.memory_bytes,
            cpu_seconds: usage.cpu.as_secs_f64(),
            tasks: usage.tasks,
            oom_kills: usage.oom_kills,
        }),
        limits: settings.and_then(|settings| limits_snapshot(name, &settings.limits, facts)),
        drift: drift.iter().map(|item| item.kind).collect(),
    };
    snapshot.condition_since = condition_since(&snapshot, round_to_milliseconds(observation.now.wall));
    snapshot
}

fn restarts(name: &AgentName, facts: &AgentFacts<'_>, observation: &Observation) -> Option<RestartsSnapshot> {
    let pid = match facts.pane {
        PaneFact::Exists(pane) => pane.pid,
        PaneFact::Unknown(_) | PaneFact::NoServer | PaneFact::Missing => None,
    };
    let started = pid.zip(facts.observed).and_then(|(pid, process)| start_of(pid, process, observation));
    let since = |unit: &UnitName| observation.systemd.ok().and_then(|units| units.since.get(unit).copied());
    judge_restarts(RestartEvidence {
        history: observation.ends.get(name).and_then(|ends| ends.history.as_ref()),
        uptime: started.filter(|_| facts.is_alive()).and_then(|started| observation.since_boot.checked_sub(started)),
        unit: facts.unit.map(|unit| (unit.active, since(&unit.name))),
        now: observation.now.wall,
    })
}

fn session(facts: &AgentFacts<'_>, observation: &Observation) -> Option<SessionSnapshot> {
    match facts.pane {
        PaneFact::Unknown(_) => None,
        PaneFact::NoServer | PaneFact::Missing => Some(SessionSnapshot::default()),
        PaneFact::Exists(pane) => Some(SessionSnapshot {
            exists: true,
            pane_id: Some(pane.id.to_string()),
            pane_pid: pane.pid.map(Pid::get),
            pane_dead: Some(pane.dead),
            process_alive: match facts.process {
                ProcessFact::Alive => Some(!pane.dead),
                ProcessFact::Ended => Some(false),
                ProcessFact::NotNamed | ProcessFact::Unreadable(_) => None,
            },
            process_since: facts
                .observed
                .and_then(|process| started(pane.pid?, process, observation))
                .map(round_to_milliseconds),
            command: facts.observed.and_then(|process| process.foreground.clone()),
            last_output: Timestamp::from_second(pane.last_output).ok().map(round_to_milliseconds),
        }),
    }
}

fn started(pid: Pid, process: &ObservedProcess, observation: &Observation) -> Option<Timestamp> {
    let age = observation.since_boot.checked_sub(start_of(pid, process, observation)?)?;
    observation.now.wall.checked_sub(SignedDuration::try_from(age).ok()?).ok()
}

/// When a process started, as the time since boot.
fn start_of(pid: Pid, process: &ObservedProcess, observation: &Observation) -> Option<Duration> {
    let stat = process.stat.as_ref().ok()?.as_ref()?;
    let identity = ProcessIdentity { pid, start_ticks: stat.start_ticks, boot: observation.now.boot };
    Some(mosaic_process::process_start_time(&identity))
}

fn activity(name: &AgentName, facts: &AgentFacts<'_>, observation: &Observation) -> Option<ActivitySnapshot> {
    let pane = match facts.pane {
        PaneFact::Exists(pane) => Some(pane),
        PaneFact::Unknown(_) | PaneFact::NoServer | PaneFact::Missing => None,
    };
    let process = pane.and_then(|pane| pane.pid).zip(facts.observed);
    let start = process.and_then(|(pid, process)| start_of(pid, process, observation));
    let report = observation.heartbeats.ok().and_then(|files| files.activities.get(name));
    judge_activity(ActivityEvidence {
        // A report of the previous process, or of another boot, does not apply to this one.
        report: report.filter(|report| {
            report.reported_at.is_none_or(|said| {
                said.boot == observation.now.boot && start.is_none_or(|start| said.since_boot >= start)
            })
        }),
        sign: observation.signs.get(name),
        last_output: pane.and_then(|pane| Timestamp::from_second(pane.last_output).ok()),
        started: process.and_then(|(pid, process)| started(pid, process, observation)),
        now: observation.now.wall,
    })
}

fn unit(agent: &AgentName, observation: &Observation) -> Option<UnitSnapshot> {
    let units = observation.systemd.ok()?;
    let name = UnitName::agent(agent);
    let files = observation.unit_files.as_ref().ok();
    let loaded = units.loaded.get(&name);
    Some(UnitSnapshot {
        // A unit that is not loaded is inactive: that is what systemd reports when it is queried by name.
        active: loaded.map_or(ActiveState::Inactive, |unit| unit.active),
        sub: loaded.map_or_else(|| "dead".to_owned(), |unit| unit.sub.clone()),
        enabled: files.map(|files| files.links.starts_at_boot(&name)),
        installed: loaded.map_or_else(
            || files.is_some_and(|files| files.template_installed),
            |unit| matches!(unit.load, LoadState::Loaded | LoadState::Stub | LoadState::Merged),
        ),
        since: units.since.get(&name).copied().map(round_to_milliseconds),
        result: units.failures.get(&name).map(|failure| failure.result.clone()),
        name: name.to_string(),
    })
}

fn heartbeat(target: &Target, agent: &AgentName, facts: &AgentFacts<'_>) -> HeartbeatSnapshot {
    let path = target.run_directory.heartbeat(agent).display().to_string();
    let without = |reason: &str| HeartbeatSnapshot {
        health: HeartbeatHealth::Unknown,
        reason: Some(reason.to_owned()),
        ts: None,
        age_ms: None,
        interval_ms: None,
        pid: None,
        status: None,
        exit: None,
        last_exit: None,
        last_exit_at: None,
        sidecar: None,
        starts: None,
        path: path.clone(),
    };
    let (heartbeat, freshness) = match &facts.heartbeat {
        HeartbeatFact::Missing => return without("there is no heartbeat"),
        HeartbeatFact::Unreadable(why) => return without(why),
        HeartbeatFact::Read { heartbeat, freshness, .. } => (heartbeat, freshness),
    };
    let (health, reason, age) = match freshness {
        Freshness::Fresh { age } => (HeartbeatHealth::Healthy, None, Some(*age)),
        Freshness::Late { age } => (HeartbeatHealth::Stale, None, Some(*age)),
        Freshness::Unknown(why) => (HeartbeatHealth::Unknown, Some(why.to_string()), None),
    };
    let binding = heartbeat.binding.as_ref();
    let interval = binding.map_or(target.assumed_interval, |binding| binding.interval);
    HeartbeatSnapshot {
        health,
        reason,
        ts: Some(round_to_milliseconds(heartbeat.written_at)),
        age_ms: age.map(millis),
        interval_ms: Some(millis(interval.duration())),
        pid: Some(heartbeat.pid.get()),
        status: Some(heartbeat.status),
        exit: binding.and_then(|binding| binding.exit),
        last_exit: heartbeat.latest_exit().map(|last| last.verdict),
        last_exit_at: heartbeat.latest_exit().map(|last| round_to_milliseconds(last.at)),
        sidecar: binding.map(|binding| binding.sidecar.get()),
        starts: binding.map(|binding| binding.generation),
        path,
    }
}

/// The holder. `agents` are those of the roster.
fn holder(target: &Target, observation: &Observation, agents: &[AgentSnapshot]) -> HolderSnapshot {
    let Some(server) = observation.tmux.ok() else { return HolderSnapshot::default() };
    // Until it has ended, a server that was stopped has no sessions.
    let Some(server) = server.as_ref().filter(|server| !server.sessions.is_empty()) else {
        let stopped = !agents.is_empty() && agents.iter().all(|agent| agent.condition == Condition::Stopped);
        return HolderSnapshot { up: Some(false), stopped, ..HolderSnapshot::default() };
    };
    HolderSnapshot {
        up: Some(server.sessions.contains_key(target.holder_session(observation.roster.roster()))),
        pid: server.pid.map(Pid::get),
        since: server.started.and_then(|started| Timestamp::from_second(started).ok()).map(round_to_milliseconds),
        stopped: false,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn round_to_milliseconds(time: Timestamp) -> Timestamp {
    time.round(jiff::Unit::Millisecond).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use crate::example;
    use std::fs;
    use std::path::Path;

    /// What `mosaic fleet ps --json` and `mosaic fleet verify --json` print is read by other programs. `UPDATE=1` writes
    /// the file.
    #[test]
    fn the_json_of_a_snapshot_stays_the_same() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/example.json");
        let json = serde_json::to_string_pretty(&example::snapshot()).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&golden, &json).unwrap();
        }
        assert_eq!(json, fs::read_to_string(golden).unwrap_or_default());
    }
}
