//! Judges what was observed of one agent: its facts, and the condition that follows from them.
//!
//! Three clocks are never mixed: the sidecar's (is the heartbeat fresh?), the process's (is this very process
//! alive?), and the agent's own (its last output and report), which does not affect the condition. A fact that
//! could not be read makes the condition `unknown`, never healthy or dead.

mod activity_rules;
#[cfg(test)]
mod condition_tests;
mod condition_time;
mod end_reasons;

use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, ExitVerdict, HeartbeatInterval, ProcessIdentity};
use mosaic_heartbeat::{Freshness, Heartbeat, Status, StopRecord};
use mosaic_process::Liveness;
use mosaic_roster::RestartPolicy;
use mosaic_systemd::{ActiveState, Unit, UnitName};
use mosaic_tmux::SessionPane;

use crate::observe::{Observation, ObservedProcess};
use crate::snapshot::Condition;
pub(crate) use activity_rules::{ActivityEvidence, judge_activity};
pub(crate) use condition_time::condition_since;
pub(crate) use end_reasons::{ReasonEvidence, reason_with_ends};

/// What each source says about one agent.
#[derive(Clone, Debug)]
pub(crate) struct AgentFacts<'a> {
    pub(crate) pane: PaneFact<'a>,
    /// The pane's process; without a pane, the process that the heartbeat identifies.
    pub(crate) process: ProcessFact,
    /// The details of that process.
    pub(crate) observed: Option<&'a ObservedProcess>,
    pub(crate) heartbeat: HeartbeatFact<'a>,
    /// The unit, if the manager has it loaded; `None` also if the manager could not be queried.
    pub(crate) unit: Option<&'a Unit>,
    /// Why no heartbeat can be written into the run directory, if that is so.
    pub(crate) write_fault: Option<&'a str>,
    pub(crate) stop: StopFact<'a>,
}

