//! `mosaic agent attach`: goes to an agent, to talk to it.

use std::io::{self, IsTerminal};

use clap::Args;
use mosaic_domain::ExitCode;

use super::session::session;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::NamedAgent;

/// Go to an agent's session: what is typed is typed to the agent
///
/// This terminal becomes a tmux client; Ctrl-B d leaves, and the agent runs on. It works inside another
/// tmux too: there Ctrl-B goes to the outer one, and Ctrl-B Ctrl-B to this.
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
            let instead = format!("'mosaic agent tail {agent}' does without");
            return Err(CommandError::NoTerminal { what: "mosaic agent attach", instead });
        }
        let (server, _) = session(context, &roster, agent)?;
        match server.exec_attach(agent)? {}
    }
}
