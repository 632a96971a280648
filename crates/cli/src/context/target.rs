//! Which fleet a look is about.

use std::path::PathBuf;

use nix::unistd::{Uid, User};
use probe::Target;
use probe::observe::TargetRoster;
use systemd::{Logind, UnitDirectories};

use super::{Context, Environment};
use crate::error::CommandError;

/// The fleet of this context, with its roster as it is now.
pub(super) fn target(context: &Context) -> Result<Target, CommandError> {
    let environment = &context.environment;
    let user = user(environment);
    let tenant = text(environment, "MOSAIC_TENANT").unwrap_or_else(|| user.clone());
    Ok(Target {
        home: context.home.clone(),
        user_home: environment.variable("HOME").map(PathBuf::from),
        roster: TargetRoster::at(context.roster_path.clone()),
        roster_path: context.roster_path.clone(),
        run_directory: context.run_directory.clone(),
        manager: context.manager_address.clone(),
        unit_directories: UnitDirectories::of_user(|name| environment.variable(name)).ok(),
        logind: Logind::default(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        user,
        tenant,
        search_path: environment.variable("PATH"),
        assumed_interval: parsed(environment, "MOSAIC_HEARTBEAT_INTERVAL")?.unwrap_or_default(),
        fallback_socket: parsed(environment, "MOSAIC_TMUX_SOCKET")?.unwrap_or_default(),
        fallback_holder: parsed(environment, "MOSAIC_HOLDER_SESSION")?.unwrap_or_default(),
        limit: Target::LIMIT,
    })
}

/// The account's name: the variables are somebody else's after `su` or `sudo`.
fn user(environment: &Environment) -> String {
    let account = User::from_uid(Uid::effective()).ok().flatten().map(|user| user.name);
    let named = || text(environment, "USER").or_else(|| text(environment, "LOGNAME"));
    account.or_else(named).unwrap_or_else(|| Uid::effective().to_string())
}

fn text(environment: &Environment, name: &str) -> Option<String> {
    environment.variable(name).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty())
}

/// A variable's value, never silently a default for a nonsense one.
fn parsed<T>(environment: &Environment, name: &'static str) -> Result<Option<T>, CommandError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let parse =
        |value: String| value.parse().map_err(|error: T::Err| CommandError::Variable { name, why: error.to_string() });
    text(environment, name).map(parse).transpose()
}
