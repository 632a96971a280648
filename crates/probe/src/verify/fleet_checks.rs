//! The checks of the fleet as a whole, one function each.

use mosaic_roster::Roster;
use mosaic_systemd::{ActiveState, Linger, UnitName};

use super::check::{Check, CheckName, Scope, Status, read_failure_advice};
use super::program_facts::ProgramFacts;
use crate::advice::Advice;
use crate::drift::{foreign_server_advice, unusable_programs};
use crate::observe::Observation;
use crate::snapshot::{DriftItem, DriftKind, Snapshot, SourceName};
use crate::target::Target;

/// The oldest systemd on which the units of Mosaic Fleet work as designed.
const OLDEST_SYSTEMD: u32 = 252;

/// A required check of the whole fleet.
fn check(name: CheckName, status: Status, evidence: String, advice: Advice) -> Check {
    let advice = if status == Status::Pass { Advice::default() } else { advice };
    Check { name, agent: None, status, required: true, evidence, advice: advice.text, command: advice.command }
}

/// A required check of the whole fleet that passed.
fn pass(name: CheckName, evidence: String) -> Check {
    check(name, Status::Pass, evidence, Advice::default())
}

fn pass_or_fail(passed: bool) -> Status {
    if passed { Status::Pass } else { Status::Fail }
}

pub(super) fn roster(target: &Target, observation: &Observation, scope: &Scope) -> Check {
    let path = target.roster_path.display();
    match observation.roster.read.result.as_ref().map(|()| observation.roster.roster()) {
        Err(why) => check(
            CheckName::Roster,
            Status::Fail,
            why.clone(),
            Advice::decide("correct the roster, or create one with mosaic fleet init"),
        ),
        Ok(Some(roster)) if roster.agents.is_empty() && scope.agents.is_none() => {
            let advice = Advice::decide("mosaic fleet add NAME --runtime RUNTIME");
            check(CheckName::Roster, Status::Fail, format!("{path} has no agents"), advice)
        }
        Ok(roster) => {
            let agents = roster.map_or(0, |roster| roster.agents.len());
            let agents = if agents == 1 { "1 agent".to_owned() } else { format!("{agents} agents") };
            pass(CheckName::Roster, format!("{path} lists {agents}"))
        }
    }
}

pub(super) fn orchestrator(roster: &Roster) -> Check {
    let advice = Advice::decide("leave the class orchestrator to one agent of the roster");
    match roster.check_orchestrators() {
        Ok(()) => {
            let names: Vec<&str> = roster.orchestrators().iter().map(|agent| agent.name.as_str()).collect();
            let evidence = if names.is_empty() { "the fleet has none".to_owned() } else { names.join(", ") };
            pass(CheckName::Orchestrator, evidence)
        }
        Err(broken) => check(CheckName::Orchestrator, Status::Fail, broken.to_string(), advice),
    }
}

/// The evidence of the holder's checks while the whole fleet is stopped on request.
const FLEET_STOPPED: &str = "every agent is stopped, so no tmux server is needed";

pub(super) fn holder(target: &Target, snapshot: &Snapshot, observation: &Observation) -> Check {
    if snapshot.holder.stopped {
        return pass(CheckName::Holder, FLEET_STOPPED.to_owned());
    }
    let socket = target.socket_name(observation.roster.roster());
    let (status, evidence) = match (snapshot.holder.up, snapshot.holder.pid) {
        (None, _) => {
            let report = snapshot.sources.get(&SourceName::Tmux);
            (Status::Unknown, report.and_then(|report| report.error.clone()).unwrap_or_default())
        }
        (Some(true), Some(pid)) => (Status::Pass, format!("the tmux server on the socket {socket} is process {pid}")),
        (Some(true), None) => (Status::Pass, format!("the tmux server is on the socket {socket}")),
        (Some(false), None) => (Status::Fail, format!("there is no tmux server on the socket {socket}")),
        (Some(false), Some(pid)) => {
            (Status::Fail, format!("the tmux server on the socket {socket}, process {pid}, has no holder session"))
        }
    };
    let advice = match snapshot.drift.iter().find(|item| item.kind == DriftKind::HolderMissing) {
        _ if status == Status::Unknown => read_failure_advice(),
        Some(missing) => Advice { text: missing.advice.clone(), command: missing.command.clone() },
        None => Advice::run("mosaic fleet start"),
    };
    check(CheckName::Holder, status, evidence, advice)
}

