//! The checks of one agent: pure.

use domain::AgentName;
use heartbeat::{Freshness, Status as BeatStatus};
use systemd::{ActiveState, UnitName};

use super::table::BLIND;
use super::{Check, CheckName, Facts, Scope, Status};
use crate::judge::{AgentFacts, Beat, Binding, PaneFact, ProcessFact};
use crate::observe::Observation;
use crate::snapshot::Snapshot;

type Answer = (Status, String);

pub(super) fn of_agent(
    agent: &AgentName,
    seen: &AgentFacts<'_>,
    observation: &Observation,
    snapshot: &Snapshot,
    facts: &Facts,
    scope: &Scope,
) -> Vec<Check> {
    let restart = format!("mosaic fleet restart {agent}");
    let start = format!("mosaic fleet start {agent}; journalctl --user AGENT={agent}");
    let row = |name, (status, evidence): Answer, required, advice: &str| Check {
        name,
        agent: Some(agent.to_string()),
        status,
        required,
        advice: match status {
            Status::Pass => String::new(),
            Status::Unknown if is_of_a_source(observation, &evidence) => BLIND.to_owned(),
            Status::Fail | Status::Unknown => advice.to_owned(),
        },
        evidence,
    };
    // Where no manager is there to start units, a fleet that was started directly is as it should be.
    let managed = scope.strict || !observation.direct;
    let runtime = runtime(agent, observation, facts);
    // What only the shell can tell is no failure.
    let runtime_required = runtime.0 != Status::Unknown || scope.strict && recorded(agent, observation);
    vec![
        row(CheckName::Session, session(agent, seen), true, &start),
        row(CheckName::Process, process(seen), true, if seen.alive() { &restart } else { &start }),
        row(CheckName::Heartbeat, heartbeat(seen), true, &restart),
        row(CheckName::UnitActive, unit_active(agent, seen, observation), managed, &start),
        row(CheckName::UnitEnabled, unit_enabled(agent, observation, snapshot), managed, "mosaic fleet install"),
        row(CheckName::ControlGroup, control_group(agent, seen, observation), managed, &restart),
        row(CheckName::Runtime, runtime, runtime_required, "install it, then mosaic fleet install"),
    ]
}

/// Is it why a whole source could not be read?
fn is_of_a_source(observation: &Observation, evidence: &str) -> bool {
    let reasons = [
        observation.tmux.result.as_ref().err(),
        observation.systemd.result.as_ref().err(),
        observation.heartbeats.result.as_ref().err(),
        observation.processes.result.as_ref().err(),
        observation.generated.result.as_ref().err(),
        observation.unit_files.as_ref().err(),
    ];
    reasons.into_iter().flatten().any(|why| why == evidence)
}

fn session(agent: &AgentName, seen: &AgentFacts<'_>) -> Answer {
    match seen.pane {
        PaneFact::Unknown(why) => (Status::Unknown, why.to_owned()),
        PaneFact::NoServer => (Status::Fail, "there is no tmux server".to_owned()),
        PaneFact::Missing => (Status::Fail, format!("there is no session named {agent}")),
        PaneFact::There(pane) => (Status::Pass, format!("session {}, pane {}", pane.session, pane.id)),
    }
}

fn process(seen: &AgentFacts<'_>) -> Answer {
    let pane = match seen.pane {
        PaneFact::Unknown(why) => return (Status::Unknown, why.to_owned()),
        PaneFact::NoServer | PaneFact::Missing => return (Status::Fail, "there is no pane it could run in".to_owned()),
        PaneFact::There(pane) => pane,
    };
    match &seen.process {
        ProcessFact::Unreadable(why) => return (Status::Unknown, why.clone()),
        ProcessFact::Alive if !pane.dead => {}
        _ => return (Status::Fail, format!("process {} has ended", pane.pid)),
    }
    match &seen.beat {
        Beat::Missing => (Status::Fail, format!("process {} runs, but no heartbeat names it", pane.pid)),
        Beat::Unreadable(why) => (Status::Unknown, format!("process {} runs; its heartbeat: {why}", pane.pid)),
        Beat::Read { binding: Binding::Same, .. } => {
            (Status::Pass, format!("process {} runs, the one that its heartbeat names", pane.pid))
        }
        Beat::Read { heartbeat, .. } => {
            (Status::Fail, format!("process {} runs, its heartbeat is about process {}", pane.pid, heartbeat.pid))
        }
    }
}

