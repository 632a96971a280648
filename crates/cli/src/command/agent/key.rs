//! `mosaic agent key`: presses keys in an agent's pane.

use std::time::Duration;

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_tmux::{CapturedPane, InputOutcome};

use super::agent_pane::capture_pane;
use super::message_sender;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{Key, NamedAgent};

/// Press keys in an agent's pane, for example to answer a dialog
///
/// Enter is pressed only where you name it. To send text, use 'mosaic agent send', which confirms that the text
/// arrives.
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
  the prefixes C-, M- and S- hold Ctrl, Alt and Shift

Exit codes: 0 pressed, 1 refused and no key was pressed, 69 no session, 75 a message is being typed.

Examples:
  mosaic agent key coder0 1            choose the first answer
  mosaic agent key coder0 Escape
  mosaic agent key coder0 Down Down Enter
  mosaic agent key coder0 C-c";

/// How long to wait while a message is being typed, which usually takes less.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

impl PressKeys {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        let sender = message_sender(context);
        let _lock = sender.lock_agent(agent, LOCK_TIMEOUT)?;
        let (typist, capture) = capture_pane(&sender, &roster, agent)?;
        check_pane(agent, Some(&capture))?;
        let pid = capture.pid.ok_or_else(|| ended(agent))?;
        match typist.send_keys(pid, self.keys.iter().map(Key::as_str), Duration::ZERO)? {
            (InputOutcome::Typed, _) => Ok(ExitCode::Ok),
            (InputOutcome::Rejected, capture) => {
                check_pane(agent, capture.as_ref())?;
                Err(refused(agent, "is changing: try again"))
            }
        }
    }
}

/// Checks that keys reach the agent.
fn check_pane(agent: &AgentName, capture: Option<&CapturedPane>) -> Result<(), CommandError> {
    match capture {
        None => Err(refused(agent, &format!("no longer exists: 'mosaic fleet start {agent}' starts the agent"))),
        Some(capture) if capture.dead => Err(ended(agent)),
        Some(capture) if capture.in_mode => {
            let why = format!(
                "is in copy mode, in which a person may be reading: leave it with 'q' in 'mosaic agent attach {agent}'"
            );
            Err(refused(agent, &why))
        }
        Some(_) => Ok(()),
    }
}

fn ended(agent: &AgentName) -> CommandError {
    refused(agent, &format!("has a process that has ended: 'mosaic fleet restart {agent}' restarts the agent"))
}

fn refused(agent: &AgentName, why: &str) -> CommandError {
    CommandError::Refused(format!("no key was pressed: the pane of {agent} {why}"))
}
