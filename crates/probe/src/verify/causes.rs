//! Groups the checks that failed by their cause: one missing program can fail seven checks of each of thirteen agents.
//! This module is pure.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::check::{Check, CheckName, Status};
use crate::snapshot::{DriftItem, DriftKind};

/// A cause of failed checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// The check that shows the cause.
    pub check: CheckName,
    /// What is wrong: the evidence of that check.
    pub summary: String,
    /// The agents that it affects, in the order of the roster. Empty if it affects the fleet as a whole.
    pub agents: Vec<String>,
    /// What to do.
    pub advice: String,
    /// The command that does it for the first of the agents, a line for a shell; null if a person has to decide. It never
    /// ends a process that may be alive.
    pub command: Option<String>,
    /// The number of required checks that failed because of it.
    pub failed_checks: usize,
}

/// The checks of an agent that fail because it does not run, in the order in which one explains the next. A program that is
/// missing or a restart loop explains them all.
const DOWN: [CheckName; 7] = [
    CheckName::Runtime,
    CheckName::Restarts,
    CheckName::Session,
    CheckName::Process,
    CheckName::Heartbeat,
    CheckName::UnitActive,
    CheckName::ControlGroup,
];

/// The checks of the whole fleet that explain why agents do not run, in this order.
const FLEET_CAUSES: [CheckName; 3] = [CheckName::Roster, CheckName::Programs, CheckName::Holder];

/// Groups the required checks that failed, the causes with the most failed checks first. `drift` is the drift in scope.
pub(super) fn causes(checks: &[Check], drift: &[&DriftItem]) -> Vec<Cause> {
    let failed: Vec<&Check> = checks.iter().filter(|check| check.required && check.status == Status::Fail).collect();
    let mut causes: Vec<Cause> = Vec::new();
    let of_fleet = failed.iter().filter(|check| check.agent.is_none() && check.name != CheckName::Drift);
    causes.extend(of_fleet.map(|check| Cause {
        check: check.name,
        summary: check.evidence.clone(),
        agents: Vec::new(),
        advice: check.advice.clone(),
        command: check.command.clone(),
        failed_checks: 1,
    }));
    // The holder's unit fails with the holder.
    let find = |checks: &[CheckName]| causes.iter().position(|cause| checks.contains(&cause.check));
    // Without its socket, a server that runs cannot show its holder session.
    let fleet_cause = find(&[CheckName::Socket]).or_else(|| find(&FLEET_CAUSES));

    let mut by_agent: BTreeMap<&str, Vec<&Check>> = BTreeMap::new();
    let mut agents: Vec<&str> = Vec::new();
    for check in &failed {
        let Some(agent) = check.agent.as_deref() else { continue };
        if !agents.contains(&agent) {
            agents.push(agent);
        }
        by_agent.entry(agent).or_default().push(check);
    }
    for agent in agents {
        let of_agent = &by_agent[agent];
        let is_down = of_agent.iter().any(|check| matches!(check.name, CheckName::Session | CheckName::Process));
        let (down, others): (Vec<&Check>, Vec<&Check>) =
            of_agent.iter().copied().partition(|check| is_down && DOWN.contains(&check.name));
        if let Some(root) = DOWN.iter().find_map(|name| down.iter().find(|check| check.name == *name)) {
            let explained = fleet_cause.filter(|_| !matches!(root.name, CheckName::Runtime | CheckName::Restarts));
            match explained {
                Some(at) => add(&mut causes[at], agent, down.len()),
                None => add_agent_cause(&mut causes, agent, root, down.len()),
            }
        }
        for check in others {
            add_agent_cause(&mut causes, agent, check, 1);
        }
    }
    if let Some(check) = failed.iter().find(|check| check.name == CheckName::Drift) {
        add_drift(&mut causes, check, drift);
    }
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.failed_checks));
    causes
}

fn add(cause: &mut Cause, agent: &str, failed_checks: usize) {
    cause.agents.push(agent.to_owned());
    cause.failed_checks += failed_checks;
}

/// Adds an agent to the cause that differs only in the agent's name, or makes that cause.
fn add_agent_cause(causes: &mut Vec<Cause>, agent: &str, check: &Check, failed_checks: usize) {
    let rename = |text: &str, first: &str| replace_word(text, agent, first);
    let same = causes.iter_mut().find(|cause| {
        cause.agents.first().is_some_and(|first| {
            cause.check == check.name
                && rename(&check.evidence, first) == cause.summary
                && rename(&check.advice, first) == cause.advice
        })
    });
    match same {
        Some(cause) => add(cause, agent, failed_checks),
        None => causes.push(Cause {
            check: check.name,
            summary: check.evidence.clone(),
            agents: vec![agent.to_owned()],
            advice: check.advice.clone(),
            command: check.command.clone(),
            failed_checks,
        }),
    }
}

