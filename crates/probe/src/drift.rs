//! Finds every difference between an observation and the roster, each once and by its most exact kind.
//!
//! A source that could not be read yields no drift.

mod server_drift;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mosaic_domain::{AgentName, Pid, SocketName};
use mosaic_heartbeat::{Freshness, Status};
use mosaic_roster::{AgentSettings, Limits, Roster};
use mosaic_systemd::{ActiveState, Linger, LoadState, UnitName};
use mosaic_tmux::SessionPane;

use crate::advice::{Advice, quoted, tmux_command};
use crate::judge::{AgentFacts, Binding, HeartbeatFact, PaneFact, ProcessFact};
use crate::limits::{LimitsState, judge_limits};
use crate::observe::{GeneratedFiles, LaunchCommand, Observation, UnitFiles};
use crate::snapshot::{Condition, DriftItem, DriftKind, HolderSnapshot};
use crate::target::Target;
pub(crate) use server_drift::{foreign_server, foreign_server_advice};
use server_drift::{holder_drift, socket_drift};

/// The drift of one agent of the roster. `generated` is `None` if the agent's generated files could not be read.
pub(crate) fn agent_drift(
    target: &Target,
    settings: &AgentSettings,
    condition: Condition,
    generated: Option<&GeneratedFiles>,
    facts: &AgentFacts<'_>,
    observation: &Observation,
) -> Vec<DriftItem> {
    let agent = &settings.name;
    let items = [
        // An agent that was stopped on request has no session on purpose.
        if condition == Condition::Stopped { None } else { session_drift(agent, facts, observation) },
        // Without a manager no unit starts an agent, so none is missing.
        if observation.direct {
            None
        } else {
            unit_drift(agent, condition, facts, observation.unit_files.as_ref().ok())
        },
        // A run directory that cannot be read says nothing about any agent.
        observation.heartbeats.ok().and_then(|_| heartbeat_drift(agent, facts, target)),
        generated.and_then(|generated| command_drift(agent, generated, facts)),
        generated.and_then(|generated| generated_files_drift(agent, generated)),
        // Without a manager nothing enforces a limit, which `verify` says.
        if observation.direct { None } else { limits_drift(agent, &settings.limits, facts) },
    ];
    items.into_iter().flatten().collect()
}

fn item(agent: &AgentName, kind: DriftKind, detail: String, advice: Advice) -> DriftItem {
    about(agent, kind, detail, advice)
}

fn about(subject: &impl ToString, kind: DriftKind, detail: String, advice: Advice) -> DriftItem {
    DriftItem { kind, subject: subject.to_string(), detail, advice: advice.text, command: advice.command }
}

/// Starts an agent. If it runs, nothing ends: an agent without a sidecar gets one, and a lost socket is opened again.
fn start(agent: &AgentName) -> Advice {
    Advice::run(format!("mosaic fleet start {agent}"))
}

/// A change that takes effect when the agent starts the next time. The words say what a restart ends.
fn at_next_start(agent: &AgentName) -> String {
    format!("mosaic fleet restart {agent} (ends its process; otherwise at its next start)")
}

fn session_drift(agent: &AgentName, facts: &AgentFacts<'_>, observation: &Observation) -> Option<DriftItem> {
    // A unit that changes state causes no drift.
    let is_changing = |state| matches!(state, ActiveState::Activating | ActiveState::Deactivating);
    if facts.is_alive() || facts.unit.is_some_and(|unit| is_changing(unit.active)) {
        return None;
    }
    if facts.lives_outside_tmux() {
        return session_outside_tmux(agent, facts, observation);
    }
    let (kind, detail, ends_nothing) = match (facts.pane, &facts.process) {
        (PaneFact::Unknown(_), _) | (PaneFact::Exists(_), ProcessFact::Unreadable(_)) => return None,
        (PaneFact::NoServer, _) => {
            (DriftKind::SessionMissing, "its session does not exist: there is no tmux server", facts.may_live())
        }
        (PaneFact::Missing, _) => (DriftKind::SessionMissing, "its session does not exist", facts.may_live()),
        (PaneFact::Exists(_), _) => (DriftKind::PaneDead, "the process in its pane has ended", false),
    };
    let is_active = |state| matches!(state, ActiveState::Active | ActiveState::Reloading | ActiveState::Refreshing);
    let restart = || Advice::run(format!("mosaic fleet restart {agent}"));
    if let Some(unit) = facts.unit.filter(|unit| is_active(unit.active)) {
        let detail = format!("{} is {} ({}), but {detail}", unit.name, unit.active, unit.sub);
        // Without evidence that the process has ended, it may run where tmux does not show it.
        let advice = if ends_nothing { start(agent) } else { restart() };
        return Some(item(agent, DriftKind::UnitActiveProcessDead, detail, advice));
    }
    let advice = if kind == DriftKind::PaneDead { restart() } else { start(agent) };
    Some(item(agent, kind, detail.to_owned(), advice))
}

