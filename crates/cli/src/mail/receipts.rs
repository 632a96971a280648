//! What became of messages, as a person and a program are told.

use std::time::Duration;

use mosaic_delivery::spool::{Record, State};
use mosaic_delivery::{PostError, Recipient};
use mosaic_domain::ExitCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::short_host;

/// What `mosaic agent send --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "it is the name in the JSON")]
pub(crate) struct Receipts {
    /// The version of this format; 1. Fields are only ever added.
    pub(crate) schema: u32,
    /// The host on which the agents are.
    pub(crate) host: String,
    /// One for each agent.
    pub(crate) receipts: Vec<Receipt>,
}

/// What became of the message to one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt {
    /// The agent.
    pub(crate) agent: String,
    /// The message's id, by which the outbox knows it; empty if it could not be kept.
    pub(crate) id: String,
    /// How far it came: accepted, queued (by the agent's program), waiting (in the outbox), unconfirmed,
    /// refused, expired, cancelled.
    pub(crate) outcome: State,
    /// Why not further, for programs.
    pub(crate) code: Option<String>,
    /// Why not further.
    pub(crate) reason: Option<String>,
    /// The file that the text is in, where the agent was only told to read it.
    pub(crate) file: Option<String>,
    /// How long it took.
    pub(crate) milliseconds: u64,
}

impl Receipt {
    /// For a message.
    pub(crate) fn of(record: &Record, took: Duration) -> Self {
        Self {
            agent: record.agent.clone(),
            id: record.id.to_string(),
            outcome: record.state,
            code: record.code.clone(),
            reason: record.reason.clone(),
            file: record.file.as_ref().map(|file| file.display().to_string()),
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// For a message that could not be kept, so that nothing was typed.
    pub(crate) fn not_sent(to: &Recipient, error: &PostError) -> Self {
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

    fn line(&self, width: usize) -> String {
        format!("{:width$}  {}\n", self.agent, self.words())
    }

    /// How far it came, and why not further.
    pub(crate) fn words(&self) -> String {
        let Self { outcome, id, .. } = self;
        let why = match &self.reason {
            Some(reason) => format!(": {reason}{}", self.advice()),
            None => String::new(),
        };
        let file = self.file.as_ref().map_or(String::new(), |file| format!(" (it is in the file {file})"));
        let id = if id.is_empty() { String::new() } else { format!("  [{id}]") };
        format!("{outcome}{why}{file}{id}")
    }

    fn advice(&self) -> String {
        let agent = &self.agent;
        match (self.outcome, self.code.as_deref()) {
            (State::Waiting, _) => "; it is delivered as soon as that is over".to_owned(),
            (State::Refused, Some("no-session" | "dead")) => {
                format!("; 'mosaic fleet start {agent}' starts it, --queue would wait for it")
            }
            (State::Refused, Some("dialog" | "draft" | "no-composer" | "in-mode")) => {
                format!("; 'mosaic agent screen {agent}' shows it, --queue would wait")
            }
            (State::Unconfirmed, _) => format!("; look before you send it again: 'mosaic agent screen {agent}'"),
            _ => String::new(),
        }
    }
}

impl Receipts {
    /// The version of the format.
    pub(crate) const SCHEMA: u32 = 1;

    /// Of agents on this host.
    pub(crate) fn here(receipts: Vec<Receipt>) -> Self {
        Self { schema: Self::SCHEMA, host: short_host(), receipts }
    }

    /// How `send` ends: what is not known counts for more than what is known not to have happened.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let any = |wanted: fn(State) -> bool| self.receipts.iter().any(|receipt| wanted(receipt.outcome));
        match () {
            () if any(|outcome| outcome == State::Unconfirmed || outcome.is_under_way()) => ExitCode::Unconfirmed,
            () if any(|outcome| matches!(outcome, State::Refused | State::Expired | State::Cancelled)) => {
                ExitCode::CheckFailed
            }
            () => ExitCode::Ok,
        }
    }

    /// A line for each.
    pub(crate) fn text(&self) -> String {
        let width = self.receipts.iter().map(|receipt| receipt.agent.chars().count()).max().unwrap_or_default();
        self.receipts.iter().map(|receipt| receipt.line(width)).collect()
    }
}
