//! What a screen reader says when conditions change.

use std::collections::BTreeMap;

use probe::snapshot::Condition;

/// More at once is a flood: then only numbers are said.
const SPOKEN: usize = 4;

/// One agent whose condition is another now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConditionChange<'a> {
    pub(crate) agent: &'a str,
    pub(crate) condition: Condition,
    pub(crate) reason: Option<&'a str>,
}

/// A sentence a change, or a sentence a condition if there are many.
pub(crate) fn announcements(changes: &[ConditionChange<'_>]) -> Vec<String> {
    if changes.len() <= SPOKEN {
        return changes.iter().map(sentence).collect();
    }
    let mut counts: BTreeMap<Condition, usize> = BTreeMap::new();
    for change in changes {
        *counts.entry(change.condition).or_default() += 1;
    }
    let said = |(condition, count): (&Condition, &usize)| match count {
        1 => format!("1 agent is {condition}"),
        _ => format!("{count} agents are {condition}"),
    };
    counts.iter().map(said).collect()
}

fn sentence(change: &ConditionChange<'_>) -> String {
    let ConditionChange { agent, condition, reason } = change;
    reason.map_or_else(|| format!("{agent} is {condition}"), |reason| format!("{agent} is {condition}: {reason}"))
}

#[cfg(test)]
mod tests {
    use probe::snapshot::Condition;

    use super::{ConditionChange, announcements};

    #[test]
    fn few_changes_are_told_one_by_one_and_many_are_counted() {
        let reason = Some("it exited with signal:9");
        let dead = ConditionChange { agent: "coder1", condition: Condition::Dead, reason };
        let up = ConditionChange { agent: "coder0", condition: Condition::Up, reason: None };
        assert_eq!(announcements(&[]), [""; 0]);
        assert_eq!(announcements(&[dead, up]), ["coder1 is dead: it exited with signal:9", "coder0 is up"]);
        assert_eq!(announcements(&[dead, dead, up, dead, dead]), ["1 agent is up", "4 agents are dead"]);
    }
}
