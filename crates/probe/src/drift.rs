//! Finds every difference between an observation and the roster, each once and by its most exact kind.
//!
//! A source that could not be read yields no drift.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use mosaic_domain::AgentName;
use mosaic_heartbeat::{Freshness, Status};
use mosaic_roster::{AgentSettings, Limits, Roster};
use mosaic_systemd::{ActiveState, Linger, LoadState, UnitName};
use mosaic_tmux::SessionPane;

use crate::judge::{AgentFacts, Binding, HeartbeatFact, PaneFact, ProcessFact};
use crate::limits::{LimitsState, judge_limits};
use crate::observe::{GeneratedFiles, LaunchCommand, Observation, UnitFiles};
use crate::snapshot::{Condition, DriftItem, DriftKind, HolderSnapshot};
use crate::target::Target;

/// The drift of one agent of the roster. `generated` is `None` if the agent's generated files could not be read.
pub(crate) fn agent_drift(
    settings: &AgentSettings,
    condition: Condition,
    generated: Option<&GeneratedFiles>,
    facts: &AgentFacts<'_>,
    observation: &Observation,
) -> Vec<DriftItem> {
    let agent = &settings.name;
    let items = [
        // An agent that was stopped on request has no session on purpose.
        if condition == Condition::Stopped { None } else { session_drift(agent, facts) },
        // Without a manager no unit starts an agent, so none is missing.
        if observation.direct {
            None
        } else {
            unit_drift(agent, condition, facts, observation.unit_files.as_ref().ok())
        },
        // A run directory that cannot be read says nothing about any agent.
        observation.heartbeats.ok().and_then(|_| heartbeat_drift(agent, facts)),
        generated.and_then(|generated| command_drift(agent, generated, facts)),
        generated.and_then(|generated| generated_files_drift(agent, generated)),
        // Without a manager nothing enforces a limit, which `verify` says.
        if observation.direct { None } else { limits_drift(agent, &settings.limits, facts) },
    ];
    items.into_iter().flatten().collect()
}

fn item(agent: &AgentName, kind: DriftKind, detail: String, advice: String) -> DriftItem {
    DriftItem { kind, subject: agent.to_string(), detail, advice }
}

fn session_drift(agent: &AgentName, facts: &AgentFacts<'_>) -> Option<DriftItem> {
    // A unit that changes state causes no drift.
    let is_changing = |state| matches!(state, ActiveState::Activating | ActiveState::Deactivating);
    if facts.is_alive() || facts.unit.is_some_and(|unit| is_changing(unit.active)) {
        return None;
    }
    let (kind, detail, verb) = match (facts.pane, &facts.process) {
        (PaneFact::Unknown(_), _) | (PaneFact::Exists(_), ProcessFact::Unreadable(_)) => return None,
        (PaneFact::NoServer, _) => {
            (DriftKind::SessionMissing, "its session does not exist: there is no tmux server", "start")
        }
        (PaneFact::Missing, _) => (DriftKind::SessionMissing, "its session does not exist", "start"),
        (PaneFact::Exists(_), _) => (DriftKind::PaneDead, "the process in its pane has ended", "restart"),
    };
    let is_active = |state| matches!(state, ActiveState::Active | ActiveState::Reloading | ActiveState::Refreshing);
    if let Some(unit) = facts.unit.filter(|unit| is_active(unit.active)) {
        let detail = format!("{} is {} ({}), but {detail}", unit.name, unit.active, unit.sub);
        return Some(item(agent, DriftKind::UnitActiveProcessDead, detail, format!("mosaic fleet restart {agent}")));
    }
    Some(item(agent, kind, detail.to_owned(), format!("mosaic fleet {verb} {agent}")))
}

