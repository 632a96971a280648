//! The settings of an agent to launch, parsed from arguments and environment.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use mosaic_domain::{
    AgentName, HeartbeatInterval, InvalidAgentName, MosaicHome, NoHome, RuntimeName, SocketName, env_var,
};
use mosaic_heartbeat::{EndLog, RunDirectory};

/// The validated settings of an agent. The launcher parses them from its command line and environment, and the
/// sidecar from the environment that the launcher passes on.
#[derive(Clone, Debug)]
pub struct LaunchSettings {
    /// The name of the agent and of its session.
    pub agent: AgentName,
    /// The fleet's tmux socket.
    pub socket: SocketName,
    /// The agent's runtime.
    pub runtime: RuntimeName,
    /// The agent's working directory, an absolute path.
    pub working_directory: PathBuf,
    has_working_directory: bool,
    /// The agent's command, a line for a shell.
    pub command: OsString,
    /// The directory of the agent's heartbeat, an absolute path.
    pub run_directory: RunDirectory,
    /// The interval of the heartbeat.
    pub interval: HeartbeatInterval,
    /// The directory of the fleet, an absolute path. `None` if no variable sets it, which is possible if the run
    /// directory is set.
    pub mosaic_home: Option<MosaicHome>,
    has_mosaic_home: bool,
}

/// The error of parsing [`LaunchSettings`].
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is no agent name.
    #[error("agent name argument or MOSAIC_AGENT_NAME is required ({})", AgentName::RULE)]
    NoAgent,
    /// The agent name is invalid.
    #[error(transparent)]
    Agent(#[from] InvalidAgentName),
    /// A variable has an invalid value.
    #[error("{name}: {problem}")]
    Variable {
        /// The name of the variable.
        name: &'static str,
        /// The problem with its value.
        problem: String,
    },
    /// There is no working directory.
    #[error("HOME is not set to an absolute path: set it, or set MOSAIC_AGENT_WORKDIR to one")]
    NoWorkingDirectory,
    /// There is no directory for heartbeats.
    #[error(transparent)]
    Home(#[from] NoHome),
}

impl LaunchSettings {
    /// Parses the argument `agent` and the environment, which `variable` looks up. Relative paths are resolved
    /// against `current_dir`. As in the bash launcher, an empty argument or variable counts as unset.
    ///
    /// # Errors
    /// The agent name is missing, or a value is invalid.
    pub fn parse(
        agent: Option<&OsStr>,
        variable: impl Fn(&str) -> Option<OsString>,
        current_dir: &Path,
    ) -> Result<Self, SettingsError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let agent = agent.filter(|name| !name.is_empty()).map(OsStr::to_owned).or_else(|| set(env_var::AGENT_NAME));
        let agent: AgentName = agent.ok_or(SettingsError::NoAgent)?.to_string_lossy().parse()?;
        let runtime: RuntimeName = parse_variable(env_var::AGENT_RUNTIME, set, RuntimeName::DEFAULT)?;
        let home = set(env_var::HOME).map(PathBuf::from).filter(|home| home.is_absolute());
        let home = home.ok_or(SettingsError::NoWorkingDirectory);
        let working_directory = match set(env_var::AGENT_WORKDIR) {
            None => home?,
            // systemd does not expand this in env files, as a shell would.
            Some(directory) => match Path::new(&directory).strip_prefix("~") {
                Ok(below) => home?.join(below),
                Err(_) => current_dir.join(directory),
            },
        };
        Ok(Self {
            socket: parse_variable(env_var::TMUX_SOCKET, set, SocketName::DEFAULT)?,
            working_directory,
            has_working_directory: set(env_var::AGENT_WORKDIR).is_some(),
            command: set(env_var::AGENT_COMMAND).unwrap_or_else(|| format!("mosaic yolo {runtime}").into()),
            run_directory: RunDirectory::from_environment(set)?.absolute(current_dir),
            interval: match set(env_var::HEARTBEAT_INTERVAL) {
                None => HeartbeatInterval::DEFAULT,
                Some(_) => parse_variable(env_var::HEARTBEAT_INTERVAL, set, "")?,
            },
            mosaic_home: MosaicHome::from_environment(set).ok().map(|home| home.absolute(current_dir)),
            has_mosaic_home: set(env_var::MOSAIC_HOME).is_some(),
            agent,
            runtime,
        })
    }

    /// The log of the agent's ends. `None` if the directory of the fleet is unknown.
    #[must_use]
    pub fn end_log(&self) -> Option<EndLog> {
        self.mosaic_home.as_ref().map(|home| EndLog::new(&home.paths(), &self.agent))
    }

    /// The variables that the launcher sets for the agent and for the sidecar: the agent's name, the socket, and
    /// every path that was given, made absolute. Other defaults are not set, because an agent that starts another
    /// agent would pass them on.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        let mut variables: Vec<(&str, OsString)> = vec![
            (env_var::AGENT_NAME, self.agent.as_str().into()),
            (env_var::TMUX_SOCKET, self.socket.as_str().into()),
            (env_var::HEARTBEAT_RUN_DIR, self.run_directory.path().into()),
        ];
        if self.has_working_directory {
            variables.push((env_var::AGENT_WORKDIR, self.working_directory.clone().into()));
        }
        if let Some(home) = self.mosaic_home.as_ref().filter(|_| self.has_mosaic_home) {
            variables.push((env_var::MOSAIC_HOME, home.path().into()));
        }
        variables
    }
}