/// Whether the agent was stopped on request, and not started since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopFact<'a> {
    /// No stop was requested.
    NotRequested,
    /// `mosaic` stopped it, for this user or agent.
    Requested { since: Timestamp, by: &'a str },
    /// systemd stopped it, or a signal to its sidecar: its heartbeat says that it was stopped.
    NotRecorded { since: Timestamp },
    /// The record of a stop could not be read.
    Unreadable(&'a str),
}

/// What tmux says about the agent's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PaneFact<'a> {
    /// tmux could not be queried.
    Unknown(&'a str),
    /// The socket has no tmux server.
    NoServer,
    /// The session does not exist.
    Missing,
    /// The session exists; its first pane.
    Exists(&'a SessionPane),
}

/// What the kernel says about the agent's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProcessFact {
    /// Neither tmux nor a heartbeat names a process.
    NotNamed,
    /// It is alive.
    Alive,
    /// It has ended.
    Ended,
    /// It could not be read.
    Unreadable(String),
}

/// What the run directory says about the agent's heartbeat.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum HeartbeatFact<'a> {
    /// There is no heartbeat.
    Missing,
    /// The run directory could not be read, or the file could not be parsed.
    Unreadable(&'a str),
    /// The heartbeat was read.
    Read { heartbeat: &'a Heartbeat, freshness: Freshness, binding: Binding },
}

/// Whether a heartbeat is about the pane's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// It is, or there is no pane to compare with.
    Same,
    /// It names another process.
    Other,
    /// It was written before the last boot.
    OtherBoot,
}

impl<'a> AgentFacts<'a> {
    pub(crate) fn gather(observation: &'a Observation, agent: &AgentName, assumed_interval: HeartbeatInterval) -> Self {
        let pane = pane_fact(observation, agent.as_str());
        let heartbeat = match &observation.heartbeats.result {
            Err(why) => Err(why.as_str()),
            Ok(files) => files.heartbeats.get(agent).map(|read| read.as_ref().map_err(String::as_str)).transpose(),
        };
        let pid = match pane {
            PaneFact::Exists(pane) => pane.pid,
            PaneFact::Unknown(_) => heartbeat.ok().flatten().map(|heartbeat| heartbeat.pid),
            // tmux says that the agent is gone, so only a process whose start time is known too can contradict.
            PaneFact::NoServer | PaneFact::Missing => {
                heartbeat.ok().flatten().and_then(running_process).map(|process| process.pid)
            }
        };
        let observed = pid.and_then(|pid| observation.processes.ok()?.get(&pid));
        let process = match (pid, &observation.processes.result) {
            (None, _) => ProcessFact::NotNamed,
            (Some(_), Err(why)) => ProcessFact::Unreadable(why.clone()),
            (Some(_), Ok(_)) => process_fact(observed, pane, heartbeat.ok().flatten(), observation),
        };
        let heartbeat = match heartbeat {
            Err(why) => HeartbeatFact::Unreadable(why),
            Ok(None) => HeartbeatFact::Missing,
            Ok(Some(heartbeat)) => HeartbeatFact::Read {
                heartbeat,
                freshness: Freshness::judge(heartbeat, &observation.now, assumed_interval),
                binding: binding(heartbeat, pane, observed, observation),
            },
        };
        let name = UnitName::agent(agent);
        let units = observation.systemd.ok();
        let unit = units.and_then(|units| units.loaded.get(&name));
        let unit_since = units.and_then(|units| units.since.get(&name).copied());
        let record = match &observation.stops {
            Ok(stops) => stops.get(agent).map(|read| read.as_ref().map_err(String::as_str)).transpose(),
            Err(why) => Err(why.as_str()),
        };
        let stop = stop_fact(record, &heartbeat, unit, unit_since);
        let write_fault = observation.heartbeats.ok().and_then(|files| files.write_fault.as_deref());
        Self { pane, process, observed, heartbeat, unit, write_fault, stop }
    }

    /// The unit is activating, or waits for an automatic restart.
    pub(crate) fn is_activating(&self) -> bool {
        self.unit.is_some_and(|unit| unit.active == ActiveState::Activating)
    }

    /// The pane's process is alive, according to tmux and the kernel.
    pub(crate) fn is_alive(&self) -> bool {
        matches!(self.pane, PaneFact::Exists(pane) if !pane.dead) && self.process == ProcessFact::Alive
    }

    /// The agent's process is alive, in its pane or according to its heartbeat and the kernel. What is asked of tmux
    /// decides nothing against that.
    pub(crate) fn lives(&self) -> bool {
        self.process == ProcessFact::Alive && !matches!(self.pane, PaneFact::Exists(pane) if pane.dead)
    }

    /// The process lives, but tmux does not show it: the server cannot be reached, or has no session of the agent's name.
    pub(crate) fn lives_outside_tmux(&self) -> bool {
        matches!(self.pane, PaneFact::NoServer | PaneFact::Missing) && self.lives()
    }

    /// The process of the agent may be alive. Only evidence that it has ended excludes that.
    pub(crate) fn may_live(&self) -> bool {
        match (self.pane, &self.process) {
            (PaneFact::Exists(pane), _) if pane.dead => false,
            (_, ProcessFact::Alive | ProcessFact::Unreadable(_)) => true,
            (_, ProcessFact::Ended) => false,
            // Nothing names a process, so the unit decides: it is active while its agent lives.
            (_, ProcessFact::NotNamed) => match self.heartbeat {
                HeartbeatFact::Read { heartbeat, .. } if heartbeat.status != Status::Ok => false,
                _ => self.unit.is_some_and(|unit| unit.active == ActiveState::Active && unit.sub == "running"),
            },
        }
    }
}

/// The process that a heartbeat identifies, unless the heartbeat says that it has ended.
pub(crate) fn running_process(heartbeat: &Heartbeat) -> Option<ProcessIdentity> {
    heartbeat.process().filter(|_| heartbeat.status == Status::Ok)
}

fn pane_fact<'a>(observation: &'a Observation, session: &str) -> PaneFact<'a> {
    match &observation.tmux.result {
        Err(why) => PaneFact::Unknown(why),
        Ok(None) => PaneFact::NoServer,
        Ok(Some(server)) => server.sessions.get(session).map_or(PaneFact::Missing, PaneFact::Exists),
    }
}

