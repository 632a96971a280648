//! The groups of commands: `mosaic fleet …` and `mosaic agent …`.

use clap::{Args, Parser, Subcommand};

use super::PathArgs;
use crate::command::agent::{
    Answer, Attach, Logs, Outbox, PressKeys, Receive, Report, Reset, Roster, Screen, Send, Status as AgentStatus, Tail,
    Watch,
};
use crate::command::fleet::{
    Add, Init, Install, InstallSystemd, Metrics, Ps, Remove, Restart, Start, Status, Stop, Uninstall, Update, Verify,
};

/// Install, run and check the whole fleet
#[derive(Args, Clone, Debug)]
#[command(after_help = FLEET_EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct FleetGroup {
    #[command(flatten)]
    pub(crate) paths: PathArgs,

    #[command(subcommand)]
    pub(crate) command: FleetCommand,
}

/// The commands of `mosaic fleet`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum FleetCommand {
    Init(Init),
    Install(Install),
    InstallSystemd(InstallSystemd),
    Uninstall(Uninstall),
    Start(Start),
    Stop(Stop),
    Restart(Restart),
    Update(Update),
    Status(Status),
    Ps(Ps),
    Verify(Verify),
    Metrics(Metrics),
    Add(Add),
    Remove(Remove),
}

/// The same group, invoked as `mosaic-fleet`, for hosts where another program is called `mosaic`.
#[derive(Clone, Debug, Parser)]
#[command(name = "mosaic-fleet", version)]
pub(super) struct FleetProgram {
    #[command(flatten)]
    pub(super) group: FleetGroup,
}

/// Observe single agents, and send messages and keys to them
#[derive(Args, Clone, Debug)]
#[command(after_help = AGENT_EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct AgentGroup {
    #[command(flatten)]
    pub(crate) paths: PathArgs,

    #[command(subcommand)]
    pub(crate) command: AgentCommand,
}

/// The commands of `mosaic agent`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum AgentCommand {
    Roster(Roster),
    Status(AgentStatus),
    Tail(Tail),
    Logs(Logs),
    Watch(Watch),
    Attach(Attach),
    Send(Send),
    Outbox(Outbox),
    Reset(Reset),
    Screen(Screen),
    Answer(Answer),
    #[command(name = "key")]
    PressKeys(PressKeys),
    Report(Report),
    Receive(Receive),
}

/// The same group, invoked as `mosaic-agent`.
#[derive(Clone, Debug, Parser)]
#[command(name = "mosaic-agent", version)]
pub(super) struct AgentProgram {
    #[command(flatten)]
    pub(super) group: AgentGroup,
}

const FLEET_EXAMPLES: &str = "\
Examples:
  mosaic fleet init               write a roster, with questions on the terminal
  mosaic fleet install            install files, units and directories for the roster
  mosaic fleet start              start all agents
  mosaic fleet verify --wait 60   check that the fleet matches the roster";

const AGENT_EXAMPLES: &str = "\
Examples:
  mosaic agent status           show the state of every agent
  mosaic agent tail coder0 -f   follow an agent's output
  mosaic agent logs coder0      show what an agent printed last, and how it ended
  mosaic agent attach coder0    talk to an agent
  mosaic agent send coder0 -m 'rebase, please'
  mosaic agent outbox           show the state of sent messages
  mosaic agent screen coder0    show an agent's screen
  mosaic agent answer coder0 allow-once   answer an agent's dialog
  mosaic agent key coder0 C-c   press keys
  mosaic agent reset coder0     clear an agent's conversation";
