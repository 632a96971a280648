//! Where a fleet is: what every program that looks at one finds in the same way.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use mosaic_domain::{MosaicHome, NoHome};
use mosaic_heartbeat::RunDirectory;
use mosaic_systemd::{Logind, ManagerAddress, UnitDirectories};
use nix::unistd::{Uid, User};

use crate::observe::Target;

/// The places of one fleet, all absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The fleet's home.
    pub home: MosaicHome,
    /// The roster's file.
    pub roster_path: PathBuf,
    /// Where heartbeats are.
    pub run_directory: RunDirectory,
    /// Where the user manager is.
    pub manager: ManagerAddress,
}

/// A variable of the environment has a value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} cannot be used: {why}")]
pub struct BadVariable {
    /// Which one.
    pub name: &'static str,
    /// What is wrong with its value.
    pub why: String,
}

impl Places {
    /// From what a command line names, which goes before the environment. What is relative counts from
    /// `here`.
    ///
    /// # Errors
    /// Nothing says where the fleet's home is.
    pub fn find(
        roster: Option<&Path>,
        mosaic_home: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
        here: &Path,
    ) -> Result<Self, NoHome> {
        let named = |name: &str| match (name, mosaic_home) {
            ("MOSAIC_HOME", Some(home)) => Some(here.join(home).into_os_string()),
            _ => variable(name),
        };
        let home = here.join(MosaicHome::from_environment(named)?.path());
        let absolute = |name: &str| if name == "MOSAIC_HOME" { Some(home.clone().into()) } else { variable(name) };
        let home = MosaicHome::from_environment(absolute)?;
        Ok(Self {
            roster_path: roster.map_or_else(|| home.path().join("fleet/roster.yaml"), |path| here.join(path)),
            run_directory: RunDirectory::from_environment(absolute)?.absolute(here),
            manager: ManagerAddress::of_environment(variable),
            home,
        })
    }

    /// The fleet at these places, with its roster as it is now.
    ///
    /// # Errors
    /// A variable has a value that cannot be used.
    pub fn target(&self, variable: impl Fn(&str) -> Option<OsString>) -> Result<Target, BadVariable> {
        let user = user(&variable);
        Ok(Target {
            home: self.home.clone(),
            user_home: variable("HOME").map(PathBuf::from),
            roster_path: self.roster_path.clone(),
            run_directory: self.run_directory.clone(),
            manager: self.manager.clone(),
            unit_directories: UnitDirectories::of_user(&variable).ok(),
            logind: Logind::default(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            tenant: text(&variable, "MOSAIC_TENANT").unwrap_or_else(|| user.clone()),
            user,
            search_path: variable("PATH"),
            assumed_interval: parsed(&variable, "MOSAIC_HEARTBEAT_INTERVAL")?.unwrap_or_default(),
            fallback_socket: parsed(&variable, "MOSAIC_TMUX_SOCKET")?.unwrap_or_default(),
            fallback_holder: parsed(&variable, "MOSAIC_HOLDER_SESSION")?.unwrap_or_default(),
            limit: Target::LIMIT,
            without: BTreeSet::new(),
        })
    }
}

/// The account's name: the variables are somebody else's after `su` or `sudo`.
fn user(variable: &impl Fn(&str) -> Option<OsString>) -> String {
    let account = User::from_uid(Uid::effective()).ok().flatten().map(|user| user.name);
    let named = || text(variable, "USER").or_else(|| text(variable, "LOGNAME"));
    account.or_else(named).unwrap_or_else(|| Uid::effective().to_string())
}

fn text(variable: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<String> {
    variable(name).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty())
}

/// A variable's value, never silently a default for a nonsense one.
fn parsed<T>(variable: &impl Fn(&str) -> Option<OsString>, name: &'static str) -> Result<Option<T>, BadVariable>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let parse = |value: String| value.parse().map_err(|error: T::Err| BadVariable { name, why: error.to_string() });
    text(variable, name).map(parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::Places;
    use mosaic_domain::NoHome;
    use std::ffi::OsString;
    use std::path::Path;

    fn find(roster: Option<&str>, home: Option<&str>, variables: &[(&str, &str)]) -> Result<Places, NoHome> {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        Places::find(roster.map(Path::new), home.map(Path::new), variable, Path::new("/here"))
    }

    #[test]
    fn the_command_line_goes_before_the_environment() {
        let environment = [("HOME", "/h"), ("MOSAIC_HOME", "/m")];
        let by_environment = find(None, None, &environment).unwrap();
        assert_eq!(by_environment.roster_path, Path::new("/m/fleet/roster.yaml"));
        let given = find(Some("/r.yaml"), Some("/given"), &environment).unwrap();
        assert_eq!(given.home.path(), Path::new("/given"));
        assert_eq!(given.roster_path, Path::new("/r.yaml"));
        assert_eq!(given.run_directory.path(), Path::new("/given/fleet/run"));
    }

    #[test]
    fn places_are_absolute_so_that_no_program_takes_them_for_others() {
        let given = find(Some("r.yaml"), Some("home"), &[("MOSAIC_HEARTBEAT_RUN_DIR", "beats")]).unwrap();
        assert_eq!(given.roster_path, Path::new("/here/r.yaml"));
        assert_eq!(given.home.path(), Path::new("/here/home"));
        assert_eq!(given.run_directory.path(), Path::new("/here/beats"));
    }

    #[test]
    fn a_fleet_needs_a_home_and_values_that_make_sense() {
        assert_eq!(find(None, None, &[]), Err(NoHome));
        let places = find(None, None, &[("HOME", "/h")]).unwrap();
        let nonsense = |name: &str| (name == "MOSAIC_HEARTBEAT_INTERVAL").then(|| OsString::from("soon"));
        let error = places.target(nonsense).unwrap_err();
        assert!(error.to_string().starts_with("MOSAIC_HEARTBEAT_INTERVAL cannot be used: "), "{error}");
    }
}
