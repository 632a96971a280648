//! Who needs a person, and in which order agents stand.

use jiff::Timestamp;
use mosaic_probe::snapshot::{AgentSnapshot, Attention, Snapshot};

/// What an agent needs, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Need {
    /// A person: why is the same everywhere in Mosaic Fleet.
    Of(Attention),
    /// Nothing.
    Nothing,
    /// It is not in the roster: somebody else's.
    Unmanaged,
}

impl Need {
    /// In the order of the page.
    pub(crate) const ALL: [Self; 6] = [
        Self::Of(Attention::Down),
        Self::Of(Attention::Waiting),
        Self::Of(Attention::Blocked),
        Self::Of(Attention::Silent),
        Self::Nothing,
        Self::Unmanaged,
    ];

    /// What an agent needs.
    pub(crate) fn of(agent: &AgentSnapshot) -> Self {
        if agent.managed { agent.attention().map_or(Self::Nothing, Self::Of) } else { Self::Unmanaged }
    }

    /// What stands above those that need it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Of(Attention::Down) => "Down or in doubt",
            Self::Of(Attention::Waiting) => "Waiting for you",
            Self::Of(Attention::Blocked) => "Blocked",
            Self::Of(Attention::Silent) => "At work, and silent",
            Self::Nothing => "Running",
            Self::Unmanaged => "Not in the roster",
        }
    }

    /// The element of that heading.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Of(Attention::Down) => "g-down",
            Self::Of(Attention::Waiting) => "g-waiting",
            Self::Of(Attention::Blocked) => "g-blocked",
            Self::Of(Attention::Silent) => "g-silent",
            Self::Nothing => "g-nothing",
            Self::Unmanaged => "g-unmanaged",
        }
    }

    /// What one is that needs it by what it does; nothing if its condition says it all.
    pub(crate) fn word(self) -> Option<&'static str> {
        match self {
            Self::Of(Attention::Waiting) => Some("waiting"),
            Self::Of(Attention::Blocked) => Some("blocked"),
            Self::Of(Attention::Silent) => Some("silent"),
            Self::Of(Attention::Down) | Self::Nothing | Self::Unmanaged => None,
        }
    }

    /// The agents that need it: who has for longest is first, else in the roster's order.
    pub(crate) fn agents(self, snapshot: &Snapshot) -> Vec<&AgentSnapshot> {
        let mut agents: Vec<_> = snapshot.agents.iter().filter(|agent| Self::of(agent) == self).collect();
        if self.word().is_some() {
            // Whoever does not say since when is behind those who do.
            agents.sort_by_cached_key(|agent| self.since(agent).unwrap_or(Timestamp::MAX));
        }
        agents
    }

    fn since(self, agent: &AgentSnapshot) -> Option<Timestamp> {
        let activity = agent.activity.as_ref()?;
        let silent_since = activity.silent_since.as_ref().filter(|_| self == Self::Of(Attention::Silent));
        silent_since.unwrap_or(&activity.since).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use mosaic_probe::snapshot::{Attention, Condition};

    use super::Need;
    use crate::test_fleet;

    #[test]
    fn who_has_needed_a_person_for_longest_is_first() {
        let mut snapshot = test_fleet::of(&[Condition::Up; 5]);
        let since = [Some("14:40:00"), Some("14:20:00"), None, Some("14:39:59"), Some("14:20:00")];
        let need = |state: &str, snapshot: &mosaic_probe::Snapshot| {
            let mut snapshot = snapshot.clone();
            for (agent, since) in snapshot.agents.iter_mut().zip(since) {
                let mut activity = test_fleet::activity(state, None);
                let since = since.map_or("nonsense".to_owned(), |since| format!("2026-11-20T{since}Z"));
                if state == "working" {
                    activity.silent_since = Some(since);
                } else {
                    activity.since = since;
                }
                agent.activity = Some(activity);
            }
            let need = Need::of(&snapshot.agents[0]);
            let names = need.agents(&snapshot).into_iter().map(|agent| agent.name.clone()).collect::<Vec<_>>();
            (need, names.join(" "))
        };
        let by_age = "coder1 coder4 coder3 coder0 coder2";
        assert_eq!(need("waiting", &snapshot), (Need::Of(Attention::Waiting), by_age.to_owned()));
        assert_eq!(need("blocked", &snapshot), (Need::Of(Attention::Blocked), by_age.to_owned()));
        assert_eq!(need("working", &snapshot), (Need::Of(Attention::Silent), by_age.to_owned()));
        for agent in &mut snapshot.agents {
            agent.condition = Condition::Dead;
        }
        let by_roster = "coder0 coder1 coder2 coder3 coder4";
        assert_eq!(need("waiting", &snapshot), (Need::Of(Attention::Down), by_roster.to_owned()));
    }

    #[test]
    fn the_order_of_the_page_is_that_of_the_urgency() {
        assert!(Need::ALL.is_sorted());
    }
}
