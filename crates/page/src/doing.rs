//! What agents do, in the words that stand out.

use mosaic_probe::snapshot::{ActivitySnapshot, Attention, Snapshot, WaitingFor};

/// What an agent is at, where a person should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It stands before a login: so will whoever uses the same account.
    LoginNeeded,
    /// Its account has no more to give, as above.
    UsageLimit,
    /// It waits for another word of a person's.
    Waiting,
    /// It cannot go on.
    Blocked,
    /// It works, and has printed nothing for long.
    Silent,
    /// It works.
    Working,
}

impl Doing {
    /// All of them, the most urgent first.
    pub(crate) const ALL: [Self; 6] =
        [Self::LoginNeeded, Self::UsageLimit, Self::Waiting, Self::Blocked, Self::Silent, Self::Working];

    /// What this is; nothing of one that is idle.
    pub(crate) fn of(activity: &ActivitySnapshot) -> Option<Self> {
        match (activity.state.as_str(), activity.waiting_for) {
            ("waiting", Some(WaitingFor::Login)) => Some(Self::LoginNeeded),
            ("waiting", Some(WaitingFor::UsageLimit)) => Some(Self::UsageLimit),
            ("waiting", _) => Some(Self::Waiting),
            ("blocked", _) => Some(Self::Blocked),
            ("working", _) if activity.silent_since.is_some() => Some(Self::Silent),
            ("working", _) => Some(Self::Working),
            _ => None,
        }
    }

    /// In words.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::LoginNeeded => "login needed",
            Self::UsageLimit => "usage limit",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Silent => "silent",
            Self::Working => "working",
        }
    }

    /// The class that has its mark and its colour.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::LoginNeeded | Self::UsageLimit => "barred",
            Self::Waiting => "asks",
            Self::Blocked => "blocked",
            Self::Silent => "silent",
            Self::Working => "working",
        }
    }

    /// How many agents are at it, of those that can be believed.
    pub(crate) fn count(self, snapshot: &Snapshot) -> usize {
        let believed = snapshot.managed().filter(|agent| agent.attention() != Some(Attention::Down));
        believed.filter(|agent| agent.activity.as_ref().and_then(Self::of) == Some(self)).count()
    }
}
