//! Receipts: the outcomes of messages, as `mosaic agent send --json` prints them.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spool::{Record, State};
use crate::{DeliveryError, Outcome, Recipient, short_host_name};

/// What `mosaic agent send --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Receipts {
    /// The version of this format: 1. Fields are only ever added.
    pub schema: u32,
    /// The host of the agents.
    pub host: String,
    /// One receipt for each agent.
    pub receipts: Vec<Receipt>,
}

/// The outcome of the message to one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The agent.
    pub agent: String,
    /// The id of the message in the outbox; empty if the message could not be stored.
    pub id: String,
    /// How far the message came: accepted, queued (by the agent's program), waiting (in the outbox), unconfirmed,
    /// refused, expired, cancelled.
    pub outcome: State,
    /// The machine-readable reason of the outcome.
    pub code: Option<String>,
    /// The reason of the outcome.
    pub reason: Option<String>,
    /// The file with the text, if the agent was only asked to read it.
    pub file: Option<String>,
    /// The duration of the delivery.
    pub milliseconds: u64,
}

/// The worst outcome of several messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptSummary {
    /// Every message has arrived or waits.
    Arrived,
    /// A message was not sent.
    NotSent,
    /// The outcome of a message is unknown.
    Unconfirmed,
}

impl Receipt {
    /// Makes the receipt of a message whose delivery took so long.
    #[must_use]
    pub fn new(record: &Record, duration: Duration) -> Self {
        Self {
            agent: record.agent.clone(),
            id: record.id.to_string(),
            outcome: record.state,
            code: record.code.clone(),
            reason: record.reason.clone(),
            file: record.file.as_ref().map(|file| file.display().to_string()),
            milliseconds: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Makes the receipt of a message that another host typed and did not store.
    pub(crate) fn unstored(agent: &str, outcome: &Outcome, duration: Duration) -> Self {
        let (state, code) = match outcome {
            Outcome::Accepted => (State::Accepted, None),
            Outcome::Queued => (State::Queued, None),
            Outcome::Unconfirmed(reason) => (State::Unconfirmed, Some(reason.code())),
            Outcome::Refused(refusal) => (State::Refused, Some(refusal.code())),
        };
        Self {
            agent: agent.to_owned(),
            id: String::new(),
            outcome: state,
            code: code.map(str::to_owned),
            reason: outcome.reason(),
            file: None,
            milliseconds: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Makes the receipt of a message that could not be stored, so that nothing was typed.
    pub(crate) fn not_stored(to: &Recipient, error: &DeliveryError) -> Self {
        Self {
            agent: to.name.to_string(),
            id: String::new(),
            outcome: State::Refused,
            code: Some("not-kept".to_owned()),
            reason: Some(error.to_string()),
            file: None,
            milliseconds: 0,
        }
    }
}

impl Receipts {
    /// The version of the format.
    pub const SCHEMA: u32 = 1;

    /// Makes the receipts of messages to agents on this host.
    #[must_use]
    pub fn new(receipts: Vec<Receipt>) -> Self {
        Self { schema: Self::SCHEMA, host: short_host_name(), receipts }
    }

    /// Returns the worst outcome. An unknown outcome is worse than a message that was not sent.
    #[must_use]
    pub fn summary(&self) -> ReceiptSummary {
        let any = |matches: fn(State) -> bool| self.receipts.iter().any(|receipt| matches(receipt.outcome));
        if any(|outcome| outcome == State::Unconfirmed || outcome.is_under_way()) {
            ReceiptSummary::Unconfirmed
        } else if any(|outcome| matches!(outcome, State::Refused | State::Expired | State::Cancelled)) {
            ReceiptSummary::NotSent
        } else {
            ReceiptSummary::Arrived
        }
    }
}
