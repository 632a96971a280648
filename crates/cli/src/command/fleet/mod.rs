//! The commands of `mosaic fleet`.

mod add;
mod init;
mod install;
mod install_site;
mod lifecycle;
mod metrics;
mod ps;
mod ps_watch;
mod remove;
mod status;
mod uninstall;
mod update;
mod verify;

pub(crate) use add::Add;
pub(crate) use init::Init;
pub(crate) use install::{Install, InstallSystemd};
pub(crate) use lifecycle::{Restart, Start, Stop, print_lifecycle_note};
pub(crate) use metrics::Metrics;
pub(crate) use ps::Ps;
pub(crate) use remove::Remove;
pub(crate) use status::Status;
pub(crate) use uninstall::Uninstall;
pub(crate) use update::Update;
pub(crate) use verify::Verify;

use mosaic_exit_code::ExitCode;

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::FleetCommand;

/// Runs a command of the group.
///
/// # Errors
/// Those of the command.
pub(crate) fn run(command: &FleetCommand, context: &Context) -> Result<ExitCode, CommandError> {
    match command {
        FleetCommand::Init(init) => init.run(context),
        FleetCommand::Install(install) => install.run(context),
        FleetCommand::InstallSystemd(install) => install.run(context),
        FleetCommand::Uninstall(uninstall) => uninstall.run(context),
        FleetCommand::Start(start) => start.run(context),
        FleetCommand::Stop(stop) => stop.run(context),
        FleetCommand::Restart(restart) => restart.run(context),
        FleetCommand::Update(update) => update.run(context),
        FleetCommand::Status(status) => status.run(context),
        FleetCommand::Ps(ps) => ps.run(context),
        FleetCommand::Verify(verify) => verify.run(context),
        FleetCommand::Metrics(metrics) => metrics.run(context),
        FleetCommand::Add(add) => add.run(context),
        FleetCommand::Remove(remove) => remove.run(context),
    }
}
