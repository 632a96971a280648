//! The commands of `mosaic agent`: grammar, calls and output. The logic is in the libraries.

mod agent_pane;
mod answer;
mod attach;
mod key;
mod logs;
mod message_text;
mod outbox;
mod receipt_text;
mod report;
mod reset;
mod roster;
mod screen;
mod send;
mod status;
mod tail;
mod terminal_text;
mod watch;

pub(crate) use answer::Answer;
pub(crate) use attach::Attach;
pub(crate) use key::PressKeys;
#[cfg(test)]
pub(crate) use logs::EndsReport;
pub(crate) use logs::Logs;
pub(crate) use outbox::Outbox;
pub(crate) use report::Report;
pub(crate) use reset::Reset;
pub(crate) use roster::Roster;
pub(crate) use screen::Screen;
pub(crate) use send::{Receive, Send};
pub(crate) use status::Status;
pub(crate) use tail::Tail;
pub(crate) use watch::Watch;

use mosaic_delivery::{MessageSender, SendError, Sender, SenderPaths, SourceClaim};
use mosaic_domain::env_var;
use mosaic_exit_code::ExitCode;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::AgentCommand;

/// Runs one of the commands.
///
/// # Errors
/// Those of the command.
pub(crate) fn run(command: &AgentCommand, context: &Context) -> Result<ExitCode, CommandError> {
    match command {
        AgentCommand::Roster(roster) => roster.run(context),
        AgentCommand::Status(status) => status.run(context),
        AgentCommand::Tail(tail) => tail.run(context),
        AgentCommand::Logs(logs) => logs.run(context),
        AgentCommand::Watch(watch) => watch.run(context),
        AgentCommand::Attach(attach) => attach.run(context),
        AgentCommand::Send(send) => send.run(context),
        AgentCommand::Outbox(outbox) => outbox.run(context),
        AgentCommand::Reset(reset) => reset.run(context),
        AgentCommand::Screen(screen) => screen.run(context),
        AgentCommand::Answer(answer) => answer.run(context),
        AgentCommand::PressKeys(keys) => keys.run(context),
        AgentCommand::Receive(receive) => receive.run(context),
        AgentCommand::Report(report) => Ok(report.run(None, &context.fleet.environment)),
    }
}

/// Parses a number of lines.
fn whole_number(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "expected a whole number")
}

/// Makes the sender of messages to the agents of this fleet.
pub(crate) fn message_sender(context: &Context) -> MessageSender {
    MessageSender::new(SenderPaths {
        home: context.fleet.location.home.clone(),
        roster_path: context.fleet.location.roster_path.clone(),
        run_directory: context.fleet.location.run_directory.clone(),
        search_path: context.fleet.environment.variable(env_var::PATH),
    })
}

/// Returns the true sender of a message from this process, and the label under which it is sent: the agent in whose pane
/// this runs or the operator, or the label that is given.
fn source(
    context: &Context,
    sender: &MessageSender,
    given: Option<&str>,
) -> Result<(Sender, SourceClaim), CommandError> {
    let truth = Sender::new(sender.calling_agent().as_ref()).map_err(SendError::from)?;
    let variable = context.fleet.environment.variable(env_var::AGENT_NAME);
    let claim = SourceClaim::new(&truth, given, variable.as_deref());
    Ok((truth, claim))
}

/// Lets SIGTERM, SIGINT and SIGHUP end the delivery between two steps, so that no half-sent text stays in a composer.
fn end_on_signals(sender: &MessageSender) -> Result<(), CommandError> {
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, sender.interrupt().flag())
            .map_err(|source| CommandError::io("handle signals of", "/proc/self", source))?;
    }
    Ok(())
}
