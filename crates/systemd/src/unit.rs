//! A unit as the manager lists it.

use crate::{ActiveState, LoadState, ManagerError, UnitName};

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: UnitName,
    /// Could its file be read?
    pub load: LoadState,
    /// Is it running?
    pub active: ActiveState,
    /// The finer state, in the words of its kind: `running`, `exited`, `auto-restart`, …
    pub sub: String,
}

impl Unit {
    /// From systemd's words.
    pub(crate) fn read(name: &str, load: &str, active: &str, sub: String) -> Result<Self, ManagerError> {
        Ok(Self {
            name: name.parse().map_err(|error| ManagerError::refused("list units", error))?,
            load: load.parse().map_err(|word| ManagerError::unknown_word(name, word))?,
            active: active.parse().map_err(|word| ManagerError::unknown_word(name, word))?,
            sub,
        })
    }
}
