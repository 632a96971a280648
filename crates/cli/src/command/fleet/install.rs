//! `mosaic fleet install` and `mosaic fleet install-systemd`: put everything that the roster needs into place.

use std::time::Duration;

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_lifecycle::{LifecycleAction, relaunch};
use mosaic_provision::Plan;
use mosaic_provision::install::{Scope, prepare};

use super::install_site::Site;
use super::lifecycle::LifecyclePrinter;
use crate::context::Context;
use crate::error::CommandError;
use crate::view::{print_notice, print_outcome};

/// How long to wait for another command that changes the fleet. It may have to start or stop an agent.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_mins(3);

/// Install programs, agent env files, units and directories
///
/// Files that are up to date are left unchanged: a second installation changes nothing, and an interrupted one
/// continues. The roster and running agents are never changed.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet install --dry-run\n  mosaic fleet install --relaunch")]
pub(crate) struct Install {
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Then restart the agents one at a time, each after the one before it is up
    #[arg(long, conflicts_with = "dry_run")]
    relaunch: bool,
}

/// Install and enable the systemd units, and nothing else
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  mosaic fleet install-systemd --dry-run")]
pub(crate) struct InstallSystemd {
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Install {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let plan = install(context, &Scope::Everything, self.dry_run)?;
        // The agents of these files cannot be started.
        if !plan.obstructed.is_empty() {
            return Ok(ExitCode::Configuration);
        }
        if self.relaunch {
            let agents: Vec<AgentName> = context.roster()?.agents.into_iter().map(|agent| agent.name).collect();
            let names = agents.iter().map(AgentName::as_str);
            let mut printer = LifecyclePrinter::new(context.style, LifecycleAction::Restart, false, names);
            relaunch(&context.fleet, &agents, &mut printer)?;
            return Ok(printer.finish());
        }
        if !plan.steps.is_empty() && !self.dry_run {
            print_outcome("next: mosaic fleet start\n");
        }
        Ok(ExitCode::Ok)
    }
}

impl InstallSystemd {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        install(context, &Scope::Units, self.dry_run)?;
        Ok(ExitCode::Ok)
    }
}

/// Plans an installation, and either prints or executes the plan.
fn install(context: &Context, scope: &Scope, dry_run: bool) -> Result<Plan, CommandError> {
    // Most errors are in the roster, so it is read before anything is created.
    context.roster()?;
    let site = Site::new(context)?;
    let lock = if dry_run { None } else { Some(site.lock(LOCK_TIMEOUT)?) };
    // The roster and the units may have changed before the lock was acquired.
    let roster = context.roster()?;
    let site = if dry_run { site } else { Site::new(context)? };
    for warning in roster.warnings() {
        print_notice(&format!("NOTE: {}: {warning}", context.fleet.location.roster_path.display()));
    }
    let plan = prepare(&site.layout, &roster, scope, &site.surroundings)?;
    if dry_run {
        site.print_plan(&plan)?;
    } else {
        site.execute(&plan)?;
    }
    drop(lock);
    Ok(plan)
}
