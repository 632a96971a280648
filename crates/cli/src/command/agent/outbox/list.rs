//! `mosaic agent outbox` without a further command.

use jiff::Timestamp;
use mosaic_delivery::PostError;
use mosaic_delivery::spool::Outbox;
use mosaic_domain::{AgentName, ExitCode};

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::check_agent;
use crate::mail::{Kept, Listing, Unreadable, is_of_interest, kept};
use crate::view::{message_table, print, print_json, render, tell};

/// Lists the messages to an agent, or to all.
///
/// # Errors
/// Nothing is known of such an agent, or no message can be read.
pub(super) fn list(
    context: &Context,
    agent: Option<&AgentName>,
    all: bool,
    json: bool,
) -> Result<ExitCode, CommandError> {
    let outbox = Outbox::of(&context.fleet.home);
    let agents = outbox.agents().map_err(PostError::from)?;
    // All of them, for an id is short only where no other message has the same digits.
    let (kept, unreadable) = kept(&outbox, &agents)?;
    let is_meant = |of: &AgentName| agent.is_none_or(|agent| agent == of);
    let unreadable: Vec<&Unreadable> = unreadable.iter().filter(|file| is_meant(&file.agent)).collect();
    let meant = kept.iter().filter(|message| is_meant(&message.agent)).count();
    if let Some(agent) = agent
        && meant + unreadable.len() == 0
    {
        check_agent(agent, &context.roster()?)?;
    }
    for file in &unreadable {
        tell(&format!("WARNING: {}", file.error));
    }
    let now = Timestamp::now();
    let is_wanted = |message: &Kept| is_meant(&message.agent) && (all || is_of_interest(message, now));
    let listing = Listing::of(&kept, is_wanted);
    if json {
        print_json(&listing)?;
    } else if listing.messages.is_empty() {
        tell(&match meant {
            0 => "NOTE: there are no messages".to_owned(),
            _ => {
                format!("NOTE: nothing waits, and nothing went wrong; --all shows what was sent before, {meant} in all")
            }
        });
    } else {
        print(&render(&message_table(&listing, &now.to_string(), &context.style), &context.style))?;
    }
    match unreadable.first() {
        Some(file) if meant == 0 => Ok(file.error.exit_code()),
        _ => Ok(ExitCode::Ok),
    }
}
