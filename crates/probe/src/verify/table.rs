//! The checks, one function each: pure.

use mosaic_roster::Roster;
use mosaic_systemd::{ActiveState, UnitName};

use super::of_agent::of_agent;
use super::words::Words;
use super::{Check, CheckName, Facts, Scope, Status, Verification};
use crate::judge::AgentFacts;
use crate::observe::{Observation, Target};
use crate::snapshot::{DriftItem, DriftKind, Snapshot};

/// The oldest systemd that runs our units as they are meant.
const OLDEST_SYSTEMD: u32 = 252;

/// Checks the fleet, or the agents that `scope` names and what they stand on.
#[must_use]
pub fn verify(
    target: &Target,
    observation: &Observation,
    snapshot: &Snapshot,
    facts: &Facts,
    scope: &Scope,
) -> Verification {
    let mut checks = Vec::new();
    each(&Looked { target, observation, snapshot, facts, scope }, Words::Said, |check| checks.push(check));
    Verification {
        schema: 1,
        host: snapshot.host.clone(),
        tenant: snapshot.tenant.clone(),
        observed_at: snapshot.observed_at.clone(),
        passed: checks.iter().all(is_content),
        checks,
    }
}

/// Whether every required check passes: what [`verify`] says, without a word about it.
pub(crate) fn passed(
    target: &Target,
    observation: &Observation,
    snapshot: &Snapshot,
    facts: &Facts,
    scope: &Scope,
) -> bool {
    let mut passed = true;
    each(&Looked { target, observation, snapshot, facts, scope }, Words::Spared, |check| passed &= is_content(&check));
    passed
}

fn is_content(check: &Check) -> bool {
    !check.required || check.status == Status::Pass
}

/// What is checked.
struct Looked<'a> {
    target: &'a Target,
    observation: &'a Observation,
    snapshot: &'a Snapshot,
    facts: &'a Facts,
    scope: &'a Scope,
}

/// Makes each check.
fn each(looked: &Looked<'_>, words: Words, mut tell: impl FnMut(Check)) {
    let Looked { target, observation, snapshot, facts, scope } = *looked;
    tell(roster(target, observation, scope));
    let roster = observation.roster.roster();
    roster.map(orchestrator).map(&mut tell);
    tell(holder(target, snapshot, observation));
    if !observation.direct {
        tell(holder_unit(observation, facts));
    }
    tell(default_server(target, observation));
    facts.tmux_version.as_ref().map(tmux_version).map(&mut tell);
    facts.systemd_version.as_ref().map(systemd_version).map(&mut tell);
    tell(linger(target, observation, scope));
    // The snapshot has the agents of the roster first, in its order.
    let wanted = roster.into_iter().flat_map(|roster| &roster.agents).zip(&snapshot.agents);
    for (agent, shown) in wanted.filter(|(agent, _)| scope.has(agent.name.as_str())) {
        let seen = AgentFacts::gather(observation, &agent.name, target.assumed_interval);
        of_agent(&agent.name, &seen, observation, Some(shown), facts, scope, words).into_iter().for_each(&mut tell);
    }
    if roster.is_some() {
        tell(drift(snapshot, observation, scope));
    }
}

/// What to do where nobody could look.
pub(super) const BLIND: &str = "mosaic fleet ps says what could not be read, and why";

/// A check of the whole fleet, required unless somebody says otherwise.
fn check(name: CheckName, status: Status, evidence: String, advice: &str) -> Check {
    let advice = if status == Status::Pass { String::new() } else { advice.to_owned() };
    Check { name, agent: None, status, required: true, evidence, advice }
}

fn verdict(passed: bool) -> Status {
    if passed { Status::Pass } else { Status::Fail }
}

fn roster(target: &Target, observation: &Observation, scope: &Scope) -> Check {
    let path = target.roster_path.display();
    match observation.roster.now.result.as_ref().map(|()| observation.roster.roster()) {
        Err(why) => check(CheckName::Roster, Status::Fail, why.clone(), "correct the roster, or mosaic fleet init"),
        Ok(Some(roster)) if roster.agents.is_empty() && scope.agents.is_none() => {
            let advice = "mosaic fleet add NAME --runtime RUNTIME --class CLASS";
            check(CheckName::Roster, Status::Fail, format!("{path} has no agents"), advice)
        }
        Ok(roster) => {
            let agents = roster.map_or(0, |roster| roster.agents.len());
            check(CheckName::Roster, Status::Pass, format!("{path}: agents: {agents}"), "")
        }
    }
}

fn orchestrator(roster: &Roster) -> Check {
    let advice = "give exactly one agent of the roster the class orchestrator";
    match roster.check_orchestrators() {
        Ok(()) => {
            let names: Vec<&str> = roster.orchestrators().iter().map(|agent| agent.name.as_str()).collect();
            let evidence = if names.is_empty() { "a fleet of one needs none".to_owned() } else { names.join(", ") };
            check(CheckName::Orchestrator, Status::Pass, evidence, "")
        }
        Err(broken) => check(CheckName::Orchestrator, Status::Fail, broken.to_string(), advice),
    }
}

