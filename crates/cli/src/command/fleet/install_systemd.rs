//! `mosaic fleet install-systemd`: the units alone.

use clap::Args;
use mosaic_domain::ExitCode;
use mosaic_provision::install::Scope;

use super::install::install;
use crate::context::Context;
use crate::error::CommandError;

/// Put the units into place, enable them, and nothing else
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  mosaic fleet install-systemd --dry-run")]
pub(crate) struct InstallSystemd {
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl InstallSystemd {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        install(context, &Scope::Units, self.dry_run)?;
        Ok(ExitCode::Ok)
    }
}