fn process_fact(
    observed: Option<&ObservedProcess>,
    pane: PaneFact<'_>,
    heartbeat: Option<&Heartbeat>,
    observation: &Observation,
) -> ProcessFact {
    let stat = match observed.map(|process| &process.stat) {
        None => return ProcessFact::Ended,
        Some(Err(why)) => return ProcessFact::Unreadable(why.clone()),
        Some(Ok(stat)) => *stat,
    };
    // tmux vouches that the PID is still its child's; a heartbeat has to match the process's start time.
    let expected = match pane {
        PaneFact::Exists(_) => None,
        _ => heartbeat.and_then(Heartbeat::process),
    };
    let alive = match (expected, stat) {
        (Some(expected), stat) => Liveness::judge(&expected, observation.now.boot, stat).is_alive(),
        (None, stat) => stat.is_some_and(|stat| !stat.is_zombie()),
    };
    if alive { ProcessFact::Alive } else { ProcessFact::Ended }
}

fn binding(
    heartbeat: &Heartbeat,
    pane: PaneFact<'_>,
    observed: Option<&ObservedProcess>,
    observation: &Observation,
) -> Binding {
    let named = heartbeat.process();
    if named.is_some_and(|named| named.boot != observation.now.boot) {
        return Binding::OtherBoot;
    }
    let PaneFact::Exists(pane) = pane else { return Binding::Same };
    let start = observed.and_then(|process| process.stat.as_ref().ok()?.map(|stat| stat.start_ticks));
    let same = match (named, start) {
        (Some(ProcessIdentity { pid, start_ticks, .. }), Some(start)) => Some(pid) == pane.pid && start_ticks == start,
        // A dead pane may not name its process, and has none to compare with.
        _ => pane.pid.is_none_or(|pid| heartbeat.pid == pid),
    };
    if same { Binding::Same } else { Binding::Other }
}

/// Which stop was requested last, unless the agent was started since.
fn stop_fact<'a>(
    record: Result<Option<&'a StopRecord>, &'a str>,
    heartbeat: &HeartbeatFact<'_>,
    unit: Option<&Unit>,
    unit_since: Option<Timestamp>,
) -> StopFact<'a> {
    let last = match heartbeat {
        HeartbeatFact::Read { heartbeat, binding, .. } => Some((*heartbeat, *binding)),
        HeartbeatFact::Missing | HeartbeatFact::Unreadable(_) => None,
    };
    let record = match record {
        Ok(record) => record,
        Err(why) => return StopFact::Unreadable(why),
    };
    let is_started =
        |unit: &Unit| !matches!(unit.active, ActiveState::Inactive | ActiveState::Failed | ActiveState::Deactivating);
    // A start that failed before the first heartbeat leaves the unit failed.
    let failed_since = unit_since.filter(|_| unit.is_some_and(|unit| unit.active == ActiveState::Failed));
    let is_outdated = |record: &&StopRecord| {
        unit.is_some_and(is_started)
            || last.is_some_and(|(heartbeat, _)| record.is_outdated_by(heartbeat))
            || failed_since.is_some_and(|failed| failed > record.at)
    };
    if let Some(record) = record.filter(|record| !is_outdated(record)) {
        return StopFact::Requested { since: record.at, by: &record.by };
    }
    // At a shutdown the manager stops every agent, so only a heartbeat of this boot is about a request.
    let is_ended = |unit: &Unit| matches!(unit.active, ActiveState::Inactive | ActiveState::Deactivating);
    match last {
        Some((heartbeat, binding))
            if heartbeat.status == Status::Stopped && binding != Binding::OtherBoot && unit.is_none_or(is_ended) =>
        {
            StopFact::NotRecorded { since: heartbeat.written_at }
        }
        _ => StopFact::NotRequested,
    }
}

