//! `mosaic fleet install`: all that the roster needs, in its place.

mod site;

use std::time::Duration;

use clap::Args;
use mosaic_domain::{AgentName, ExitCode};
use mosaic_provision::install::{Scope, prepare};

pub(super) use site::Site;

use crate::context::Context;
use crate::error::CommandError;
use crate::lifecycle;
use crate::view::print;

/// How long another command that changes the fleet is waited for: an agent may take its time to start
/// or to stop.
pub(super) const LOCK_LIMIT: Duration = Duration::from_mins(3);

/// Put programs, agent env files, units and directories into place
///
/// What is in place already is left as it is: a second install changes nothing, and one that was
/// interrupted is gone on with. Neither the roster nor a running agent is touched.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet install --dry-run\n  mosaic fleet install --relaunch")]
pub(crate) struct Install {
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Then restart the agents, one at a time, each after the one before is up
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) relaunch: bool,
}

impl Install {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let changed = install(context, &Scope::Everything, self.dry_run)?;
        if self.relaunch {
            let agents: Vec<AgentName> = context.roster()?.agents.into_iter().map(|agent| agent.name).collect();
            return lifecycle::relaunch(context, &agents);
        }
        if changed && !self.dry_run {
            print("next: mosaic fleet start\n")?;
        }
        Ok(ExitCode::Ok)
    }
}

/// Shows what there is to do, or does it; whether there was anything.
///
/// # Errors
/// The roster cannot be used, or a step failed.
pub(super) fn install(context: &Context, scope: &Scope, dry_run: bool) -> Result<bool, CommandError> {
    // Before anything is made: most errors are in here.
    context.roster()?;
    let site = Site::of(context)?;
    let lock = if dry_run { None } else { Some(site.lock(LOCK_LIMIT)?) };
    // Somebody may have changed it, and what is enabled, while the lock was theirs.
    let roster = context.roster()?;
    let site = if dry_run { site } else { Site::of(context)? };
    for warning in roster.warnings() {
        crate::view::print_notice(&format!("NOTE: {}: {warning}", context.roster_path.display()));
    }
    let plan = prepare(&site.layout, &roster, scope, &site.surroundings)?;
    if dry_run {
        site.show(&plan)?;
    } else {
        site.execute(&plan)?;
    }
    drop(lock);
    Ok(!plan.steps.is_empty())
}
