//! `mosaic fleet …`: what concerns all agents.

use clap::{Args, Parser, Subcommand};

use super::Places;
use crate::command::fleet::{
    Add, Init, Install, InstallSystemd, Metrics, Ps, Remove, Restart, Start, Status, Stop, Uninstall, Update, Verify,
};

/// Make the fleet what the roster says, and tell what is there
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct FleetGroup {
    #[command(flatten)]
    pub(crate) places: Places,

    #[command(subcommand)]
    pub(crate) command: FleetCommand,
}

/// What follows `mosaic fleet`.
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

/// The same, invoked as `mosaic-fleet`, for hosts where another `mosaic` owns the name.
#[derive(Clone, Debug, Parser)]
#[command(name = "mosaic-fleet", version)]
pub(super) struct FleetProgram {
    #[command(flatten)]
    pub(super) group: FleetGroup,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic fleet init             write a roster, asked on the terminal
  mosaic fleet install          files, units, directories: all that the roster needs
  mosaic fleet start            start all agents
  mosaic fleet verify --wait 60 is it all as it should be?";
