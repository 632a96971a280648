//! The verdict.

use std::time::Duration;

use mosaic_heartbeat::{Freshness, Heartbeat, Status};

use super::{AgentFacts, Beat, Binding, PaneFact, ProcessFact};
use crate::snapshot::Condition;

/// The condition of an agent, and why where the word alone does not say.
pub(crate) fn condition(facts: &AgentFacts<'_>) -> (Condition, Option<String>) {
    let because = |condition, why: String| (condition, Some(why));
    match (facts.pane, &facts.process) {
        (PaneFact::Unknown(why), ProcessFact::Alive) => without_tmux(&facts.beat, why),
        (PaneFact::Unknown(why), ProcessFact::Ended) => match &facts.beat {
            // It may run again since: nobody has written so yet, and tmux does not say.
            Beat::Read { binding: Binding::OtherBoot, .. } => because(Condition::Unknown, why.to_owned()),
            beat => because(Condition::Dead, ended(beat).unwrap_or_else(|| "its process is gone".to_owned())),
        },
        (PaneFact::Unknown(why), ProcessFact::Nobody | ProcessFact::Unreadable(_)) => {
            because(Condition::Unknown, why.to_owned())
        }
        (PaneFact::NoServer | PaneFact::Missing, _) if facts.activating() => {
            (Condition::Starting, ended(&facts.beat).map(|end| format!("{end}; it is being started again")))
        }
        (PaneFact::NoServer, _) => because(Condition::Missing, "there is no tmux server on the socket".to_owned()),
        (PaneFact::Missing, _) => (Condition::Missing, ended(&facts.beat)),
        (PaneFact::There(pane), _) if pane.dead => {
            let end = pane.verdict.map(|verdict| format!("its process exited with {verdict}"));
            (Condition::Dead, end.or_else(|| Some("its process has ended".to_owned())))
        }
        (PaneFact::There(_), ProcessFact::Ended | ProcessFact::Nobody) => {
            because(Condition::Dead, ended(&facts.beat).unwrap_or_else(|| "its process is gone".to_owned()))
        }
        (PaneFact::There(_), ProcessFact::Unreadable(why)) => because(Condition::Unknown, why.clone()),
        (PaneFact::There(_), ProcessFact::Alive) if facts.activating() => (Condition::Starting, None),
        (PaneFact::There(_), ProcessFact::Alive) => by_heartbeat(&facts.beat),
    }
}

/// The process lives; does somebody watch it?
fn by_heartbeat(beat: &Beat<'_>) -> (Condition, Option<String>) {
    let because = |condition, why: String| (condition, Some(why));
    match beat {
        Beat::Missing => because(Condition::Unknown, "there is no heartbeat".to_owned()),
        Beat::Unreadable(why) => because(Condition::Unknown, format!("its heartbeat: {why}")),
        Beat::Read { binding: Binding::OtherBoot, .. } => {
            because(Condition::Unknown, "its heartbeat is from before the host was booted".to_owned())
        }
        Beat::Read { heartbeat, binding: Binding::Other, .. } => because(
            Condition::Unknown,
            format!("its heartbeat is about process {}, which is not the pane's", heartbeat.pid),
        ),
        Beat::Read { freshness: Freshness::Unknown(why), .. } => {
            because(Condition::Unknown, format!("its heartbeat cannot be judged: {why}"))
        }
        Beat::Read { heartbeat: Heartbeat { status: Status::Ok, .. }, freshness, .. } => match freshness {
            Freshness::Fresh { .. } => (Condition::Up, None),
            Freshness::Late { age } => {
                because(Condition::Stale, format!("its last heartbeat is {} old", seconds(*age)))
            }
            Freshness::Unknown(why) => because(Condition::Unknown, why.to_string()),
        },
        Beat::Read { heartbeat, .. } => because(
            Condition::Stale,
            format!("its heartbeat ended with '{}', and its process runs: nobody watches it", heartbeat.status),
        ),
    }
}

/// The process that the heartbeat names lives; whether it still is in its pane, only tmux knows.
fn without_tmux(beat: &Beat<'_>, why: &str) -> (Condition, Option<String>) {
    let (condition, reason) = by_heartbeat(beat);
    (condition, reason.or_else(|| Some(format!("by its heartbeat and process alone: {why}"))))
}

/// How the agent ended, by the last word of its sidecar.
fn ended(beat: &Beat<'_>) -> Option<String> {
    let Beat::Read { heartbeat, .. } = beat else { return None };
    match (heartbeat.status, heartbeat.binding.as_ref().and_then(|binding| binding.exit)) {
        (Status::Ok, _) => None,
        (Status::Exited, Some(verdict)) => Some(format!("it exited with {verdict}")),
        (Status::Exited, None) => Some("it exited".to_owned()),
        (Status::Stopped, _) => Some("it was stopped".to_owned()),
        (Status::Lost, _) => Some("its session, or its tmux server, was taken away".to_owned()),
    }
}

fn seconds(age: Duration) -> String {
    format!("{} s", age.as_secs())
}

#[cfg(test)]
mod tests;
