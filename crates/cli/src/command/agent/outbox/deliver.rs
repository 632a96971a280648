//! `mosaic agent outbox deliver`: what the user timer and an agent's sidecar run.

use std::time::{Duration, Instant};

use clap::Args;
use mosaic_delivery::spool::{Outbox, State};
use mosaic_delivery::{Patience, Post, PostError, Request, orphan_outcome};
use mosaic_domain::{AgentName, ExitCode};
use mosaic_roster::{Roster, RosterError};

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, NamedAgents, check_agent};
use crate::mail::{Office, Receipt, Receipts, side_by_side};
use crate::view::{print, print_json, tell};

/// Deliver the messages that wait, to agents that are ready for them
///
/// Each agent's go in their order, and only while it is idle; what cannot be delivered waits on. Messages
/// that were under way when their sender ended are settled, and those past their time expire. The user
/// timer mosaic-fleet-outbox does this once a minute while messages wait.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Deliver {
    #[command(flatten)]
    agents: NamedAgents,

    #[command(flatten)]
    json: JsonArg,
}

const AFTER_HELP: &str = "\
Exit codes: 0 nothing went wrong, also if messages still wait; 1 one was refused or has expired,
2 one is unconfirmed.

Examples:
  mosaic agent outbox deliver
  mosaic agent outbox deliver coder0 --json";

/// An agent may be starting.
const READY: Duration = Duration::from_secs(20);

impl Deliver {
    pub(super) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = match context.roster() {
            Ok(roster) => roster,
            Err(CommandError::Roster(RosterError::NotFound { .. })) if !self.agents.is_any() => {
                return self.tell(Vec::new()).map(|()| ExitCode::Ok);
            }
            Err(error) => return Err(error),
        };
        let office = Office::new(context);
        let agents = self.whom(office.outbox(), &roster)?;
        if agents.is_empty() {
            return self.tell(Vec::new()).map(|()| ExitCode::Ok);
        }
        let server = office.server(&roster)?;
        let post = office.post(&server);
        let done = side_by_side(&agents, |agent| deliver(&office, &post, &roster, agent));
        let (mut receipts, mut failed) = (Vec::new(), None);
        // One agent's trouble is no other's.
        for (agent, done) in agents.iter().zip(done) {
            match done {
                Ok(done) => receipts.extend(done),
                Err(error) => {
                    tell(&format!("ERROR: the messages to {agent}: {error}"));
                    failed = failed.or(Some(error.exit_code()));
                }
            }
        }
        let code = Receipts::here(receipts.clone()).exit_code();
        self.tell(receipts)?;
        Ok(failed.filter(|_| code != ExitCode::Unconfirmed).unwrap_or(code))
    }

    /// Those who are named, or those for whom there is something to do.
    fn whom(&self, outbox: &Outbox, roster: &Roster) -> Result<Vec<AgentName>, CommandError> {
        let with_messages = outbox.agents().map_err(PostError::from)?;
        if !self.agents.is_any() {
            let mut agents = Vec::new();
            for agent in with_messages {
                if outbox.has_waiting(&agent) || has_orphan(outbox, &agent)? {
                    agents.push(agent);
                }
            }
            return Ok(agents);
        }
        let mut agents: Vec<AgentName> = Vec::new();
        for agent in self.agents.as_typed() {
            // One that has left the roster may have left messages behind.
            if !with_messages.contains(agent) {
                check_agent(agent, roster)?;
            }
            if !agents.contains(agent) {
                agents.push(agent.clone());
            }
        }
        Ok(agents)
    }

    fn tell(&self, receipts: Vec<Receipt>) -> Result<(), CommandError> {
        let receipts = Receipts::here(receipts);
        if self.json.enabled { print_json(&receipts) } else { print(&receipts.text()) }
    }
}

fn has_orphan(outbox: &Outbox, agent: &AgentName) -> Result<bool, CommandError> {
    for entry in outbox.messages(agent).map_err(PostError::from)?.into_iter().flatten() {
        // Also one that waits, whose mark was lost with whoever was to set it.
        if entry.record.state == State::Waiting || orphan_outcome(&entry.record)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn deliver(
    office: &Office<'_>,
    post: &Post<'_>,
    roster: &Roster,
    agent: &AgentName,
) -> Result<Vec<Receipt>, CommandError> {
    let began = Instant::now();
    let patience = Patience { ready: READY, ..Patience::usual() };
    let request = Request { only_when_idle: true, rescue: true, until_turn: false, patience };
    let done = if roster.agent(agent.as_str()).is_some() {
        post.deliver(&office.recipient(roster, agent)?, request)?
    } else {
        post.settle(agent, began + READY)?
    };
    let mut records: Vec<_> = done.into_iter().map(|entry| entry.record).collect();
    if records.is_empty() {
        // Somebody else is at it, or was.
        let waiting = office.outbox().messages(agent).map_err(PostError::from)?.into_iter().flatten();
        records.extend(waiting.map(|entry| entry.record).filter(|record| record.state == State::Waiting));
    }
    Ok(records.iter().map(|record| Receipt::of(record, began.elapsed())).collect())
}
