//! The checks of the fleet as a whole, one function each.

use mosaic_roster::Roster;
use mosaic_systemd::{ActiveState, Linger, UnitName};

use super::check::{Check, CheckName, READ_FAILURE_ADVICE, Scope, Status};
use super::program_facts::ProgramFacts;
use crate::drift::unusable_programs;
use crate::observe::Observation;
use crate::snapshot::{DriftItem, DriftKind, Snapshot, SourceName};
use crate::target::Target;

/// The oldest systemd on which the units of Mosaic Fleet work as designed.
const OLDEST_SYSTEMD: u32 = 252;

/// A required check of the whole fleet.
fn check(name: CheckName, status: Status, evidence: String, advice: &str) -> Check {
    let advice = if status == Status::Pass { String::new() } else { advice.to_owned() };
    Check { name, agent: None, status, required: true, evidence, advice }
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
            "correct the roster, or create one with mosaic fleet init",
        ),
        Ok(Some(roster)) if roster.agents.is_empty() && scope.agents.is_none() => {
            let advice = "mosaic fleet add NAME --runtime RUNTIME";
            check(CheckName::Roster, Status::Fail, format!("{path} has no agents"), advice)
        }
        Ok(roster) => {
            let agents = roster.map_or(0, |roster| roster.agents.len());
            let agents = if agents == 1 { "1 agent".to_owned() } else { format!("{agents} agents") };
            check(CheckName::Roster, Status::Pass, format!("{path} lists {agents}"), "")
        }
    }
}

pub(super) fn orchestrator(roster: &Roster) -> Check {
    let advice = "leave the class orchestrator to one agent of the roster";
    match roster.check_orchestrators() {
        Ok(()) => {
            let names: Vec<&str> = roster.orchestrators().iter().map(|agent| agent.name.as_str()).collect();
            let evidence = if names.is_empty() { "the fleet has none".to_owned() } else { names.join(", ") };
            check(CheckName::Orchestrator, Status::Pass, evidence, "")
        }
        Err(broken) => check(CheckName::Orchestrator, Status::Fail, broken.to_string(), advice),
    }
}

/// The evidence of the holder's checks while the whole fleet is stopped on request.
const FLEET_STOPPED: &str = "every agent is stopped, so no tmux server is needed";

pub(super) fn holder(target: &Target, snapshot: &Snapshot, observation: &Observation) -> Check {
    if snapshot.holder.stopped {
        return check(CheckName::Holder, Status::Pass, FLEET_STOPPED.to_owned(), "");
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
    let advice = match (status, snapshot.holder.pid) {
        (Status::Unknown, _) => READ_FAILURE_ADVICE,
        // Starting the unit would have no effect, because it is active.
        (_, Some(_)) if !observation.direct => "systemctl --user restart mosaic-tmux-holder (agents restart with it)",
        _ => "mosaic fleet start; journalctl --user -u mosaic-tmux-holder",
    };
    check(CheckName::Holder, status, evidence, advice)
}

/// A tmux server that was started by hand on the fleet's socket ends with that login session, and every agent with
/// it.
pub(super) fn holder_unit(snapshot: &Snapshot, observation: &Observation, facts: &ProgramFacts) -> Check {
    if snapshot.holder.stopped {
        return check(CheckName::HolderUnit, Status::Pass, FLEET_STOPPED.to_owned(), "");
    }
    let name = UnitName::holder();
    let loaded = match &observation.systemd.result {
        Err(why) => return check(CheckName::HolderUnit, Status::Unknown, why.clone(), READ_FAILURE_ADVICE),
        Ok(units) => units.loaded.get(&name),
    };
    let active = loaded.is_some_and(|unit| unit.active == ActiveState::Active);
    let (status, evidence) = match (active, facts.server_group.as_deref()) {
        (true, Some(group)) if group == name.as_str() => {
            (Status::Pass, format!("{name} is active, and the tmux server is in its control group"))
        }
        (true, Some(group)) => (
            Status::Fail,
            format!("{name} is active, but the tmux server on the socket is in the control group {group}"),
        ),
        (true, None) => {
            (Status::Unknown, "the process of the tmux server, or its control group, is unknown".to_owned())
        }
        (false, _) => (Status::Fail, format!("{name} is not active, so no unit owns the tmux server")),
    };
    let advice = "mosaic fleet stop; end the remaining tmux server with tmux kill-server; mosaic fleet start";
    check(CheckName::HolderUnit, status, evidence, advice)
}

pub(super) fn default_server(target: &Target, observation: &Observation) -> Check {
    let socket = target.socket_name(observation.roster.roster());
    let is_separate = socket.as_str() != "default";
    check(
        CheckName::DefaultServer,
        pass_or_fail(is_separate),
        format!("the fleet's socket is {socket}"),
        "set tmux.socket_name in the roster to a name of its own",
    )
}

pub(super) fn tmux_version(version: &Result<String, String>) -> Check {
    match version {
        Ok(version) => check(CheckName::TmuxVersion, Status::Pass, format!("tmux {version}"), ""),
        Err(why) => check(CheckName::TmuxVersion, Status::Fail, why.clone(), "apt install tmux"),
    }
}

pub(super) fn systemd_version(version: &Result<String, String>) -> Check {
    let advice = format!("systemd {OLDEST_SYSTEMD} or newer is needed");
    match version {
        Ok(text) => {
            let number: String = text.chars().take_while(char::is_ascii_digit).collect();
            let status = number.parse::<u32>().map_or(Status::Unknown, |number| pass_or_fail(number >= OLDEST_SYSTEMD));
            check(CheckName::SystemdVersion, status, format!("systemd {text}"), &advice)
        }
        Err(why) => check(CheckName::SystemdVersion, Status::Unknown, why.clone(), "systemctl --user status"),
    }
}

/// A unit whose program cannot be run shows that only at its next start.
pub(super) fn programs(target: &Target, observation: &Observation) -> Check {
    let (status, evidence) = match unusable_programs(observation) {
        Some(unusable) => (Status::Fail, unusable),
        None => (Status::Pass, format!("the programs in {} can be executed", target.tools().display())),
    };
    let advice = "mosaic fleet install; systemd's own messages: journalctl --user -u 'mosaic-agent@*'";
    check(CheckName::Programs, status, evidence, advice)
}

pub(super) fn linger(target: &Target, observation: &Observation, scope: &Scope) -> Check {
    let user = &target.user;
    let (status, evidence) = match observation.linger {
        Linger::On => (Status::Pass, format!("the units of {user} run without a login")),
        Linger::Off => (Status::Fail, format!("the units of {user} end at logout")),
        Linger::NoLogind => (Status::Unknown, "this host has no logind".to_owned()),
    };
    let row = check(CheckName::Linger, status, evidence, &format!("loginctl enable-linger {user}"));
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
        Err(why) => check(CheckName::Exporter, Status::Unknown, why.clone(), READ_FAILURE_ADVICE),
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
            check(CheckName::Exporter, status, evidence, ADVICE)
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
    let advice = "mosaic fleet ps shows each with its fix";
    let row = match (listed.is_empty(), is_incomplete) {
        (false, _) => check(CheckName::Drift, Status::Fail, listed.join(", "), advice),
        (true, true) => {
            check(CheckName::Drift, Status::Unknown, "not every source could be read".to_owned(), READ_FAILURE_ADVICE)
        }
        (true, false) => check(CheckName::Drift, Status::Pass, "the fleet matches the roster".to_owned(), ""),
    };
    let required = scope.strict || items.is_empty() || !items.iter().all(|item| harmless(item.kind));
    Check { required, ..row }
}
