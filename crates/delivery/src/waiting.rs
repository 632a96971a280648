//! Delivers the messages that wait, and settles those whose sender has ended.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_domain::AgentName;
use mosaic_process::ProcRoot;

use crate::protocol::{DeliveryOptions, DeliveryTimeouts};
use crate::spool::{Entry, MessageId, Record, State};
use crate::{DeliveryError, DeliveryService, Outcome, Recipient};

/// Returns the outcome of a message whose delivery was under way when the process that owned it ended; `None` if the
/// message is not under way, or its owner is alive.
///
/// # Errors
/// `/proc` cannot be read.
pub fn orphan_outcome(record: &Record) -> Result<Option<Outcome>, DeliveryError> {
    let Some(outcome) = record.outcome_without_owner() else { return Ok(None) };
    let is_alive = match &record.owner {
        Some(owner) => ProcRoot::default().liveness(&owner.process()).map_err(DeliveryError::Proc)?.is_alive(),
        None => false,
    };
    Ok(Some(outcome).filter(|_| !is_alive))
}

/// How often an agent that is not ready is looked at.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Returns how long a delivery waits for the end of the obstacle with this code.
pub(crate) fn wait_limit(code: &str, timeouts: &DeliveryTimeouts) -> Duration {
    match code {
        "no-composer" | "not-reading" => timeouts.ready,
        "in-mode" | "draft" | "own-draft" | "dialog" | "busy" => timeouts.obstructed,
        _ => Duration::ZERO,
    }
}

impl DeliveryService<'_> {
    /// Delivers the messages that wait for an agent, the oldest first, until one has to wait on. Messages whose owner
    /// has ended are settled, and those past their expiry expire. Returns an entry for each of them.
    ///
    /// While the agent is not ready, its lock is held only for a look at the pane, so that other senders go on.
    ///
    /// # Errors
    /// The outbox cannot be read or written.
    pub fn deliver_waiting(&self, to: &Recipient, options: DeliveryOptions) -> Result<Vec<Entry>, DeliveryError> {
        let began = Instant::now();
        let deadline = began + options.timeouts.ready;
        let turn = options.without_waiting();
        let mut processed: BTreeMap<MessageId, Entry> = BTreeMap::new();
        loop {
            let entries = self.process_waiting(&to.name, deadline, |entry| self.deliver(to, entry, turn))?;
            processed.extend(entries.into_iter().map(|entry| (entry.record.id.clone(), entry)));
            let obstacle = processed.values().find(|entry| entry.record.state == State::Waiting);
            let code = obstacle.and_then(|entry| entry.record.code.as_deref());
            let limit = code.map_or(Duration::ZERO, |code| wait_limit(code, &options.timeouts));
            if began.elapsed() + LOOK_AGAIN >= limit || self.interrupt.is_requested() {
                return Ok(processed.into_values().collect());
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Settles the messages to an agent that is no longer in the roster: those whose owner has ended, and those past
    /// their expiry. The others wait on.
    ///
    /// # Errors
    /// The outbox cannot be read or written.
    pub fn settle_orphans(&self, agent: &AgentName, deadline: Instant) -> Result<Vec<Entry>, DeliveryError> {
        self.process_waiting(agent, deadline, Ok)
    }

    fn process_waiting(
        &self,
        agent: &AgentName,
        deadline: Instant,
        deliver: impl Fn(Entry) -> Result<Entry, DeliveryError>,
    ) -> Result<Vec<Entry>, DeliveryError> {
        let lock = self.outbox.lock_agent(agent, &MessageId::generate(), deadline, self.interrupt)?;
        let Some(_lock) = lock else { return Ok(Vec::new()) };
        let processed = self.process_locked(agent, deliver);
        if processed.is_ok() {
            self.unmark_if_none_waits(agent)?;
        }
        self.outbox.remove_old(agent, Timestamp::now())?;
        processed
    }

    /// Removes the mark only after the messages were processed: if this process is killed before, the mark makes another
    /// process look after the messages.
    fn unmark_if_none_waits(&self, agent: &AgentName) -> Result<(), DeliveryError> {
        let any_waits = || -> Result<bool, DeliveryError> {
            Ok(self.outbox.messages(agent)?.iter().flatten().any(|entry| entry.record.state == State::Waiting))
        };
        if !any_waits()? {
            self.outbox.unmark_waiting(agent)?;
            // A message that was stored in between has lost its mark.
            if any_waits()? {
                self.outbox.mark_waiting(agent)?;
            }
        }
        Ok(())
    }

    fn process_locked(
        &self,
        agent: &AgentName,
        deliver: impl Fn(Entry) -> Result<Entry, DeliveryError>,
    ) -> Result<Vec<Entry>, DeliveryError> {
        let mut processed = Vec::new();
        let mut obstructed = false;
        // An unreadable message does not stop the others.
        for mut entry in self.outbox.messages(agent)?.into_iter().flatten() {
            let now = Timestamp::now();
            if let Some(outcome) = orphan_outcome(&entry.record)? {
                entry.record.settle(&outcome, now);
                self.outbox.store(&entry)?;
            } else if entry.record.state != State::Waiting {
                continue;
            } else if entry.record.is_expired(now) {
                let expired = |record: &mut Record| record.set_state(State::Expired, now);
                entry = self.outbox.change_waiting(agent, &entry.record.id, expired)?.unwrap_or(entry);
            } else if !obstructed {
                entry = deliver(entry)?;
                obstructed = entry.record.state == State::Waiting;
            }
            processed.push(entry);
        }
        Ok(processed)
    }
}
