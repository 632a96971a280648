//! Joins what was seen with the roster: pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mosaic_domain::{AgentName, Pid, ProcessIdentity};
use mosaic_heartbeat::Freshness;
use mosaic_roster::{AgentSettings, Roster};
use mosaic_systemd::{Linger, LoadState, UnitName};

use crate::drift::{self, Expected, Known};
use crate::judge::{self, AgentFacts, Beat, PaneFact, ProcessFact, Signs, condition};
use crate::observe::{Observation, ProcessSeen, Target};
use crate::snapshot::{
    ActivitySnapshot, AgentSnapshot, Condition, DriftItem, HeartbeatHealth, HeartbeatSnapshot, HolderSnapshot,
    RosterSnapshot, SessionSnapshot, Snapshot, SourceName, UnitSnapshot, UsageSnapshot,
};

/// The snapshot of one observation. Without a roster nothing is managed, and nothing drifts.
#[must_use]
pub fn assemble(target: &Target, observation: &Observation) -> Snapshot {
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
        let expected = Expected { agent: &settings.name, generated };
        let items = drift::of_agent(expected, &facts, observation);
        agents.push(agent(target, observation, &settings.name, Some(&settings), &facts, &items));
        drift.extend(items);
    }
    let of_fleet = roster.map(|roster| drift::of_fleet(target, roster, observation)).unwrap_or_default();
    for name in strays(roster, observation) {
        let facts = AgentFacts::gather(observation, &name, target.assumed_interval);
        let items: Vec<DriftItem> = of_fleet.iter().filter(|item| item.subject == name.as_str()).cloned().collect();
        agents.push(agent(target, observation, &name, None, &facts, &items));
    }
    drift.extend(of_fleet);
    Snapshot {
        schema: 1,
        host: target.host.clone(),
        tenant: target.tenant.clone(),
        observed_at: text(observation.now.wall),
        socket: target.socket_by(observation.roster.roster()).to_string(),
        direct: observation.direct,
        sources: BTreeMap::from([
            (SourceName::Roster, observation.roster.now.report()),
            (SourceName::Tmux, observation.tmux.report()),
            (SourceName::Systemd, observation.systemd.report()),
            (SourceName::Heartbeat, observation.heartbeats.report()),
            (SourceName::Process, observation.processes.report()),
        ]),
        roster: RosterSnapshot {
            agents: roster.map(|roster| roster.agents.len()),
            loaded_at: observation.roster.last_good.as_ref().map(|good| text(good.loaded_at)),
        },
        linger: match observation.linger {
            Linger::On => Some(true),
            Linger::Off => Some(false),
            Linger::NoLogind => None,
        },
        holder: holder(target, observation),
        agents,
        drift,
    }
}

/// The sessions that are not in the roster and could be an agent's, by name.
fn strays(roster: Option<&Roster>, observation: &Observation) -> Vec<AgentName> {
    let sessions = observation.tmux.ok().and_then(Option::as_ref).into_iter().flat_map(|server| server.sessions.keys());
    let known = roster.map(Known::of);
    let stray = |session: &str| known.as_ref().is_none_or(|known| known.is_stray(session));
    let mut names: Vec<AgentName> =
        sessions.filter(|session| stray(session)).filter_map(|session| session.parse().ok()).collect();
    names.sort_unstable();
    names
}

fn agent(
    target: &Target,
    observation: &Observation,
    name: &AgentName,
    settings: Option<&AgentSettings>,
    facts: &AgentFacts<'_>,
    drift: &[DriftItem],
) -> AgentSnapshot {
    let (condition, reason) = condition(facts);
    AgentSnapshot {
        name: name.to_string(),
        runtime: settings.map(|settings| settings.runtime.to_string()),
        class: settings.map(|settings| settings.class.as_str().to_owned()),
        host: target.host.clone(),
        tenant: target.tenant.clone(),
        managed: settings.is_some(),
        condition,
        reason,
        session: session(facts, observation),
        unit: unit(name, observation),
        heartbeat: heartbeat(target, name, facts),
        // The words of a process that is gone are no news of the one that may follow.
        activity: (!matches!(condition, Condition::Dead | Condition::Missing))
            .then(|| doing(name, facts, observation))
            .flatten(),
        usage: facts.seen.and_then(|seen| seen.usage).map(|usage| UsageSnapshot {
            memory_bytes: usage.memory_bytes,
            cpu_seconds: usage.cpu.as_secs_f64(),
            tasks: usage.tasks,
        }),
        drift: drift.iter().map(|item| item.kind).collect(),
    }
}