/// Drift that no other cause explains is a cause of its own.
fn add_drift(causes: &mut Vec<Cause>, check: &Check, drift: &[&DriftItem]) {
    let explained: BTreeSet<&str> = causes.iter().flat_map(|cause| cause.agents.iter().map(String::as_str)).collect();
    let is_explained = |item: &DriftItem| match item.kind {
        DriftKind::HolderMissing => causes.iter().any(|cause| cause.check == CheckName::Holder),
        DriftKind::SocketMissing => causes.iter().any(|cause| cause.check == CheckName::Socket),
        DriftKind::ProgramsUnusable => causes.iter().any(|cause| cause.check == CheckName::Programs),
        _ => explained.contains(item.subject.as_str()),
    };
    let unexplained: Vec<String> =
        drift.iter().filter(|item| !is_explained(item)).map(|item| format!("{} {}", item.kind, item.subject)).collect();
    if unexplained.is_empty() {
        if let Some(first) = causes.first_mut() {
            first.failed_checks += 1;
        }
        return;
    }
    causes.push(Cause {
        check: CheckName::Drift,
        summary: unexplained.join(", "),
        agents: Vec::new(),
        advice: check.advice.clone(),
        command: check.command.clone(),
        failed_checks: 1,
    });
}

/// Replaces a word. A name that is part of a longer name stays.
pub(crate) fn replace_word(text: &str, word: &str, by: &str) -> String {
    let continues = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, found) = rest.split_at(at);
        let after = &found[word.len()..];
        // The letter before the word may be the end of the previous occurrence.
        let until = &text[..text.len() - found.len()];
        let is_word = !until.ends_with(continues) && !after.starts_with(continues);
        replaced.push_str(before);
        replaced.push_str(if is_word { by } else { word });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::{Cause, causes, replace_word};
    use crate::snapshot::{DriftItem, DriftKind};
    use crate::verify::{Check, CheckName, Status};

    fn fail(name: CheckName, agent: Option<&str>, evidence: &str) -> Check {
        let advice = agent.map_or_else(|| "mosaic fleet ps".to_owned(), |agent| format!("mosaic fleet start {agent}"));
        let agent = agent.map(str::to_owned);
        Check {
            name,
            agent,
            status: Status::Fail,
            required: true,
            evidence: evidence.to_owned(),
            advice,
            command: None,
        }
    }

    /// The checks of an agent that does not run.
    fn down(agent: &str) -> Vec<Check> {
        vec![
            fail(CheckName::Session, Some(agent), &format!("there is no session named {agent}")),
            fail(CheckName::Process, Some(agent), "there is no pane for it to run in"),
            fail(CheckName::UnitActive, Some(agent), &format!("mosaic-agent@{agent}.service is failed (failed)")),
        ]
    }

    fn read(causes: &[Cause]) -> Vec<(CheckName, Vec<&str>, usize)> {
        causes
            .iter()
            .map(|cause| (cause.check, cause.agents.iter().map(String::as_str).collect(), cause.failed_checks))
            .collect()
    }

    #[test]
    fn agents_whose_program_is_missing_share_one_cause() {
        let mut checks = Vec::new();
        for agent in ["a", "b", "c"] {
            checks.extend(down(agent));
            checks.push(fail(CheckName::Runtime, Some(agent), "pi is not in /bin"));
        }
        checks.extend(down("d"));
        let found = causes(&checks, &[]);
        let expected = [(CheckName::Runtime, vec!["a", "b", "c"], 12), (CheckName::Session, vec!["d"], 3)];
        assert_eq!(read(&found), expected);
        assert_eq!(found[0].summary, "pi is not in /bin");
    }

    #[test]
    fn a_missing_server_is_the_cause_and_not_its_agents() {
        let mut checks = vec![fail(CheckName::Holder, None, "there is no tmux server")];
        checks.extend(["a", "b"].into_iter().flat_map(down));
        checks.push(fail(CheckName::UnitEnabled, Some("b"), "mosaic-agent@b.service is not enabled"));
        checks.push(fail(CheckName::Drift, None, "holder-missing x, session-missing a, linger-off u"));
        let item = |kind, subject: &str| DriftItem {
            kind,
            subject: subject.to_owned(),
            detail: String::new(),
            advice: String::new(),
            command: None,
        };
        let explained = [item(DriftKind::HolderMissing, "x"), item(DriftKind::SessionMissing, "a")];
        let explained: Vec<&DriftItem> = explained.iter().collect();
        let expected = [(CheckName::Holder, vec!["a", "b"], 8), (CheckName::UnitEnabled, vec!["b"], 1)];
        assert_eq!(read(&causes(&checks, &explained)), expected);
        let other = item(DriftKind::LingerOff, "u");
        let found = causes(&checks, &[explained.as_slice(), &[&other]].concat());
        assert_eq!(
            found.last().map(|cause| (cause.check, cause.summary.as_str())),
            Some((CheckName::Drift, "linger-off u"))
        );
    }

    #[test]
    fn only_checks_that_are_required_and_failed_have_causes() {
        let passed = Check { status: Status::Pass, ..fail(CheckName::Session, Some("a"), "") };
        let optional = Check { required: false, ..fail(CheckName::Activity, Some("a"), "waiting") };
        assert_eq!(causes(&[passed, optional], &[]), []);
    }

    #[test]
    fn names_are_replaced_as_whole_words() {
        let table = [
            ("no session named a", "no session named x"),
            ("mosaic-agent@a.service, not aa, a-b or -a", "mosaic-agent@x.service, not aa, a-b or -a"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(replace_word(text, "a", "x"), expected);
        }
    }
}
