//! `mosaic agent attach`: attaches this terminal to an agent's session.

use std::io::{self, IsTerminal};

use clap::Args;
use mosaic_exit_code::ExitCode;

use super::agent_pane::find_pane;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::NamedAgent;

/// Attach this terminal to an agent's session
///
/// What you type goes to the agent. Ctrl-B d detaches, and the agent keeps running. Inside another tmux, Ctrl-B
/// goes to the outer one, and Ctrl-B Ctrl-B to this one.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  mosaic agent attach coder0")]
pub(crate) struct Attach {
    #[command(flatten)]
    agent: NamedAgent,
}

impl Attach {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            let instead = format!("use 'mosaic agent tail {agent}' instead");
            return Err(CommandError::NoTerminal { what: "'mosaic agent attach'", instead });
        }
        let (server, _) = find_pane(context, &roster, agent)?;
        match server.exec_attach(agent)? {}
    }
}
