//! The checks of one agent.

use mosaic_domain::AgentName;
use mosaic_heartbeat::{Freshness, Status as HeartbeatStatus};
use mosaic_roster::Agent;
use mosaic_systemd::{ActiveState, UnitName};
use mosaic_tmux::SessionPane;

use super::VerifyInput;
use super::check::{Check, CheckName, Evidence, Scope, Status, read_failure_advice};
use super::program_facts::{NO_SEARCH_PATH, ProgramFacts};
use crate::advice::Advice;
use crate::judge::{AgentFacts, Binding, HeartbeatFact, PaneFact, ProcessFact};
use crate::limits::{LimitsState, judge_limits};
use crate::observe::Observation;
use crate::snapshot::{AgentSnapshot, AttentionAdvice, Condition, DriftItem, DriftKind, attention_advice};
use crate::target::Target;

/// The status of a check with its evidence.
type Outcome = (Status, String);

pub(super) fn agent_checks(
    input: &VerifyInput<'_>,
    agent: &AgentName,
    agent_facts: &AgentFacts<'_>,
    snapshot: &AgentSnapshot,
    evidence: Evidence,
) -> [Check; 9] {
    let VerifyInput { target, observation, program_facts, scope, .. } = *input;
    // Starting ends nothing: an agent that runs without a sidecar gets one, and a lost socket is opened again.
    let start = evidence.advice(|| {
        let command = format!("mosaic fleet start {agent}");
        let text = format!("{command}; mosaic agent logs {agent}");
        Advice::run_as_in(command, text)
    });
    let start_unit = evidence.advice(|| {
        let text = format!("{}; journalctl --user -u {}", start.text, UnitName::agent(agent));
        Advice { text, ..start.clone() }
    });
    let logs = evidence.advice(|| Advice::run(format!("mosaic agent logs {agent}")));
    let install = evidence.advice(|| Advice::run("mosaic fleet install"));
    let row = |name, (status, text): Outcome, required, advice: &Advice| {
        let advice = match status {
            Status::Pass => Advice::default(),
            Status::Unknown if is_read_failure(observation, &text) => evidence.advice(read_failure_advice),
            Status::Fail | Status::Unknown => advice.clone(),
        };
        Check {
            name,
            agent: Some(evidence.copy(agent.as_str())),
            status,
            required,
            advice: advice.text,
            command: advice.command,
            evidence: text,
        }
    };
    // Without a user manager, a fleet that was started directly is as it should be.
    let units_required = scope.strict || !observation.direct;
    let unit = UnitName::agent(agent);
    let runtime = runtime(agent, observation, program_facts, evidence);
    // A command that only the shell can resolve is not a failure.
    let runtime_required = runtime.0 != Status::Unknown || scope.strict && has_recorded_path(agent, observation);
    let runtime_advice = match program_facts.installers.get(agent) {
        _ if runtime.1 == NO_SEARCH_PATH => install.clone(),
        Some(command) => {
            let text = evidence.format(format_args!("{command}; mosaic fleet install; mosaic fleet start {agent}"));
            Advice::decide(text)
        }
        // Only a shell can tell what the command runs.
        None if runtime.0 == Status::Unknown => evidence.advice(|| {
            let text = "write the command as a program with its arguments, so that the program can be looked for";
            if runtime_required { Advice::decide(text) } else { Advice::default() }
        }),
        None => evidence
            .advice(|| Advice::decide("install it, or correct the command in the roster; then mosaic fleet install")),
    };
    let attention = attention_advice(snapshot);
    let attention_advice = attention.as_ref().map(|attention| Advice::decide(attention.advice.clone()));
    // What is wrong with the heartbeat, and a session with another name, have their advice in the drift.
    let of_heartbeat =
        evidence.advice(|| heartbeat_advice(agent, &input.snapshot.drift, target).unwrap_or_else(|| start.clone()));
    let of_session = evidence.advice(|| session_advice(agent, &input.snapshot.drift).unwrap_or_else(|| start.clone()));
    // An agent that was stopped on request is as it should be without a process.
    let stopped = (snapshot.condition == Condition::Stopped).then_some(snapshot);
    let unless_stopped = |outcome: &dyn Fn() -> Outcome| match stopped {
        Some(stopped) => (Status::Pass, evidence.copy(stopped.reason.as_deref().unwrap_or_default())),
        None => outcome(),
    };
    [
        row(CheckName::Session, unless_stopped(&|| session(agent, agent_facts, evidence)), true, &of_session),
        row(CheckName::Process, unless_stopped(&|| process(agent_facts, evidence)), true, &of_heartbeat),
        row(CheckName::Heartbeat, unless_stopped(&|| heartbeat(agent_facts, evidence)), true, &of_heartbeat),
        row(
            CheckName::UnitActive,
            unless_stopped(&|| unit_active(&unit, agent_facts, observation, evidence)),
            units_required,
            &start_unit,
        ),
        row(CheckName::UnitEnabled, unit_enabled(&unit, snapshot, observation, evidence), units_required, &install),
        row(
            CheckName::ControlGroup,
            unless_stopped(&|| control_group(&unit, agent_facts, observation, evidence)),
            units_required,
            &start,
        ),
        row(CheckName::Runtime, runtime, runtime_required, &runtime_advice),
        row(CheckName::Restarts, restarts(snapshot, evidence), true, &logs),
        row(
            CheckName::Activity,
            activity(snapshot, attention.as_ref(), evidence),
            false,
            attention_advice.as_ref().unwrap_or(&Advice::default()),
        ),
    ]
}