fn parse_variable<T>(
    name: &'static str,
    lookup: impl Fn(&str) -> Option<OsString>,
    default: &str,
) -> Result<T, SettingsError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let value = lookup(name).unwrap_or_else(|| default.into());
    value
        .to_string_lossy()
        .parse()
        .map_err(|problem: T::Err| SettingsError::Variable { name, problem: problem.to_string() })
}

#[cfg(test)]
mod tests {
    use super::{LaunchSettings, SettingsError};
    use std::collections::BTreeMap;
    use std::ffi::{OsStr, OsString};
    use std::path::Path;

    fn parse(agent: Option<&str>, variables: &[(&str, &str)]) -> Result<LaunchSettings, SettingsError> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        LaunchSettings::parse(
            agent.map(OsStr::new),
            |name| variables.get(name).map(OsString::from),
            Path::new("/current"),
        )
    }

    #[test]
    fn the_defaults_are_those_of_the_bash_launcher() {
        let settings = parse(Some("coder0"), &[("HOME", "/h")]).unwrap();
        assert_eq!(settings.socket.as_str(), "mosaic-factory");
        assert_eq!(settings.runtime.as_str(), "pi");
        assert_eq!(settings.working_directory, Path::new("/h"));
        assert_eq!(settings.command, "mosaic yolo pi");
        assert_eq!(settings.run_directory.path(), Path::new("/h/.config/mosaic/fleet/run"));
        assert_eq!(settings.interval.to_string(), "15");
    }

    #[test]
    fn the_argument_takes_precedence_and_empty_values_count_as_unset() {
        let name = |agent, variable| {
            let settings = parse(agent, &[("HOME", "/h"), ("MOSAIC_AGENT_NAME", variable)]);
            settings.map(|settings| settings.agent.to_string())
        };
        assert_eq!(name(Some("a"), "b").unwrap(), "a");
        assert_eq!(name(None, "b").unwrap(), "b");
        assert_eq!(name(Some(""), "b").unwrap(), "b");
        assert!(matches!(name(Some(""), ""), Err(SettingsError::NoAgent)));
        assert!(matches!(name(None, "a b"), Err(SettingsError::Agent(_))));
    }

    #[test]
    fn an_invalid_value_is_an_error_that_names_the_variable() {
        let table = [
            ("MOSAIC_HEARTBEAT_INTERVAL", "abc"),
            ("MOSAIC_HEARTBEAT_INTERVAL", "0"),
            ("MOSAIC_HEARTBEAT_INTERVAL", "-1"),
            ("MOSAIC_TMUX_SOCKET", "../x"),
            ("MOSAIC_AGENT_RUNTIME", "pi; rm -rf /"),
        ];
        for (name, value) in table {
            let error = parse(Some("a"), &[("HOME", "/h"), (name, value)]).unwrap_err();
            assert!(matches!(error, SettingsError::Variable { .. }), "{error}");
            assert!(error.to_string().starts_with(name) && error.to_string().contains(value), "{error}");
        }
        let error = parse(Some("a"), &[("MOSAIC_AGENT_WORKDIR", "/w")]).unwrap_err();
        assert!(error.to_string().contains("HOME"), "{error}");
    }

    #[test]
    fn the_variables_give_the_same_settings_in_another_directory() {
        let variables = [
            ("HOME", "/h"),
            ("MOSAIC_AGENT_WORKDIR", "~/src"),
            ("MOSAIC_HOME", "mosaic"),
            ("MOSAIC_HEARTBEAT_RUN_DIR", "run"),
            ("MOSAIC_HEARTBEAT_INTERVAL", "0.25"),
        ];
        let settings = parse(Some("a"), &variables).unwrap();
        assert_eq!(settings.working_directory, Path::new("/h/src"));
        assert_eq!(settings.run_directory.path(), Path::new("/current/run"));
        assert_eq!(settings.mosaic_home.as_ref().unwrap().path(), Path::new("/current/mosaic"));
        let mut again: BTreeMap<_, _> =
            variables.into_iter().map(|(name, value)| (name, OsString::from(value))).collect();
        again.extend(settings.variables());
        let again = LaunchSettings::parse(None, |name| again.get(name).cloned(), Path::new("/elsewhere")).unwrap();
        assert_eq!(format!("{again:?}"), format!("{settings:?}"));
        let by_default = parse(Some("a"), &[("HOME", "/h")]).unwrap().variables();
        assert!(by_default.iter().all(|(name, _)| !["MOSAIC_AGENT_WORKDIR", "MOSAIC_HOME"].contains(name)));
    }
}
