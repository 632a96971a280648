//! `mosaic agent …`: what concerns single agents.

use clap::{Args, Parser, Subcommand};

use super::Places;
use crate::command::agent::{
    Attach, Outbox, PressKeys, Receive, Report, Reset, Roster, Screen, Send, Status, Tail, Watch,
};

/// Look at single agents, go to them, and write to them
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct AgentGroup {
    #[command(flatten)]
    pub(crate) places: Places,

    #[command(subcommand)]
    pub(crate) command: AgentCommand,
}

/// What follows `mosaic agent`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum AgentCommand {
    Roster(Roster),
    Status(Status),
    Tail(Tail),
    Watch(Watch),
    Attach(Attach),
    Send(Send),
    Outbox(Outbox),
    Reset(Reset),
    Screen(Screen),
    #[command(name = "key")]
    PressKeys(PressKeys),
    Report(Report),
    Receive(Receive),
}

/// The same, invoked as `mosaic-agent`, for hosts where another `mosaic` owns the name.
#[derive(Clone, Debug, Parser)]
#[command(name = "mosaic-agent", version)]
pub(super) struct AgentProgram {
    #[command(flatten)]
    pub(super) group: AgentGroup,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic agent status           how every agent is
  mosaic agent tail coder0 -f   what it prints, as it prints it
  mosaic agent attach coder0    talk to it
  mosaic agent send coder0 -m 'rebase, please'
  mosaic agent outbox           what became of messages
  mosaic agent screen coder0    what it shows now
  mosaic agent key coder0 1     answer its dialog
  mosaic agent reset coder0     make it forget its task";
