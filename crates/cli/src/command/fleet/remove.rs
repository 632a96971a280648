//! `mosaic fleet remove`: stops an agent, and removes its files and its roster entry.

use std::time::Duration;

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_lifecycle::{LifecycleAction, LifecycleEvent, LifecycleExecutor, Outcome, Reporter, Scope};
use mosaic_provision::{AgentFiles, Plan, Step, replace_file};
use mosaic_roster::{EditError, Roster, remove_agent};
use mosaic_systemd::UnitName;

use super::add::{mode, read};
use super::install::LOCK_TIMEOUT;
use super::install_site::Site;
use super::lifecycle::{LifecyclePrinter, print_lifecycle_note};
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::unknown_agent;
use crate::view::{print, print_notice};

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

    /// Keep its env file, its heartbeat and the drop-in of its unit
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
        let known = text.is_some() || enabled || !leftovers.is_empty();
        let rest = "its unit is still enabled, and its files and roster entry still exist";
        let stopped = self.stop(context, &roster, known).inspect_err(|error| {
            if !matches!(error, CommandError::UnknownAgent { .. }) {
                self.print_note(rest);
            }
        });
        if !stopped? {
            self.print_note(rest);
            return Ok(ExitCode::CheckFailed);
        }
        let rest = "its files and roster entry still exist";
        let mut plan = Plan::default();
        if enabled {
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
            print(&format!(
                "{} was removed from the roster {}\n",
                self.name,
                context.fleet.location.roster_path.display()
            ))?;
        }
        drop(lock);
        Ok(ExitCode::Ok)
    }

    /// The text of the roster without the agent; `None` if the roster does not list the agent.
    fn roster_without(&self, context: &Context, roster: &Roster) -> Result<Option<String>, CommandError> {
        if roster.agent(self.name.as_str()).is_none() {
            return Ok(None);
        }
        match remove_agent(&read(&context.fleet.location.roster_path)?, &self.name, &context.fleet.location.roster_path)
        {
            Ok(text) => Ok(Some(text)),
            Err(EditError::AgentNotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Stops the agent, whether or not a unit runs it. Returns whether it is stopped.
    ///
    /// # Errors
    /// No such agent is `known` or runs.
    fn stop(&self, context: &Context, roster: &Roster, known: bool) -> Result<bool, CommandError> {
        let mut reports = Vec::new();
        let mut keep_reports = |event| match event {
            LifecycleEvent::Finished(report) => reports.push(report),
            other => print_lifecycle_note(&other),
        };
        let action = LifecycleAction::Stop;
        let scope = Scope::Agents(vec![self.name.clone()]);
        let executor = LifecycleExecutor::new(&context.fleet, roster, &mut keep_reports)?;
        executor.run(action, &scope, STOP_TIMEOUT, &mut keep_reports)?;
        let ran = reports.iter().any(|report| report.result != Ok(Outcome::NotRunning));
        if !known && !ran {
            return Err(unknown_agent(&self.name, roster));
        }
        let mut printer = LifecyclePrinter::new(context.style, action, false, [self.name.as_str()].into_iter());
        for report in reports {
            printer.report(LifecycleEvent::Finished(report));
        }
        Ok(printer.finish()? == ExitCode::Ok)
    }

    fn print_note(&self, rest: &str) {
        print_notice(&format!("NOTE: {}: {rest}; run 'mosaic fleet remove {}' again", self.name, self.name));
    }
}
