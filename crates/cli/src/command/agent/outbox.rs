//! `mosaic agent outbox`: lists the messages to agents, and cancels, retries or delivers them.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use mosaic_delivery::spool::Outbox as MessageOutbox;
use mosaic_delivery::{
    DeliveryError, DeliveryOptions, DeliveryTimeouts, Listing, Receipt, ReceiptSummary, Receipts, StoredMessage,
    UnreadableMessage, find_message, is_listed_by_default, read_messages,
};
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_roster::{Roster, RosterError};

use super::receipt_text::{QueueOption, receipts_text};
use super::{end_on_signals, message_sender};
use crate::context::Context;
use crate::error::CommandError;
use crate::exit_code::{delivery_exit_code, receipts_exit_code, spool_exit_code};
use crate::grammar::{JsonArg, NamedAgents, Seconds, check_agent};
use crate::view::{message_table, print, print_json, print_json_outcome, print_notice, print_outcome, render};

/// List the messages to agents, with their states
///
/// By default, the list has the messages that wait, are being delivered, are unconfirmed, were refused or have
/// expired; and those of the last hour that arrived or were canceled. Put '--' before an agent whose name is one
/// of the commands below.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true, after_help = AFTER_HELP)]
pub(crate) struct Outbox {
    #[command(subcommand)]
    command: Option<OutboxCommand>,

    /// List only the messages to this agent
    #[arg(value_name = "AGENT")]
    agent: Option<AgentName>,

    /// List all messages: those of the last week, at most 1,000 per agent
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    json: JsonArg,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic agent outbox
  mosaic agent outbox coder0 --all --json
  mosaic agent outbox -- deliver   the agent with the name 'deliver'
  mosaic agent outbox cancel 1f0c
  mosaic agent outbox retry 1f0c --wait 60
  mosaic agent outbox deliver";

#[derive(Clone, Debug, Subcommand)]
enum OutboxCommand {
    Cancel(Cancel),
    Retry(Retry),
    Deliver(Deliver),
}

/// Cancel messages that wait, or remove unsent messages from composers
///
/// No part of a message that waits was typed. A message whose sender ended before it pressed Enter, or whose Enter had
/// no effect, is removed from the composer if the composer shows it and nothing else.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  mosaic agent outbox cancel 1f0c\n  mosaic agent outbox cancel 1f0c 00063f2a9b1c4d-77e1"
)]
struct Cancel {
    /// The messages, each by its id or the last four digits of it
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

/// Send messages again that were refused, have expired or were canceled
///
/// The same text is sent immediately under the same id. If the composer still shows an unconfirmed message and nothing
/// else, Enter is pressed. Any other unconfirmed message was typed, or may have been: it is sent again only with
/// --even-if-typed, after you have checked the agent's screen.
#[derive(Args, Clone, Debug)]
#[command(after_help = RETRY_AFTER_HELP)]
struct Retry {
    /// The messages, each by its id or the last four digits of it
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,

    /// Also send messages that were typed, or may have been: the agent may get them twice
    #[arg(long)]
    even_if_typed: bool,

    /// Wait this long for the agent to be ready, and again for it to accept [default: 10]
    #[arg(long, value_name = "SECONDS")]
    wait: Option<Seconds>,

    #[command(flatten)]
    json: JsonArg,
}

const RETRY_AFTER_HELP: &str = "\
Exit codes: 0 accepted or queued, 1 refused, 2 unconfirmed.

Examples:
  mosaic agent outbox retry 1f0c
  mosaic agent outbox retry 1f0c 77e1 --wait 60
  mosaic agent screen coder0 && mosaic agent outbox retry 1f0c --even-if-typed";

/// Deliver the messages that wait, to agents that are ready
///
/// The messages to each agent are delivered in order, and only while the agent is idle; the others wait on. Messages
/// whose sender ended during the delivery are settled, and messages past their expiry expire. While messages wait, the
/// user timer mosaic-fleet-outbox runs this command once a minute.
#[derive(Args, Clone, Debug)]
#[command(after_help = DELIVER_AFTER_HELP)]
struct Deliver {
    #[command(flatten)]
    agents: NamedAgents,

    #[command(flatten)]
    json: JsonArg,
}

const DELIVER_AFTER_HELP: &str = "\
Exit codes: 0 success, even if messages still wait; 1 a message was refused or has expired,
2 a message is unconfirmed.

Examples:
  mosaic agent outbox deliver
  mosaic agent outbox deliver coder0 --json";

impl Outbox {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        match &self.command {
            Some(OutboxCommand::Cancel(cancel)) => cancel.run(context),
            Some(OutboxCommand::Retry(retry)) => retry.run(context),
            Some(OutboxCommand::Deliver(deliver)) => deliver.run(context),
            None => self.list(context),
        }
    }

