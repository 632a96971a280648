//! Which agents need a person, why, and what the person can do.

use mosaic_heartbeat::Activity;

use super::{ActivitySource, AgentSnapshot, Condition, WaitingFor};

/// Why an agent needs a person, the most urgent reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttentionReason {
    /// The agent is down, or its condition is unknown.
    Down,
    /// The agent waits for a person.
    Waiting,
    /// The agent cannot continue, and no answer would help.
    Blocked,
    /// The agent reports that it works but has printed nothing for a long time.
    Silent,
}

impl AttentionReason {
    /// The reason for a condition and an activity. `silent`: the agent has printed nothing for a long time.
    #[must_use]
    pub fn from_state(condition: Condition, activity: Option<Activity>, silent: bool) -> Option<Self> {
        match (condition, activity) {
            (Condition::Stopped, _) => None,
            (Condition::Dead | Condition::Missing | Condition::Stale | Condition::Unknown, _) => Some(Self::Down),
            (Condition::Up | Condition::Starting, Some(Activity::Waiting)) => Some(Self::Waiting),
            (Condition::Up | Condition::Starting, Some(Activity::Blocked)) => Some(Self::Blocked),
            (Condition::Up | Condition::Starting, _) => silent.then_some(Self::Silent),
        }
    }
}

impl AgentSnapshot {
    /// Why the agent needs a person; `None` if it does not.
    #[must_use]
    pub fn attention(&self) -> Option<AttentionReason> {
        let activity = self.activity.as_ref();
        let silent = activity.is_some_and(|activity| activity.silent_since.is_some());
        AttentionReason::from_state(self.condition, activity.map(|activity| activity.state), silent)
    }
}

/// Why an agent needs a person, in words, and what the person can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionAdvice {
    /// Why the agent needs a person.
    pub detail: String,
    /// What to do, usually a command.
    pub advice: String,
}

/// The advice for an agent of the roster that runs and needs a person. The advice for one that is down is in its
/// [`DriftItem`](super::DriftItem)s.
#[must_use]
pub fn attention_advice(agent: &AgentSnapshot) -> Option<AttentionAdvice> {
    let name = &agent.name;
    let activity = agent.activity.as_ref().filter(|_| agent.managed)?;
    let reason = activity.reason.clone().unwrap_or_else(|| "no reason given".to_owned());
    let (detail, advice) = match (agent.attention()?, activity.waiting_for, activity.source) {
        (AttentionReason::Down, ..) => return None,
        (AttentionReason::Waiting, Some(WaitingFor::Login), _) => {
            (reason, format!("log it in: mosaic agent attach {name}"))
        }
        (AttentionReason::Waiting, Some(WaitingFor::UsageLimit), _) => {
            (reason, format!("wait, or switch to another account or model: mosaic agent attach {name}"))
        }
        (AttentionReason::Waiting, _, ActivitySource::Screen) => {
            (reason, format!("view it with mosaic agent screen {name}, answer it with mosaic agent key {name}"))
        }
        (AttentionReason::Waiting, _, ActivitySource::Report | ActivitySource::StatusFile) => {
            (reason, format!("answer it: mosaic agent attach {name}"))
        }
        (AttentionReason::Blocked, ..) => (reason, format!("mosaic agent screen {name}")),
        (AttentionReason::Silent, ..) => (
            "it reports that it works but prints nothing".to_owned(),
            format!("check whether it hangs: mosaic agent screen {name}"),
        ),
    };
    Some(AttentionAdvice { detail, advice })
}

#[cfg(test)]
mod tests {
    use super::AttentionReason::{self, Blocked, Down, Silent, Waiting};
    use crate::snapshot::Condition;
    use mosaic_heartbeat::Activity;

    #[test]
    fn the_activity_of_an_agent_that_is_down_does_not_count() {
        let table = [
            (Condition::Up, None, false, None),
            (Condition::Up, Some(Activity::Working), false, None),
            (Condition::Up, Some(Activity::Working), true, Some(Silent)),
            (Condition::Up, Some(Activity::Waiting), true, Some(Waiting)),
            (Condition::Up, Some(Activity::Blocked), false, Some(Blocked)),
            (Condition::Starting, Some(Activity::Waiting), false, Some(Waiting)),
            (Condition::Starting, None, false, None),
            (Condition::Stale, Some(Activity::Waiting), false, Some(Down)),
            (Condition::Dead, Some(Activity::Blocked), true, Some(Down)),
            (Condition::Missing, None, false, Some(Down)),
            (Condition::Stopped, Some(Activity::Waiting), true, None),
            (Condition::Unknown, Some(Activity::Idle), false, Some(Down)),
        ];
        for (condition, activity, silent, expected) in table {
            assert_eq!(
                AttentionReason::from_state(condition, activity, silent),
                expected,
                "{condition} {activity:?} {silent}"
            );
        }
    }
}
