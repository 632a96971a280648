//! What an observation says of one agent.

use mosaic_domain::{AgentName, ProcessIdentity};
use mosaic_heartbeat::{Freshness, Heartbeat};
use mosaic_process::Liveness;
use mosaic_systemd::{ActiveState, Unit, UnitName};
use mosaic_tmux::SessionPane;

use crate::observe::{Observation, ProcessSeen};

/// Each source's word on one agent.
#[derive(Clone, Debug)]
pub(crate) struct AgentFacts<'a> {
    pub(crate) pane: PaneFact<'a>,
    /// The pane's process; without tmux the one that the heartbeat names.
    pub(crate) process: ProcessFact,
    /// What else is known of that process.
    pub(crate) seen: Option<&'a ProcessSeen>,
    pub(crate) beat: Beat<'a>,
    /// The unit, if the manager has it loaded; `None` also if it could not be asked.
    pub(crate) unit: Option<&'a Unit>,
}

/// tmux's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PaneFact<'a> {
    /// tmux could not be asked.
    Unknown(&'a str),
    /// There is no tmux server.
    NoServer,
    /// There is no such session.
    Missing,
    /// There is one.
    There(&'a SessionPane),
}

/// The kernel's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProcessFact {
    /// Nobody said which process to look at.
    Nobody,
    /// It runs.
    Alive,
    /// It has ended.
    Ended,
    /// It could not be looked at.
    Unreadable(String),
}

/// The heartbeat's word.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Beat<'a> {
    /// There is none.
    Missing,
    /// The run directory, or this file, cannot be understood.
    Unreadable(&'a str),
    /// There is one.
    Read { heartbeat: &'a Heartbeat, freshness: Freshness, binding: Binding },
}

/// Is a heartbeat about the pane's process?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// It is; or there is no pane to compare it with.
    Same,
    /// It names another process.
    Other,
    /// It was written before the host was booted.
    OtherBoot,
}

impl<'a> AgentFacts<'a> {
    pub(crate) fn gather(
        observation: &'a Observation,
        agent: &AgentName,
        assumed: mosaic_domain::HeartbeatInterval,
    ) -> Self {
        let pane = pane(observation, agent.as_str());
        let heartbeat = match &observation.heartbeats.result {
            Err(why) => Err(why.as_str()),
            Ok(files) => files.heartbeats.get(agent).map(|read| read.as_ref().map_err(String::as_str)).transpose(),
        };
        let pid = match pane {
            PaneFact::There(pane) => Some(pane.pid),
            PaneFact::Unknown(_) => heartbeat.ok().flatten().map(|heartbeat| heartbeat.pid),
            PaneFact::NoServer | PaneFact::Missing => None,
        };
        let seen = pid.and_then(|pid| observation.processes.ok()?.get(&pid));
        let process = match (pid, &observation.processes.result) {
            (None, _) => ProcessFact::Nobody,
            (Some(_), Err(why)) => ProcessFact::Unreadable(why.clone()),
            (Some(_), Ok(_)) => process(seen, pane, heartbeat.ok().flatten(), observation),
        };
        let beat = match heartbeat {
            Err(why) => Beat::Unreadable(why),
            Ok(None) => Beat::Missing,
            Ok(Some(heartbeat)) => Beat::Read {
                heartbeat,
                freshness: Freshness::judge(heartbeat, &observation.now, assumed),
                binding: binding(heartbeat, pane, seen, observation),
            },
        };
        let unit = observation.systemd.ok().and_then(|units| units.loaded.get(&UnitName::agent(agent)));
        Self { pane, process, seen, beat, unit }
    }

    /// The unit is on its way up, or waits to be started again.
    pub(crate) fn activating(&self) -> bool {
        self.unit.is_some_and(|unit| unit.active == ActiveState::Activating)
    }

    /// The pane's process runs, as far as tmux and the kernel say.
    pub(crate) fn alive(&self) -> bool {
        matches!(self.pane, PaneFact::There(pane) if !pane.dead) && self.process == ProcessFact::Alive
    }
}

fn pane<'a>(observation: &'a Observation, session: &str) -> PaneFact<'a> {
    match &observation.tmux.result {
        Err(why) => PaneFact::Unknown(why),
        Ok(None) => PaneFact::NoServer,
        Ok(Some(server)) => server.sessions.get(session).map_or(PaneFact::Missing, PaneFact::There),
    }
}

fn process(
    seen: Option<&ProcessSeen>,
    pane: PaneFact<'_>,
    heartbeat: Option<&Heartbeat>,
    observation: &Observation,
) -> ProcessFact {
    let stat = match seen.map(|seen| &seen.stat) {
        None => return ProcessFact::Ended,
        Some(Err(why)) => return ProcessFact::Unreadable(why.clone()),
        Some(Ok(stat)) => *stat,
    };
    // tmux itself is the witness that the PID is still its child's; a heartbeat has to prove it.
    let meant = match pane {
        PaneFact::There(_) => None,
        _ => heartbeat.and_then(Heartbeat::process),
    };
    let alive = match (meant, stat) {
        (Some(meant), stat) => Liveness::judge(&meant, observation.now.boot, stat).is_alive(),
        (None, stat) => stat.is_some_and(|stat| !stat.is_zombie()),
    };
    if alive { ProcessFact::Alive } else { ProcessFact::Ended }
}

fn binding(
    heartbeat: &Heartbeat,
    pane: PaneFact<'_>,
    seen: Option<&ProcessSeen>,
    observation: &Observation,
) -> Binding {
    let meant = heartbeat.process();
    if meant.is_some_and(|meant| meant.boot != observation.now.boot) {
        return Binding::OtherBoot;
    }
    let PaneFact::There(pane) = pane else { return Binding::Same };
    let start = seen.and_then(|seen| seen.stat.as_ref().ok()?.map(|stat| stat.start_ticks));
    let same = match (meant, start) {
        (Some(ProcessIdentity { pid, start_ticks, .. }), Some(start)) => pid == pane.pid && start_ticks == start,
        _ => heartbeat.pid == pane.pid,
    };
    if same { Binding::Same } else { Binding::Other }
}
