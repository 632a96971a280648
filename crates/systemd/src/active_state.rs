//! Is a unit running?

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// systemd's `ActiveState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActiveState {
    /// Started, and still so. It says nothing of a process where the unit remains after exit.
    Active,
    /// Active, and reading its settings again.
    Reloading,
    /// Not started, or ended well.
    Inactive,
    /// Ended badly.
    Failed,
    /// On its way up.
    Activating,
    /// On its way down.
    Deactivating,
    /// Being looked after, which only some kinds of unit know.
    Maintenance,
    /// Active, and its extension images are being exchanged.
    Refreshing,
}

impl ActiveState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Active,
        Self::Reloading,
        Self::Inactive,
        Self::Failed,
        Self::Activating,
        Self::Deactivating,
        Self::Maintenance,
        Self::Refreshing,
    ];

    /// systemd's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Reloading => "reloading",
            Self::Inactive => "inactive",
            Self::Failed => "failed",
            Self::Activating => "activating",
            Self::Deactivating => "deactivating",
            Self::Maintenance => "maintenance",
            Self::Refreshing => "refreshing",
        }
    }
}

impl FromStr for ActiveState {
    /// The word that is none.
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or_else(|| word.to_owned())
    }
}

impl fmt::Display for ActiveState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ActiveState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
