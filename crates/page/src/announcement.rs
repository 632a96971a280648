//! What a screen reader says when conditions change, and when somebody is needed.

use std::collections::BTreeMap;

use mosaic_probe::snapshot::{AgentSnapshot, Condition};

use crate::need::Need;

/// More at once is a flood: then only numbers are said.
const SPOKEN: usize = 4;

/// What an agent is now, and was not before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Became {
    Condition(Condition),
    /// It needs somebody for what it does: the word.
    Needing(&'static str),
}

/// One agent of which there is something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Announced<'a> {
    pub(crate) agent: &'a str,
    pub(crate) became: Became,
    pub(crate) reason: Option<&'a str>,
}

impl<'a> Announced<'a> {
    /// What there is to tell of an agent that was like this before. That somebody has come to it is no news.
    pub(crate) fn of(agent: &'a AgentSnapshot, before: Option<(Condition, Need)>) -> Option<Self> {
        let need = Need::of(agent);
        let named = |became, reason: &'a Option<String>| Self { agent: &agent.name, became, reason: reason.as_deref() };
        if before.is_none_or(|(_, before)| before != need)
            && let (Some(word), Some(activity)) = (need.word(), &agent.activity)
        {
            return Some(named(Became::Needing(word), &activity.reason));
        }
        let changed = before.is_none_or(|(before, _)| before != agent.condition);
        changed.then(|| named(Became::Condition(agent.condition), &agent.reason))
    }
}

impl Became {
    fn word(self) -> &'static str {
        match self {
            Self::Condition(condition) => condition.as_str(),
            Self::Needing(word) => word,
        }
    }
}

/// A sentence a change, or a sentence a word if there are many.
pub(crate) fn announcements(changes: &[Announced<'_>]) -> Vec<String> {
    if changes.len() <= SPOKEN {
        return changes.iter().map(sentence).collect();
    }
    let mut counts: BTreeMap<Became, usize> = BTreeMap::new();
    for change in changes {
        *counts.entry(change.became).or_default() += 1;
    }
    let said = |(became, count): (&Became, &usize)| match count {
        1 => format!("1 agent is {}", became.word()),
        _ => format!("{count} agents are {}", became.word()),
    };
    counts.iter().map(said).collect()
}

fn sentence(change: &Announced<'_>) -> String {
    let Announced { agent, became, reason } = change;
    let word = became.word();
    reason.map_or_else(|| format!("{agent} is {word}"), |reason| format!("{agent} is {word}: {reason}"))
}

#[cfg(test)]
mod tests {
    use mosaic_probe::snapshot::{Attention, Condition};

    use super::{Announced, Became, announcements};
    use crate::need::Need;
    use crate::test_fleet;

    #[test]
    fn few_changes_are_told_one_by_one_and_many_are_counted() {
        let reason = Some("it exited with signal:9");
        let dead = Announced { agent: "coder1", became: Became::Condition(Condition::Dead), reason };
        let up = Announced { agent: "coder0", became: Became::Condition(Condition::Up), reason: None };
        let waits = Announced { agent: "coder2", became: Became::Needing("waiting"), reason: Some("login") };
        assert_eq!(announcements(&[]), [""; 0]);
        assert_eq!(announcements(&[dead, up]), ["coder1 is dead: it exited with signal:9", "coder0 is up"]);
        assert_eq!(announcements(&[waits]), ["coder2 is waiting: login"]);
        let many = announcements(&[dead, waits, dead, up, dead, dead]);
        assert_eq!(many, ["1 agent is up", "4 agents are dead", "1 agent is waiting"]);
    }

    #[test]
    fn who_comes_to_need_somebody_is_told_of_and_who_was_helped_is_not() {
        let (nothing, waiting) = (Need::Nothing, Need::Of(Attention::Waiting));
        let table = [
            (Condition::Up, "working", None, Some("up")),
            (Condition::Up, "waiting", None, Some("waiting")),
            (Condition::Up, "waiting", Some((Condition::Up, nothing)), Some("waiting")),
            (Condition::Up, "waiting", Some((Condition::Starting, nothing)), Some("waiting")),
            (Condition::Up, "waiting", Some((Condition::Up, waiting)), None),
            (Condition::Up, "blocked", Some((Condition::Up, waiting)), Some("blocked")),
            (Condition::Up, "working", Some((Condition::Up, waiting)), None),
            (Condition::Dead, "waiting", Some((Condition::Up, waiting)), Some("dead")),
        ];
        for (condition, state, before, expected) in table {
            let mut agent = test_fleet::agent("coder0", "codex", "implementer");
            agent.condition = condition;
            agent.activity = Some(test_fleet::activity(state, None));
            let told = Announced::of(&agent, before).map(|announced| announced.became.word());
            assert_eq!(told, expected, "{condition} {state} {before:?}");
        }
    }
}
