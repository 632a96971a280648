//! Sends messages that belong together.

use super::{Message, Post};
use crate::spool::{Entry, State};
use crate::{PostError, Recipient, Request};

impl Post<'_> {
    /// Sends messages one after the other in one turn, so that nobody else's comes between them. One that
    /// does not arrive is the last; there is an entry for each that was tried.
    ///
    /// # Errors
    /// As [`Post::send`].
    pub fn send_in_a_row(&self, to: &Recipient, row: &[(Message, Request)]) -> Result<Vec<Entry>, PostError> {
        let Some((first, request)) = row.first() else { return Ok(Vec::new()) };
        let (entry, turn) = self.begin(to, first, *request)?;
        if turn.is_none() {
            return Ok(Vec::from([entry]));
        }
        let mut done = Vec::from([self.carry(to, entry, *request)?]);
        for (message, request) in &row[1..] {
            let arrived =
                done.last().is_some_and(|entry| matches!(entry.record.state, State::Accepted | State::Queued));
            if !arrived {
                break;
            }
            let entry = self.stage(to, message, State::Staged)?;
            let entry = if entry.record.state.is_final() { entry } else { self.carry(to, entry, *request)? };
            done.push(entry);
        }
        Ok(done)
    }
}