fn unit_drift(
    agent: &AgentName,
    condition: Condition,
    facts: &AgentFacts<'_>,
    files: Option<&UnitFiles>,
) -> Option<DriftItem> {
    let files = files?;
    // A person who stops an agent may also disable or mask its unit, so that a boot does not start it.
    let is_stopped = condition == Condition::Stopped;
    let name = UnitName::agent(agent);
    let install = || "mosaic fleet install".to_owned();
    let template_masked = files.links.masked.iter().any(|unit| unit.as_str() == UnitName::AGENT_TEMPLATE);
    let masked = files.links.masked.contains(&name);
    if masked && is_stopped && !template_masked {
        return None;
    }
    if template_masked || masked {
        let detail = format!("{name} is masked and cannot be started");
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
        || item(agent, DriftKind::UnitDisabled, format!("{name} is not enabled: a boot does not start it"), install());
    (!enabled && !is_stopped).then(disabled)
}

fn heartbeat_drift(agent: &AgentName, facts: &AgentFacts<'_>) -> Option<DriftItem> {
    if !facts.is_alive() || facts.is_activating() {
        return None;
    }
    let restart = format!("mosaic fleet restart {agent}");
    let stale = |detail: String| Some(item(agent, DriftKind::StaleHeartbeat, detail, restart.clone()));
    match &facts.heartbeat {
        HeartbeatFact::Missing => stale("its process runs, but there is no heartbeat".to_owned()),
        HeartbeatFact::Unreadable(why) => stale(format!("its process runs, but its heartbeat cannot be read: {why}")),
        HeartbeatFact::Read { heartbeat, binding: Binding::Other | Binding::OtherBoot, .. } => {
            let PaneFact::Exists(SessionPane { pid: Some(pid), .. }) = facts.pane else { return None };
            let detail = if heartbeat.pid == *pid {
                format!("its heartbeat names an earlier process with PID {pid}")
            } else {
                format!("its heartbeat names process {}, but its pane runs process {pid}", heartbeat.pid)
            };
            Some(item(agent, DriftKind::PidMismatch, detail, restart))
        }
        HeartbeatFact::Read { freshness: Freshness::Unknown(why), .. } => {
            stale(format!("the age of its heartbeat is unknown: {why}"))
        }
        HeartbeatFact::Read { heartbeat, .. } if heartbeat.status != Status::Ok => {
            stale(format!("its process runs, but its heartbeat ended with '{}'", heartbeat.status))
        }
        HeartbeatFact::Read { freshness: Freshness::Late { age }, .. } => {
            stale(format!("its process runs, but its last heartbeat is {} s old", age.as_secs()))
        }
        HeartbeatFact::Read { freshness: Freshness::Fresh { .. }, .. } => None,
    }
}

fn command_drift(agent: &AgentName, generated: &GeneratedFiles, facts: &AgentFacts<'_>) -> Option<DriftItem> {
    // The heartbeat is about another process, which is drift of its own.
    if matches!(facts.heartbeat, HeartbeatFact::Read { binding: Binding::Other, .. }) {
        return None;
    }
    let expected = &generated.command;
    let detail = match facts.observed.filter(|_| facts.is_alive())?.launch_command.as_ref()? {
        LaunchCommand::Command(command) if **command == **expected => return None,
        LaunchCommand::Command(command) => format!("its command is '{command}', but the roster says '{expected}'"),
        // The command itself may have cleared the environment.
        LaunchCommand::NotByLauncher if expected.contains("env -") => return None,
        LaunchCommand::NotByLauncher => {
            format!("its process was not started by the launcher, and the roster says '{expected}'")
        }
    };
    Some(item(agent, DriftKind::CommandMismatch, detail, format!("mosaic fleet restart {agent}")))
}

fn generated_files_drift(agent: &AgentName, generated: &GeneratedFiles) -> Option<DriftItem> {
    let outdated = &generated.outdated;
    let advice = format!("mosaic fleet install, then mosaic fleet restart {agent}");
    (!outdated.is_empty()).then(|| item(agent, DriftKind::EnvOutdated, outdated.join("; "), advice))
}

fn limits_drift(agent: &AgentName, limits: &Limits, facts: &AgentFacts<'_>) -> Option<DriftItem> {
    match judge_limits(agent, limits, facts) {
        LimitsState::NotInForce { detail, advice } => Some(item(agent, DriftKind::LimitsNotEnforced, detail, advice)),
        LimitsState::NotSet | LimitsState::InForce | LimitsState::NotRunning | LimitsState::Unknown => None,
    }
}

/// The names in a roster, as a set: the roster is a list, and every observed name is looked up.
#[derive(Clone, Debug)]
pub(crate) struct RosterNames<'a> {
    holder: &'a str,
    agents: BTreeSet<&'a str>,
}

impl<'a> RosterNames<'a> {
    pub(crate) fn new(roster: &'a Roster) -> Self {
        let agents = roster.agents.iter().map(|agent| agent.name.as_str()).collect();
        Self { holder: roster.tmux.holder_session.as_str(), agents }
    }

    /// Whether a session belongs to neither an agent nor the holder.
    pub(crate) fn is_unmanaged(&self, session: &str) -> bool {
        session != self.holder && !self.agents.contains(session)
    }

    fn contains(&self, agent: &AgentName) -> bool {
        self.agents.contains(agent.as_str())
    }
}

/// All drift that does not belong to an agent of the roster.
pub(crate) fn fleet_drift(
    target: &Target,
    roster: &Roster,
    holder: &HolderSnapshot,
    observation: &Observation,
) -> Vec<DriftItem> {
    let holder_drift = if holder.stopped { None } else { holder_drift(target, roster, observation) };
    let mut items: Vec<DriftItem> = holder_drift.into_iter().chain(linger_drift(target, observation)).collect();
    items.extend(programs_drift(target, observation));
    let names = RosterNames::new(roster);
    // One item per name is enough: its unit would start the session again, and the session the heartbeat.
    let mut unmanaged: BTreeMap<String, DriftItem> = BTreeMap::new();
    let found = orphaned_units(&names, observation)
        .chain(unmanaged_sessions(target, &names, observation))
        .chain(orphaned_heartbeats(target, &names, observation));
    for (name, item) in found {
        unmanaged.entry(name).or_insert(item);
    }
    items.extend(unmanaged.into_values());
    items
}

