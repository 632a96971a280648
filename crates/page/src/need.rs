//! Who needs a person, and in which order agents stand.

use probe::snapshot::{AgentSnapshot, Condition, Snapshot};

/// What an agent needs, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Need {
    /// It is not there, or nobody can tell.
    Help,
    /// It waits for a person, or cannot go on.
    Answer,
    /// Nothing.
    Nothing,
    /// It is not in the roster: somebody else's.
    Unmanaged,
}

impl Need {
    /// In the order of the page.
    pub(crate) const ALL: [Self; 4] = [Self::Help, Self::Answer, Self::Nothing, Self::Unmanaged];

    /// What an agent needs.
    pub(crate) fn of(agent: &AgentSnapshot) -> Self {
        let asks = || agent.activity.as_ref().is_some_and(|activity| matches!(&*activity.state, "waiting" | "blocked"));
        match agent.condition {
            _ if !agent.managed => Self::Unmanaged,
            Condition::Dead | Condition::Missing | Condition::Stale | Condition::Unknown => Self::Help,
            Condition::Up | Condition::Starting if asks() => Self::Answer,
            Condition::Up | Condition::Starting => Self::Nothing,
        }
    }

    /// What stands above those that need it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Help => "Down or in doubt",
            Self::Answer => "Waiting or blocked",
            Self::Nothing => "Running",
            Self::Unmanaged => "Not in the roster",
        }
    }

    /// The element of that heading.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Help => "g-help",
            Self::Answer => "g-answer",
            Self::Nothing => "g-nothing",
            Self::Unmanaged => "g-unmanaged",
        }
    }

    /// The agents that need it, in the roster's order.
    pub(crate) fn agents(self, snapshot: &Snapshot) -> Vec<&AgentSnapshot> {
        snapshot.agents.iter().filter(|agent| Self::of(agent) == self).collect()
    }
}

/// How many agents say this of themselves, and can be believed.
pub(crate) fn saying(snapshot: &Snapshot, activity: &str) -> usize {
    let says = |agent: &&AgentSnapshot| agent.activity.as_ref().is_some_and(|said| said.state == activity);
    snapshot.managed().filter(|agent| Need::of(agent) != Need::Help).filter(says).count()
}
