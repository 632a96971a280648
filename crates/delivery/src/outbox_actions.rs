//! What can be done about the messages in the outbox: deliver those that wait, cancel them, and send them again.

use std::time::{Duration, Instant};

use mosaic_domain::AgentName;
use mosaic_roster::Roster;

use crate::message_sender::in_parallel;
use crate::protocol::{DeliveryOptions, DeliveryTimeouts};
use crate::spool::{Entry, State};
use crate::{
    DeliveryError, DeliveryService, LeftText, MessageSender, Receipt, Receipts, SendError, StoredMessage,
    orphan_outcome,
};

/// How long a delivery of waiting messages waits for an agent, which may be starting.
const READY_TIMEOUT: Duration = Duration::from_secs(20);

/// How long the removal of a text from a composer waits for the agent's lock.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

impl MessageSender {
    /// Returns the agents with messages that wait, or that were under way when their sender ended.
    ///
    /// # Errors
    /// The outbox or `/proc` cannot be read.
    pub fn agents_with_pending_messages(&self) -> Result<Vec<AgentName>, DeliveryError> {
        let mut agents = Vec::new();
        for agent in self.outbox().agents()? {
            if self.outbox().has_waiting(&agent) || self.has_pending(&agent)? {
                agents.push(agent);
            }
        }
        Ok(agents)
    }

