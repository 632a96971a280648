//! The place where a command installs.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use mosaic_provision::install::{Surroundings, programs_directory};
use mosaic_provision::{Executor, FleetLock, Layout, Plan, ProvisionError, Step, holder_name};
use mosaic_systemd::{ActiveState, Linger, Logind, ManagerError, UnitDirectories, UnitName, UserManager};
use nix::unistd::{Uid, User};

use crate::context::Context;
use crate::error::CommandError;
use crate::view::print;

/// How long the manager may take to answer: it reads the units of all agents again.
const MANAGER_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to answer at all.
const FIRST_ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// How long all agents together may take to stop: what a unit gives one, and as much again.
const STOP_LIMIT: Duration = Duration::from_mins(1);

/// How long another command is waited for without a word.
const SILENT_WAIT: Duration = Duration::from_secs(1);

/// Where everything goes, and who does it.
#[derive(Debug)]
pub(in crate::command::fleet) struct Site {
    pub(in crate::command::fleet) layout: Layout,
    pub(in crate::command::fleet) surroundings: Surroundings,
    pub(in crate::command::fleet) manager: Option<UserManager>,
    user: String,
}

impl Site {
    /// Looks around.
    ///
    /// # Errors
    /// A user manager is there and does not answer, or a directory cannot be read.
    pub(in crate::command::fleet) fn of(context: &Context) -> Result<Self, CommandError> {
        let runtime_directory = context.manager_address.runtime_directory().filter(|path| is_ours(path));
        let variable = |name: &str| match name {
            "XDG_RUNTIME_DIR" => runtime_directory.map(Into::into),
            name => context.environment.variable(name),
        };
        let layout = Layout::new(&context.home, variable, Path::new("/"))?;
        // One that hangs is noticed before a person has waited for a reload's patience.
        let answers = UserManager::connect(&context.manager_address, FIRST_ANSWER_LIMIT)
            .and_then(|manager| manager.version())
            .and_then(|_| UserManager::connect(&context.manager_address, MANAGER_LIMIT));
        let (manager, no_manager) = match answers {
            Ok(manager) => (Some(manager), None),
            Err(ManagerError::Absent { why }) => (None, Some(why)),
            Err(error) => return Err(error.into()),
        };
        let directories = UnitDirectories::of_user(|name| context.environment.variable(name))
            .map_err(|error| mosaic_probe::BadVariable { name: "HOME", why: error.to_string() })?;
        let enabled = directories.enabled().map_err(|source| CommandError::io("read", layout.units(), source))?;
        let user = User::from_uid(Uid::effective())
            .ok()
            .flatten()
            .map_or_else(|| Uid::effective().to_string(), |user| user.name);
        // Who cannot be told from logind's record is told by logind itself.
        let linger = Logind::default().linger(&user).unwrap_or(Linger::Off);
        let programs = programs_directory(&layout)
            .map_err(|source| CommandError::io("find the running program in", Path::new("/proc/self/exe"), source))?;
        let search_path = context.environment.variable("PATH");
        let exporter = manager.as_ref().map_or(Ok(BTreeSet::new()), exporter_units)?;
        let surroundings = Surroundings { programs, search_path, no_manager, enabled, exporter, linger };
        Ok(Self { layout, surroundings, manager, user })
    }

    /// The same, as if there were no manager.
    pub(in crate::command::fleet) fn without_manager(mut self, why: &str) -> Self {
        self.manager = None;
        self.surroundings.no_manager = Some(why.to_owned());
        self
    }

    /// Keeps others from changing the fleet; says so when it has to wait for them.
    ///
    /// # Errors
    /// Somebody else does, for longer than `limit`.
    pub(in crate::command::fleet) fn lock(&self, limit: Duration) -> Result<FleetLock, CommandError> {
        match FleetLock::take(&self.layout, SILENT_WAIT.min(limit)) {
            Err(ProvisionError::Busy { holder, .. }) if limit > SILENT_WAIT => {
                let who = holder_name(holder);
                crate::view::tell(&format!(
                    "NOTE: {who} is changing this fleet: waiting for it, for {} s at most",
                    limit.as_secs()
                ));
                Ok(FleetLock::take(&self.layout, limit)?)
            }
            taken => Ok(taken?),
        }
    }

    /// Prints what would be done.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(in crate::command::fleet) fn show(&self, plan: &Plan) -> Result<(), CommandError> {
        print(&plan.lines(&self.layout).into_iter().map(|line| line + "\n").collect::<String>())
    }

    /// Does what is planned, and tells of it.
    ///
    /// # Errors
    /// A step failed; those before it are done.
    pub(in crate::command::fleet) fn execute(&self, plan: &Plan) -> Result<(), CommandError> {
        let executor =
            Executor { layout: &self.layout, manager: self.manager.as_ref(), user: &self.user, stop_limit: STOP_LIMIT };
        let tell = |step: &Step| {
            // What is done matters more than who reads of it.
            let _ = print(&(step.line(&self.layout) + "\n"));
        };
        let without = |_: &Step, why: &str| crate::view::tell(&format!("NOTE: this is left out: {why}"));
        mosaic_provision::execute(&plan.steps, &executor, tell, without)?;
        let rest = Plan { steps: Vec::new(), notes: plan.notes.clone() };
        let lines = rest.lines(&self.layout);
        let skipped = usize::from(!plan.steps.is_empty());
        print(&lines.into_iter().skip(skipped).map(|line| line + "\n").collect::<String>())
    }
}

/// The exporter and its socket, as far as they run or are about to.
fn exporter_units(manager: &UserManager) -> Result<BTreeSet<UnitName>, ManagerError> {
    let units = manager.units(&[UnitName::exporter().as_str(), UnitName::exporter_socket().as_str()])?;
    let runs = |state: ActiveState| !matches!(state, ActiveState::Inactive | ActiveState::Failed);
    Ok(units.into_iter().filter(|unit| runs(unit.active)).map(|unit| unit.name).collect())
}

/// Is this the runtime directory of whoever runs this? `su` leaves another user's in place, and in one
/// such as `/tmp` anybody could put something where heartbeats are to go.
fn is_ours(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    path.metadata().is_ok_and(|directory| {
        directory.is_dir() && directory.uid() == Uid::effective().as_raw() && directory.mode() & 0o022 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::is_ours;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn heartbeats_go_into_no_directory_that_others_may_write() {
        let directory = tempfile::tempdir().unwrap();
        for (mode, expected) in [(0o700, true), (0o755, true), (0o770, false), (0o1777, false)] {
            fs::set_permissions(directory.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_ours(directory.path()), expected, "{mode:o}");
        }
    }
}
