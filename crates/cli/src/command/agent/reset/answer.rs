//! What became of a reset.

use std::time::Duration;

use mosaic_domain::{AgentName, ExitCode};
use serde::Serialize;

use crate::mail::{Receipt, Receipts};

/// What `mosaic agent reset --json` prints.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    /// The agent.
    agent: String,
    /// How it was made to forget.
    how: How,
    /// What was typed for it.
    command: Option<String>,
    /// How long the restart took.
    restart_milliseconds: Option<u64>,
    /// What became of the command, if one was typed, and then of the kickstart, if it came to that.
    #[serde(flatten)]
    receipts: Receipts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum How {
    Typed,
    Restarted,
}

impl Answer {
    /// Its reset command was typed: the first receipt is that of it.
    pub(super) fn typed(agent: &AgentName, command: &str, receipts: Vec<Receipt>) -> Self {
        Self {
            agent: agent.to_string(),
            how: How::Typed,
            command: Some(command.to_owned()),
            restart_milliseconds: None,
            receipts: Receipts::here(receipts),
        }
    }

    /// It was restarted.
    pub(super) fn restarted(agent: &AgentName, took: Duration, receipts: Vec<Receipt>) -> Self {
        Self {
            agent: agent.to_string(),
            how: How::Restarted,
            command: None,
            restart_milliseconds: u64::try_from(took.as_millis()).ok(),
            receipts: Receipts::here(receipts),
        }
    }

    /// As with 'send'.
    pub(super) fn exit_code(&self) -> ExitCode {
        self.receipts.exit_code()
    }

    /// A line for each step.
    pub(super) fn text(&self) -> String {
        let Self { agent, .. } = self;
        let restart = self.restart_milliseconds.map(|milliseconds| {
            let seconds = Duration::from_millis(milliseconds).as_secs_f64();
            format!("{agent}  restarted in {seconds:.1} s\n")
        });
        let steps = self.command.as_deref().into_iter().chain(["kickstart"]);
        let sent =
            steps.zip(&self.receipts.receipts).map(|(step, receipt)| format!("{agent}  {step}: {}\n", receipt.words()));
        restart.into_iter().chain(sent).collect()
    }
}