fn holder(target: &Target, snapshot: &Snapshot, observation: &Observation) -> Check {
    let socket = target.socket_by(observation.roster.roster());
    let (status, evidence) = match (snapshot.holder.up, snapshot.holder.pid) {
        (None, _) => {
            let report = snapshot.sources.get(&crate::snapshot::SourceName::Tmux);
            (Status::Unknown, report.and_then(|report| report.error.clone()).unwrap_or_default())
        }
        (Some(true), Some(pid)) => (Status::Pass, format!("the server on the socket {socket} is process {pid}")),
        (Some(true), None) => (Status::Pass, format!("it is on the socket {socket}")),
        (Some(false), None) => (Status::Fail, format!("there is no tmux server on the socket {socket}")),
        (Some(false), Some(pid)) => {
            (Status::Fail, format!("the server on the socket {socket}, process {pid}, has no session of the holder's"))
        }
    };
    let advice = match (status, snapshot.holder.pid) {
        (Status::Unknown, _) => BLIND,
        // A start would find the unit active.
        (_, Some(_)) if !observation.direct => "systemctl --user restart mosaic-tmux-holder (agents restart with it)",
        _ => "mosaic fleet start; journalctl --user -u mosaic-tmux-holder",
    };
    check(CheckName::Holder, status, evidence, advice)
}

/// A server that somebody started by hand on the fleet's socket ends with that login, and every agent
/// with it.
fn holder_unit(observation: &Observation, facts: &Facts) -> Check {
    let name = UnitName::holder();
    let loaded = match &observation.systemd.result {
        Err(why) => return check(CheckName::HolderUnit, Status::Unknown, why.clone(), BLIND),
        Ok(units) => units.loaded.get(&name),
    };
    let active = loaded.is_some_and(|unit| unit.active == ActiveState::Active);
    let (status, evidence) = match (active, facts.server_group.as_deref()) {
        (true, Some(group)) if group == name.as_str() => {
            (Status::Pass, format!("{name} is active, and the tmux server is in its group"))
        }
        (true, Some(group)) => {
            (Status::Fail, format!("{name} is active, but the tmux server on the socket is in the group {group}"))
        }
        (true, None) => (Status::Unknown, "which process the tmux server is, or its group, is not known".to_owned()),
        (false, _) => (Status::Fail, format!("{name} is not active: the tmux server, if there is one, is nobody's")),
    };
    let advice = "mosaic fleet stop; end what is left on the socket (tmux kill-server); mosaic fleet start";
    check(CheckName::HolderUnit, status, evidence, advice)
}

fn default_server(target: &Target, observation: &Observation) -> Check {
    let socket = target.socket_by(observation.roster.roster());
    let own = socket.as_str() != "default";
    check(
        CheckName::DefaultServer,
        verdict(own),
        format!("the fleet's socket is {socket}"),
        "give the roster a tmux.socket_name of its own",
    )
}

fn tmux_version(version: &Result<String, String>) -> Check {
    match version {
        Ok(version) => check(CheckName::TmuxVersion, Status::Pass, format!("tmux {version}"), ""),
        Err(why) => check(CheckName::TmuxVersion, Status::Fail, why.clone(), "apt install tmux"),
    }
}

fn systemd_version(version: &Result<String, String>) -> Check {
    let advice = format!("systemd {OLDEST_SYSTEMD} or newer is needed");
    match version {
        Ok(text) => {
            let number: String = text.chars().take_while(char::is_ascii_digit).collect();
            let status = number.parse::<u32>().map_or(Status::Unknown, |number| verdict(number >= OLDEST_SYSTEMD));
            check(CheckName::SystemdVersion, status, format!("systemd {text}"), &advice)
        }
        Err(why) => check(CheckName::SystemdVersion, Status::Unknown, why.clone(), "systemctl --user status"),
    }
}

fn linger(target: &Target, observation: &Observation, scope: &Scope) -> Check {
    let user = &target.user;
    let (status, evidence) = match observation.linger {
        mosaic_systemd::Linger::On => (Status::Pass, format!("the units of {user} run without a login")),
        mosaic_systemd::Linger::Off => (Status::Fail, format!("the units of {user} end at logout")),
        mosaic_systemd::Linger::NoLogind => (Status::Unknown, "no logind here that could be asked".to_owned()),
    };
    let row = check(CheckName::Linger, status, evidence, &format!("loginctl enable-linger {user}"));
    Check { required: scope.strict, ..row }
}

/// What is on top of the other checks; strays harm no agent of the roster.
fn drift(snapshot: &Snapshot, observation: &Observation, scope: &Scope) -> Check {
    let in_scope = |item: &&DriftItem| scope.agents.is_none() || scope.has(&item.subject);
    let items: Vec<&DriftItem> = snapshot.drift.iter().filter(in_scope).collect();
    let harmless =
        |kind| matches!(kind, DriftKind::UnmanagedSession | DriftKind::OrphanHeartbeat | DriftKind::LingerOff);
    let listed: Vec<String> = items.iter().map(|item| format!("{} {}", item.kind, item.subject)).collect();
    let blind = observation.tmux.result.is_err()
        || observation.heartbeats.result.is_err()
        || observation.processes.result.is_err()
        || observation.generated.result.is_err()
        || (observation.systemd.result.is_err() && !observation.direct);
    let advice = "mosaic fleet ps has each with what to do";
    let row = match (listed.is_empty(), blind) {
        (false, _) => check(CheckName::Drift, Status::Fail, listed.join(", "), advice),
        (true, true) => check(CheckName::Drift, Status::Unknown, "not all could be looked at".to_owned(), BLIND),
        (true, false) => check(CheckName::Drift, Status::Pass, "all is as the roster says".to_owned(), ""),
    };
    let required = scope.strict || items.is_empty() || !items.iter().all(|item| harmless(item.kind));
    Check { required, ..row }
}
