//! How one agent of the roster differs.

use mosaic_domain::AgentName;
use mosaic_heartbeat::{Freshness, Status};
use mosaic_systemd::{ActiveState, LoadState, UnitName};

use crate::judge::{AgentFacts, Beat, Binding, PaneFact, ProcessFact};
use crate::observe::{GeneratedFiles, Launched, Observation, UnitFiles};
use crate::snapshot::{DriftItem, DriftKind};

/// What the roster and the files say of an agent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) agent: &'a AgentName,
    /// Its generated files; nothing if they could not be read.
    pub(crate) generated: Option<&'a GeneratedFiles>,
}

/// Every difference of one agent.
pub(crate) fn of_agent(expected: Expected<'_>, facts: &AgentFacts<'_>, observation: &Observation) -> Vec<DriftItem> {
    let items = [
        session(expected.agent, facts),
        // Without a manager nobody starts units, so none is missing.
        if observation.direct { None } else { unit(expected.agent, facts, observation.unit_files.as_ref().ok()) },
        // A directory that cannot be read says nothing of any agent.
        observation.heartbeats.ok().and_then(|_| heartbeat(expected.agent, facts)),
        command(expected, facts),
        environment(expected),
    ];
    items.into_iter().flatten().collect()
}

fn item(agent: &AgentName, kind: DriftKind, detail: String, advice: String) -> DriftItem {
    DriftItem { kind, subject: agent.to_string(), detail, advice }
}

fn session(agent: &AgentName, facts: &AgentFacts<'_>) -> Option<DriftItem> {
    // Between two states there is nothing to say yet.
    let passing = |state| matches!(state, ActiveState::Activating | ActiveState::Deactivating);
    if facts.alive() || facts.unit.is_some_and(|unit| passing(unit.active)) {
        return None;
    }
    let (kind, seen, verb) = match (facts.pane, &facts.process) {
        (PaneFact::Unknown(_), _) | (PaneFact::There(_), ProcessFact::Unreadable(_)) => return None,
        (PaneFact::NoServer, _) => (DriftKind::SessionMissing, "it has no session: there is no tmux server", "start"),
        (PaneFact::Missing, _) => (DriftKind::SessionMissing, "it has no session", "start"),
        (PaneFact::There(_), _) => (DriftKind::PaneDead, "the process in its pane has ended", "restart"),
    };
    let active = |state| matches!(state, ActiveState::Active | ActiveState::Reloading | ActiveState::Refreshing);
    if let Some(unit) = facts.unit.filter(|unit| active(unit.active)) {
        let detail = format!("{} is {} ({}), but {seen}", unit.name, unit.active, unit.sub);
        return Some(item(agent, DriftKind::UnitActiveProcessDead, detail, format!("mosaic fleet restart {agent}")));
    }
    Some(item(agent, kind, seen.to_owned(), format!("mosaic fleet {verb} {agent}")))
}

fn unit(agent: &AgentName, facts: &AgentFacts<'_>, files: Option<&UnitFiles>) -> Option<DriftItem> {
    let files = files?;
    let name = UnitName::agent(agent);
    let install = || "mosaic fleet install".to_owned();
    let template_masked = files.links.masked.iter().any(|unit| unit.as_str() == UnitName::AGENT_TEMPLATE);
    if template_masked || files.links.masked.contains(&name) {
        let detail = format!("{name} is masked: nothing can start it");
        return Some(item(agent, DriftKind::UnitMissing, detail, format!("systemctl --user unmask {name}")));
    }
    if !files.template_installed {
        return Some(item(agent, DriftKind::UnitMissing, format!("{name} is not installed"), install()));
    }
    let unloadable = |state| matches!(state, LoadState::NotFound | LoadState::BadSetting | LoadState::Error);
    if let Some(unit) = facts.unit.filter(|unit| unloadable(unit.load)) {
        let detail = format!("{name} cannot be loaded: {}", unit.load);
        return Some(item(agent, DriftKind::UnitMissing, detail, format!("systemctl --user status {name}")));
    }
    let enabled = files.links.enabled.contains(&name);
    let disabled =
        || item(agent, DriftKind::UnitDisabled, format!("{name} is not enabled: it is not started at boot"), install());
    (!enabled).then(disabled)
}

fn heartbeat(agent: &AgentName, facts: &AgentFacts<'_>) -> Option<DriftItem> {
    if !facts.alive() || facts.activating() {
        return None;
    }
    let restart = format!("mosaic fleet restart {agent}");
    let stale = |detail: String| Some(item(agent, DriftKind::StaleHeartbeat, detail, restart.clone()));
    match &facts.beat {
        Beat::Missing => stale("its process runs, and there is no heartbeat".to_owned()),
        Beat::Unreadable(why) => stale(format!("its process runs, and its heartbeat says nothing: {why}")),
        Beat::Read { heartbeat, binding: Binding::Other | Binding::OtherBoot, .. } => {
            let PaneFact::There(pane) = facts.pane else { return None };
            let detail = if heartbeat.pid == pane.pid {
                format!("its heartbeat names another process that had PID {}", pane.pid)
            } else {
                format!("its heartbeat names process {}, its pane runs {}", heartbeat.pid, pane.pid)
            };
            Some(item(agent, DriftKind::PidMismatch, detail, restart))
        }
        Beat::Read { freshness: Freshness::Unknown(why), .. } => {
            stale(format!("its heartbeat cannot be judged: {why}"))
        }
        Beat::Read { heartbeat, .. } if heartbeat.status != Status::Ok => {
            stale(format!("its process runs, and its heartbeat ended with '{}'", heartbeat.status))
        }
        Beat::Read { freshness: Freshness::Late { age }, .. } => {
            stale(format!("its process runs, and its last heartbeat is {} s old", age.as_secs()))
        }
        Beat::Read { freshness: Freshness::Fresh { .. }, .. } => None,
    }
}

fn command(expected: Expected<'_>, facts: &AgentFacts<'_>) -> Option<DriftItem> {
    // Another process than the one that is watched: that is said already.
    if matches!(facts.beat, Beat::Read { binding: Binding::Other, .. }) {
        return None;
    }
    let wanted = &expected.generated?.command;
    let detail = match facts.seen.filter(|_| facts.alive())?.launched.as_ref()? {
        Launched::Command(command) if **command == **wanted => return None,
        Launched::Command(command) => format!("it runs '{command}', the roster says '{wanted}'"),
        // The command itself may have emptied the environment.
        Launched::Otherwise if wanted.contains("env -") => return None,
        Launched::Otherwise => format!("its process was not started by the launcher; the roster says '{wanted}'"),
    };
    let agent = expected.agent;
    Some(item(agent, DriftKind::CommandMismatch, detail, format!("mosaic fleet restart {agent}")))
}

fn environment(expected: Expected<'_>) -> Option<DriftItem> {
    let outdated = &expected.generated?.outdated;
    let advice = format!("mosaic fleet install, then mosaic fleet restart {}", expected.agent);
    (!outdated.is_empty()).then(|| item(expected.agent, DriftKind::EnvOutdated, outdated.join("; "), advice))
}
