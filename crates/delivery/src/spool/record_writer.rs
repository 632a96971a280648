//! Writes the file of a message, atomically at every step.

use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use jiff::Timestamp;

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
        self.write(State::Typing)
    }

    fn not_typed(&mut self) -> Result<(), SpoolError> {
        self.write(self.before)
    }

    fn typed(&mut self) {
        self.write_or_remember(State::Typed);
    }

    fn submitted(&mut self) {
        self.write_or_remember(State::Submitted);
    }
}
