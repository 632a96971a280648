//! What is kept of a message.

use std::path::PathBuf;

use jiff::Timestamp;
use mosaic_domain::{BootId, Pid, ProcessIdentity};

use crate::{Doubt, Label, Outcome, Payload, Refusal};

use super::{MessageId, State};

/// One message, as its file has it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The version of this format; 1.
    pub schema: u32,
    /// Its id.
    pub id: MessageId,
    /// Whom it is for: the agent's name.
    pub agent: String,
    /// Whom it is from.
    pub source: Label,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it is good, if it may wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The text that is typed, preamble and all.
    pub text: Payload,
    /// The file that its text is in, if that only tells where to read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// How far it has come.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// Why it has come no further, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it has come no further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Carrier>,
}

/// The process that carries a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Carrier {
    pid: Pid,
    start: u64,
    #[serde(with = "boot")]
    boot: BootId,
}

mod boot {
    use mosaic_domain::BootId;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(boot: &BootId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(boot)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BootId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl From<ProcessIdentity> for Carrier {
    fn from(process: ProcessIdentity) -> Self {
        Self { pid: process.pid, start: process.start_ticks, boot: process.boot }
    }
}

impl Carrier {
    /// The process.
    #[must_use]
    pub fn process(&self) -> ProcessIdentity {
        ProcessIdentity { pid: self.pid, start_ticks: self.start, boot: self.boot }
    }
}

impl Record {
    /// The version of the format.
    pub const SCHEMA: u32 = 1;

    /// Turns to another state, about which there is nothing more to say.
    pub fn turn(&mut self, state: State, now: Timestamp) {
        self.state = state;
        self.since = now;
        (self.code, self.reason) = (None, None);
        if !state.is_under_way() {
            self.carrier = None;
        }
    }

    /// Turns to what became of it.
    pub fn settle(&mut self, outcome: &Outcome, now: Timestamp) {
        let (state, code) = match outcome {
            Outcome::Accepted => (State::Accepted, None),
            Outcome::Queued => (State::Queued, None),
            Outcome::Unconfirmed(doubt) => (State::Unconfirmed, Some(doubt.code())),
            Outcome::Refused(refusal) => (State::Refused, Some(refusal.code())),
        };
        self.turn(state, now);
        self.code = code.map(str::to_owned);
        self.reason = outcome.reason();
    }

    /// What is true of it if the process that carried it has ended.
    #[must_use]
    pub fn without_carrier(&self) -> Option<Outcome> {
        match self.state {
            State::Staged => Some(Outcome::Refused(Refusal::SenderEnded)),
            State::Typing | State::Typed | State::Submitted => Some(Outcome::Unconfirmed(Doubt::SenderEnded)),
            _ => None,
        }
    }

    /// Is it past its time?
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}
