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

impl AgentSnapshot {
    /// Whether a person should look at it, and why.
    #[must_use]
    pub fn attention(&self) -> Option<Attention> {
        match self.condition {
            Condition::Dead | Condition::Missing | Condition::Stale | Condition::Unknown => {
                return Some(Attention::Down);
            }
            Condition::Up | Condition::Starting => {}
        }
        let activity = self.activity.as_ref()?;
        match activity.state.as_str() {
            "waiting" => Some(Attention::Waiting),
            "blocked" => Some(Attention::Blocked),
            _ => activity.silent_since.as_ref().map(|_| Attention::Silent),
        }
    }
}
