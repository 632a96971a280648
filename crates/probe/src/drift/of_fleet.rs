//! How the fleet as a whole differs, and what is there that nobody asked for.

use std::collections::{BTreeMap, BTreeSet};

use mosaic_domain::AgentName;
use mosaic_roster::Roster;
use mosaic_systemd::{ActiveState, Linger, UnitName};

use crate::observe::{Observation, Target};
use crate::snapshot::{DriftItem, DriftKind};

/// The names that a roster has. It is a list; whether a name is in it is asked for everything there is.
#[derive(Clone, Debug)]
pub(crate) struct Known<'a> {
    holder: &'a str,
    agents: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    pub(crate) fn of(roster: &'a Roster) -> Self {
        let agents = roster.agents.iter().map(|agent| agent.name.as_str()).collect();
        Self { holder: roster.tmux.holder_session.as_str(), agents }
    }

    /// A session that neither an agent nor the holder has.
    pub(crate) fn is_stray(&self, session: &str) -> bool {
        session != self.holder && !self.agents.contains(session)
    }

    fn has(&self, agent: &AgentName) -> bool {
        self.agents.contains(agent.as_str())
    }
}

/// Every difference that is not one of a roster's agent.
pub(crate) fn of_fleet(target: &Target, roster: &Roster, observation: &Observation) -> Vec<DriftItem> {
    let mut items: Vec<DriftItem> =
        holder(target, roster, observation).into_iter().chain(linger(target, observation)).collect();
    let known = Known::of(roster);
    // One thing of a name is enough: its unit would bring the session back, and that the heartbeat.
    let mut strays: BTreeMap<String, DriftItem> = BTreeMap::new();
    let found = orphaned_units(&known, observation)
        .chain(unmanaged_sessions(target, &known, observation))
        .chain(orphaned_heartbeats(target, &known, observation));
    for (name, item) in found {
        strays.entry(name).or_insert(item);
    }
    items.extend(strays.into_values());
    items
}

fn holder(target: &Target, roster: &Roster, observation: &Observation) -> Option<DriftItem> {
    let socket = target.socket_by(observation.roster.roster());
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

fn linger(target: &Target, observation: &Observation) -> Option<DriftItem> {
    match observation.linger {
        // Without a manager nothing would be started at boot anyhow.
        _ if observation.direct => None,
        Linger::On | Linger::NoLogind => None,
        Linger::Off => Some(DriftItem {
            kind: DriftKind::LingerOff,
            subject: target.user.clone(),
            detail: format!("the agents of {} end at logout, and are not started at boot", target.user),
            advice: format!("loginctl enable-linger {}", target.user),
        }),
    }
}

fn orphaned_units<'a>(
    known: &'a Known<'_>,
    observation: &'a Observation,
) -> impl Iterator<Item = (String, DriftItem)> + 'a {
    let enabled: BTreeSet<&UnitName> =
        observation.unit_files.iter().flat_map(|files| files.links.enabled.iter()).collect();
    let at_rest = |state| matches!(state, ActiveState::Inactive | ActiveState::Failed);
    let loaded = observation.systemd.ok().into_iter().flat_map(|units| units.loaded.values());
    let active: BTreeSet<&UnitName> = loaded.filter(|unit| !at_rest(unit.active)).map(|unit| &unit.name).collect();
    let all: BTreeSet<&UnitName> = enabled.union(&active).copied().collect();
    all.into_iter().filter_map(move |unit| {
        let agent = unit.agent_name().filter(|agent| !known.has(agent))?;
        let how = match (enabled.contains(unit), active.contains(unit)) {
            (true, true) => "enabled and active",
            (true, false) => "enabled: it comes back at boot",
            (false, _) => "active",
        };
        let detail = format!("{unit} is {how}, and {agent} is not in the roster");
        let advice = format!("mosaic fleet remove {agent}");
        Some((
            agent.to_string(),
            DriftItem { kind: DriftKind::UnitOrphaned, subject: agent.to_string(), detail, advice },
        ))
    })
}

fn unmanaged_sessions<'a>(
    target: &'a Target,
    known: &'a Known<'_>,
    observation: &'a Observation,
) -> impl Iterator<Item = (String, DriftItem)> + 'a {
    let sessions =
        observation.tmux.ok().and_then(Option::as_ref).into_iter().flat_map(|server| server.sessions.values());
    let socket = target.socket_by(observation.roster.roster());
    sessions.filter(|pane| known.is_stray(&pane.session)).map(move |pane| {
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
    known: &'a Known<'_>,
    observation: &'a Observation,
) -> impl Iterator<Item = (String, DriftItem)> + 'a {
    let names = observation.heartbeats.ok().into_iter().flat_map(|files| files.heartbeats.keys());
    names.filter(|name| !known.has(name)).map(|agent| {
        let detail = format!("{} is of no agent of the roster", target.run_directory.heartbeat(agent).display());
        let advice = format!("mosaic fleet remove {agent}");
        (agent.to_string(), DriftItem { kind: DriftKind::OrphanHeartbeat, subject: agent.to_string(), detail, advice })
    })
}
