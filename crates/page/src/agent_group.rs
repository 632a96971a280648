//! The groups of agents in the table, by what needs the attention of a person.

use jiff::Timestamp;
use mosaic_probe::snapshot::{AgentSnapshot, AttentionReason, Condition, Snapshot};

/// A group of agents, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum AgentGroup {
    /// The agents that need attention for this reason.
    NeedsAttention(AttentionReason),
    /// The agents that need none.
    Running,
    /// The agents that were stopped on request.
    Stopped,
    /// The sessions that are not in the roster.
    Unmanaged,
}

impl AgentGroup {
    /// All groups, in the order of the page.
    pub(crate) const ALL: [Self; 7] = [
        Self::NeedsAttention(AttentionReason::Down),
        Self::NeedsAttention(AttentionReason::Waiting),
        Self::NeedsAttention(AttentionReason::Blocked),
        Self::NeedsAttention(AttentionReason::Silent),
        Self::Running,
        Self::Stopped,
        Self::Unmanaged,
    ];

    /// The group of an agent.
    pub(crate) fn from_agent(agent: &AgentSnapshot) -> Self {
        match agent.condition {
            _ if !agent.managed => Self::Unmanaged,
            Condition::Stopped => Self::Stopped,
            _ => agent.attention().map_or(Self::Running, Self::NeedsAttention),
        }
    }

    /// The heading of the group.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::NeedsAttention(AttentionReason::Down) => "Down, stale or unknown",
            Self::NeedsAttention(AttentionReason::Waiting) => "Waiting for you",
            Self::NeedsAttention(AttentionReason::Blocked) => "Blocked",
            Self::NeedsAttention(AttentionReason::Silent) => "Working without output",
            Self::Running => "Running",
            Self::Stopped => "Stopped on request",
            Self::Unmanaged => "Not in the roster",
        }
    }

    /// The element id of the heading.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::NeedsAttention(AttentionReason::Down) => "g-down",
            Self::NeedsAttention(AttentionReason::Waiting) => "g-waiting",
            Self::NeedsAttention(AttentionReason::Blocked) => "g-blocked",
            Self::NeedsAttention(AttentionReason::Silent) => "g-silent",
            Self::Running => "g-nothing",
            Self::Stopped => "g-stopped",
            Self::Unmanaged => "g-unmanaged",
        }
    }

    /// The activity that puts agents into this group; `None` if their condition does.
    pub(crate) fn activity_word(self) -> Option<&'static str> {
        match self {
            Self::NeedsAttention(AttentionReason::Waiting) => Some("waiting"),
            Self::NeedsAttention(AttentionReason::Blocked) => Some("blocked"),
            Self::NeedsAttention(AttentionReason::Silent) => Some("silent"),
            Self::NeedsAttention(AttentionReason::Down) | Self::Running | Self::Stopped | Self::Unmanaged => None,
        }
    }

    /// The agents of the group: the longest in need of attention first, and else in the order of the roster.
    pub(crate) fn agents(self, snapshot: &Snapshot) -> Vec<&AgentSnapshot> {
        let mut agents: Vec<_> = snapshot.agents.iter().filter(|agent| Self::from_agent(agent) == self).collect();
        if self.activity_word().is_some() {
            // Agents without a valid timestamp come last.
            agents.sort_by_cached_key(|agent| self.since(agent).unwrap_or(Timestamp::MAX));
        }
        agents
    }

    fn since(self, agent: &AgentSnapshot) -> Option<Timestamp> {
        let activity = agent.activity.as_ref()?;
        let silent_since = activity.silent_since.filter(|_| self == Self::NeedsAttention(AttentionReason::Silent));
        Some(silent_since.unwrap_or(activity.since))
    }
}

/// The groups that have agents, with these agents.
pub(crate) fn groups(snapshot: &Snapshot) -> impl Iterator<Item = (AgentGroup, Vec<&AgentSnapshot>)> {
    AgentGroup::ALL.into_iter().map(|group| (group, group.agents(snapshot))).filter(|(_, agents)| !agents.is_empty())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mosaic_probe::snapshot::{Activity, AttentionReason, Condition};

    use super::AgentGroup;
    use crate::test_fleet;

    #[test]
    fn the_agent_that_has_needed_attention_longest_is_first() {
        let mut snapshot = test_fleet::with_conditions(&[Condition::Up; 5]);
        let since = [Some("14:40:00"), Some("14:20:00"), None, Some("14:39:59"), Some("14:20:00")];
        let need = |state: Activity, snapshot: &mosaic_probe::Snapshot| {
            let mut snapshot = snapshot.clone();
            for (agent, since) in snapshot.agents.iter_mut().zip(since) {
                let mut activity = test_fleet::activity(state, None);
                let since = since.map_or(Timestamp::MAX, |since| format!("2026-11-20T{since}Z").parse().unwrap());
                if state == Activity::Working {
                    activity.silent_since = Some(since);
                } else {
                    activity.since = since;
                }
                agent.activity = Some(activity);
            }
            let need = AgentGroup::from_agent(&snapshot.agents[0]);
            let names = need.agents(&snapshot).into_iter().map(|agent| agent.name.clone()).collect::<Vec<_>>();
            (need, names.join(" "))
        };
        let by_age = "coder1 coder4 coder3 coder0 coder2";
        assert_eq!(
            need(Activity::Waiting, &snapshot),
            (AgentGroup::NeedsAttention(AttentionReason::Waiting), by_age.to_owned())
        );
        assert_eq!(
            need(Activity::Blocked, &snapshot),
            (AgentGroup::NeedsAttention(AttentionReason::Blocked), by_age.to_owned())
        );
        assert_eq!(
            need(Activity::Working, &snapshot),
            (AgentGroup::NeedsAttention(AttentionReason::Silent), by_age.to_owned())
        );
        for agent in &mut snapshot.agents {
            agent.condition = Condition::Dead;
        }
        let by_roster = "coder0 coder1 coder2 coder3 coder4";
        assert_eq!(
            need(Activity::Waiting, &snapshot),
            (AgentGroup::NeedsAttention(AttentionReason::Down), by_roster.to_owned())
        );
    }

    #[test]
    fn the_groups_are_ordered_by_urgency() {
        assert!(AgentGroup::ALL.is_sorted());
    }
}
