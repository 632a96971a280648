//! Takes a message back.

use jiff::Timestamp;

use super::{Entry, MessageId, Outbox, SpoolError, State, Turn};
use mosaic_domain::AgentName;

impl Outbox {
    /// Takes a message back that waits, and gives it as it is then: one that does not wait is as it was.
    /// `None` if there is none. Whoever has the turn knows that nobody carries it meanwhile.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn cancel(&self, _turn: &Turn, agent: &AgentName, id: &MessageId) -> Result<Option<Entry>, SpoolError> {
        let Some(mut entry) = self.message(agent, id)? else { return Ok(None) };
        if entry.record.state == State::Waiting {
            entry.record.turn(State::Cancelled, Timestamp::now());
            self.keep(&entry)?;
            self.unmark_waiting(agent)?;
            let left = self.messages(agent)?;
            if left.iter().flatten().any(|entry| entry.record.state == State::Waiting) {
                self.mark_waiting(agent)?;
            }
        }
        Ok(Some(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MessageId, Outbox, Record, State};
    use crate::Payload;
    use jiff::Timestamp;
    use mosaic_domain::{AgentName, MosaicHome};
    use std::time::Instant;

    #[test]
    fn what_waits_is_taken_back_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let home = MosaicHome::from_environment(|_| Some(directory.path().into())).unwrap();
        let outbox = Outbox::of(&home);
        let agent: AgentName = "coder0".parse().unwrap();
        for (nth, (before, after)) in
            [(State::Waiting, State::Cancelled), (State::Accepted, State::Accepted), (State::Refused, State::Refused)]
                .into_iter()
                .enumerate()
        {
            let now = Timestamp::now();
            let id = MessageId::new(now, u16::try_from(nth).unwrap());
            let turn = outbox.turn(&agent, &id, Instant::now()).unwrap().unwrap();
            assert!(outbox.cancel(&turn, &agent, &id).unwrap().is_none(), "there is none yet");
            let record = Record {
                schema: Record::SCHEMA,
                id: id.clone(),
                agent: agent.to_string(),
                source: "test".parse().unwrap(),
                created: now,
                expires: None,
                text: Payload::new(b"hello").unwrap(),
                file: None,
                state: before,
                since: now,
                code: None,
                reason: None,
                carrier: None,
            };
            outbox.stage(&agent, record).unwrap();
            assert_eq!(outbox.cancel(&turn, &agent, &id).unwrap().unwrap().record.state, after);
            assert!(!outbox.has_waiting(&agent), "{before}");
            assert_eq!(outbox.message(&agent, &id).unwrap().unwrap().record.state, after);
        }
    }
}
