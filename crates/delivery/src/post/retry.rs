//! Sends a message that did not arrive once more.

use std::time::Instant;

use jiff::Timestamp;

use super::{Post, message_id, own_identity};
use crate::spool::{Entry, State};
use crate::{Content, Outcome, Payload, PostError, Recipient, Request};

impl Post<'_> {
    /// Sends a message anew, now or never: the same text, under the same id. Whether it may be typed again
    /// was decided by what `entry` says; one of which something else has become since is left as it is.
    /// `None` if other messages went first for too long: nothing has changed then.
    ///
    /// # Errors
    /// As [`Post::send`].
    pub fn retry(&self, to: &Recipient, entry: &Entry, request: Request) -> Result<Option<Entry>, PostError> {
        let deadline = Instant::now() + request.patience.turn;
        let Some(_turn) = self.outbox.turn(&to.name, &message_id()?, deadline)? else { return Ok(None) };
        let now = Timestamp::now();
        let mut fresh = self.outbox.message(&to.name, &entry.record.id)?.unwrap_or_else(|| entry.clone());
        if (fresh.record.state, fresh.record.since) != (entry.record.state, entry.record.since) {
            return Ok(Some(fresh));
        }
        // What was refused as a whole would be again, unless the runtime's profile has changed.
        let content = match fresh.record.file {
            Some(_) => Content::Typed,
            None => Content::of(&fresh.record.text, &to.profile),
        };
        match content {
            Content::Typed => {}
            // The runtime has become another since; the text is still not to be changed without a word.
            Content::InFile => {
                let text = fresh.record.text.as_str();
                let path = self.outbox.put_file(&to.name, &fresh.record.id, text)?;
                let pointer = Content::pointer(&path, text.len());
                fresh.record.text = Payload::new(pointer.as_bytes()).unwrap_or(fresh.record.text);
                fresh.record.file = Some(path);
            }
            Content::Refused(refusal) => {
                fresh.record.settle(&Outcome::Refused(refusal), now);
                self.outbox.keep(&fresh)?;
                return Ok(Some(fresh));
            }
        }
        fresh.record.turn(State::Staged, now);
        fresh.record.expires = None;
        fresh.record.carrier = Some(own_identity()?);
        self.outbox.keep(&fresh)?;
        self.carry(to, fresh, request).map(Some)
    }
}
