//! The command `mosaic` itself.

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

use super::{AgentGroup, FleetGroup};
use crate::command::{Completions, Man, Yolo};

/// Run a fleet of AI coding agents, each in its own tmux session.
///
/// What agents there are says one file, the roster. 'mosaic fleet' makes it so and tells what is
/// there, 'mosaic agent' is about single agents, and 'mosaic RUNTIME' starts an agent's program by
/// hand, in this terminal.
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

/// What follows `mosaic`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    Fleet(FleetGroup),
    Agent(AgentGroup),
    Yolo(Yolo),
    Completions(Completions),
    Man(Man),
    /// A runtime's name, and its arguments.
    #[command(external_subcommand)]
    Runtime(Vec<OsString>),
}

/// The words that can follow `mosaic`, for whoever types one that is none of them.
pub(crate) fn command_names() -> Vec<String> {
    Mosaic::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

const AFTER_HELP: &str = "\
Examples:
  mosaic fleet init --profile coding --write   write a roster
  mosaic fleet install && mosaic fleet start   make it so
  mosaic fleet ps --watch                      look at the fleet
  mosaic agent attach coder0                   talk to an agent
  mosaic claude --resume                       a runtime, in this terminal

Exit codes of every command:
  0   done, or already so
  1   it ran, and the answer is no: a check failed, an agent did not start, a message was refused
  2   a message was typed, or may have been, and nobody saw it accepted
  64  wrong usage, or an agent that is not in the roster
  69  something needed is not there: tmux, its server, the user manager, a runtime
  70  a bug
  74  a file or directory cannot be read or written
  75  somebody else is at it: try again later
  77  permission denied
  78  a setting or the roster has a value that cannot be used";
