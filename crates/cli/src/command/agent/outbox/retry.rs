//! `mosaic agent outbox retry`: sends messages anew that did not arrive.

use std::time::Instant;

use clap::Args;
use mosaic_delivery::spool::State;
use mosaic_delivery::{Patience, PostError, Request};
use mosaic_domain::{AgentName, ExitCode};

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, Seconds, check_agent};
use crate::mail::{Kept, Office, Receipt, Receipts, kept, named_message, side_by_side};
use crate::view::{print, print_json};

/// Send messages anew that were refused, have expired or were cancelled
///
/// The same text goes out at once, under the same id. An unconfirmed message was typed, or may have been:
/// it is typed again only with --even-if-typed, when you have looked.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Retry {
    /// The messages, each by its id or the last four digits of it
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,

    /// Also one that was typed, or may have been: the agent may get it twice
    #[arg(long)]
    even_if_typed: bool,

    /// Wait so long for the agent to be ready, and again for it to accept [default: 10]
    #[arg(long, value_name = "SECONDS")]
    wait: Option<Seconds>,

    #[command(flatten)]
    json: JsonArg,
}

const AFTER_HELP: &str = "\
Exit codes: 0 accepted or queued, 1 refused, 2 unconfirmed.

Examples:
  mosaic agent outbox retry 1f0c
  mosaic agent outbox retry 1f0c 77e1 --wait 60
  mosaic agent screen coder0 && mosaic agent outbox retry 1f0c --even-if-typed";

impl Retry {
    pub(super) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let office = Office::new(context);
        let agents = office.outbox().agents().map_err(PostError::from)?;
        let (kept, _) = kept(office.outbox(), &agents)?;
        let mut rows: Vec<(&AgentName, Vec<&Kept>)> = Vec::new();
        for id in &self.ids {
            let message = named_message(&kept, id)?;
            self.check(message)?;
            check_agent(&message.agent, &roster)?;
            match rows.iter_mut().find(|(agent, _)| **agent == message.agent) {
                Some((_, row)) if row.contains(&message) => {}
                Some((_, row)) => row.push(message),
                None => rows.push((&message.agent, Vec::from([message]))),
            }
        }
        let server = office.server(&roster)?;
        let post = office.post(&server);
        let request = self.request();
        let sent = side_by_side(&rows, |(agent, row)| {
            let to = office.recipient(&roster, agent)?;
            let sent = row.iter().map(|message| {
                let began = Instant::now();
                let entry = post.retry(&to, &message.entry, request)?;
                let entry = entry.ok_or_else(|| {
                    let seconds = request.patience.ready.as_secs();
                    let id = &message.now.id;
                    CommandError::Busy(format!(
                        "{id} was not sent: other messages to {agent} have been under way for {seconds} s: try again in a moment"
                    ))
                })?;
                Ok(Receipt::of(&entry.record, began.elapsed()))
            });
            sent.collect::<Result<Vec<_>, CommandError>>()
        });
        let sent = sent.into_iter().collect::<Result<Vec<_>, _>>()?;
        let receipts = Receipts::here(sent.into_iter().flatten().collect());
        if self.json.enabled {
            print_json(&receipts)?;
        } else {
            print(&receipts.text())?;
        }
        Ok(receipts.exit_code())
    }

    fn request(&self) -> Request {
        let patience = self.wait.map_or_else(Patience::usual, |wait| Patience::waiting(wait.0));
        Request { only_when_idle: false, rescue: true, until_turn: false, patience }
    }

    /// May it be sent anew? Nothing is sent if one may not.
    fn check(&self, message: &Kept) -> Result<(), CommandError> {
        let (agent, id, state) = (&message.agent, &message.now.id, message.now.state);
        let why = match state {
            State::Refused | State::Expired | State::Cancelled => return Ok(()),
            State::Unconfirmed if self.even_if_typed => return Ok(()),
            State::Unconfirmed => format!(
                "it was typed, or may have been, and would be there twice. Look first: 'mosaic agent screen {agent}'; \
                 then --even-if-typed sends it all the same"
            ),
            State::Waiting => format!("it is delivered by itself; 'mosaic agent outbox deliver {agent}' tries it now"),
            State::Accepted | State::Queued => "the agent has it".to_owned(),
            State::Staged | State::Typing | State::Typed | State::Submitted => {
                "it is on its way at this moment".to_owned()
            }
        };
        Err(CommandError::Refused(format!("{id} to {agent} is {state}, and is not sent anew: {why}")))
    }
}