/// The condition of an agent, with the reason if the condition alone does not explain it.
pub(crate) fn judge_condition(facts: &AgentFacts<'_>, restart: RestartPolicy) -> (Condition, Option<String>) {
    let (condition, reason) = condition_without_stop(facts);
    // If tmux cannot be queried, the process that has ended shows that the agent is gone.
    let is_gone =
        condition == Condition::Missing || condition == Condition::Dead && matches!(facts.pane, PaneFact::Unknown(_));
    if !is_gone {
        return (condition, reason);
    }
    let stop = match facts.stop {
        StopFact::NotRequested => return (condition, reason),
        StopFact::Unreadable(why) => {
            let reason = reason.map(|reason| format!("{reason}; ")).unwrap_or_default();
            return (condition, Some(format!("{reason}whether it was stopped on request is unknown: {why}")));
        }
        StopFact::Requested { since, by } => format!("stopped by {by} at {since:.0}"),
        StopFact::NotRecorded { since } => format!("stopped at {since:.0}; by whom is not recorded"),
    };
    match restart {
        RestartPolicy::Always => (condition, Some(format!("{stop}, but the roster says 'restart: always'"))),
        RestartPolicy::OnFailure | RestartPolicy::No => (Condition::Stopped, Some(stop)),
    }
}

/// The condition of an agent as if no stop had been requested.
fn condition_without_stop(facts: &AgentFacts<'_>) -> (Condition, Option<String>) {
    let because = |condition, why: String| (condition, Some(why));
    match (facts.pane, &facts.process) {
        (PaneFact::Unknown(why), ProcessFact::Alive) => condition_without_tmux(facts, why),
        (PaneFact::Unknown(why), ProcessFact::Ended) => match &facts.heartbeat {
            // The agent may have been started again: no heartbeat says so yet, and tmux does not answer.
            HeartbeatFact::Read { binding: Binding::OtherBoot, .. } => because(Condition::Unknown, why.to_owned()),
            heartbeat => {
                because(Condition::Dead, exit_reason(heartbeat).unwrap_or_else(|| "its process is gone".to_owned()))
            }
        },
        (PaneFact::Unknown(why), ProcessFact::NotNamed | ProcessFact::Unreadable(_)) => {
            because(Condition::Unknown, why.to_owned())
        }
        (PaneFact::NoServer | PaneFact::Missing, _) if facts.is_activating() => {
            (Condition::Starting, exit_reason(&facts.heartbeat).map(|end| format!("{end}; it is being started again")))
        }
        (PaneFact::NoServer, ProcessFact::Alive) => {
            condition_without_tmux(facts, "no tmux server answers on the socket")
        }
        (PaneFact::Missing, ProcessFact::Alive) => {
            condition_without_tmux(facts, "the tmux server has no session of its name")
        }
        (PaneFact::NoServer | PaneFact::Missing, ProcessFact::Unreadable(why)) => {
            because(Condition::Unknown, why.clone())
        }
        (PaneFact::NoServer, _) => because(Condition::Missing, "there is no tmux server on the socket".to_owned()),
        (PaneFact::Missing, _) => (Condition::Missing, exit_reason(&facts.heartbeat)),
        (PaneFact::Exists(pane), _) if pane.dead => {
            let end = pane.verdict.map(|verdict| format!("its process {}", end_clause(verdict)));
            (Condition::Dead, end.or_else(|| Some("its process has ended".to_owned())))
        }
        (PaneFact::Exists(_), ProcessFact::Ended | ProcessFact::NotNamed) => {
            because(Condition::Dead, exit_reason(&facts.heartbeat).unwrap_or_else(|| "its process is gone".to_owned()))
        }
        (PaneFact::Exists(_), ProcessFact::Unreadable(why)) => because(Condition::Unknown, why.clone()),
        (PaneFact::Exists(_), ProcessFact::Alive) if facts.is_activating() => (Condition::Starting, None),
        (PaneFact::Exists(_), ProcessFact::Alive) => condition_by_heartbeat(facts),
    }
}