fn session(facts: &AgentFacts<'_>, observation: &Observation) -> Option<SessionSnapshot> {
    match facts.pane {
        PaneFact::Unknown(_) => None,
        PaneFact::NoServer | PaneFact::Missing => Some(SessionSnapshot::default()),
        PaneFact::There(pane) => Some(SessionSnapshot {
            exists: true,
            pane_id: Some(pane.id.to_string()),
            pane_pid: Some(pane.pid.get()),
            pane_dead: Some(pane.dead),
            process_alive: match facts.process {
                ProcessFact::Alive => Some(!pane.dead),
                ProcessFact::Ended => Some(false),
                ProcessFact::Nobody | ProcessFact::Unreadable(_) => None,
            },
            process_since: facts.seen.and_then(|seen| started(pane.pid, seen, observation)).map(text),
            command: facts.seen.and_then(|seen| seen.foreground.clone()),
            last_output: Timestamp::from_second(pane.last_output).ok().map(text),
        }),
    }
}

fn started(pid: Pid, seen: &ProcessSeen, observation: &Observation) -> Option<Timestamp> {
    let age = observation.since_boot.checked_sub(start_of(pid, seen, observation)?)?;
    observation.now.wall.checked_sub(SignedDuration::try_from(age).ok()?).ok()
}

/// When a process started, on the clock that counts from the boot.
fn start_of(pid: Pid, seen: &ProcessSeen, observation: &Observation) -> Option<Duration> {
    let stat = seen.stat.as_ref().ok()?.as_ref()?;
    let identity = ProcessIdentity { pid, start_ticks: stat.start_ticks, boot: observation.now.boot };
    Some(mosaic_process::process_start_time(&identity))
}

fn doing(name: &AgentName, facts: &AgentFacts<'_>, observation: &Observation) -> Option<ActivitySnapshot> {
    let pane = match facts.pane {
        PaneFact::There(pane) => Some(pane),
        PaneFact::Unknown(_) | PaneFact::NoServer | PaneFact::Missing => None,
    };
    let process = pane.map(|pane| pane.pid).zip(facts.seen);
    let start = process.and_then(|(pid, seen)| start_of(pid, seen, observation));
    let report = observation.heartbeats.ok().and_then(|files| files.activities.get(name));
    judge::activity(Signs {
        // One of the process before, or of another boot, is no news of this one.
        report: report.filter(|report| {
            report.reported_at.is_none_or(|said| {
                said.boot == observation.now.boot && start.is_none_or(|start| said.since_boot >= start)
            })
        }),
        screen: observation.signs.get(name),
        last_output: pane.and_then(|pane| Timestamp::from_second(pane.last_output).ok()),
        started: process.and_then(|(pid, seen)| started(pid, seen, observation)),
        now: observation.now.wall,
    })
}

fn unit(agent: &AgentName, observation: &Observation) -> Option<UnitSnapshot> {
    let units = observation.systemd.ok()?;
    let name = UnitName::agent(agent);
    let files = observation.unit_files.as_ref().ok();
    let loaded = units.loaded.get(&name);
    Some(UnitSnapshot {
        // A unit that nothing refers to is not loaded; asked for, systemd would call it inactive.
        active: loaded.map_or("inactive", |unit| unit.active.as_str()).to_owned(),
        sub: loaded.map_or_else(|| "dead".to_owned(), |unit| unit.sub.clone()),
        enabled: files.map(|files| files.links.enabled.contains(&name)),
        installed: loaded.map_or_else(
            || files.is_some_and(|files| files.template_installed),
            |unit| matches!(unit.load, LoadState::Loaded | LoadState::Stub | LoadState::Merged),
        ),
        since: units.since.get(&name).copied().map(text),
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
    let (heartbeat, freshness) = match &facts.beat {
        Beat::Missing => return without("there is none"),
        Beat::Unreadable(why) => return without(why),
        Beat::Read { heartbeat, freshness, .. } => (heartbeat, freshness),
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
        ts: Some(text(heartbeat.written_at)),
        age_ms: age.map(millis),
        interval_ms: Some(millis(interval.duration())),
        pid: Some(heartbeat.pid.get()),
        status: Some(heartbeat.status.to_string()),
        exit: binding.and_then(|binding| binding.exit).map(|verdict| verdict.to_string()),
        last_exit: heartbeat.latest_exit().map(|last| last.verdict.to_string()),
        last_exit_at: heartbeat.latest_exit().map(|last| text(last.at)),
        sidecar: binding.map(|binding| binding.sidecar.get()),
        starts: binding.map(|binding| binding.generation),
        path,
    }
}

fn holder(target: &Target, observation: &Observation) -> HolderSnapshot {
    let Some(panes) = observation.tmux.ok() else { return HolderSnapshot::default() };
    let Some(panes) = panes else { return HolderSnapshot { up: Some(false), ..HolderSnapshot::default() } };
    HolderSnapshot {
        up: Some(panes.sessions.contains_key(target.holder_by(observation.roster.roster()))),
        pid: panes.pid.map(Pid::get),
        since: panes.started.and_then(|started| Timestamp::from_second(started).ok()).map(text),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// RFC 3339, in whole milliseconds at most.
fn text(moment: Timestamp) -> String {
    moment.round(jiff::Unit::Millisecond).unwrap_or(moment).to_string()
}
