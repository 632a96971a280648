//! `mosaic agent outbox cancel`: takes messages back.

use std::time::Duration;

use clap::Args;
use mosaic_delivery::PostError;
use mosaic_delivery::spool::State;
use mosaic_domain::ExitCode;

use crate::context::Context;
use crate::error::CommandError;
use crate::mail::{Kept, Office, Receipt, Receipts, kept, named_message};
use crate::view::{print, print_notice};

/// Take messages back that wait; nothing of them was typed
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  mosaic agent outbox cancel 1f0c\n  mosaic agent outbox cancel 1f0c 00063f2a9b1c4d-77e1"
)]
pub(super) struct Cancel {
    /// The messages, each by its id or the last four digits of it
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

/// Who carries a message has the turn for as long as that takes; nobody waits here for all of it.
const PATIENCE: Duration = Duration::from_secs(5);

impl Cancel {
    pub(super) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let office = Office::new(context);
        let agents = office.outbox().agents().map_err(PostError::from)?;
        let (kept, _) = kept(office.outbox(), &agents)?;
        let named = self.ids.iter().map(|id| named_message(&kept, id)).collect::<Result<Vec<_>, _>>()?;
        let mut code = ExitCode::Ok;
        for message in named {
            match cancel(&office, message) {
                Ok(receipt) => print(&Receipts::here(Vec::from([receipt])).text())?,
                Err(error) => {
                    print_notice(&format!("ERROR: {error}"));
                    code = error.exit_code();
                }
            }
        }
        Ok(code)
    }
}

fn cancel(office: &Office<'_>, message: &Kept) -> Result<Receipt, CommandError> {
    let (agent, id) = (&message.agent, &message.now.id);
    let refused = |state: State| CommandError::Refused(format!("{id} to {agent} is {}", why_not(state)));
    // What is being carried would be over when its turn is.
    if message.now.state.is_under_way() || message.now.state.is_final() && message.now.state != State::Cancelled {
        return Err(refused(message.now.state));
    }
    let turn = office.turn(agent, PATIENCE)?;
    let entry = office.outbox().cancel(&turn, agent, id).map_err(PostError::from)?;
    match entry {
        Some(entry) if entry.record.state == State::Cancelled => Ok(Receipt::of(&entry.record, Duration::ZERO)),
        Some(entry) => Err(refused(entry.record.state)),
        None => Err(CommandError::Refused(format!("{id} to {agent} is not remembered any more"))),
    }
}

fn why_not(state: State) -> String {
    let why = match state {
        State::Accepted | State::Queued => "the agent has it",
        State::Unconfirmed => "it was typed, or may have been",
        state if state.is_under_way() => "it is on its way at this moment",
        _ => "it is not sent any more",
    };
    format!("{state}, so there is nothing to take back: {why}")
}
