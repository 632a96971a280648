//! The record of a message in the outbox.

use std::fmt;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use mosaic_domain::{BootId, Pid, ProcessIdentity};
use mosaic_runtimes::Profile;

use super::MessageId;
use crate::{Content, Label, Outcome, Payload, Refusal, Sender, UnconfirmedReason};

/// One message, as its file contains it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The version of this format: 1.
    pub schema: u32,
    /// The id.
    pub id: MessageId,
    /// The name of the recipient.
    pub agent: String,
    /// The label of the sender, which may be a claim.
    pub source: Label,
    /// The true sender, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Sender>,
    /// The preamble with which the text begins.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub preamble: String,
    /// When the message was created.
    pub created: Timestamp,
    /// When the message expires, if it may wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The text that is typed, including the preamble.
    pub text: Payload,
    /// The file with the message, if the text only asks the agent to read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The state.
    pub state: State,
    /// When the message entered the state.
    pub since: Timestamp,
    /// The machine-readable reason of the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The reason of the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether Enter was pressed after the text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub entered: bool,
    /// The process that delivers the message.
    #[serde(default, rename = "carrier", skip_serializing_if = "Option::is_none")]
    pub owner: Option<MessageOwner>,
}

/// A process that delivers a message, or in whose pane a sender ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MessageOwner {
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

impl From<ProcessIdentity> for MessageOwner {
    fn from(process: ProcessIdentity) -> Self {
        Self { pid: process.pid, start: process.start_ticks, boot: process.boot }
    }
}

impl MessageOwner {
    /// Returns the identity of the process.
    #[must_use]
    pub fn process(&self) -> ProcessIdentity {
        ProcessIdentity { pid: self.pid, start_ticks: self.start, boot: self.boot }
    }
}

impl Record {
    /// The version of the format.
    pub const SCHEMA: u32 = 1;

    /// Changes the state, without a reason.
    pub fn set_state(&mut self, state: State, now: Timestamp) {
        self.state = state;
        self.since = now;
        (self.code, self.reason) = (None, None);
        if !state.is_under_way() {
            self.owner = None;
        }
    }

    /// Changes the state to the one of an outcome.
    pub fn settle(&mut self, outcome: &Outcome, now: Timestamp) {
        let (state, code) = match outcome {
            Outcome::Accepted => (State::Accepted, None),
            Outcome::Queued => (State::Queued, None),
            Outcome::Unconfirmed(reason) => (State::Unconfirmed, Some(reason.code())),
            Outcome::Refused(refusal) => (State::Refused, Some(refusal.code())),
        };
        self.set_state(state, now);
        self.code = code.map(str::to_owned);
        self.reason = outcome.reason();
    }

    /// Returns the outcome, given that the process that owned the message has ended; `None` if it was not under way.
    #[must_use]
    pub fn outcome_without_owner(&self) -> Option<Outcome> {
        match self.state {
            State::Staged => Some(Outcome::Refused(Refusal::SenderEnded)),
            State::Typing | State::Typed | State::Submitted => {
                Some(Outcome::Unconfirmed(UnconfirmedReason::SenderEnded))
            }
            _ => None,
        }
    }

    /// Returns the sender as the preamble shows it: a claimed label stands beside the true one.
    #[must_use]
    pub fn shown_source(&self) -> String {
        let Some(sender) = &self.sender else { return self.source.to_string() };
        let claimed = format!("{} as {}", sender.label, self.source);
        let is_claimed = sender.label != self.source
            && (sender.agent.is_some()
                || self.preamble.strip_prefix('[').is_some_and(|text| text.starts_with(&claimed)));
        if is_claimed { claimed } else { self.source.to_string() }
    }

    /// Puts the time of writing behind the preamble of a message that has waited for a minute, so that the agent knows that
    /// the text is not new.
    pub fn date(&mut self, profile: &Profile, now: Timestamp) {
        let has_waited = now.duration_since(self.created) >= SignedDuration::from_mins(1);
        let Some(body) = self.text.as_str().strip_prefix(&self.preamble) else { return };
        let written = format!("(written {}) ", self.created.strftime("%Y-%m-%d %H:%M:%S UTC"));
        if self.preamble.is_empty() || !has_waited || body.starts_with(&written) {
            return;
        }
        if let Ok(dated) = Payload::new(format!("{}{written}{body}", self.preamble).as_bytes())
            && Content::for_profile(&dated, profile) == Content::Typed
        {
            self.text = dated;
        }
    }

