//! Sees to the messages that wait.

use std::time::Instant;

use jiff::Timestamp;
use mosaic_domain::AgentName;

use super::{Post, message_id};
use crate::spool::{Entry, State};
use crate::{PostError, Recipient, Request, orphan_outcome};

impl Post<'_> {
    /// Delivers the messages that wait for an agent, oldest first, as far as it takes them; and settles
    /// those whose carriers have ended. What is still waiting then waits on.
    ///
    /// # Errors
    /// The outbox cannot be read or written.
    pub fn deliver(&self, to: &Recipient, request: Request) -> Result<Vec<Entry>, PostError> {
        self.see_to(&to.name, Instant::now() + request.patience.ready, |entry| self.carry(to, entry, request))
    }

    /// Settles the messages to an agent that there is no more: those whose carriers have ended, and those
    /// past their time. The others wait on.
    ///
    /// # Errors
    /// The outbox cannot be read or written.
    pub fn settle(&self, agent: &AgentName, deadline: Instant) -> Result<Vec<Entry>, PostError> {
        self.see_to(agent, deadline, Ok)
    }

    fn see_to(
        &self,
        agent: &AgentName,
        deadline: Instant,
        carry: impl Fn(Entry) -> Result<Entry, PostError>,
    ) -> Result<Vec<Entry>, PostError> {
        let Some(_turn) = self.outbox.turn(agent, &message_id()?, deadline)? else {
            return Ok(Vec::new());
        };
        let done = self.see_to_in_turn(agent, carry);
        if done.is_ok() {
            self.unmark_if_none_waits(agent)?;
        }
        self.outbox.forget_old(agent, Timestamp::now())?;
        done
    }

    /// Not before they were seen to: messages whose carrier is killed meanwhile would wait, and nobody would
    /// know of it.
    fn unmark_if_none_waits(&self, agent: &AgentName) -> Result<(), PostError> {
        let waits = || -> Result<bool, PostError> {
            Ok(self.outbox.messages(agent)?.iter().flatten().any(|entry| entry.record.state == State::Waiting))
        };
        if !waits()? {
            self.outbox.unmark_waiting(agent)?;
            // The mark of one that was kept in between went with the others'.
            if waits()? {
                self.outbox.mark_waiting(agent)?;
            }
        }
        Ok(())
    }

    fn see_to_in_turn(
        &self,
        agent: &AgentName,
        carry: impl Fn(Entry) -> Result<Entry, PostError>,
    ) -> Result<Vec<Entry>, PostError> {
        let mut done = Vec::new();
        let mut obstructed = false;
        // One that cannot be read stands in no other's way.
        for mut entry in self.outbox.messages(agent)?.into_iter().flatten() {
            let now = Timestamp::now();
            if let Some(outcome) = orphan_outcome(&entry.record)? {
                entry.record.settle(&outcome, now);
                self.outbox.keep(&entry)?;
            } else if entry.record.state != State::Waiting {
                continue;
            } else if entry.record.is_expired(now) {
                entry.record.turn(State::Expired, now);
                self.outbox.keep(&entry)?;
            } else if !obstructed {
                entry = carry(entry)?;
                obstructed = entry.record.state == State::Waiting;
            }
            done.push(entry);
        }
        Ok(done)
    }
}
