//! The announcements for screen readers when agents change their condition or need attention.

use std::collections::BTreeMap;

use mosaic_probe::snapshot::{AgentSnapshot, Condition};

use crate::agent_group::AgentGroup;

/// The number of changes up to which each is announced. More changes are summarized.
const MAX_SENTENCES: usize = 4;

/// The new state of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NewState {
    Condition(Condition),
    /// The agent needs attention because of its activity: the word for it.
    Activity(&'static str),
}

/// A change of one agent that is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Announcement<'a> {
    pub(crate) agent: &'a str,
    pub(crate) state: NewState,
    pub(crate) reason: Option<&'a str>,
}

impl<'a> Announcement<'a> {
    /// Compares an agent with its previous condition and group. An agent that no longer needs attention is not
    /// announced.
    pub(crate) fn new(agent: &'a AgentSnapshot, before: Option<(Condition, AgentGroup)>) -> Option<Self> {
        let group = AgentGroup::from_agent(agent);
        let announce =
            |state, reason: &'a Option<String>| Self { agent: &agent.name, state, reason: reason.as_deref() };
        if before.is_none_or(|(_, before)| before != group)
            && let (Some(word), Some(activity)) = (group.activity_word(), &agent.activity)
        {
            return Some(announce(NewState::Activity(word), &activity.reason));
        }
        let has_changed = before.is_none_or(|(before, _)| before != agent.condition);
        has_changed.then(|| announce(NewState::Condition(agent.condition), &agent.reason))
    }
}

impl NewState {
    fn word(self) -> &'static str {
        match self {
            Self::Condition(condition) => condition.as_str(),
            Self::Activity(word) => word,
        }
    }
}

/// Renders one sentence per change, or one per new state if there are many changes.
pub(crate) fn announcements(changes: &[Announcement<'_>]) -> Vec<String> {
    if changes.len() <= MAX_SENTENCES {
        return changes.iter().map(sentence).collect();
    }
    let mut counts: BTreeMap<NewState, usize> = BTreeMap::new();
    for change in changes {
        *counts.entry(change.state).or_default() += 1;
    }
    let summary = |(state, count): (&NewState, &usize)| match count {
        1 => format!("1 agent is {}", state.word()),
        _ => format!("{count} agents are {}", state.word()),
    };
    counts.iter().map(summary).collect()
}

fn sentence(change: &Announcement<'_>) -> String {
    let Announcement { agent, state, reason } = change;
    let word = state.word();
    reason.map_or_else(|| format!("{agent} is {word}"), |reason| format!("{agent} is {word}: {reason}"))
}

#[cfg(test)]
mod tests {
    use mosaic_probe::snapshot::{Activity, AttentionReason, Condition};

    use super::{Announcement, NewState, announcements};
    use crate::agent_group::AgentGroup;
    use crate::test_fleet;

    #[test]
    fn few_changes_are_announced_one_by_one_and_many_are_summarized() {
        let reason = Some("it was killed by signal 9");
        let dead = Announcement { agent: "coder1", state: NewState::Condition(Condition::Dead), reason };
        let up = Announcement { agent: "coder0", state: NewState::Condition(Condition::Up), reason: None };
        let waits = Announcement { agent: "coder2", state: NewState::Activity("waiting"), reason: Some("login") };
        assert_eq!(announcements(&[]), [""; 0]);
        assert_eq!(announcements(&[dead, up]), ["coder1 is dead: it was killed by signal 9", "coder0 is up"]);
        assert_eq!(announcements(&[waits]), ["coder2 is waiting: login"]);
        let many = announcements(&[dead, waits, dead, up, dead, dead]);
        assert_eq!(many, ["1 agent is up", "4 agents are dead", "1 agent is waiting"]);
    }

    #[test]
    fn an_agent_is_announced_when_it_begins_to_need_attention() {
        let (nothing, waiting) = (AgentGroup::Running, AgentGroup::NeedsAttention(AttentionReason::Waiting));
        let table = [
            (Condition::Up, Activity::Working, None, Some("up")),
            (Condition::Up, Activity::Waiting, None, Some("waiting")),
            (Condition::Up, Activity::Waiting, Some((Condition::Up, nothing)), Some("waiting")),
            (Condition::Up, Activity::Waiting, Some((Condition::Starting, nothing)), Some("waiting")),
            (Condition::Up, Activity::Waiting, Some((Condition::Up, waiting)), None),
            (Condition::Up, Activity::Blocked, Some((Condition::Up, waiting)), Some("blocked")),
            (Condition::Up, Activity::Working, Some((Condition::Up, waiting)), None),
            (Condition::Dead, Activity::Waiting, Some((Condition::Up, waiting)), Some("dead")),
        ];
        for (condition, state, before, expected) in table {
            let mut agent = test_fleet::agent("coder0", "codex", "implementer");
            agent.condition = condition;
            agent.activity = Some(test_fleet::activity(state, None));
            let announced = Announcement::new(&agent, before).map(|announcement| announcement.state.word());
            assert_eq!(announced, expected, "{condition} {state:?} {before:?}");
        }
    }
}
