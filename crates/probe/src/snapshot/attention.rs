//! Who needs a person, and how much.

use super::{AgentSnapshot, Condition};

/// Why a person should look at an agent of the roster, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attention {
    /// It is not there, or nobody can tell.
    Down,
    /// It waits for a person.
    Waiting,
    /// It cannot go on, and nobody's answer would help.
    Blocked,
    /// It says that it works, and has printed nothing for long.
    Silent,
}

impl Attention {
    /// Why one of this condition and activity should be looked at, which has been silent for long or not.
    #[must_use]
    pub fn by(condition: Condition, activity: Option<&str>, silent: bool) -> Option<Self> {
        match (condition, activity) {
            (Condition::Dead | Condition::Missing | Condition::Stale | Condition::Unknown, _) => Some(Self::Down),
            (Condition::Up | Condition::Starting, Some("waiting")) => Some(Self::Waiting),
            (Condition::Up | Condition::Starting, Some("blocked")) => Some(Self::Blocked),
            (Condition::Up | Condition::Starting, _) => silent.then_some(Self::Silent),
        }
    }
}

impl AgentSnapshot {
    /// Whether a person should look at it, and why.
    #[must_use]
    pub fn attention(&self) -> Option<Attention> {
        let activity = self.activity.as_ref();
        let silent = activity.is_some_and(|activity| activity.silent_since.is_some());
        Attention::by(self.condition, activity.map(|activity| activity.state.as_str()), silent)
    }
}

#[cfg(test)]
mod tests {
    use super::Attention::{self, Blocked, Down, Silent, Waiting};
    use crate::snapshot::Condition;

    #[test]
    fn what_an_agent_said_before_it_went_down_needs_nobody() {
        let table = [
            (Condition::Up, None, false, None),
            (Condition::Up, Some("working"), false, None),
            (Condition::Up, Some("working"), true, Some(Silent)),
            (Condition::Up, Some("waiting"), true, Some(Waiting)),
            (Condition::Up, Some("blocked"), false, Some(Blocked)),
            (Condition::Starting, Some("waiting"), false, Some(Waiting)),
            (Condition::Starting, None, false, None),
            (Condition::Stale, Some("waiting"), false, Some(Down)),
            (Condition::Dead, Some("blocked"), true, Some(Down)),
            (Condition::Missing, None, false, Some(Down)),
            (Condition::Unknown, Some("idle"), false, Some(Down)),
        ];
        for (condition, activity, silent, expected) in table {
            assert_eq!(Attention::by(condition, activity, silent), expected, "{condition} {activity:?} {silent}");
        }
    }
}
