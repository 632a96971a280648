//! An outbox for unit tests, with messages in whatever state.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_delivery::Payload;
use mosaic_delivery::spool::{MessageId, Outbox, Record, State};
use mosaic_domain::{AgentName, MosaicHome};
use tempfile::TempDir;

use super::{Kept, kept};

#[derive(Debug)]
pub(crate) struct TestOutbox {
    _home: TempDir,
    outbox: Outbox,
}

impl TestOutbox {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let place = MosaicHome::from_environment(|_| Some(home.path().into())).unwrap();
        Self { outbox: Outbox::of(&place), _home: home }
    }

    /// A message of this state, made and changed just now.
    pub(crate) fn put(&self, agent: &str, random: u16, state: State) -> MessageId {
        self.put_aged(agent, random, state, Duration::ZERO)
    }

    /// The same, so long ago. One that is under way has no carrier.
    pub(crate) fn put_aged(&self, agent: &str, random: u16, state: State, age: Duration) -> MessageId {
        let made = Timestamp::now() - age;
        let id = MessageId::new(made, random);
        let record = Record {
            schema: Record::SCHEMA,
            id: id.clone(),
            agent: agent.to_owned(),
            source: "host:operator".parse().unwrap(),
            created: made,
            expires: None,
            text: Payload::new(b"[host:operator -> host:coder0] please rebase\nand push").unwrap(),
            file: None,
            state,
            since: made,
            code: None,
            reason: None,
            carrier: None,
        };
        self.outbox.stage(&agent.parse::<AgentName>().unwrap(), record).unwrap();
        id
    }

    pub(crate) fn kept(&self) -> Vec<Kept> {
        kept(&self.outbox, &self.outbox.agents().unwrap()).unwrap().0
    }
}
