//! Writes the file of a message, atomically at every step.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use jiff::Timestamp;

use super::outbox::{lock_records, read};
use super::{Record, SpoolError, State};
use crate::{DeliveryProgress, Outcome};

/// A stored message and its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The content of the file.
    pub record: Record,
    pub(super) path: PathBuf,
}

/// Whether a file has to survive a crash of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// Yes: the message has to be delivered after a reboot.
    OnDisk,
    /// No: the pane does not survive a crash either.
    InMemory,
}

impl Entry {
    /// Replaces the file atomically.
    pub(super) fn write(&self, durability: Durability) -> Result<(), SpoolError> {
        let directory = self.path.parent().unwrap_or(&self.path);
        let failed = || SpoolError::io("write", &self.path);
        let bytes = serde_json::to_vec(&self.record).map_err(|error| failed()(error.into()))?;
        let mut file = tempfile::Builder::new()
            .prefix(".draft-")
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(directory)
            .map_err(failed())?;
        let written = file.write_all(&bytes).and_then(|()| match durability {
            Durability::OnDisk => file.as_file().sync_all(),
            Durability::InMemory => Ok(()),
        });
        written.map_err(failed())?;
        file.persist(&self.path).map_err(|error| failed()(error.error))?;
        if durability == Durability::OnDisk {
            File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed())?;
        }
        Ok(())
    }
}

impl Entry {
    /// Records that the text of this message may be in the composer.
    fn mark_typed(&self) -> Result<(), SpoolError> {
        let mark = self.typed_mark();
        let mut options = fs::OpenOptions::new();
        let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&mark);
        let written = opened.and_then(|mut file| file.write_all(self.record.id.as_str().as_bytes()));
        written.map_err(SpoolError::io("write", mark))
    }

    /// Records that the text of this message is no longer in the composer.
    pub(crate) fn unmark_typed(&self) -> Result<(), SpoolError> {
        let mark = self.typed_mark();
        match fs::read_to_string(&mark) {
            Ok(id) if id == self.record.id.as_str() => fs::remove_file(&mark).map_err(SpoolError::io("remove", mark)),
            _ => Ok(()),
        }
    }

    fn typed_mark(&self) -> PathBuf {
        self.path.with_file_name(TYPED_MARK)
    }
}

/// The file that names the message whose text may be in the composer.
pub(super) const TYPED_MARK: &str = ".typed";

/// Writes each step of a delivery to the message's file.
#[derive(Debug)]
pub struct RecordWriter<'a> {
    entry: &'a mut Entry,
    before: State,
    /// An error while writing a step after the text was typed. The delivery goes on, and the file then claims less than
    /// what happened, never more.
    error: Option<SpoolError>,
}

impl<'a> RecordWriter<'a> {
    /// Makes a writer for a message that is about to be delivered.
    pub fn new(entry: &'a mut Entry) -> Self {
        let before = entry.record.state;
        Self { entry, before, error: None }
    }

    /// Writes the outcome.
    ///
    /// # Errors
    /// The outcome or an earlier step cannot be written.
    pub fn settle(mut self, outcome: &Outcome) -> Result<(), SpoolError> {
        self.entry.record.settle(outcome, Timestamp::now());
        self.entry.write(Durability::InMemory)?;
        // An unconfirmed text may still be in the composer.
        if !matches!(outcome, Outcome::Unconfirmed(_)) {
            self.entry.unmark_typed()?;
        }
        self.error.take().map_or(Ok(()), Err)
    }

    fn write(&mut self, state: State) -> Result<(), SpoolError> {
        let owner = self.entry.record.owner;
        self.entry.record.set_state(state, Timestamp::now());
        self.entry.record.owner = owner;
        // The file of a waiting message is on disk, and without this it would be typed again after a power failure.
        let is_durable = self.before == State::Waiting && state == State::Typing;
        self.entry.write(if is_durable { Durability::OnDisk } else { Durability::InMemory })
    }

    fn write_or_remember(&mut self, state: State) {
        if let Err(error) = self.write(state) {
            self.error = Some(error);
        }
    }
}

impl DeliveryProgress for RecordWriter<'_> {
    type Error = SpoolError;

    fn typing(&mut self) -> Result<(), SpoolError> {
        self.entry.record.entered = false;
        if self.before == State::Waiting {
            let directory = self.entry.path.parent().unwrap_or(&self.entry.path).to_owned();
            let _lock = lock_records(&directory)?;
            let stored = read(&directory, &self.entry.record.id)?;
            if stored.is_none_or(|stored| stored.record.state != State::Waiting) {
                return Err(SpoolError::NotWaiting(self.entry.record.id.clone()));
            }
            self.write(State::Typing)?;
        } else {
            self.write(State::Typing)?;
        }
        self.entry.mark_typed()
    }

    fn not_typed(&mut self) -> Result<(), SpoolError> {
        self.entry.unmark_typed()?;
        self.write(self.before)
    }

    fn typed(&mut self) {
        self.write_or_remember(State::Typed);
    }

    fn submitted(&mut self) {
        self.entry.record.entered = true;
        self.write_or_remember(State::Submitted);
    }
}