fn heartbeat(seen: &AgentFacts<'_>) -> Answer {
    let (heartbeat, freshness) = match &seen.beat {
        Beat::Missing => return (Status::Fail, "there is none".to_owned()),
        Beat::Unreadable(why) => return (Status::Unknown, (*why).to_owned()),
        Beat::Read { heartbeat, freshness, .. } => (heartbeat, freshness),
    };
    let status = heartbeat.status;
    match freshness {
        Freshness::Unknown(why) => (Status::Unknown, why.to_string()),
        Freshness::Late { age } => (Status::Fail, format!("the last is {} s old, and says '{status}'", age.as_secs())),
        Freshness::Fresh { .. } if status != BeatStatus::Ok => (Status::Fail, format!("it says '{status}'")),
        Freshness::Fresh { age } => (Status::Pass, format!("{:.1} s old", age.as_secs_f32())),
    }
}

/// The manager's answer, or why there is none.
fn asked(observation: &Observation) -> Result<(), Answer> {
    observation.systemd.result.as_ref().map(drop).map_err(|why| (Status::Unknown, why.clone()))
}

fn unit_active(agent: &AgentName, seen: &AgentFacts<'_>, observation: &Observation) -> Answer {
    if let Err(unknown) = asked(observation) {
        return unknown;
    }
    let name = UnitName::agent(agent);
    match seen.unit {
        None => (Status::Fail, format!("{name} is not loaded")),
        // "active (exited)" says that something ended long ago.
        Some(unit) if unit.active == ActiveState::Active && unit.sub == "running" => {
            (Status::Pass, format!("{name} is active (running)"))
        }
        Some(unit) => (Status::Fail, format!("{name} is {} ({})", unit.active, unit.sub)),
    }
}

fn unit_enabled(agent: &AgentName, observation: &Observation, snapshot: &Snapshot) -> Answer {
    let name = UnitName::agent(agent);
    if observation.direct {
        return (Status::Unknown, "there is no user manager that would start it".to_owned());
    }
    let files = match &observation.unit_files {
        Ok(files) => files,
        Err(why) => return (Status::Unknown, why.clone()),
    };
    let missing = snapshot
        .agent(agent.as_str())
        .is_some_and(|agent| agent.drift.contains(&crate::snapshot::DriftKind::UnitMissing));
    match (missing, files.enabled.contains(&name)) {
        (true, _) => (Status::Fail, format!("{name} is not installed, or masked")),
        (false, true) => (Status::Pass, format!("{name} is started at boot")),
        (false, false) => (Status::Fail, format!("{name} is not enabled")),
    }
}

fn control_group(agent: &AgentName, seen: &AgentFacts<'_>, observation: &Observation) -> Answer {
    if let Err(unknown) = asked(observation) {
        return unknown;
    }
    let name = UnitName::agent(agent);
    match seen.seen.and_then(|process| process.group.as_deref()) {
        Some(group) if group == name.as_str() => (Status::Pass, format!("its process is in the group of {name}")),
        Some(group) => (Status::Fail, format!("its process is in the group {group}, not in that of {name}")),
        None if matches!(seen.pane, PaneFact::Unknown(_)) => {
            (Status::Unknown, "which process is in the pane is not known".to_owned())
        }
        None => (Status::Fail, "its process has no control group of a unit".to_owned()),
    }
}

fn recorded(agent: &AgentName, observation: &Observation) -> bool {
    let generated = observation.generated.result.as_ref().ok().and_then(|files| files.get(agent));
    generated.is_some_and(|files| files.search_path.is_some())
}

fn runtime(agent: &AgentName, observation: &Observation, facts: &Facts) -> Answer {
    let generated = match &observation.generated.result {
        Err(why) => return (Status::Unknown, why.clone()),
        Ok(files) => files.get(agent),
    };
    match (facts.programs.get(agent), generated) {
        (Some(Ok(program)), _) => (Status::Pass, program.display().to_string()),
        (Some(Err(why)), _) if recorded(agent, observation) => (Status::Fail, why.clone()),
        (Some(Err(why)), _) => (Status::Unknown, why.clone()),
        (None, Some(files)) => (Status::Unknown, format!("only the shell can tell what '{}' runs", files.command)),
        (None, None) => (Status::Unknown, "nothing is known of its command".to_owned()),
    }
}