/// Whether the server is reached where it listens. A shell with another `TMUX_TMPDIR` leads its own tmux commands to
/// another socket; the commands of Mosaic Fleet use the recorded one.
pub(super) fn socket(snapshot: &Snapshot, observation: &Observation) -> Check {
    let Some(socket) = &observation.socket else {
        let why = observation.tmux.result.as_ref().err().cloned().unwrap_or_default();
        return check(CheckName::Socket, Status::Unknown, why, read_failure_advice());
    };
    let path = socket.path.display();
    if let Some(lost) = snapshot.drift.iter().find(|item| item.kind == DriftKind::SocketMissing) {
        let advice = Advice { text: lost.advice.clone(), command: lost.command.clone() };
        return check(CheckName::Socket, Status::Fail, lost.detail.clone(), advice);
    }
    let differs = (socket.path != socket.default_path).then(|| {
        format!("; TMUX_TMPDIR leads tmux in this shell to {}, so use tmux -S {path}", socket.default_path.display())
    });
    pass(CheckName::Socket, format!("the fleet's socket is {path}{}", differs.unwrap_or_default()))
}

/// A tmux server that was started by hand on the fleet's socket ends with that login session, and every agent with
/// it.
pub(super) fn holder_unit(
    target: &Target,
    snapshot: &Snapshot,
    observation: &Observation,
    facts: &ProgramFacts,
) -> Check {
    if snapshot.holder.stopped {
        return pass(CheckName::HolderUnit, FLEET_STOPPED.to_owned());
    }
    let name = UnitName::holder();
    let loaded = match &observation.systemd.result {
        Err(why) => return check(CheckName::HolderUnit, Status::Unknown, why.clone(), read_failure_advice()),
        Ok(units) => units.loaded.get(&name),
    };
    let active = loaded.is_some_and(|unit| unit.active == ActiveState::Active);
    let server = observation.tmux.ok().and_then(Option::as_ref);
    // The server cannot be moved into the unit, and ending it would end every session on it.
    let foreign = || {
        if let Some(lost) = snapshot.drift.iter().find(|item| item.kind == DriftKind::SocketMissing) {
            return Advice { text: lost.advice.clone(), command: lost.command.clone() };
        }
        match observation.roster.roster() {
            Some(roster) => foreign_server_advice(target, roster, observation),
            None => read_failure_advice(),
        }
    };
    let start = || Advice::run("mosaic fleet start");
    let (status, evidence, advice) = match (active, facts.server_group.as_deref()) {
        (true, Some(group)) if group == name.as_str() => {
            return pass(
                CheckName::HolderUnit,
                format!("{name} is active, and the tmux server is in its control group"),
            );
        }
        (true, Some(group)) => (
            Status::Fail,
            format!("{name} is active, but the tmux server on the socket is in the control group {group}"),
            foreign(),
        ),
        (true, None) => {
            (Status::Unknown, "the process of the tmux server, or its control group, is unknown".to_owned(), start())
        }
        (false, group) => match server {
            Some(server) => {
                let process = server.pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
                let group = group.map(|group| format!(" in the control group {group}")).unwrap_or_default();
                let evidence = format!(
                    "{name} is not active, and the tmux server on the socket{process}{group} was not started by it"
                );
                (Status::Fail, evidence, foreign())
            }
            None => (Status::Fail, format!("{name} is not active, so no unit owns the tmux server"), start()),
        },
    };
    check(CheckName::HolderUnit, status, evidence, advice)
}

pub(super) fn default_server(target: &Target, observation: &Observation) -> Check {
    let socket = target.socket_name(observation.roster.roster());
    let is_separate = socket.as_str() != "default";
    check(
        CheckName::DefaultServer,
        pass_or_fail(is_separate),
        format!("the fleet's socket is {socket}"),
        Advice::decide("set tmux.socket_name in the roster to a name of its own"),
    )
}

pub(super) fn tmux_version(version: &Result<String, String>) -> Check {
    match version {
        Ok(version) => pass(CheckName::TmuxVersion, format!("tmux {version}")),
        Err(why) => check(CheckName::TmuxVersion, Status::Fail, why.clone(), Advice::decide("apt install tmux")),
    }
}

pub(super) fn systemd_version(version: &Result<String, String>) -> Check {
    let advice = Advice::decide(format!("systemd {OLDEST_SYSTEMD} or newer is needed"));
    match version {
        Ok(text) => {
            let number: String = text.chars().take_while(char::is_ascii_digit).collect();
            let status = number.parse::<u32>().map_or(Status::Unknown, |number| pass_or_fail(number >= OLDEST_SYSTEMD));
            check(CheckName::SystemdVersion, status, format!("systemd {text}"), advice)
        }
        Err(why) => {
            let advice = Advice::run("systemctl --user status");
            check(CheckName::SystemdVersion, Status::Unknown, why.clone(), advice)
        }
    }
}

