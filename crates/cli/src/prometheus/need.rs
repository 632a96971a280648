//! Who needs a person, and how much.

use mosaic_probe::snapshot::{Attention, Condition};

/// From least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// It gets along.
    Nobody,
    /// It is about to get along.
    Starting,
    /// It works, and has printed nothing for long.
    Silent,
    /// It cannot go on.
    Blocked,
    /// It waits for an answer.
    Waiting,
    /// Nobody could tell.
    Unknown,
    /// Its sidecar should be looked after.
    Stale,
    /// It has no session.
    Missing,
    /// It has ended.
    Dead,
    /// A whole host that nobody sees.
    Unseen,
}

impl Need {
    /// An agent's: by what its own host would say, and of those that are down by how.
    pub(super) fn of(condition: Condition, activity: Option<&str>, silent: bool) -> Self {
        match (Attention::by(condition, activity, silent), condition) {
            (None, Condition::Starting) => Self::Starting,
            (None, _) => Self::Nobody,
            (Some(Attention::Silent), _) => Self::Silent,
            (Some(Attention::Blocked), _) => Self::Blocked,
            (Some(Attention::Waiting), _) => Self::Waiting,
            (Some(Attention::Down), Condition::Stale) => Self::Stale,
            (Some(Attention::Down), Condition::Missing) => Self::Missing,
            (Some(Attention::Down), Condition::Dead) => Self::Dead,
            (Some(Attention::Down), _) => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Need;
    use mosaic_probe::snapshot::Condition;

    #[test]
    fn an_agent_needs_what_its_own_host_says() {
        let table = [
            (Condition::Up, None, false, Need::Nobody),
            (Condition::Up, Some("working"), false, Need::Nobody),
            (Condition::Up, Some("working"), true, Need::Silent),
            (Condition::Up, Some("waiting"), false, Need::Waiting),
            (Condition::Starting, None, false, Need::Starting),
            (Condition::Stale, Some("waiting"), false, Need::Stale),
            (Condition::Up, Some("blocked"), false, Need::Blocked),
            (Condition::Dead, Some("waiting"), false, Need::Dead),
            (Condition::Missing, None, false, Need::Missing),
            (Condition::Unknown, Some("idle"), false, Need::Unknown),
        ];
        for (condition, activity, silent, need) in table {
            assert_eq!(Need::of(condition, activity, silent), need, "{condition} {activity:?} {silent}");
        }
    }

    #[test]
    fn the_order_is_that_of_the_snapshot() {
        let needs = [
            Need::Unseen,
            Need::Dead,
            Need::Missing,
            Need::Stale,
            Need::Unknown,
            Need::Waiting,
            Need::Blocked,
            Need::Silent,
            Need::Starting,
            Need::Nobody,
        ];
        assert!(needs.is_sorted_by(|more, less| more > less));
    }
}