    /// Returns whether the message has expired.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// The state of a message in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The message is on disk and about to be delivered.
    Staged,
    /// The message is on disk and waits until the agent is ready.
    Waiting,
    /// The message is about to be typed, and may have been.
    Typing,
    /// The message was typed.
    Typed,
    /// Enter was pressed.
    Submitted,
    /// The agent has accepted the message.
    Accepted,
    /// The agent's program keeps the message until its turn ends.
    Queued,
    /// The message was typed, or may have been, and its acceptance was not seen.
    Unconfirmed,
    /// The message was not typed.
    Refused,
    /// The message was not typed before it expired.
    Expired,
    /// The message was canceled before it was typed.
    Cancelled,
}

impl State {
    /// All states.
    pub const ALL: [Self; 11] = [
        Self::Staged,
        Self::Waiting,
        Self::Typing,
        Self::Typed,
        Self::Submitted,
        Self::Accepted,
        Self::Queued,
        Self::Unconfirmed,
        Self::Refused,
        Self::Expired,
        Self::Cancelled,
    ];

    /// Returns the name of the state.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Waiting => "waiting",
            Self::Typing => "typing",
            Self::Typed => "typed",
            Self::Submitted => "submitted",
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Unconfirmed => "unconfirmed",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Returns whether a process is delivering the message.
    #[must_use]
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Staged | Self::Typing | Self::Typed | Self::Submitted)
    }

    /// Returns whether the state is final.
    #[must_use]
    pub fn is_final(self) -> bool {
        !self.is_under_way() && self != Self::Waiting
    }

    /// Returns whether a part of the message may have been typed.
    #[must_use]
    pub fn may_be_typed(self) -> bool {
        matches!(self, Self::Typing | Self::Typed | Self::Submitted | Self::Accepted | Self::Queued | Self::Unconfirmed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, State};
    use crate::Payload;
    use crate::spool::MessageId;
    use jiff::{SignedDuration, Timestamp};
    use mosaic_runtimes::Profile;
    use std::path::Path;

    #[test]
    fn a_message_that_waited_says_when_it_was_written() {
        let created: Timestamp = "2026-11-30T07:41:05Z".parse().unwrap();
        let profile = |text: &str| Profile::parse(text, Path::new("p")).unwrap();
        let agent = profile("version: 1\ncomposer: {kind: box, first: '^(.*)$'}\n");
        let narrow = profile("version: 1\ncomposer: {kind: box, first: '^(.*)$'}\nlongest: 40\n");
        let preamble = "[vm:lead -> vm:a1] ";
        let dated = "[vm:lead -> vm:a1] (written 2026-11-30 07:41:05 UTC) rebase";
        let table = [
            (&agent, preamble, "[vm:lead -> vm:a1] rebase", 59, "[vm:lead -> vm:a1] rebase"),
            (&agent, preamble, "[vm:lead -> vm:a1] rebase", 60, dated),
            (&agent, preamble, dated, 72_000, dated),
            (&agent, "", "rebase", 72_000, "rebase"),
            (&narrow, preamble, "[vm:lead -> vm:a1] rebase", 72_000, "[vm:lead -> vm:a1] rebase"),
        ];
        for (profile, preamble, text, seconds, expected) in table {
            let mut record = Record {
                schema: Record::SCHEMA,
                id: MessageId::new(created, 1),
                agent: "a1".to_owned(),
                source: "vm:lead".parse().unwrap(),
                sender: None,
                preamble: preamble.to_owned(),
                created,
                expires: None,
                text: Payload::new(text.as_bytes()).unwrap(),
                file: None,
                state: State::Waiting,
                since: created,
                code: None,
                reason: None,
                entered: false,
                owner: None,
            };
            record.date(profile, created + SignedDuration::from_secs(seconds));
            assert_eq!(record.text.as_str(), expected, "{text} after {seconds} s");
        }
    }
}
