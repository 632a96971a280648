//! `mosaic fleet remove`: stops an agent, and removes its files and its roster entry.

use std::time::Duration;

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_lifecycle::{LifecycleAction, LifecycleExecutor, Scope};
use mosaic_probe::snapshot::{DriftItem, DriftKind};
use mosaic_provision::{AgentFiles, Plan, Step, replace_file};
use mosaic_roster::{EditError, Roster, remove_agent};
use mosaic_systemd::UnitName;

use super::add::mode;
use super::install::LOCK_TIMEOUT;
use super::install_site::Site;
use super::lifecycle::LifecyclePrinter;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::unknown_agent;
use crate::view::{print_notice, print_outcome};

/// How long the agent may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_mins(2);

/// Stop an agent, and remove it from the roster
///
/// The roster entry is removed last. If the command fails before that, run it again to complete it.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  mosaic fleet remove coder6")]
pub(crate) struct Remove {
    /// The agent
    #[arg(value_name = "AGENT")]
    pub(crate) name: AgentName,

    /// Keep its env file, its heartbeat and its unit as they are: the unit stays enabled
    #[arg(long)]
    pub(crate) keep_files: bool,
}

impl Remove {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let site = Site::new(context)?;
        let lock = site.lock(LOCK_TIMEOUT)?;
        let site = Site::new(context)?;
        let roster = context.roster()?;
        // A refused removal must not stop the agent.
        let text = self.roster_without(context, &roster)?;
        let leftovers = AgentFiles::find(&site.layout, context.fleet.location.run_directory.path(), &self.name);
        leftovers.removal(&site.layout)?;
        let unit = UnitName::agent(&self.name);
        let enabled = site.surroundings.enabled.contains(&unit);
        // Before anything is done, a name that nothing bears is refused.
        if text.is_none() && !enabled && leftovers.is_empty() && !self.is_observed(context)? {
            return Err(unknown_agent(&self.name, &roster));
        }
        let rest = "its unit is still enabled, and its files and roster entry still exist";
        if !self.stop(context, &roster).inspect_err(|_| self.print_note(rest))? {
            self.print_note(rest);
            return Ok(ExitCode::CheckFailed);
        }
        let rest = "its files and roster entry still exist";
        let mut plan = Plan::default();
        if enabled && !self.keep_files {
            plan.steps.extend([Step::Disable(vec![unit.clone()]), Step::Reload]);
        }
        if !self.keep_files {
            // The stop may have left further files.
            let leftovers = AgentFiles::find(&site.layout, context.fleet.location.run_directory.path(), &self.name);
            plan.steps.extend(leftovers.removal(&site.layout)?);
        }
        if !plan.steps.is_empty() {
            site.execute(&plan).inspect_err(|_| self.print_note(rest))?;
        }
        if let Some(manager) = &site.manager {
            // The manager would list a failed unit forever.
            manager.reset_failed(&[unit])?;
        }
        if let Some(text) = text {
            replace_file(
                &context.fleet.location.roster_path,
                text.as_bytes(),
                mode(&context.fleet.location.roster_path),
            )
            .inspect_err(|_| self.print_note("its roster entry still exists"))?;
            print_outcome(&format!(
                "{} was removed from the roster {}\n",
                self.name,
                context.fleet.location.roster_path.display()
            ));
        }
        drop(lock);
        Ok(ExitCode::Ok)
    }

    /// The text of the roster without the agent; `None` if the roster does not list the agent.
    fn roster_without(&self, context: &Context, roster: &Roster) -> Result<Option<String>, CommandError> {
        if roster.agent(self.name.as_str()).is_none() {
            return Ok(None);
        }
        match remove_agent(
            &Roster::read_text(&context.fleet.location.roster_path)?,
            &self.name,
            &context.fleet.location.roster_path,
        ) {
            Ok(text) => Ok(Some(text)),
            Err(EditError::AgentNotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a session or a unit of this name exists although the roster does not list it.
    fn is_observed(&self, context: &Context) -> Result<bool, CommandError> {
        let snapshot = context.snapshot()?;
        let has_unit = |item: &DriftItem| item.kind == DriftKind::UnitOrphaned && item.subject == self.name.as_str();
        Ok(snapshot.agent(self.name.as_str()).is_some() || snapshot.drift.iter().any(has_unit))
    }

    /// Stops the agent, whether or not a unit runs it. Returns whether it is stopped.
    fn stop(&self, context: &Context, roster: &Roster) -> Result<bool, CommandError> {
        let action = LifecycleAction::Stop;
        let mut printer = LifecyclePrinter::new(context.style, action, false, [self.name.as_str()].into_iter());
        let scope = Scope::Agents(vec![self.name.clone()]);
        let executor = LifecycleExecutor::new(&context.fleet, roster, &mut printer)?;
        executor.run(action, &scope, STOP_TIMEOUT, &mut printer)?;
        Ok(printer.finish() == ExitCode::Ok)
    }

    fn print_note(&self, rest: &str) {
        print_notice(&format!("NOTE: {}: {rest}; run 'mosaic fleet remove {}' again", self.name, self.name));
    }
}
