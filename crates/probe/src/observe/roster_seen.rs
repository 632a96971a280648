//! The roster, as it was read last.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use mosaic_process::FileFingerprint;
use mosaic_roster::{Roster, RosterError};
use rustix::fs::CWD;

use super::Seen;

/// The roster's file as it is now, and the roster that holds.
#[derive(Clone, Debug)]
pub struct RosterSeen {
    /// Whether it can be read now.
    pub now: Seen<()>,
    /// The roster as it was last read with success; nothing if it never was.
    pub last_good: Option<LastGood>,
}

/// A roster that was read.
#[derive(Clone, Debug)]
pub struct LastGood {
    /// The roster.
    pub roster: Arc<Roster>,
    /// When it was read.
    pub loaded_at: Timestamp,
}

impl RosterSeen {
    /// The roster that holds.
    #[must_use]
    pub fn roster(&self) -> Option<&Roster> {
        self.last_good.as_ref().map(|good| &*good.roster)
    }

    /// The same, or why there is none.
    pub(crate) fn holds(&self) -> Result<Arc<Roster>, String> {
        match (&self.last_good, &self.now.result) {
            (Some(good), _) => Ok(Arc::clone(&good.roster)),
            (None, Err(why)) => Err(why.clone()),
            (None, Ok(())) => Err("there is no roster".to_owned()),
        }
    }
}

/// The file as it was when it was read, and what came of it.
#[derive(Debug, Default)]
pub(super) struct RosterMemory {
    read: Option<(FileFingerprint, Result<(), String>)>,
    good: Option<LastGood>,
}

impl RosterMemory {
    /// Reads the file, unless it is the one that was read before.
    pub(super) fn look(&mut self, path: &Path) -> (Result<(), String>, Option<LastGood>) {
        let mark = FileFingerprint::read(CWD, path).ok().flatten();
        let same = self.read.take().zip(mark).filter(|((read, _), now)| read.still_matches(now));
        if let Some(((_, result), mark)) = same {
            self.read = Some((mark, result.clone()));
            return (result, self.good.clone());
        }
        let loaded = Roster::load(path);
        // That it could not be read says nothing of what is in it: the next look may have more luck.
        let is_of_the_file = !matches!(loaded, Err(RosterError::Unreadable { .. }));
        let result = loaded.map_err(|error| error.to_string()).map(|roster| {
            self.good = Some(LastGood { roster: Arc::new(roster), loaded_at: Timestamp::now() });
        });
        self.read = mark.filter(|_| is_of_the_file).map(|mark| (mark, result.clone()));
        (result, self.good.clone())
    }
}
