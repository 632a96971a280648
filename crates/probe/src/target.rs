//! Which fleet to observe: its paths, its sockets, and how to reach them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mosaic_domain::{HeartbeatInterval, MosaicHome, NoHome, SocketName, env_var};
use mosaic_heartbeat::RunDirectory;
use mosaic_roster::{HolderSession, Roster};
use mosaic_systemd::{Logind, ManagerAddress, UnitDirectories};
use nix::unistd::{Uid, User};

use crate::snapshot::SourceName;

/// One fleet of one user on this host. Every value is passed in; observing reads no environment variables.
#[derive(Debug)]
pub struct Target {
    /// The fleet's home directory, `MOSAIC_HOME`.
    pub home: MosaicHome,
    /// The user's home directory, which usually contains programs.
    pub user_home: Option<PathBuf>,
    /// The roster's file.
    pub roster_path: PathBuf,
    /// The directory of the heartbeats and activity reports.
    pub run_directory: RunDirectory,
    /// How to reach the user manager.
    pub manager: ManagerAddress,
    /// The unit directories; `None` if `HOME` is not set.
    pub unit_directories: Option<UnitDirectories>,
    /// The record of lingering users.
    pub logind: Logind,
    /// The host's name.
    pub host: String,
    /// The user's name.
    pub user: String,
    /// The tenant: `MOSAIC_TENANT`, by default the user.
    pub tenant: String,
    /// The `PATH` on which tmux is searched.
    pub search_path: Option<OsString>,
    /// The interval of heartbeats that do not state their own.
    pub assumed_interval: HeartbeatInterval,
    /// The tmux socket to use if the roster cannot be read.
    pub fallback_socket: SocketName,
    /// The holder's session name to use if the roster cannot be read.
    pub fallback_holder: HolderSession,
    /// The time limit of each source.
    pub limit: Duration,
    /// Sources that are disabled: nothing is opened, queried or started for them. The roster is always read, because
    /// every other source depends on it.
    pub disabled_sources: BTreeSet<SourceName>,
}

impl Target {
    /// The default time limit of each source.
    pub const LIMIT: Duration = Duration::from_millis(2500);

    /// The directory in which the programs of this project are installed.
    #[must_use]
    pub fn tools(&self) -> PathBuf {
        self.home.paths().programs()
    }

    /// The session that holds the fleet's tmux server.
    pub(crate) fn holder_session<'a>(&'a self, roster: Option<&'a Roster>) -> &'a str {
        roster.map_or(self.fallback_holder.as_str(), |roster| roster.tmux.holder_session.as_str())
    }

    /// The name of the fleet's tmux socket.
    pub(crate) fn socket_name(&self, roster: Option<&Roster>) -> SocketName {
        roster.map_or_else(|| self.fallback_socket.clone(), |roster| roster.tmux.socket_name.clone())
    }
}

/// Where one fleet is, in absolute paths. Every program that observes a fleet finds them in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetLocation {
    /// The fleet's home directory, `MOSAIC_HOME`.
    pub home: MosaicHome,
    /// The roster's file.
    pub roster_path: PathBuf,
    /// The directory of the heartbeats and activity reports.
    pub run_directory: RunDirectory,
    /// How to reach the user manager.
    pub manager: ManagerAddress,
}

/// An environment variable has a value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} has an invalid value: {why}")]
pub struct BadVariable {
    /// The name of the variable.
    pub name: &'static str,
    /// What is wrong with its value.
    pub why: String,
}

impl FleetLocation {
    /// Finds the fleet. The paths given on a command line take precedence over the environment; relative paths are
    /// resolved against `here`.
    ///
    /// # Errors
    /// Neither `mosaic_home` nor the environment gives the fleet's home directory.
    pub fn resolve(
        roster: Option<&Path>,
        mosaic_home: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
        here: &Path,
    ) -> Result<Self, NoHome> {
        let with_home = |home: Option<&Path>, name: &str| match (name, home) {
            (env_var::MOSAIC_HOME, Some(home)) => Some(home.into()),
            _ => variable(name),
        };
        let given = mosaic_home.map(|home| here.join(home));
        let home = MosaicHome::from_environment(|name| with_home(given.as_deref(), name))?.absolute(here);
        let run_directory = RunDirectory::from_environment(|name| with_home(Some(home.path()), name))?;
        Ok(Self {
            roster_path: roster.map_or_else(|| home.paths().roster(), |path| here.join(path)),
            run_directory: run_directory.absolute(here),
            manager: ManagerAddress::from_environment(variable),
            home,
        })
    }

