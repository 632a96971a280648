//! The commands of `mosaic agent`.

mod attach;
mod roster;
mod session;
mod status;
mod tail;
mod watch;

pub(crate) use attach::Attach;
pub(crate) use roster::Roster;
pub(crate) use status::Status;
pub(crate) use tail::Tail;
pub(crate) use watch::Watch;

use domain::ExitCode;

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::AgentCommand;

/// Runs one of them.
///
/// # Errors
/// Those of the command.
pub(crate) fn run(command: &AgentCommand, context: &Context) -> Result<ExitCode, CommandError> {
    match command {
        AgentCommand::Roster(roster) => roster.run(context),
        AgentCommand::Status(status) => status.run(context),
        AgentCommand::Tail(tail) => tail.run(context),
        AgentCommand::Watch(watch) => watch.run(context),
        AgentCommand::Attach(attach) => attach.run(context),
    }
}
