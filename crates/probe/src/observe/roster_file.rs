//! The roster file, as it was last read.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use mosaic_process::FileFingerprint;
use mosaic_roster::{Roster, RosterError};
use rustix::fs::CWD;

use super::Observed;

/// The result of reading the roster file, and the roster in effect.
#[derive(Clone, Debug)]
pub(crate) struct ObservedRoster {
    /// Whether the file can be read now.
    pub(crate) read: Observed<()>,
    /// The roster that was last read successfully; `None` if it never was.
    pub(crate) last_good: Option<LastGood>,
}

/// A valid roster.
#[derive(Clone, Debug)]
pub(crate) struct LastGood {
    /// The roster.
    pub(crate) roster: Arc<Roster>,
    /// When the roster was read.
    pub(crate) loaded_at: Timestamp,
}

impl ObservedRoster {
    /// The roster in effect.
    pub(crate) fn roster(&self) -> Option<&Roster> {
        self.last_good.as_ref().map(|good| &*good.roster)
    }

    /// The roster in effect, or why there is none.
    pub(crate) fn effective(&self) -> Result<Arc<Roster>, String> {
        match (&self.last_good, &self.read.result) {
            (Some(good), _) => Ok(Arc::clone(&good.roster)),
            (None, Err(why)) => Err(why.clone()),
            (None, Ok(())) => Err("there is no roster".to_owned()),
        }
    }
}

/// The mark of the file when it was read, and the result.
#[derive(Debug, Default)]
pub(super) struct RosterCache {
    cached: Option<(FileFingerprint, Result<(), String>)>,
    good: Option<LastGood>,
}

impl RosterCache {
    /// Reads the file, unless it is unchanged.
    pub(super) fn read(&mut self, path: &Path) -> (Result<(), String>, Option<LastGood>) {
        let mark = FileFingerprint::read(CWD, path).ok().flatten();
        let same = self.cached.take().zip(mark).filter(|((read, _), now)| read.still_matches(now));
        if let Some(((_, result), mark)) = same {
            self.cached = Some((mark, result.clone()));
            return (result, self.good.clone());
        }
        let loaded = Roster::load(path);
        // A read error says nothing about the content, so the next observation reads the file again.
        let is_about_content = !matches!(loaded, Err(RosterError::Unreadable { .. }));
        let result = loaded.map_err(|error| error.to_string()).map(|roster| {
            self.good = Some(LastGood { roster: Arc::new(roster), loaded_at: Timestamp::now() });
        });
        self.cached = mark.filter(|_| is_about_content).map(|mark| (mark, result.clone()));
        (result, self.good.clone())
    }
}