/// The drift of an agent that lives, although the server has no session of its name.
fn session_outside_tmux(agent: &AgentName, facts: &AgentFacts<'_>, observation: &Observation) -> Option<DriftItem> {
    // Without their server, all agents have the same fault, which is an item of its own.
    let server = observation.tmux.ok()?.as_ref().filter(|_| foreign_server(observation).is_none())?;
    let HeartbeatFact::Read { heartbeat, .. } = &facts.heartbeat else { return None };
    let pid = heartbeat.pid;
    let renamed = server.sessions.values().find(|pane| pane.pid == Some(pid) && !pane.dead);
    let (detail, advice) = match renamed {
        Some(pane) => {
            let tmux = tmux_command(observation, &observed_socket(observation));
            let command = format!("{tmux} rename-session -t {} {agent}", pane.id);
            (format!("its process {pid} runs in the session {}", pane.session), Advice::run(command))
        }
        None => (
            format!("its process {pid} runs, but the tmux server on the socket has no session of its name"),
            start(agent),
        ),
    };
    Some(item(agent, DriftKind::SessionMissing, detail, advice))
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
    let install = || Advice::run("mosaic fleet install");
    let template_masked = files.links.masked.iter().any(|unit| unit.as_str() == UnitName::AGENT_TEMPLATE);
    let masked = files.links.masked.contains(&name);
    if masked && is_stopped && !template_masked {
        return None;
    }
    if template_masked || masked {
        let detail = format!("{name} is masked and cannot be started");
        let masked = if template_masked { UnitName::AGENT_TEMPLATE } else { name.as_str() };
        let advice = Advice::run(format!("systemctl --user unmask {masked}"));
        return Some(item(agent, DriftKind::UnitMissing, detail, advice));
    }
    if !files.template_installed {
        return Some(item(agent, DriftKind::UnitMissing, format!("{name} is not installed"), install()));
    }
    let unloadable = |state| matches!(state, LoadState::NotFound | LoadState::BadSetting | LoadState::Error);
    if let Some(unit) = facts.unit.filter(|unit| unloadable(unit.load)) {
        let detail = format!("{name} cannot be loaded: {}", unit.load);
        let advice = Advice::decide(format!("systemctl --user status {name}"));
        return Some(item(agent, DriftKind::UnitMissing, detail, advice));
    }
    let enabled = files.links.enabled.contains(&name);
    let disabled =
        || item(agent, DriftKind::UnitDisabled, format!("{name} is not enabled: a boot does not start it"), install());
    (!enabled && !is_stopped).then(disabled)
}

/// Whether the heartbeat is one that the sidecar would have replaced by now.
fn is_not_renewed(heartbeat: &HeartbeatFact<'_>) -> bool {
    matches!(
        heartbeat,
        HeartbeatFact::Missing | HeartbeatFact::Read { freshness: Freshness::Late { .. }, binding: Binding::Same, .. }
    )
}

/// Keeps what is in the place of a file beside it, also if an earlier one is there.
fn move_away(path: &Path) -> String {
    let path = quoted(path);
    format!("mv --backup=numbered -T {path} {path}.moved")
}

/// The sidecar replaces every file but a directory with its next heartbeat.
fn unreadable_heartbeat_advice(agent: &AgentName, why: &str, target: &Target) -> Advice {
    if why != mosaic_heartbeat::UnreadableHeartbeat::NotAFile.to_string() {
        return start(agent);
    }
    Advice::run(move_away(&target.run_directory.heartbeat(agent)))
}

