//! The grammar of the command line: the tree of commands, and the arguments that several commands share.
//! Each command's own arguments are with the command.

mod arguments;
mod durations;
mod groups;
mod invocation;
mod key;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

pub(crate) use arguments::{JsonArg, NamedAgent, NamedAgents, PathArgs, check_agent, unknown_agent};
pub(crate) use durations::{HumanDuration, Seconds};
pub(crate) use groups::{AgentCommand, AgentGroup, FleetCommand, FleetGroup};
pub(crate) use invocation::{parse, report};
pub(crate) use key::Key;

use crate::command::{Completions, Doctor, Man, Yolo};

/// Run a fleet of AI coding agents, each in its own tmux session
///
/// The roster file lists the fleet's agents. 'mosaic fleet' installs, runs and checks the fleet, 'mosaic agent'
/// works with single agents, and 'mosaic RUNTIME' runs an agent's program in this terminal.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "mosaic",
    version,
    after_help = AFTER_HELP,
    disable_help_subcommand = true,
    subcommand_help_heading = "Commands",
    override_usage = "mosaic <COMMAND>\n       mosaic [yolo] <RUNTIME> [ARGUMENT]..."
)]
pub(crate) struct Mosaic {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands of `mosaic`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    Fleet(FleetGroup),
    Agent(AgentGroup),
    Doctor(Doctor),
    Yolo(Yolo),
    Completions(Completions),
    Man(Man),
    /// The name of a runtime, and its arguments.
    #[command(external_subcommand)]
    Runtime(Vec<OsString>),
}

/// The names of the commands, as suggestions for a mistyped one.
pub(crate) fn command_names() -> Vec<String> {
    Mosaic::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

const AFTER_HELP: &str = "\
Examples:
  mosaic fleet init --profile coding --write   write a roster
  mosaic fleet install && mosaic fleet start   install and start the fleet
  mosaic fleet ps --watch                      watch the fleet
  mosaic agent attach coder0                   talk to an agent
  mosaic claude --resume                       run a runtime in this terminal

Exit codes of every command:
  0   success, or nothing to do
  1   a check failed, an agent did not start, or a message was refused
  2   the delivery of a message is unconfirmed
  64  invalid usage, or an agent that is not in the roster
  69  something required is not available: tmux, its server, the user manager or a runtime
  70  a bug in Mosaic Fleet
  74  a file or directory cannot be read or written
  75  another process holds the lock; try again later
  77  permission denied
  78  the roster or a setting has an invalid value";