/// The advice of the drift that explains the agent's heartbeat.
fn heartbeat_advice(agent: &AgentName, drift: &[DriftItem], target: &Target) -> Option<Advice> {
    let directory = target.run_directory.path().display().to_string();
    let explains = |item: &&DriftItem| {
        let is_about = item.subject == agent.as_str() || item.subject == directory;
        is_about && matches!(item.kind, DriftKind::StaleHeartbeat | DriftKind::PidMismatch)
    };
    drift.iter().find(explains).map(|item| Advice { text: item.advice.clone(), command: item.command.clone() })
}

/// The advice of the drift that explains the agent's session, unless it is to start the agent.
fn session_advice(agent: &AgentName, drift: &[DriftItem]) -> Option<Advice> {
    let start = format!("mosaic fleet start {agent}");
    let explains = |item: &&DriftItem| item.subject == agent.as_str() && item.kind == DriftKind::SessionMissing;
    let item = drift.iter().find(explains).filter(|item| item.advice != start)?;
    Some(Advice { text: item.advice.clone(), command: item.command.clone() })
}

/// Whether the evidence is the error of a whole source that could not be read.
fn is_read_failure(observation: &Observation, evidence: &str) -> bool {
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

fn session(agent: &AgentName, facts: &AgentFacts<'_>, evidence: Evidence) -> Outcome {
    match facts.pane {
        PaneFact::Unknown(why) => (Status::Unknown, why.to_owned()),
        PaneFact::NoServer => (Status::Fail, evidence.copy("there is no tmux server")),
        PaneFact::Missing => (Status::Fail, evidence.format(format_args!("there is no session named {agent}"))),
        PaneFact::Exists(pane) => {
            (Status::Pass, evidence.format(format_args!("session {}, pane {}", pane.session, pane.id)))
        }
    }
}

fn process(facts: &AgentFacts<'_>, evidence: Evidence) -> Outcome {
    let pane = match facts.pane {
        PaneFact::Unknown(why) => return (Status::Unknown, why.to_owned()),
        PaneFact::NoServer | PaneFact::Missing => {
            return match &facts.heartbeat {
                HeartbeatFact::Read { heartbeat, .. } if facts.lives() => {
                    let pid = heartbeat.pid;
                    (Status::Pass, evidence.format(format_args!("process {pid} runs, according to its heartbeat")))
                }
                _ => (Status::Fail, evidence.copy("there is no pane for it to run in")),
            };
        }
        PaneFact::Exists(pane) => pane,
    };
    match &facts.process {
        ProcessFact::Unreadable(why) => return (Status::Unknown, why.clone()),
        ProcessFact::Alive if !pane.dead => {}
        _ => return (Status::Fail, evidence.format(format_args!("{} has ended", process_of(pane)))),
    }
    let process = process_of(pane);
    match &facts.heartbeat {
        HeartbeatFact::Missing => {
            (Status::Fail, evidence.format(format_args!("{process} runs, but there is no heartbeat")))
        }
        HeartbeatFact::Unreadable(why) => {
            (Status::Unknown, evidence.format(format_args!("{process} runs, but its heartbeat cannot be read: {why}")))
        }
        HeartbeatFact::Read { binding: Binding::Same, .. } => {
            (Status::Pass, evidence.format(format_args!("{process} runs, and its heartbeat names it")))
        }
        HeartbeatFact::Read { heartbeat, .. } => (
            Status::Fail,
            evidence.format(format_args!("{process} runs, but its heartbeat names process {}", heartbeat.pid)),
        ),
    }
}

/// The pane's process, by its PID if tmux reports it.
fn process_of(pane: &SessionPane) -> String {
    pane.pid.map_or_else(|| "the process in its pane".to_owned(), |pid| format!("process {pid}"))
}

fn heartbeat(facts: &AgentFacts<'_>, evidence: Evidence) -> Outcome {
    let (heartbeat, freshness) = match &facts.heartbeat {
        HeartbeatFact::Missing => return (Status::Fail, evidence.copy("there is no heartbeat")),
        HeartbeatFact::Unreadable(why) => return (Status::Unknown, (*why).to_owned()),
        HeartbeatFact::Read { heartbeat, freshness, .. } => (heartbeat, freshness),
    };
    let status = heartbeat.status;
    match freshness {
        Freshness::Unknown(why) => (Status::Unknown, why.to_string()),
        Freshness::Late { age } => (
            Status::Fail,
            evidence.format(format_args!("the last heartbeat is {} s old, with status '{status}'", age.as_secs())),
        ),
        Freshness::Fresh { .. } if status != HeartbeatStatus::Ok => {
            (Status::Fail, evidence.format(format_args!("the heartbeat has status '{status}'")))
        }
        Freshness::Fresh { age } => (Status::Pass, evidence.format(format_args!("{:.1} s old", age.as_secs_f32()))),
    }
}

/// An unknown outcome if the user manager could not be queried.
fn check_systemd_read(observation: &Observation) -> Result<(), Outcome> {
    observation.systemd.result.as_ref().map(drop).map_err(|why| (Status::Unknown, why.clone()))
}

fn unit_active(name: &UnitName, facts: &AgentFacts<'_>, observation: &Observation, evidence: Evidence) -> Outcome {
    if let Err(unknown) = check_systemd_read(observation) {
        return unknown;
    }
    match facts.unit {
        None => (Status::Fail, evidence.format(format_args!("{name} is not loaded"))),
        // "active (exited)" means that something ended long ago.
        Some(unit) if unit.active == ActiveState::Active && unit.sub == "running" => {
            (Status::Pass, evidence.format(format_args!("{name} is active (running)")))
        }
        Some(unit) => (Status::Fail, evidence.format(format_args!("{name} is {} ({})", unit.active, unit.sub))),
    }
}

fn unit_enabled(name: &UnitName, agent: &AgentSnapshot, observation: &Observation, evidence: Evidence) -> Outcome {
    if observation.direct {
        return (Status::Unknown, evidence.copy("there is no user manager to start it"));
    }
    let files = match &observation.unit_files {
        Ok(files) => files,
        Err(why) => return (Status::Unknown, why.clone()),
    };
    let missing = agent.drift.contains(&DriftKind::UnitMissing);
    match (missing, files.links.enabled.contains(name)) {
        (true, _) => (Status::Fail, evidence.format(format_args!("{name} is not installed, or masked"))),
        (false, true) => (Status::Pass, evidence.format(format_args!("{name} is enabled"))),
        (false, false) if agent.condition == Condition::Stopped => {
            (Status::Pass, evidence.format(format_args!("{name} is not enabled, and the agent is stopped")))
        }
        (false, false) => (Status::Fail, evidence.format(format_args!("{name} is not enabled"))),
    }
}

fn control_group(name: &UnitName, facts: &AgentFacts<'_>, observation: &Observation, evidence: Evidence) -> Outcome {
    if let Err(unknown) = check_systemd_read(observation) {
        return unknown;
    }
    match facts.observed.and_then(|process| process.group.as_deref()) {
        Some(group) if group == name.as_str() => {
            (Status::Pass, evidence.format(format_args!("its process is in the control group of {name}")))
        }
        Some(group) => (
            Status::Fail,
            evidence.format(format_args!("its process is in the control group {group}, not in that of {name}")),
        ),
        None if matches!(facts.pane, PaneFact::Unknown(_)) => {
            (Status::Unknown, evidence.copy("the process in its pane is unknown"))
        }
        None => (Status::Fail, evidence.copy("its process is not in the control group of a unit")),
    }
}

/// The check of the limits; `None` for an agent without limits, or without a process to limit.
pub(super) fn limits(agent: &Agent, facts: &AgentFacts<'_>, observation: &Observation, scope: &Scope) -> Option<Check> {
    let (status, evidence, advice) = match judge_limits(&agent.name, &agent.limits, facts) {
        LimitsState::NotSet | LimitsState::NotRunning => return None,
        LimitsState::InForce => (Status::Pass, "its control group has their controllers".to_owned(), String::new()),
        LimitsState::NotInForce { .. } if observation.direct => {
            let advice = "mosaic fleet install, where a user manager runs";
            (Status::Fail, "there is no user manager that enforces them".to_owned(), advice.to_owned())
        }
        LimitsState::NotInForce { detail, advice } => (Status::Fail, detail, advice),
        LimitsState::Unknown => {
            let advice = format!("mosaic fleet restart {} (ends its process)", agent.name);
            (Status::Unknown, "its control group could not be read".to_owned(), advice)
        }
    };
    let required = scope.strict || !observation.direct;
    Some(Check {
        name: CheckName::Limits,
        agent: Some(agent.name.to_string()),
        status,
        required,
        evidence,
        advice,
        command: None,
    })
}

fn restarts(agent: &AgentSnapshot, evidence: Evidence) -> Outcome {
    match (&agent.restarts, &agent.reason) {
        (None, _) => (Status::Pass, evidence.copy("it does not keep ending")),
        (Some(_), Some(reason)) => (Status::Fail, evidence.copy(reason)),
        (Some(restarts), None) => (Status::Fail, evidence.copy(&restarts.summary)),
    }
}

fn activity(agent: &AgentSnapshot, attention: Option<&AttentionAdvice>, evidence: Evidence) -> Outcome {
    let Some(activity) = agent.activity.as_ref() else {
        return (Status::Pass, evidence.copy("no activity is known"));
    };
    let state = &activity.state;
    match attention {
        Some(attention) => (Status::Fail, evidence.format(format_args!("{state}: {}", attention.detail))),
        None => (Status::Pass, evidence.format(format_args!("{state} since {:.3}", activity.since))),
    }
}

fn has_recorded_path(agent: &AgentName, observation: &Observation) -> bool {
    let generated = observation.generated.result.as_ref().ok().and_then(|files| files.get(agent));
    generated.is_some_and(|files| files.search_path.is_some())
}

fn runtime(agent: &AgentName, observation: &Observation, facts: &ProgramFacts, evidence: Evidence) -> Outcome {
    let generated = match &observation.generated.result {
        Err(why) => return (Status::Unknown, why.clone()),
        Ok(files) => files.get(agent),
    };
    match (facts.programs.get(agent).map(|program| &**program), generated) {
        (Some(Ok(program)), _) => (Status::Pass, evidence.format(format_args!("{}", program.display()))),
        (Some(Err(why)), _) if has_recorded_path(agent, observation) => (Status::Fail, why.clone()),
        (Some(Err(why)), _) => (Status::Unknown, why.clone()),
        (None, Some(files)) => (
            Status::Unknown,
            evidence.format(format_args!("only the shell can resolve the command '{}'", files.command)),
        ),
        (None, None) => (Status::Unknown, evidence.copy("its command is unknown")),
    }
}