/// Heartbeats of agents that live and cannot be written: one item for the directory.
fn run_directory_drift(target: &Target, roster: &Roster, observation: &Observation) -> Option<DriftItem> {
    let fault = observation.heartbeats.ok()?.write_fault.as_ref()?;
    let affected: Vec<&str> = roster
        .agents
        .iter()
        .filter(|agent| {
            let facts = AgentFacts::gather(observation, &agent.name, target.assumed_interval);
            facts.lives() && !facts.is_activating() && is_not_renewed(&facts.heartbeat)
        })
        .map(|agent| agent.name.as_str())
        .collect();
    if affected.is_empty() {
        return None;
    }
    let directory = target.run_directory.path();
    let detail = format!("{fault}, so the heartbeats of agents that run are late: {}", affected.join(", "));
    let largest = format!("du -ah {}", quoted(directory));
    let text = format!("remove what does not belong there ({largest} lists it); the agents need no restart");
    Some(about(&directory.display(), DriftKind::StaleHeartbeat, detail, Advice::decide(text)))
}

fn heartbeat_drift(agent: &AgentName, facts: &AgentFacts<'_>, target: &Target) -> Option<DriftItem> {
    if !facts.is_alive() || facts.is_activating() {
        return None;
    }
    let stale = |detail: String| Some(item(agent, DriftKind::StaleHeartbeat, detail, start(agent)));
    match &facts.heartbeat {
        // The run directory is the fault, which is one item for all agents.
        _ if facts.write_fault.is_some() && is_not_renewed(&facts.heartbeat) => None,
        HeartbeatFact::Missing => stale("its process runs, but there is no heartbeat".to_owned()),
        HeartbeatFact::Unreadable(why) => {
            let detail = format!("its process runs, but its heartbeat cannot be read: {why}");
            Some(item(agent, DriftKind::StaleHeartbeat, detail, unreadable_heartbeat_advice(agent, why, target)))
        }
        HeartbeatFact::Read { heartbeat, binding: Binding::Other | Binding::OtherBoot, .. } => {
            let PaneFact::Exists(SessionPane { pid: Some(pid), .. }) = facts.pane else { return None };
            let detail = if heartbeat.pid == *pid {
                format!("its heartbeat names an earlier process with PID {pid}")
            } else {
                format!("its heartbeat names process {}, but its pane runs process {pid}", heartbeat.pid)
            };
            Some(item(agent, DriftKind::PidMismatch, detail, start(agent)))
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
    Some(item(agent, DriftKind::CommandMismatch, detail, Advice::decide(at_next_start(agent))))
}

fn generated_files_drift(agent: &AgentName, generated: &GeneratedFiles) -> Option<DriftItem> {
    let outdated = &generated.outdated;
    let install = "mosaic fleet install";
    let advice = || match &generated.unusable {
        Some(path) => Advice::run(format!("{} && {install}", move_away(path))),
        None => Advice::run_as_in(install, format!("{install}, then {}", at_next_start(agent))),
    };
    (!outdated.is_empty()).then(|| item(agent, DriftKind::EnvOutdated, outdated.join("; "), advice()))
}

fn limits_drift(agent: &AgentName, limits: &Limits, facts: &AgentFacts<'_>) -> Option<DriftItem> {
    match judge_limits(agent, limits, facts) {
        LimitsState::NotInForce { detail, advice } => {
            Some(item(agent, DriftKind::LimitsNotEnforced, detail, Advice::decide(advice)))
        }
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

/// The name of the socket that was observed.
fn observed_socket(observation: &Observation) -> SocketName {
    observation.roster.roster().map(|roster| roster.tmux.socket_name.clone()).unwrap_or_default()
}

/// All drift that does not belong to an agent of the roster.
pub(crate) fn fleet_drift(
    target: &Target,
    roster: &Roster,
    holder: &HolderSnapshot,
    observation: &Observation,
) -> Vec<DriftItem> {
    let socket = socket_drift(target, roster, observation);
    let is_explained = holder.stopped || socket.is_some();
    let holder = if is_explained { None } else { holder_drift(target, roster, observation) };
    let mut items: Vec<DriftItem> = [
        holder,
        socket,
        run_directory_drift(target, roster, observation),
        linger_drift(target, observation),
        programs_drift(target, observation),
    ]
    .into_iter()
    .flatten()
    .collect();
    let names = RosterNames::new(roster);
    // One item per name is enough: its unit would start the session again, and the session the heartbeat.
    let mut unmanaged: BTreeMap<String, DriftItem> = BTreeMap::new();
    let found = orphaned_units(target, &names, observation)
        .chain(unmanaged_sessions(target, &names, observation))
        .chain(orphaned_heartbeats(target, &names, observation));
    for (name, item) in found {
        unmanaged.entry(name).or_insert(item);
    }
    items.extend(unmanaged.into_values());
    items
}

fn programs_drift(target: &Target, observation: &Observation) -> Option<DriftItem> {
    let detail = unusable_programs(observation)?;
    let install = "mosaic fleet install";
    let text = format!("{install}; if that does not help, use a MOSAIC_HOME on a file system that runs programs");
    let advice = Advice::run_as_in(install, text);
    Some(about(&target.tools().display(), DriftKind::ProgramsUnusable, detail, advice))
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
        Linger::Off => {
            let detail = format!("the agents of {} end at logout, and a boot does not start them", target.user);
            let advice = Advice::run(format!("loginctl enable-linger {}", target.user));
            Some(about(&target.user, DriftKind::LingerOff, detail, advice))
        }
    }
}

/// Removes what is left of an agent that is not in the roster. If it may live, a person has to decide.
fn removal(agent: &AgentName, target: &Target, observation: &Observation) -> Advice {
    let facts = AgentFacts::gather(observation, agent, target.assumed_interval);
    let is_inactive = |state| matches!(state, ActiveState::Inactive | ActiveState::Failed);
    let unit_runs = facts.unit.is_some_and(|unit| !is_inactive(unit.active));
    if unit_runs || facts.lives() || facts.may_live() {
        Advice::decide(format!("mosaic fleet add {agent} (keeps it), or mosaic fleet remove {agent} (ends it)"))
    } else {
        Advice::run(format!("mosaic fleet remove {agent}"))
    }
}

fn orphaned_units<'a>(
    target: &'a Target,
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
        let advice = removal(&agent, target, observation);
        Some((agent.to_string(), item(&agent, DriftKind::UnitOrphaned, detail, advice)))
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
    // The session of an agent that was renamed is drift of that agent.
    let of_agents: BTreeSet<Pid> = observation
        .heartbeats
        .ok()
        .into_iter()
        .flat_map(|files| &files.heartbeats)
        .filter(|(agent, _)| names.contains(agent))
        .filter_map(|(agent, _)| {
            let facts = AgentFacts::gather(observation, agent, target.assumed_interval);
            let HeartbeatFact::Read { heartbeat, .. } = &facts.heartbeat else { return None };
            facts.lives_outside_tmux().then_some(heartbeat.pid)
        })
        .collect();
    let sessions = sessions.filter(move |pane| pane.pid.is_none_or(|pid| !of_agents.contains(&pid)));
    sessions.filter(|pane| names.is_unmanaged(&pane.session)).map(move |pane| {
        let session = pane.session.clone();
        let detail = format!("the session {session} on the socket {socket} is not in the roster");
        let tmux = tmux_command(observation, &socket);
        let attach = format!("{tmux} attach-session -t {} (shows it)", pane.id);
        let advice = match session.parse::<AgentName>() {
            _ if pane.dead => Advice::run(format!("{tmux} kill-session -t {}", pane.id)),
            Ok(agent) => Advice::decide(format!("mosaic fleet add {agent} (makes it an agent), or {attach}")),
            Err(_) => Advice::decide(attach),
        };
        (session.clone(), about(&session, DriftKind::UnmanagedSession, detail, advice))
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
        let advice = removal(agent, target, observation);
        (agent.to_string(), item(agent, DriftKind::OrphanHeartbeat, detail, advice))
    })
}
