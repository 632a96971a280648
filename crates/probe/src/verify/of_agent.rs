//! The checks of one agent: pure.

use mosaic_domain::AgentName;
use mosaic_heartbeat::{Freshness, Status as BeatStatus};
use mosaic_systemd::{ActiveState, UnitName};

use super::table::BLIND;
use super::words::Words;
use super::{Check, CheckName, Facts, Scope, Status};
use crate::judge::{AgentFacts, Beat, Binding, PaneFact, ProcessFact};
use crate::observe::Observation;
use crate::plea::{Plea, plea};
use crate::snapshot::{AgentSnapshot, DriftKind};

type Answer = (Status, String);

pub(super) fn of_agent(
    agent: &AgentName,
    seen: &AgentFacts<'_>,
    observation: &Observation,
    snapshot: Option<&AgentSnapshot>,
    facts: &Facts,
    scope: &Scope,
    words: Words,
) -> [Check; 8] {
    let restart = words.say(format_args!("mosaic fleet restart {agent}"));
    let start = words.say(format_args!("mosaic fleet start {agent}; journalctl --user AGENT={agent}"));
    let row = |name, (status, evidence): Answer, required, advice: &str| Check {
        name,
        agent: Some(words.repeat(agent.as_str())),
        status,
        required,
        advice: match status {
            Status::Pass => String::new(),
            Status::Unknown if is_of_a_source(observation, &evidence) => words.repeat(BLIND),
            Status::Fail | Status::Unknown => words.repeat(advice),
        },
        evidence,
    };
    // Where no manager is there to start units, a fleet that was started directly is as it should be.
    let managed = scope.strict || !observation.direct;
    let unit = UnitName::agent(agent);
    let runtime = runtime(agent, observation, facts, words);
    // What only the shell can tell is no failure.
    let runtime_required = runtime.0 != Status::Unknown || scope.strict && recorded(agent, observation);
    let plea = snapshot.and_then(plea);
    [
        row(CheckName::Session, session(agent, seen, words), true, &start),
        row(CheckName::Process, process(seen, words), true, if seen.alive() { &restart } else { &start }),
        row(CheckName::Heartbeat, heartbeat(seen, words), true, &restart),
        row(CheckName::UnitActive, unit_active(&unit, seen, observation, words), managed, &start),
        row(CheckName::UnitEnabled, unit_enabled(&unit, snapshot, observation, words), managed, "mosaic fleet install"),
        row(CheckName::ControlGroup, control_group(&unit, seen, observation, words), managed, &restart),
        row(CheckName::Runtime, runtime, runtime_required, "install it, then mosaic fleet install"),
        row(
            CheckName::Activity,
            activity(snapshot, plea.as_ref(), words),
            false,
            plea.as_ref().map_or("", |plea| &plea.to_do),
        ),
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

fn session(agent: &AgentName, seen: &AgentFacts<'_>, words: Words) -> Answer {
    match seen.pane {
        PaneFact::Unknown(why) => (Status::Unknown, why.to_owned()),
        PaneFact::NoServer => (Status::Fail, words.repeat("there is no tmux server")),
        PaneFact::Missing => (Status::Fail, words.say(format_args!("there is no session named {agent}"))),
        PaneFact::There(pane) => (Status::Pass, words.say(format_args!("session {}, pane {}", pane.session, pane.id))),
    }
}

fn process(seen: &AgentFacts<'_>, words: Words) -> Answer {
    let pane = match seen.pane {
        PaneFact::Unknown(why) => return (Status::Unknown, why.to_owned()),
        PaneFact::NoServer | PaneFact::Missing => {
            return (Status::Fail, words.repeat("there is no pane it could run in"));
        }
        PaneFact::There(pane) => pane,
    };
    match &seen.process {
        ProcessFact::Unreadable(why) => return (Status::Unknown, why.clone()),
        ProcessFact::Alive if !pane.dead => {}
        _ => return (Status::Fail, words.say(format_args!("process {} has ended", pane.pid))),
    }
    match &seen.beat {
        Beat::Missing => {
            (Status::Fail, words.say(format_args!("process {} runs, but no heartbeat names it", pane.pid)))
        }
        Beat::Unreadable(why) => {
            (Status::Unknown, words.say(format_args!("process {} runs; its heartbeat: {why}", pane.pid)))
        }
        Beat::Read { binding: Binding::Same, .. } => {
            (Status::Pass, words.say(format_args!("process {} runs, the one that its heartbeat names", pane.pid)))
        }
        Beat::Read { heartbeat, .. } => (
            Status::Fail,
            words.say(format_args!("process {} runs, its heartbeat is about process {}", pane.pid, heartbeat.pid)),
        ),
    }
}

fn heartbeat(seen: &AgentFacts<'_>, words: Words) -> Answer {
    let (heartbeat, freshness) = match &seen.beat {
        Beat::Missing => return (Status::Fail, words.repeat("there is none")),
        Beat::Unreadable(why) => return (Status::Unknown, (*why).to_owned()),
        Beat::Read { heartbeat, freshness, .. } => (heartbeat, freshness),
    };
    let status = heartbeat.status;
    match freshness {
        Freshness::Unknown(why) => (Status::Unknown, why.to_string()),
        Freshness::Late { age } => {
            (Status::Fail, words.say(format_args!("the last is {} s old, and says '{status}'", age.as_secs())))
        }
        Freshness::Fresh { .. } if status != BeatStatus::Ok => {
            (Status::Fail, words.say(format_args!("it says '{status}'")))
        }
        Freshness::Fresh { age } => (Status::Pass, words.say(format_args!("{:.1} s old", age.as_secs_f32()))),
    }
}

/// The manager's answer, or why there is none.
fn asked(observation: &Observation) -> Result<(), Answer> {
    observation.systemd.result.as_ref().map(drop).map_err(|why| (Status::Unknown, why.clone()))
}

fn unit_active(name: &UnitName, seen: &AgentFacts<'_>, observation: &Observation, words: Words) -> Answer {
    if let Err(unknown) = asked(observation) {
        return unknown;
    }
    match seen.unit {
        None => (Status::Fail, words.say(format_args!("{name} is not loaded"))),
        // "active (exited)" says that something ended long ago.
        Some(unit) if unit.active == ActiveState::Active && unit.sub == "running" => {
            (Status::Pass, words.say(format_args!("{name} is active (running)")))
        }
        Some(unit) => (Status::Fail, words.say(format_args!("{name} is {} ({})", unit.active, unit.sub))),
    }
}

fn unit_enabled(name: &UnitName, agent: Option<&AgentSnapshot>, observation: &Observation, words: Words) -> Answer {
    if observation.direct {
        return (Status::Unknown, words.repeat("there is no user manager that would start it"));
    }
    let files = match &observation.unit_files {
        Ok(files) => files,
        Err(why) => return (Status::Unknown, why.clone()),
    };
    let missing = agent.is_some_and(|agent| agent.drift.contains(&DriftKind::UnitMissing));
    match (missing, files.links.enabled.contains(name)) {
        (true, _) => (Status::Fail, words.say(format_args!("{name} is not installed, or masked"))),
        (false, true) => (Status::Pass, words.say(format_args!("{name} is started at boot"))),
        (false, false) => (Status::Fail, words.say(format_args!("{name} is not enabled"))),
    }
}

fn control_group(name: &UnitName, seen: &AgentFacts<'_>, observation: &Observation, words: Words) -> Answer {
    if let Err(unknown) = asked(observation) {
        return unknown;
    }
    match seen.seen.and_then(|process| process.group.as_deref()) {
        Some(group) if group == name.as_str() => {
            (Status::Pass, words.say(format_args!("its process is in the group of {name}")))
        }
        Some(group) => {
            (Status::Fail, words.say(format_args!("its process is in the group {group}, not in that of {name}")))
        }
        None if matches!(seen.pane, PaneFact::Unknown(_)) => {
            (Status::Unknown, words.repeat("which process is in the pane is not known"))
        }
        None => (Status::Fail, words.repeat("its process has no control group of a unit")),
    }
}

fn activity(agent: Option<&AgentSnapshot>, plea: Option<&Plea>, words: Words) -> Answer {
    let Some(activity) = agent.and_then(|agent| agent.activity.as_ref()) else {
        return (Status::Pass, words.repeat("it does not say what it does"));
    };
    let state = &activity.state;
    match plea {
        Some(plea) => (Status::Fail, words.say(format_args!("{state}: {}", plea.why))),
        None => (Status::Pass, words.say(format_args!("{state} since {}", activity.since))),
    }
}

fn recorded(agent: &AgentName, observation: &Observation) -> bool {
    let generated = observation.generated.result.as_ref().ok().and_then(|files| files.get(agent));
    generated.is_some_and(|files| files.search_path.is_some())
}

fn runtime(agent: &AgentName, observation: &Observation, facts: &Facts, words: Words) -> Answer {
    let generated = match &observation.generated.result {
        Err(why) => return (Status::Unknown, why.clone()),
        Ok(files) => files.get(agent),
    };
    match (facts.programs.get(agent).map(|program| &**program), generated) {
        (Some(Ok(program)), _) => (Status::Pass, words.say(format_args!("{}", program.display()))),
        (Some(Err(why)), _) if recorded(agent, observation) => (Status::Fail, why.clone()),
        (Some(Err(why)), _) => (Status::Unknown, why.clone()),
        (None, Some(files)) => {
            (Status::Unknown, words.say(format_args!("only the shell can tell what '{}' runs", files.command)))
        }
        (None, None) => (Status::Unknown, words.repeat("nothing is known of its command")),
    }
}