    fn has_pending(&self, agent: &AgentName) -> Result<bool, DeliveryError> {
        for entry in self.outbox().messages(agent)?.into_iter().flatten() {
            // A waiting message has no mark if its sender was killed before it made the mark.
            if entry.record.state == State::Waiting || orphan_outcome(&entry.record)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Delivers the messages that wait for these agents, and returns the receipts for each agent.
    ///
    /// # Errors
    /// tmux is missing or too old.
    pub fn deliver_waiting(
        &self,
        roster: &Roster,
        agents: &[AgentName],
    ) -> Result<Vec<Result<Vec<Receipt>, DeliveryError>>, SendError> {
        let server = self.server(roster)?;
        let service = self.service(&server);
        Ok(in_parallel(agents, |agent| self.deliver_waiting_to(&service, roster, agent)))
    }

    fn deliver_waiting_to(
        &self,
        service: &DeliveryService<'_>,
        roster: &Roster,
        agent: &AgentName,
    ) -> Result<Vec<Receipt>, DeliveryError> {
        let began = Instant::now();
        let timeouts = DeliveryTimeouts { ready: READY_TIMEOUT, ..DeliveryTimeouts::default() };
        let options = DeliveryOptions { only_when_idle: true, timeouts, ..DeliveryOptions::default() };
        let entries = if roster.agent(agent.as_str()).is_some() {
            service.deliver_waiting(&self.recipient(roster, agent)?, options)?
        } else {
            service.settle_orphans(agent, began + READY_TIMEOUT)?
        };
        let mut records: Vec<_> = entries.into_iter().map(|entry| entry.record).collect();
        if records.is_empty() {
            // Another process delivers the messages, or has delivered them.
            let waiting = self.outbox().messages(agent)?.into_iter().flatten();
            records.extend(waiting.map(|entry| entry.record).filter(|record| record.state == State::Waiting));
        }
        Ok(records.iter().map(|record| Receipt::new(record, began.elapsed())).collect())
    }

    /// Cancels a message that waits, or removes a message from the composer in which its sender left it.
    ///
    /// # Errors
    /// The message neither waits nor is in the composer, or the agent's lock is not available in time.
    pub fn cancel(&self, message: &StoredMessage) -> Result<Receipt, SendError> {
        let (id, agent, state) = (message.current.id.clone(), message.agent.clone(), message.current.state);
        if state == State::Unconfirmed {
            let cleared = self.clear_left(message)?.ok_or(SendError::NotCancelable { id, agent, state })?;
            return Ok(Receipt::new(&cleared.record, Duration::ZERO));
        }
        // A message that is under way will have ended when the lock is available.
        if state.is_under_way() || state.is_final() && state != State::Cancelled {
            return Err(SendError::NotCancelable { id, agent, state });
        }
        let entry = self.outbox().cancel(&agent, &id).map_err(DeliveryError::from)?;
        match entry {
            Some(entry) if entry.record.state == State::Cancelled => Ok(Receipt::new(&entry.record, Duration::ZERO)),
            Some(entry) => Err(SendError::NotCancelable { id, agent, state: entry.record.state }),
            None => Err(SendError::Removed { id, agent }),
        }
    }

    fn clear_left(&self, message: &StoredMessage) -> Result<Option<Entry>, SendError> {
        let roster = self.roster()?;
        let server = self.server(&roster)?;
        let lock = self.lock_agent(&message.agent, CANCEL_TIMEOUT)?;
        let to = self.recipient(&roster, &message.agent)?;
        Ok(self.service(&server).clear_left(&lock, &to, &message.entry)?)
    }

    /// Returns the messages that the composers of these agents show although their delivery has ended. An agent whose
    /// composer cannot be read is left out.
    #[must_use]
    pub fn left_texts(&self, roster: &Roster) -> Vec<(AgentName, LeftText)> {
        let marked =
            roster.agents.iter().filter(|agent| self.outbox().typed(&agent.name).is_ok_and(|typed| typed.is_some()));
        let marked: Vec<&AgentName> = marked.map(|agent| &agent.name).collect();
        if marked.is_empty() {
            return Vec::new();
        }
        let Ok(server) = self.server(roster) else { return Vec::new() };
        let service = self.service(&server);
        let shown = in_parallel(&marked, |agent| {
            let to = self.recipient(roster, agent).ok()?;
            let left = service.shown_left_text(&to).ok()??;
            Some((to.name, left))
        });
        shown.into_iter().flatten().collect()
    }

    /// Sends messages again, in their order for each agent. `even_if_typed` also allows messages that may have been typed.
    ///
    /// # Errors
    /// A message is in a state in which it is not sent again, and then none is sent; or a delivery fails.
    pub fn retry(
        &self,
        roster: &Roster,
        messages: &[&StoredMessage],
        options: DeliveryOptions,
        even_if_typed: bool,
    ) -> Result<Receipts, SendError> {
        let mut by_agent: Vec<(&AgentName, Vec<&StoredMessage>)> = Vec::new();
        let server = self.server(roster)?;
        let service = self.service(&server);
        for message in messages {
            // Submitting a text that the composer shows does not type it again.
            let is_left = || -> Result<bool, SendError> {
                let to = self.recipient(roster, &message.agent)?;
                Ok(service.shown_left_text(&to)?.is_some_and(|left| left.id == message.current.id))
            };
            if message.current.state != State::Unconfirmed || even_if_typed || !is_left()? {
                check_retryable(message, even_if_typed)?;
            }
            match by_agent.iter_mut().find(|(agent, _)| **agent == message.agent) {
                Some((_, messages)) if messages.contains(message) => {}
                Some((_, messages)) => messages.push(message),
                None => by_agent.push((&message.agent, Vec::from([*message]))),
            }
        }
        let sent = in_parallel(&by_agent, |(agent, messages)| {
            let to = self.recipient(roster, agent)?;
            let receipts = messages.iter().map(|message| {
                let began = Instant::now();
                let entry = service.retry(&to, &message.entry, options)?;
                let busy = || SendError::Busy { agent: to.name.clone(), timeout: options.timeouts.lock };
                Ok(Receipt::new(&entry.ok_or_else(busy)?.record, began.elapsed()))
            });
            receipts.collect::<Result<Vec<_>, SendError>>()
        });
        let sent = sent.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(Receipts::new(sent.into_iter().flatten().collect()))
    }
}

fn check_retryable(message: &StoredMessage, even_if_typed: bool) -> Result<(), SendError> {
    let (id, agent, state) = (message.current.id.clone(), message.agent.clone(), message.current.state);
    match state {
        State::Refused | State::Expired | State::Cancelled => Ok(()),
        State::Unconfirmed if even_if_typed => Ok(()),
        _ => Err(SendError::NotRetryable { id, agent, state }),
    }
}

pub(crate) fn why_not_retryable(state: State, agent: &AgentName) -> String {
    match state {
        State::Unconfirmed => format!(
            "it was typed, or may have been, and the agent would get it twice; the composer does not show it. Check 'mosaic agent screen {agent}'; \
             then --even-if-typed sends it again"
        ),
        State::Waiting => {
            format!("it is delivered automatically; 'mosaic agent outbox deliver {agent}' tries it now")
        }
        State::Accepted | State::Queued => "the agent has it".to_owned(),
        _ => "it is being delivered".to_owned(),
    }
}

pub(crate) fn why_not_cancelable(state: State) -> &'static str {
    match state {
        State::Accepted | State::Queued => "the agent has it",
        State::Unconfirmed => "it was typed, or may have been, and the composer does not show it",
        state if state.is_under_way() => "it is being delivered",
        _ => "it will not be sent anyway",
    }
}