fn holder_drift(target: &Target, roster: &Roster, observation: &Observation) -> Option<DriftItem> {
    let socket = target.socket_name(observation.roster.roster());
    let session = roster.tmux.holder_session.as_str();
    let detail = match observation.tmux.ok()? {
        Some(server) if server.sessions.contains_key(session) => return None,
        Some(_) => format!("the tmux server on the socket {socket} has no session {session}"),
        None => format!("there is no tmux server on the socket {socket}"),
    };
    let advice = if observation.direct {
        "mosaic fleet start".to_owned()
    } else {
        format!("systemctl --user restart {} (agents restart with it)", UnitName::holder())
    };
    Some(DriftItem { kind: DriftKind::HolderMissing, subject: socket.to_string(), detail, advice })
}

fn programs_drift(target: &Target, observation: &Observation) -> Option<DriftItem> {
    let detail = unusable_programs(observation)?;
    Some(DriftItem {
        kind: DriftKind::ProgramsUnusable,
        subject: target.tools().display().to_string(),
        detail,
        advice: "mosaic fleet install; if that does not help, use a MOSAIC_HOME on a file system that runs programs"
            .to_owned(),
    })
}

/// The programs of the agents' units that cannot be run, in words. `None` if all can, or if no unit runs them.
pub(crate) fn unusable_programs(observation: &Observation) -> Option<String> {
    let runs_units = !observation.direct && observation.unit_files.as_ref().is_ok_and(|files| files.template_installed);
    let unusable = &observation.unusable_programs;
    let listed: Vec<String> = unusable.iter().map(ToString::to_string).collect();
    (runs_units && !listed.is_empty()).then(|| listed.join("; "))
}

fn linger_drift(target: &Target, observation: &Observation) -> Option<DriftItem> {
    match observation.linger {
        // Without a manager lingering has no effect.
        _ if observation.direct => None,
        Linger::On | Linger::NoLogind => None,
        Linger::Off => Some(DriftItem {
            kind: DriftKind::LingerOff,
            subject: target.user.clone(),
            detail: format!("the agents of {} end at logout, and a boot does not start them", target.user),
            advice: format!("loginctl enable-linger {}", target.user),
        }),
    }
}

fn orphaned_units<'a>(
    names: &'a RosterNames<'_>,
    observation: &'a Observation,
) -> impl Iterator<Item = (String, DriftItem)> + 'a {
    let enabled: BTreeSet<&UnitName> =
        observation.unit_files.iter().flat_map(|files| files.links.enabled.iter()).collect();
    let is_inactive = |state| matches!(state, ActiveState::Inactive | ActiveState::Failed);
    let loaded = observation.systemd.ok().into_iter().flat_map(|units| units.loaded.values());
    let active: BTreeSet<&UnitName> = loaded.filter(|unit| !is_inactive(unit.active)).map(|unit| &unit.name).collect();
    let all: BTreeSet<&UnitName> = enabled.union(&active).copied().collect();
    all.into_iter().filter_map(move |unit| {
        let agent = unit.agent_name().filter(|agent| !names.contains(agent))?;
        let how = match (enabled.contains(unit), active.contains(unit)) {
            (true, true) => "enabled and active",
            (true, false) => "enabled, so that a boot starts it",
            (false, _) => "active",
        };
        let detail = format!("{unit} is {how}, but {agent} is not in the roster");
        let advice = format!("mosaic fleet remove {agent}");
        Some((
            agent.to_string(),
            DriftItem { kind: DriftKind::UnitOrphaned, subject: agent.to_string(), detail, advice },
        ))
    })
}

fn unmanaged_sessions<'a>(
    target: &'a Target,
    names: &'a RosterNames<'_>,
    observation: &'a Observation,
) -> impl Iterator<Item = (String, DriftItem)> + 'a {
    let sessions =
        observation.tmux.ok().and_then(Option::as_ref).into_iter().flat_map(|server| server.sessions.values());
    let socket = target.socket_name(observation.roster.roster());
    sessions.filter(|pane| names.is_unmanaged(&pane.session)).map(move |pane| {
        let session = pane.session.clone();
        let detail = format!("the session {session} on the socket {socket} is not in the roster");
        let advice = match session.parse::<AgentName>() {
            Ok(agent) => format!("mosaic fleet add {agent}, or tmux -L {socket} kill-session -t '={agent}:'"),
            Err(_) => format!("tmux -L {socket} kill-session -t {}", pane.id),
        };
        (session.clone(), DriftItem { kind: DriftKind::UnmanagedSession, subject: session, detail, advice })
    })
}

fn orphaned_heartbeats<'a>(
    target: &'a Target,
    names: &'a RosterNames<'_>,
    observation: &'a Observation,
) -> impl Iterator<Item = (String, DriftItem)> + 'a {
    let agents = observation.heartbeats.ok().into_iter().flat_map(|files| files.heartbeats.keys());
    agents.filter(|name| !names.contains(name)).map(|agent| {
        let detail = format!("{} belongs to no agent of the roster", target.run_directory.heartbeat(agent).display());
        let advice = format!("mosaic fleet remove {agent}");
        (agent.to_string(), DriftItem { kind: DriftKind::OrphanHeartbeat, subject: agent.to_string(), detail, advice })
    })
}
