//! Who needs a person, and how much.

use probe::snapshot::Condition;

/// From least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// It gets along.
    Nobody,
    /// It is about to get along.
    Starting,
    /// Nobody could tell.
    Unknown,
    /// Its sidecar should be looked after.
    Stale,
    /// It waits for an answer.
    Waiting,
    /// It cannot go on.
    Blocked,
    /// It has no session.
    Missing,
    /// It has ended.
    Dead,
    /// A whole host that nobody sees.
    Unseen,
}

impl Need {
    /// An agent's, by its condition and by what it says of itself.
    pub(super) fn of(condition: Condition, activity: Option<&str>) -> Self {
        let by_condition = match condition {
            Condition::Up => Self::Nobody,
            Condition::Starting => Self::Starting,
            Condition::Unknown => Self::Unknown,
            Condition::Stale => Self::Stale,
            Condition::Missing => Self::Missing,
            Condition::Dead => Self::Dead,
        };
        let by_activity = match activity {
            Some("blocked") => Self::Blocked,
            Some("waiting") => Self::Waiting,
            _ => Self::Nobody,
        };
        by_condition.max(by_activity)
    }
}

#[cfg(test)]
mod tests {
    use super::Need;
    use probe::snapshot::Condition;

    #[test]
    fn the_worse_of_condition_and_activity_counts() {
        let table = [
            (Condition::Up, None, Need::Nobody),
            (Condition::Up, Some("working"), Need::Nobody),
            (Condition::Up, Some("waiting"), Need::Waiting),
            (Condition::Stale, Some("waiting"), Need::Waiting),
            (Condition::Up, Some("blocked"), Need::Blocked),
            (Condition::Dead, Some("waiting"), Need::Dead),
            (Condition::Missing, None, Need::Missing),
            (Condition::Unknown, Some("idle"), Need::Unknown),
        ];
        for (condition, activity, need) in table {
            assert_eq!(Need::of(condition, activity), need, "{condition} {activity:?}");
        }
        assert!(Need::Unseen > Need::Dead && Need::Waiting > Need::Stale && Need::Unknown > Need::Starting);
    }
}
