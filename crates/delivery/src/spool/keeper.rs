//! Keeps what becomes of one message while it is carried.

use jiff::Timestamp;

use super::entry::Durability;
use super::{Entry, SpoolError, State};
use crate::{Outcome, Progress};

/// Writes each step of a message to its file.
#[derive(Debug)]
pub struct Keeper<'a> {
    entry: &'a mut Entry,
    before: State,
    /// A step could not be kept once the message was typed; it goes on, and the file says less than is
    /// true, never more.
    trouble: Option<SpoolError>,
}

impl<'a> Keeper<'a> {
    /// Of a message that is about to be carried.
    pub fn new(entry: &'a mut Entry) -> Self {
        let before = entry.record.state;
        Self { entry, before, trouble: None }
    }

    /// Keeps what became of it.
    ///
    /// # Errors
    /// This, or a step before, could not be kept.
    pub fn settle(mut self, outcome: &Outcome) -> Result<(), SpoolError> {
        self.entry.record.settle(outcome, Timestamp::now());
        self.entry.write(Durability::InMemory)?;
        self.trouble.take().map_or(Ok(()), Err)
    }

    fn turn(&mut self, state: State) -> Result<(), SpoolError> {
        let carrier = self.entry.record.carrier;
        self.entry.record.turn(state, Timestamp::now());
        self.entry.record.carrier = carrier;
        // One that waits is on the disk, and would be typed again after a power cut.
        let survives = self.before == State::Waiting && state == State::Typing;
        self.entry.write(if survives { Durability::OnDisk } else { Durability::InMemory })
    }

    fn note(&mut self, state: State) {
        if let Err(error) = self.turn(state) {
            self.trouble = Some(error);
        }
    }
}

impl Progress for Keeper<'_> {
    type Error = SpoolError;

    fn typing(&mut self) -> Result<(), SpoolError> {
        self.turn(State::Typing)
    }

    fn not_typed(&mut self) -> Result<(), SpoolError> {
        self.turn(self.before)
    }

    fn typed(&mut self) {
        self.note(State::Typed);
    }

    fn submitted(&mut self) {
        self.note(State::Submitted);
    }
}