    /// The fleet at these paths.
    ///
    /// # Errors
    /// A variable has a value that cannot be used.
    pub fn target(&self, variable: impl Fn(&str) -> Option<OsString>) -> Result<Target, BadVariable> {
        let user = user(&variable);
        Ok(Target {
            home: self.home.clone(),
            user_home: variable(env_var::HOME).map(PathBuf::from),
            roster_path: self.roster_path.clone(),
            run_directory: self.run_directory.clone(),
            manager: self.manager.clone(),
            unit_directories: UnitDirectories::from_environment(&variable).ok(),
            logind: Logind::default(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            tenant: text(&variable, env_var::TENANT).unwrap_or_else(|| user.clone()),
            user,
            search_path: variable(env_var::PATH),
            assumed_interval: parsed(&variable, env_var::HEARTBEAT_INTERVAL)?.unwrap_or_default(),
            fallback_socket: parsed(&variable, env_var::TMUX_SOCKET)?.unwrap_or_default(),
            fallback_holder: match parsed(&variable, env_var::HOLDER_SESSION)? {
                Some(session) => session,
                None => parsed(&variable, env_var::TMUX_HOLDER)?.unwrap_or_default(),
            },
            limit: Target::LIMIT,
            disabled_sources: BTreeSet::new(),
        })
    }
}

/// The name of the account that runs this process. After `su` or `sudo` the variables name another user.
#[must_use]
pub fn user(variable: &impl Fn(&str) -> Option<OsString>) -> String {
    let account = User::from_uid(Uid::effective()).ok().flatten().map(|user| user.name);
    let named = || text(variable, "USER").or_else(|| text(variable, "LOGNAME"));
    account.or_else(named).unwrap_or_else(|| Uid::effective().to_string())
}

fn text(variable: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<String> {
    variable(name).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty())
}

/// Parses the value of a variable. An invalid value is an error, never a silent default.
fn parsed<T>(variable: &impl Fn(&str) -> Option<OsString>, name: &'static str) -> Result<Option<T>, BadVariable>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let parse = |value: String| value.parse().map_err(|error: T::Err| BadVariable { name, why: error.to_string() });
    text(variable, name).map(parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::FleetLocation;
    use mosaic_domain::NoHome;
    use std::ffi::OsString;
    use std::path::Path;

    fn resolve(roster: Option<&str>, home: Option<&str>, variables: &[(&str, &str)]) -> Result<FleetLocation, NoHome> {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        FleetLocation::resolve(roster.map(Path::new), home.map(Path::new), variable, Path::new("/here"))
    }

    #[test]
    fn the_command_line_takes_precedence_over_the_environment() {
        let environment = [("HOME", "/h"), ("MOSAIC_HOME", "/m")];
        let by_environment = resolve(None, None, &environment).unwrap();
        assert_eq!(by_environment.roster_path, Path::new("/m/fleet/roster.yaml"));
        let given = resolve(Some("/r.yaml"), Some("/given"), &environment).unwrap();
        assert_eq!(given.home.path(), Path::new("/given"));
        assert_eq!(given.roster_path, Path::new("/r.yaml"));
        assert_eq!(given.run_directory.path(), Path::new("/given/fleet/run"));
    }

    #[test]
    fn relative_paths_become_absolute() {
        let given = resolve(Some("r.yaml"), Some("home"), &[("MOSAIC_HEARTBEAT_RUN_DIR", "beats")]).unwrap();
        assert_eq!(given.roster_path, Path::new("/here/r.yaml"));
        assert_eq!(given.home.path(), Path::new("/here/home"));
        assert_eq!(given.run_directory.path(), Path::new("/here/beats"));
    }

    #[test]
    fn a_missing_home_and_an_invalid_value_are_errors() {
        assert_eq!(resolve(None, None, &[]), Err(NoHome));
        let paths = resolve(None, None, &[("HOME", "/h")]).unwrap();
        let nonsense = |name: &str| (name == "MOSAIC_HEARTBEAT_INTERVAL").then(|| OsString::from("soon"));
        let error = paths.target(nonsense).unwrap_err();
        assert!(error.to_string().starts_with("MOSAIC_HEARTBEAT_INTERVAL has an invalid value: "), "{error}");
        let holder = |names: &[&str]| {
            let given = paths.target(|name: &str| names.contains(&name).then(|| OsString::from(name.to_lowercase())));
            given.unwrap().fallback_holder.to_string()
        };
        assert_eq!(holder(&[]), "_holder");
        assert_eq!(holder(&["MOSAIC_TMUX_HOLDER"]), "mosaic_tmux_holder");
        assert_eq!(holder(&["MOSAIC_TMUX_HOLDER", "MOSAIC_HOLDER_SESSION"]), "mosaic_holder_session");
    }
}
