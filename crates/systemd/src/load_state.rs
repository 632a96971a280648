//! Could a unit's file be read?

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// systemd's `LoadState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoadState {
    /// Not read yet.
    Stub,
    /// Read.
    Loaded,
    /// There is no file.
    NotFound,
    /// The file asks for something impossible.
    BadSetting,
    /// The file could not be read.
    Error,
    /// It is another name of another unit.
    Merged,
    /// A link to `/dev/null` forbids to start it.
    Masked,
}

impl LoadState {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Stub, Self::Loaded, Self::NotFound, Self::BadSetting, Self::Error, Self::Merged, Self::Masked];

    /// systemd's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stub => "stub",
            Self::Loaded => "loaded",
            Self::NotFound => "not-found",
            Self::BadSetting => "bad-setting",
            Self::Error => "error",
            Self::Merged => "merged",
            Self::Masked => "masked",
        }
    }
}

impl FromStr for LoadState {
    /// The word that is none.
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or_else(|| word.to_owned())
    }
}

impl fmt::Display for LoadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for LoadState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
