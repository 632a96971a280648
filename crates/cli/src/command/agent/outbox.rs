//! `mosaic agent outbox`: the messages to agents, and what can be done about them.

mod cancel;
mod deliver;
mod list;
mod retry;

use clap::{Args, Subcommand};
use mosaic_domain::{AgentName, ExitCode};

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::JsonArg;

use cancel::Cancel;
use deliver::Deliver;
use list::list;
use retry::Retry;

/// List the messages to agents: those that wait, and what became of the others
///
/// Shown are those that wait, are under way, are unconfirmed, were refused or have expired, and of the
/// last hour also those that arrived or were cancelled. An agent that is called as one of the commands
/// below is named behind '--'.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true, after_help = AFTER_HELP)]
pub(crate) struct Outbox {
    #[command(subcommand)]
    command: Option<OutboxCommand>,

    /// The agent; all if none is named
    #[arg(value_name = "AGENT")]
    agent: Option<AgentName>,

    /// Everything that is remembered: a week, and at most 1,000 messages to each agent
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    json: JsonArg,
}

/// What can be done about messages.
#[derive(Clone, Debug, Subcommand)]
enum OutboxCommand {
    Cancel(Cancel),
    Retry(Retry),
    Deliver(Deliver),
}

impl Outbox {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        match &self.command {
            Some(OutboxCommand::Cancel(cancel)) => cancel.run(context),
            Some(OutboxCommand::Retry(retry)) => retry.run(context),
            Some(OutboxCommand::Deliver(deliver)) => deliver.run(context),
            None => list(context, self.agent.as_ref(), self.all, self.json.enabled),
        }
    }
}

const AFTER_HELP: &str = "\
Examples:
  mosaic agent outbox
  mosaic agent outbox coder0 --all --json
  mosaic agent outbox -- deliver   an agent of that name
  mosaic agent outbox cancel 1f0c
  mosaic agent outbox retry 1f0c --wait 60
  mosaic agent outbox deliver";
