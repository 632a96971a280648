//! The commands of `mosaic agent`.

mod agent_sight;
mod attach;
mod key;
mod outbox;
mod receive;
mod report;
mod reset;
mod roster;
mod screen;
mod send;
mod session;
mod status;
mod tail;
mod watch;

pub(crate) use attach::Attach;
pub(crate) use key::PressKeys;
pub(crate) use outbox::Outbox;
pub(crate) use receive::Receive;
pub(crate) use report::Report;
pub(crate) use reset::Reset;
pub(crate) use roster::Roster;
pub(crate) use screen::Screen;
pub(crate) use send::Send;
pub(crate) use status::Status;
pub(crate) use tail::Tail;
pub(crate) use watch::Watch;

use mosaic_domain::ExitCode;

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
        AgentCommand::Send(send) => send.run(context),
        AgentCommand::Outbox(outbox) => outbox.run(context),
        AgentCommand::Reset(reset) => reset.run(context),
        AgentCommand::Screen(screen) => screen.run(context),
        AgentCommand::PressKeys(keys) => keys.run(context),
        AgentCommand::Receive(receive) => receive.run(context),
        AgentCommand::Report(report) => Ok(report.run(None, &context.fleet.environment)),
    }
}
