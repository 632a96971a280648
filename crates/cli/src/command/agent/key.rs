//! `mosaic agent key`: presses keys in an agent's pane.

use std::time::Duration;

use clap::Args;
use mosaic_domain::{AgentName, ExitCode};
use mosaic_tmux::{InputOutcome, CapturedPane};

use super::agent_sight::agent_sight;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{Key, NamedAgent};
use crate::mail::Office;

/// Press keys in an agent's pane, to answer a dialog say
///
/// Enter is pressed only where it is named. A text is sent with 'mosaic agent send', which sees to it that
/// it arrives.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct PressKeys {
    #[command(flatten)]
    agent: NamedAgent,

    /// The keys, in this order
    #[arg(value_name = "KEY", required = true, allow_hyphen_values = true)]
    keys: Vec<Key>,
}

const AFTER_HELP: &str = "\
Keys:
  a single character, or Enter, Escape, Space, Tab, BTab, BSpace, Up, Down, Left, Right,
  Home, End, PageUp, PageDown, Insert, Delete, F1 to F12, KP0 to KP9;
  with C-, M- or S- before it Ctrl, Alt or Shift are held

Exit codes: 0 pressed, 1 refused and nothing was pressed, 69 no session, 75 a message is being typed.

Examples:
  mosaic agent key coder0 1            choose the first answer
  mosaic agent key coder0 Escape
  mosaic agent key coder0 Down Down Enter
  mosaic agent key coder0 C-c";

/// A message that is being typed is there in less, unless something is wrong with it.
const PATIENCE: Duration = Duration::from_secs(10);

impl PressKeys {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        let office = Office::new(context);
        let _turn = office.turn(agent, PATIENCE)?;
        let (typist, sight) = agent_sight(&office, &roster, agent)?;
        check(agent, Some(&sight))?;
        match typist.send_keys(sight.pid, self.keys.iter().map(Key::as_str), Duration::ZERO)? {
            (InputOutcome::Typed, _) => Ok(ExitCode::Ok),
            (InputOutcome::Rejected, now) => {
                check(agent, now.as_ref())?;
                Err(refused(agent, "changes at this moment: try again"))
            }
        }
    }
}

/// Does what is pressed get to the agent?
fn check(agent: &AgentName, sight: Option<&CapturedPane>) -> Result<(), CommandError> {
    match sight {
        None => Err(refused(agent, &format!("is gone: 'mosaic fleet start {agent}' starts it"))),
        Some(sight) if sight.dead => {
            Err(refused(agent, &format!("has a process that has ended: 'mosaic fleet restart {agent}' starts it")))
        }
        Some(sight) if sight.in_mode => {
            let how = "is in copy mode, somebody reads there: when nobody does any more, leave it with 'q' in";
            Err(refused(agent, &format!("{how} 'mosaic agent attach {agent}'")))
        }
        Some(_) => Ok(()),
    }
}

fn refused(agent: &AgentName, why: &str) -> CommandError {
    CommandError::Refused(format!("nothing was pressed: the pane of {agent} {why}"))
}
