//! The drift of the tmux server: its holder session, and its socket.

use mosaic_domain::{AgentName, Pid};
use mosaic_roster::Roster;
use mosaic_systemd::{ActiveState, UnitName};

use super::{about, observed_socket};
use crate::advice::{Advice, tmux_command};
use crate::judge::AgentFacts;
use crate::observe::Observation;
use crate::snapshot::{DriftItem, DriftKind};
use crate::target::Target;

pub(super) fn holder_drift(target: &Target, roster: &Roster, observation: &Observation) -> Option<DriftItem> {
    let socket = target.socket_name(observation.roster.roster());
    let session = roster.tmux.holder_session.as_str();
    let detail = match observation.tmux.ok()? {
        Some(server) if server.sessions.contains_key(session) => return None,
        Some(_) => format!("the tmux server on the socket {socket} has no session {session}"),
        None => format!("there is no tmux server on the socket {socket}"),
    };
    Some(about(&socket, DriftKind::HolderMissing, detail, holder_advice(target, roster, observation)))
}

/// What to do about a missing holder session.
fn holder_advice(target: &Target, roster: &Roster, observation: &Observation) -> Advice {
    let holder = observation.systemd.ok().and_then(|units| units.loaded.get(&UnitName::holder()));
    let unit_runs = holder.is_some_and(|unit| unit.active == ActiveState::Active);
    let has_server = observation.tmux.ok().is_some_and(Option::is_some);
    // A unit that runs gets its session back, and without a manager the session is added to any server.
    if !has_server || unit_runs || observation.systemd.result.is_err() {
        return Advice::run("mosaic fleet start");
    }
    foreign_server_advice(target, roster, observation)
}

/// What to do about a tmux server on the fleet's socket that the holder's unit did not start: the unit starts no second
/// one, and what runs on it would end with it.
pub(crate) fn foreign_server_advice(target: &Target, roster: &Roster, observation: &Observation) -> Advice {
    let tmux = tmux_command(observation, &target.socket_name(Some(roster)));
    let end = format!("end the sessions that were made by hand ({tmux} list-sessions)");
    let start = "then mosaic fleet start";
    Advice::decide(if living_agents(target, roster, observation) == 0 {
        format!("{end}, {start}")
    } else {
        format!("{end}, then mosaic fleet stop (ends the agents), {start}")
    })
}

/// The number of agents of the roster that live.
fn living_agents(target: &Target, roster: &Roster, observation: &Observation) -> usize {
    let lives = |agent: &AgentName| AgentFacts::gather(observation, agent, target.assumed_interval).lives();
    roster.agents.iter().filter(|agent| lives(&agent.name)).count()
}

/// The fleet's own server, which runs, and another one, which listens on its socket.
pub(crate) fn foreign_server(observation: &Observation) -> Option<(Pid, Pid)> {
    let own = observation.socket.as_ref()?.recorded?;
    let other = observation.tmux.ok()?.as_ref()?.pid?;
    (own != other).then_some((own, other))
}

/// The socket has no server, or another one, although agents of the roster live in the fleet's.
pub(super) fn socket_drift(target: &Target, roster: &Roster, observation: &Observation) -> Option<DriftItem> {
    let foreign = foreign_server(observation);
    if observation.tmux.ok()?.is_some() && foreign.is_none() {
        return None;
    }
    let living = living_agents(target, roster, observation);
    if living == 0 {
        return None;
    }
    let run = if living == 1 { "1 agent runs".to_owned() } else { format!("{living} agents run") };
    let path = observation.socket.as_ref().map(|socket| format!(" {}", socket.path.display())).unwrap_or_default();
    if let Some((own, other)) = foreign {
        let detail = format!(
            "{run} in the tmux server {own}, but another tmux server, process {other}, listens on its socket{path}"
        );
        let tmux = tmux_command(observation, &observed_socket(observation));
        let text = format!("{tmux} kill-server (ends the sessions of process {other}), then mosaic fleet start");
        return Some(about(&roster.tmux.socket_name, DriftKind::SocketMissing, detail, Advice::decide(text)));
    }
    let detail =
        format!("{run}, but no tmux server answers on the socket{path}: it was removed, or TMUX_TMPDIR differs here");
    let socket = target.socket_name(observation.roster.roster());
    Some(about(&socket, DriftKind::SocketMissing, detail, Advice::run("mosaic fleet start")))
}