/// The condition of an agent whose process is alive: whether a sidecar watches it.
fn condition_by_heartbeat(facts: &AgentFacts<'_>) -> (Condition, Option<String>) {
    let because = |condition, why: String| (condition, Some(why));
    // A fault of the directory explains what is missing in it.
    let with_fault = |why: String| match facts.write_fault {
        Some(fault) => format!("{why}: {fault}"),
        None => why,
    };
    match &facts.heartbeat {
        HeartbeatFact::Missing => because(Condition::Unknown, with_fault("there is no heartbeat".to_owned())),
        HeartbeatFact::Unreadable(why) => because(Condition::Unknown, format!("its heartbeat: {why}")),
        HeartbeatFact::Read { binding: Binding::OtherBoot, .. } => {
            because(Condition::Unknown, "its heartbeat was written before the last boot".to_owned())
        }
        HeartbeatFact::Read { heartbeat, binding: Binding::Other, .. } => because(
            Condition::Unknown,
            format!("its heartbeat names process {}, which is not the pane's process", heartbeat.pid),
        ),
        HeartbeatFact::Read { freshness: Freshness::Unknown(why), .. } => {
            because(Condition::Unknown, format!("the age of its heartbeat is unknown: {why}"))
        }
        HeartbeatFact::Read { heartbeat: Heartbeat { status: Status::Ok, .. }, freshness, .. } => match freshness {
            Freshness::Fresh { .. } => (Condition::Up, None),
            Freshness::Late { age } => {
                because(Condition::Stale, with_fault(format!("its last heartbeat is {} old", seconds(*age))))
            }
            Freshness::Unknown(why) => because(Condition::Unknown, why.to_string()),
        },
        HeartbeatFact::Read { heartbeat, .. } => because(
            Condition::Stale,
            format!("its heartbeat ended with '{}', but its process runs without a sidecar", heartbeat.status),
        ),
    }
}

/// The process that the heartbeat names is alive; only tmux knows whether it is still in its pane.
fn condition_without_tmux(facts: &AgentFacts<'_>, why: &str) -> (Condition, Option<String>) {
    let (condition, reason) = condition_by_heartbeat(facts);
    (condition, reason.or_else(|| Some(format!("by its heartbeat and process alone: {why}"))))
}

/// How the agent ended, according to the last heartbeat of its sidecar.
fn exit_reason(heartbeat_fact: &HeartbeatFact<'_>) -> Option<String> {
    let HeartbeatFact::Read { heartbeat, .. } = heartbeat_fact else { return None };
    match (heartbeat.status, heartbeat.binding.as_ref().and_then(|binding| binding.exit)) {
        (Status::Ok, _) => None,
        (Status::Exited, Some(verdict)) => Some(format!("it {}", end_clause(verdict))),
        (Status::Exited, None) => Some("it exited".to_owned()),
        (Status::Stopped, _) => Some("it was stopped".to_owned()),
        (Status::Lost, _) => Some("its session or its tmux server was killed".to_owned()),
    }
}

/// How a process ended, as a clause without its subject.
fn end_clause(verdict: ExitVerdict) -> String {
    match verdict {
        ExitVerdict::Code(code) => format!("exited with code {code}"),
        ExitVerdict::Signal(signal) => format!("was killed by signal {signal}"),
    }
}

fn seconds(age: Duration) -> String {
    format!("{} s", age.as_secs())
}
