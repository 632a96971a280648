//! Does what was decided, and decides nothing.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use mosaic_systemd::{JobOutcome, UnitName, UserManager, Verb, set_linger};

use crate::files::{
    copy_program, make_directory, remove_drafts, remove_file, remove_if_empty, replace_file, replace_link,
};
use crate::run_directory::{move_run_directory, remove_run_directory, take_over_old_run};
use crate::{Layout, Manifest, ProvisionError, Step};

/// How long logind may take.
const LINGER_LIMIT: Duration = Duration::from_secs(10);
/// How long a socket may take to listen.
const START_LIMIT: Duration = Duration::from_secs(10);

/// What it takes to do steps.
#[derive(Clone, Copy, Debug)]
pub struct Executor<'a> {
    /// Where everything is.
    pub layout: &'a Layout,
    /// The user manager, where there is one.
    pub manager: Option<&'a UserManager>,
    /// The user's name, for logind.
    pub user: &'a str,
    /// How long all of the units together may take to stop.
    pub stop_limit: Duration,
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Performed {
    /// Done.
    Done,
    /// Not done, which the rest can live with; why, and what to do.
    Without(String),
}

/// Does all steps, and tells of each before it is done and of those that it goes on without.
///
/// # Errors
/// A step failed. Those before it are done, those after it are not.
pub fn execute(
    steps: &[Step],
    executor: &Executor<'_>,
    mut before: impl FnMut(&Step),
    mut without: impl FnMut(&Step, &str),
) -> Result<(), ProvisionError> {
    let mut recorded: Option<Manifest> = None;
    for step in steps {
        before(step);
        if let Step::Record(manifest) = step {
            recorded = Some(manifest.clone());
        }
        if let Performed::Without(why) = executor.perform(step)? {
            without(step, &why);
            // What was not switched on is not to be switched off one day.
            if let (Step::Linger(true), Some(manifest)) = (step, &recorded) {
                executor.perform(&Step::Record(Manifest { linger: false, ..manifest.clone() }))?;
            }
        }
    }
    Ok(())
}

impl Executor<'_> {
    /// Does one step.
    ///
    /// # Errors
    /// It failed, and nothing of it is done, or all that can be done again.
    pub fn perform(&self, step: &Step) -> Result<Performed, ProvisionError> {
        match step {
            Step::Record(manifest) => {
                let path = self.layout.manifest();
                replace_file(&path, manifest.text(&path)?.as_bytes(), 0o600)?;
            }
            Step::MakeDirectory { path, mode } => make_directory(path, *mode)?,
            Step::RemoveDrafts(path) => remove_drafts(path)?,
            Step::Protect { path, mode } => {
                let closed = fs::set_permissions(path, Permissions::from_mode(*mode));
                closed.map_err(ProvisionError::file("protect", path))?;
            }
            Step::Copy { from, to } => copy_program(from, to)?,
            Step::Write { path, text, mode, .. } => replace_file(path, text.as_bytes(), *mode)?,
            Step::Link { path, target } => replace_link(path, target)?,
            Step::KeepAside { path, aside } => match fs::hard_link(path, aside) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(ProvisionError::file("keep a copy of", path)(error));
                }
                _ => {}
            },
            Step::PutBack { aside, path } => match fs::rename(aside, path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(ProvisionError::file("restore", path)(error));
                }
                _ => {}
            },
            Step::Remove(path) => remove_file(path)?,
            Step::RemoveDirectory(path) => remove_if_empty(path)?,
            Step::MoveRunDirectory { target } => move_run_directory(self.layout, target)?,
            Step::TakeOverOldRun { target } => take_over_old_run(self.layout, target)?,
            Step::RemoveRunDirectory(path) => {
                remove_run_directory(path)?;
                self.remove_empty_above(path)?;
            }
            Step::Linger(on) => {
                if let Err(error) = set_linger(self.user, *on, LINGER_LIMIT) {
                    return Ok(Performed::Without(error.to_string()));
                }
            }
            Step::Start(units) => {
                if let Some(why) = self.start(step, units)? {
                    return Ok(Performed::Without(why));
                }
            }
            Step::Reload | Step::Enable(_) | Step::Disable(_) | Step::Stop(_) => self.tell_manager(step)?,
        }
        Ok(Performed::Done)
    }

    /// Starts units; why one of them did not.
    fn start(&self, step: &Step, units: &[UnitName]) -> Result<Option<String>, ProvisionError> {
        let Some(manager) = self.manager else { return Ok(None) };
        let outcomes = manager
            .run(Verb::Start, units, START_LIMIT, &mut |_, _| {})
            .map_err(|source| ProvisionError::Manager { step: step.line(self.layout), source })?;
        let failed = outcomes.into_iter().find(|(_, outcome)| *outcome != JobOutcome::Done);
        Ok(failed.map(|(unit, outcome)| {
            let mut why = format!("{unit} does not start ({outcome}): see `systemctl --user status {unit}`");
            if unit == UnitName::exporter_socket() {
                why += ". If something else listens on its address, give it another one by \
                        `systemctl --user edit mosaic-fleet-exporter.socket`, and run this again";
            }
            why
        }))
    }

    fn tell_manager(&self, step: &Step) -> Result<(), ProvisionError> {
        let Some(manager) = self.manager else { return Ok(()) };
        let failed = |source| ProvisionError::Manager { step: step.line(self.layout), source };
        match step {
            Step::Enable(units) => manager.enable(units).map(drop).map_err(failed),
            Step::Disable(units) => manager.disable(units).map(drop).map_err(failed),
            Step::Stop(units) => {
                let outcomes = manager.run(Verb::Stop, units, self.stop_limit, &mut |_, _| {}).map_err(failed)?;
                let unstopped = outcomes.into_iter().find(|(_, outcome)| !has_stopped(outcome));
                unstopped.map_or(Ok(()), |(unit, outcome)| Err(ProvisionError::Stop { unit, outcome }))
            }
            _ => manager.reload().map_err(failed),
        }
    }

    /// The directories between `$XDG_RUNTIME_DIR` and a run directory in it.
    fn remove_empty_above(&self, path: &std::path::Path) -> Result<(), ProvisionError> {
        let Some(top) = self.layout.runtime_directory() else { return Ok(()) };
        let above = path.ancestors().skip(1).take_while(|above| above.starts_with(top) && *above != top);
        above.into_iter().try_for_each(remove_if_empty)
    }
}

/// Whether nothing of a unit runs any more.
fn has_stopped(outcome: &JobOutcome) -> bool {
    matches!(outcome, JobOutcome::Done | JobOutcome::Skipped | JobOutcome::NoSuchUnit(_))
}