/// A unit whose program cannot be run shows that only at its next start.
pub(super) fn programs(target: &Target, observation: &Observation) -> Check {
    let (status, evidence) = match unusable_programs(observation) {
        Some(unusable) => (Status::Fail, unusable),
        None => (Status::Pass, format!("the programs in {} can be executed", target.tools().display())),
    };
    let text = "mosaic fleet install; systemd's own messages: journalctl --user -u 'mosaic-agent@*'";
    let advice = Advice::run_as_in("mosaic fleet install", text);
    check(CheckName::Programs, status, evidence, advice)
}

pub(super) fn linger(target: &Target, observation: &Observation, scope: &Scope) -> Check {
    let user = &target.user;
    let (status, evidence) = match observation.linger {
        Linger::On => (Status::Pass, format!("the units of {user} run without a login")),
        Linger::Off => (Status::Fail, format!("the units of {user} end at logout")),
        Linger::NoLogind => (Status::Unknown, "this host has no logind".to_owned()),
    };
    let advice = match observation.linger {
        Linger::On | Linger::Off => Advice::run(format!("loginctl enable-linger {user}")),
        Linger::NoLogind => {
            Advice::decide(format!("let this host start 'systemd --user' as {user} at boot; only logind has lingering"))
        }
    };
    let row = check(CheckName::Linger, status, evidence, advice);
    Check { required: scope.strict, ..row }
}

/// The exporter, if its socket unit is enabled. Only one program of a host can have an address: the socket of a second
/// user's fleet fails if both have the default one, and the other fleet's exporter answers there.
pub(super) fn exporter(observation: &Observation, scope: &Scope) -> Option<Check> {
    const ADVICE: &str = "journalctl --user -u mosaic-fleet-exporter.socket -u mosaic-fleet-exporter.service -e; if another \
                          program has the address, set one with 'systemctl --user edit mosaic-fleet-exporter.socket' \
                          ([Socket], ListenStream=, ListenStream=127.0.0.1:27872), then run 'mosaic fleet install'";
    let (socket, service) = (UnitName::exporter_socket(), UnitName::exporter());
    let is_enabled = observation.unit_files.as_ref().is_ok_and(|files| files.links.starts_at_boot(&socket));
    if observation.direct || !is_enabled {
        return None;
    }
    let required = scope.strict || scope.agents.is_none();
    let row = match &observation.systemd.result {
        Err(why) => check(CheckName::Exporter, Status::Unknown, why.clone(), read_failure_advice()),
        Ok(units) => {
            let state = |unit| units.loaded.get(unit).map_or(ActiveState::Inactive, |unit| unit.active);
            let (status, evidence) = match (state(&socket), state(&service)) {
                (ActiveState::Active, ActiveState::Failed) => (Status::Fail, format!("{service} has failed")),
                (ActiveState::Active, _) => {
                    (Status::Pass, format!("{socket} is active: this fleet's exporter has its address"))
                }
                (other, _) => {
                    (Status::Fail, format!("{socket} is {other}: what answers at its address is not of this fleet"))
                }
            };
            check(CheckName::Exporter, status, evidence, Advice::decide(ADVICE))
        }
    };
    Some(Check { required, ..row })
}

/// Whether drift belongs to the agents to verify.
pub(super) fn is_in_scope(item: &DriftItem, scope: &Scope) -> bool {
    scope.agents.is_none() || scope.contains(&item.subject)
}

/// Drift that no other check covers. Unmanaged sessions and the like do not harm the agents of the roster.
pub(super) fn drift(snapshot: &Snapshot, observation: &Observation, scope: &Scope) -> Check {
    let items: Vec<&DriftItem> = snapshot.drift.iter().filter(|item| is_in_scope(item, scope)).collect();
    let harmless =
        |kind| matches!(kind, DriftKind::UnmanagedSession | DriftKind::OrphanHeartbeat | DriftKind::LingerOff);
    let listed: Vec<String> = items.iter().map(|item| format!("{} {}", item.kind, item.subject)).collect();
    let is_incomplete = observation.tmux.result.is_err()
        || observation.heartbeats.result.is_err()
        || observation.processes.result.is_err()
        || observation.generated.result.is_err()
        || (observation.systemd.result.is_err() && !observation.direct);
    let advice = Advice::run_as_in("mosaic fleet ps", "mosaic fleet ps shows each with its fix");
    let row = match (listed.is_empty(), is_incomplete) {
        (false, _) => check(CheckName::Drift, Status::Fail, listed.join(", "), advice),
        (true, true) => {
            let evidence = "not every source could be read".to_owned();
            check(CheckName::Drift, Status::Unknown, evidence, read_failure_advice())
        }
        (true, false) => pass(CheckName::Drift, "the fleet matches the roster".to_owned()),
    };
    let required = scope.strict || items.is_empty() || !items.iter().all(|item| harmless(item.kind));
    Check { required, ..row }
}