    fn list(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let outbox = MessageOutbox::new(&context.fleet.location.home);
        let agents = outbox.agents().map_err(DeliveryError::from)?;
        // All messages are read, because a short id has to be unambiguous among them.
        let (messages, unreadable) = read_messages(&outbox, &agents)?;
        let is_meant = |of: &AgentName| self.agent.as_ref().is_none_or(|agent| agent == of);
        let unreadable: Vec<&UnreadableMessage> = unreadable.iter().filter(|file| is_meant(&file.agent)).collect();
        let count = messages.iter().filter(|message| is_meant(&message.agent)).count();
        if let Some(agent) = &self.agent
            && count + unreadable.len() == 0
        {
            check_agent(agent, &context.roster()?)?;
        }
        for file in &unreadable {
            print_notice(&format!("WARNING: {}", file.error));
        }
        let now = Timestamp::now();
        let is_listed =
            |message: &StoredMessage| is_meant(&message.agent) && (self.all || is_listed_by_default(message, now));
        let listing = Listing::new(&messages, is_listed);
        if self.json.enabled {
            print_json(&listing)?;
        } else if listing.messages.is_empty() {
            print_notice(&match count {
                0 => "NOTE: there are no messages".to_owned(),
                _ => format!("NOTE: no message waits or has failed; --all lists all {count} messages"),
            });
        } else {
            print(&render(&message_table(&listing, &now.to_string(), &context.style), &context.style))?;
        }
        match unreadable.first() {
            Some(file) if count == 0 => Ok(spool_exit_code(&file.error)),
            _ => Ok(ExitCode::Ok),
        }
    }
}

impl Cancel {
    fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let sender = message_sender(context);
        let messages = all_messages(sender.outbox())?;
        let named = self.ids.iter().map(|id| find_message(&messages, id)).collect::<Result<Vec<_>, _>>()?;
        let mut code = ExitCode::Ok;
        for message in named {
            match sender.cancel(message).map_err(CommandError::from) {
                Ok(receipt) => {
                    print_outcome(&receipts_text(&Receipts::new(Vec::from([receipt])), QueueOption::Missing));
                }
                Err(error) => {
                    print_notice(&format!("ERROR: {error}"));
                    code = error.exit_code();
                }
            }
        }
        Ok(code)
    }
}

impl Retry {
    fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let sender = message_sender(context);
        end_on_signals(&sender)?;
        let messages = all_messages(sender.outbox())?;
        let mut named = Vec::new();
        for id in &self.ids {
            let message = find_message(&messages, id)?;
            check_agent(&message.agent, &roster)?;
            named.push(message);
        }
        let timeouts = self.wait.map_or_else(DeliveryTimeouts::default, |wait| DeliveryTimeouts::with_wait(wait.0));
        let options = DeliveryOptions { timeouts, ..DeliveryOptions::default() };
        let receipts = sender.retry(&roster, &named, options, self.even_if_typed)?;
        print_receipts(&receipts, self.json.enabled);
        Ok(receipts_exit_code(receipts.summary()))
    }
}

impl Deliver {
    fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = match context.roster() {
            Ok(roster) => roster,
            Err(CommandError::Roster(RosterError::NotFound { .. })) if !self.agents.is_any() => {
                self.print(Vec::new());
                return Ok(ExitCode::Ok);
            }
            Err(error) => return Err(error),
        };
        let sender = message_sender(context);
        end_on_signals(&sender)?;
        let agents = if self.agents.is_any() {
            self.named_agents(sender.outbox(), &roster)?
        } else {
            sender.agents_with_pending_messages()?
        };
        if agents.is_empty() {
            self.print(Vec::new());
            return Ok(ExitCode::Ok);
        }
        let delivered = sender.deliver_waiting(&roster, &agents)?;
        let (mut receipts, mut failed) = (Vec::new(), None);
        // An error of one agent does not hide the outcomes of the others.
        for (agent, result) in agents.iter().zip(delivered) {
            match result {
                Ok(delivered) => receipts.extend(delivered),
                Err(error) => {
                    print_notice(&format!("ERROR: cannot deliver the messages to {agent}: {error}"));
                    failed = failed.or(Some(delivery_exit_code(&error)));
                }
            }
        }
        let summary = Receipts::new(receipts.clone()).summary();
        self.print(receipts);
        let is_unconfirmed = summary == ReceiptSummary::Unconfirmed;
        Ok(failed.filter(|_| !is_unconfirmed).unwrap_or_else(|| receipts_exit_code(summary)))
    }

    /// Returns the named agents, each once. One that has left the roster may still have messages.
    fn named_agents(&self, outbox: &MessageOutbox, roster: &Roster) -> Result<Vec<AgentName>, CommandError> {
        let with_messages = outbox.agents().map_err(DeliveryError::from)?;
        let mut agents: Vec<AgentName> = Vec::new();
        for agent in self.agents.as_typed() {
            if !with_messages.contains(agent) {
                check_agent(agent, roster)?;
            }
            if !agents.contains(agent) {
                agents.push(agent.clone());
            }
        }
        Ok(agents)
    }

    fn print(&self, receipts: Vec<Receipt>) {
        print_receipts(&Receipts::new(receipts), self.json.enabled);
    }
}

fn all_messages(outbox: &MessageOutbox) -> Result<Vec<StoredMessage>, DeliveryError> {
    Ok(read_messages(outbox, &outbox.agents()?)?.0)
}

fn print_receipts(receipts: &Receipts, json: bool) {
    if json {
        print_json_outcome(receipts);
    } else {
        print_outcome(&receipts_text(receipts, QueueOption::Missing));
    }
}
