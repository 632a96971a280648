//! `mosaic fleet remove`: one agent less.

use std::time::Duration;

use clap::Args;
use mosaic_domain::{AgentName, ExitCode};
use mosaic_provision::{AgentLeftovers, Plan, Step, replace_file};
use mosaic_roster::{EditError, Roster, remove_agent};
use mosaic_systemd::UnitName;

use super::add::{mode, read};
use super::install::{LOCK_LIMIT, Site};
use crate::context::Context;
use crate::error::CommandError;
use crate::lifecycle::{Change, Order, Report, Scope, Teller, carry_out};
use crate::view::print;

/// How long the agent may take to stop.
const STOP_LIMIT: Duration = Duration::from_mins(2);

/// Stop an agent, and take it from the roster
///
/// Its line in the roster goes last: whatever fails before, the same command goes on with it.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  mosaic fleet remove coder6")]
pub(crate) struct Remove {
    /// Its name
    #[arg(value_name = "AGENT")]
    pub(crate) name: AgentName,

    /// Leave its env file, its heartbeat and its unit's drop-in
    #[arg(long)]
    pub(crate) keep_files: bool,
}

impl Remove {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let site = Site::of(context)?;
        let lock = site.lock(LOCK_LIMIT)?;
        let site = Site::of(context)?;
        let roster = context.roster()?;
        // What would be refused is refused before anything is stopped.
        let text = self.without(context, &roster)?;
        let leftovers = AgentLeftovers::look(&site.layout, context.run_directory.path(), &self.name);
        leftovers.removal(&site.layout)?;
        let unit = UnitName::agent(&self.name);
        let enabled = site.surroundings.enabled.contains(&unit);
        let known = text.is_some() || enabled || !leftovers.is_empty();
        let rest = "its unit still has to be disabled, its files and its line in the roster removed";
        if !self.stop(context, &roster, known).inspect_err(|_| self.note(rest))? {
            self.note(rest);
            return Ok(ExitCode::CheckFailed);
        }
        let rest = "its files and its line in the roster still have to be removed";
        let mut plan = Plan::default();
        if enabled {
            plan.steps.extend([Step::Disable(vec![unit.clone()]), Step::Reload]);
        }
        if !self.keep_files {
            // What the stop left is not what was there before.
            let leftovers = AgentLeftovers::look(&site.layout, context.run_directory.path(), &self.name);
            plan.steps.extend(leftovers.removal(&site.layout)?);
        }
        if !plan.steps.is_empty() {
            site.execute(&plan).inspect_err(|_| self.note(rest))?;
        }
        if let Some(manager) = &site.manager {
            // A unit that failed would be listed until the manager ends.
            manager.reset_failed(&[unit])?;
        }
        if let Some(text) = text {
            replace_file(&context.roster_path, text.as_bytes(), mode(&context.roster_path))
                .inspect_err(|_| self.note("its line in the roster still has to be removed"))?;
            print(&format!("{} is no longer in the roster {}\n", self.name, context.roster_path.display()))?;
        }
        drop(lock);
        Ok(ExitCode::Ok)
    }

    /// The roster's text without it; nothing if it is not in there.
    fn without(&self, context: &Context, roster: &Roster) -> Result<Option<String>, CommandError> {
        if roster.agent(self.name.as_str()).is_none() {
            return Ok(None);
        }
        match remove_agent(&read(&context.roster_path)?, &self.name, &context.roster_path) {
            Ok(text) => Ok(Some(text)),
            Err(EditError::NoSuchAgent { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Stops it, however it was started; whether it has stopped. Of a name that nobody knows there
    /// has to be something that runs.
    fn stop(&self, context: &Context, roster: &Roster, known: bool) -> Result<bool, CommandError> {
        let mut reports: Vec<Report> = Vec::new();
        let scope = Scope::Agents(vec![self.name.clone()]);
        carry_out(context, roster, Order::Stop, &scope, STOP_LIMIT, &mut |report| reports.push(report))?;
        let ran = reports.iter().any(|report| report.outcome != Ok(Change::NotRunning));
        if !known && !ran {
            let nearest = roster.nearest(self.name.as_str()).into_iter().map(ToString::to_string).collect();
            return Err(CommandError::UnknownAgent { name: self.name.clone(), nearest });
        }
        let mut teller = Teller::new(context.style, Order::Stop, false, [self.name.as_str()].into_iter());
        for report in reports {
            teller.tell(report);
        }
        Ok(teller.finish()? == ExitCode::Ok)
    }

    fn note(&self, rest: &str) {
        crate::view::print_notice(&format!(
            "NOTE: {}: {rest}; run `mosaic fleet remove {}` again",
            self.name, self.name
        ));
    }
}
