//! The host and the directories that a command installs into.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use mosaic_domain::env_var;
use mosaic_provision::install::{HostFacts, programs_directory};
use mosaic_provision::{Executor, FleetLock, Layout, Plan, ProvisionError, Step, lock_holder};
use mosaic_systemd::{ActiveState, Linger, Logind, ManagerError, UnitDirectories, UnitName, UserManager};
use nix::unistd::{Uid, User};

use crate::context::Context;
use crate::error::CommandError;
use crate::view::{print, print_notice, print_outcome};

/// How long the user manager may take for one answer. A reload reads the units of all agents.
const MANAGER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the user manager may take for its first answer.
const FIRST_ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// How long all agents together may take to stop: twice the timeout of one unit.
const STOP_TIMEOUT: Duration = Duration::from_mins(1);
/// How long to wait for another command without a message about it.
const SILENT_WAIT: Duration = Duration::from_secs(1);

/// Where a command installs, and by what means.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) layout: Layout,
    pub(super) surroundings: HostFacts,
    pub(super) manager: Option<UserManager>,
    user: String,
}

impl Site {
    /// Examines the host.
    ///
    /// # Errors
    /// A user manager exists but does not answer, or a directory cannot be read.
    pub(super) fn new(context: &Context) -> Result<Self, CommandError> {
        let fleet = &context.fleet;
        let runtime_directory = fleet.location.manager.runtime_directory().filter(|path| is_private(path));
        let variable = |name: &str| match name {
            "XDG_RUNTIME_DIR" => runtime_directory.map(Into::into),
            name => fleet.environment.variable(name),
        };
        let layout = Layout::new(&fleet.location.home, variable, Path::new("/"))?;
        // A manager that hangs is detected by the short timeout, before the long one is needed for a reload.
        let manager = fleet
            .manager(FIRST_ANSWER_TIMEOUT)
            .and_then(|manager| manager.version())
            .and_then(|_| fleet.manager(MANAGER_TIMEOUT));
        let (manager, no_manager) = match manager {
            Ok(manager) => (Some(manager), None),
            Err(ManagerError::Absent { why }) => (None, Some(why)),
            Err(error) => return Err(error.into()),
        };
        let directories = unit_directories(context)?;
        let enabled = directories.enabled().map_err(|source| CommandError::io("read", layout.units(), source))?;
        let user = User::from_uid(Uid::effective())
            .ok()
            .flatten()
            .map_or_else(|| Uid::effective().to_string(), |user| user.name);
        // If it cannot be read, enabling it again does no harm.
        let linger = Logind::default().linger(&user).unwrap_or(Linger::Off);
        let programs = programs_directory(&layout)
            .map_err(|source| CommandError::io("find the running program in", Path::new("/proc/self/exe"), source))?;
        let search_path = fleet.environment.variable(env_var::PATH);
        let exporter = manager.as_ref().map_or(Ok(BTreeSet::new()), active_exporter_units)?;
        let surroundings = HostFacts { programs, search_path, no_manager, enabled, exporter, linger };
        Ok(Self { layout, surroundings, manager, user })
    }

    /// The same site, treated as if it had no user manager.
    pub(super) fn without_manager(mut self, why: &str) -> Self {
        self.manager = None;
        self.surroundings.no_manager = Some(why.to_owned());
        self
    }

    /// Acquires the fleet lock, and prints a note if another command holds it.
    ///
    /// # Errors
    /// Another command holds the lock for longer than `timeout`.
    pub(super) fn lock(&self, timeout: Duration) -> Result<FleetLock, CommandError> {
        match FleetLock::acquire(&self.layout, SILENT_WAIT.min(timeout)) {
            Err(ProvisionError::LockHeld { holder, .. }) if timeout > SILENT_WAIT => {
                let holder = lock_holder(holder);
                let seconds = timeout.as_secs();
                print_notice(&format!("NOTE: {holder} is changing this fleet; waiting up to {seconds} s for it"));
                Ok(FleetLock::acquire(&self.layout, timeout)?)
            }
            taken => Ok(taken?),
        }
    }

    /// Prints a plan.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn print_plan(&self, plan: &Plan) -> Result<(), CommandError> {
        print(&plan.lines(&self.layout).into_iter().map(|line| line + "\n").collect::<String>())
    }

    /// Executes a plan, and prints each step.
    ///
    /// # Errors
    /// A step failed; the steps before it are done.
    pub(super) fn execute(&self, plan: &Plan) -> Result<(), CommandError> {
        let executor = Executor {
            layout: &self.layout,
            manager: self.manager.as_ref(),
            user: &self.user,
            stop_timeout: STOP_TIMEOUT,
        };
        let print_step = |step: &Step| {
            print_outcome(&(step.line(&self.layout) + "\n"));
        };
        let print_skipped = |_: &Step, why: &str| print_notice(&format!("NOTE: this step is skipped: {why}"));
        mosaic_provision::execute(&plan.steps, &executor, print_step, print_skipped)?;
        let rest = Plan { steps: Vec::new(), ..plan.clone() };
        let lines = rest.lines(&self.layout);
        // The first line of a plan without steps says that there is nothing to do.
        let skipped = usize::from(!plan.steps.is_empty());
        print_outcome(&lines.into_iter().skip(skipped).map(|line| line + "\n").collect::<String>());
        Ok(())
    }
}

/// The directories of the user's units.
///
/// # Errors
/// The home directory of the user is not known.
pub(super) fn unit_directories(context: &Context) -> Result<UnitDirectories, CommandError> {
    let directories = UnitDirectories::from_environment(|name| context.fleet.environment.variable(name));
    Ok(directories.map_err(|error| mosaic_probe::BadVariable { name: env_var::HOME, why: error.to_string() })?)
}

/// Whether a unit of this state runs, or is starting or stopping.
pub(super) fn is_active(state: ActiveState) -> bool {
    !matches!(state, ActiveState::Inactive | ActiveState::Failed)
}

fn active_exporter_units(manager: &UserManager) -> Result<BTreeSet<UnitName>, ManagerError> {
    let units = manager.units(&[UnitName::exporter().as_str(), UnitName::exporter_socket().as_str()])?;
    Ok(units.into_iter().filter(|unit| is_active(unit.active)).map(|unit| unit.name).collect())
}

/// Whether a runtime directory belongs to this user alone. `su` keeps the variable of another user, and in a
/// directory such as `/tmp` any user could place files where heartbeats are written.
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    path.metadata().is_ok_and(|directory| {
        directory.is_dir() && directory.uid() == Uid::effective().as_raw() && directory.mode() & 0o022 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::is_private;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_directory_that_others_can_write_is_not_private() {
        let directory = tempfile::tempdir().unwrap();
        for (mode, expected) in [(0o700, true), (0o755, true), (0o770, false), (0o1777, false)] {
            fs::set_permissions(directory.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_private(directory.path()), expected, "{mode:o}");
        }
    }
}
