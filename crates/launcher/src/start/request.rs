//! What is wanted, parsed from arguments and environment.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use mosaic_domain::{AgentName, BeatInterval, ExitCode, InvalidAgentName, MosaicHome, NoHome, RuntimeName, SocketName};
use mosaic_heartbeat::RunDirectory;

/// An agent to start, with every setting checked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its name, and its session's.
    pub agent: AgentName,
    /// The fleet's tmux socket.
    pub socket: SocketName,
    /// The program that it is.
    pub runtime: RuntimeName,
    /// Where it works; absolute.
    pub working_directory: PathBuf,
    working_directory_given: bool,
    /// What to run: a line for a shell.
    pub command: OsString,
    /// Where its heartbeat goes; absolute.
    pub run_directory: RunDirectory,
    /// How often that is written.
    pub interval: BeatInterval,
    /// Where the fleet lives; absolute. `None` if nothing says so: the heartbeat has its own place then.
    pub mosaic_home: Option<MosaicHome>,
    mosaic_home_given: bool,
}

/// A request that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// No name anywhere.
    #[error("agent name argument or MOSAIC_AGENT_NAME is required ({})", AgentName::RULE)]
    NoAgent,
    /// The name is none.
    #[error(transparent)]
    Agent(#[from] InvalidAgentName),
    /// A variable has a value that cannot be used.
    #[error("{name}: {problem}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
    /// Nowhere to work.
    #[error("HOME is not set to an absolute path: set it, or set MOSAIC_AGENT_WORKDIR to one")]
    NoWorkingDirectory,
    /// Nowhere to live.
    #[error(transparent)]
    Home(#[from] NoHome),
}

impl RequestError {
    /// The exit code of a program that ends because of this.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoAgent | Self::Agent(_) => ExitCode::Usage,
            Self::Variable { .. } | Self::NoWorkingDirectory | Self::Home(_) => ExitCode::Configuration,
        }
    }
}

impl Request {
    /// Reads a request. As in the bash launcher, an empty argument or variable counts as unset.
    ///
    /// `variable` looks up the environment, and relative paths count from `here`.
    ///
    /// # Errors
    /// There is no name, or a value that cannot be used; nothing has been done.
    pub fn parse(
        agent: Option<&OsStr>,
        variable: impl Fn(&str) -> Option<OsString>,
        here: &Path,
    ) -> Result<Self, RequestError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let agent = agent.filter(|name| !name.is_empty()).map(OsStr::to_owned).or_else(|| set("MOSAIC_AGENT_NAME"));
        let agent: AgentName = agent.ok_or(RequestError::NoAgent)?.to_string_lossy().parse()?;
        let runtime: RuntimeName = value("MOSAIC_AGENT_RUNTIME", set("MOSAIC_AGENT_RUNTIME"), RuntimeName::DEFAULT)?;
        let home = set("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        let home = home.ok_or(RequestError::NoWorkingDirectory);
        let working_directory = match set("MOSAIC_AGENT_WORKDIR") {
            None => home?,
            // Env files are not read by a shell, so nobody else expands this.
            Some(directory) => match Path::new(&directory).strip_prefix("~") {
                Ok(below) => home?.join(below),
                Err(_) => here.join(directory),
            },
        };
        Ok(Self {
            socket: value("MOSAIC_TMUX_SOCKET", set("MOSAIC_TMUX_SOCKET"), SocketName::DEFAULT)?,
            working_directory,
            working_directory_given: set("MOSAIC_AGENT_WORKDIR").is_some(),
            command: set("MOSAIC_AGENT_COMMAND").unwrap_or_else(|| format!("mosaic yolo {runtime}").into()),
            run_directory: RunDirectory::from_environment(set)?.absolute(here),
            interval: match set("MOSAIC_HEARTBEAT_INTERVAL") {
                None => BeatInterval::DEFAULT,
                given => value("MOSAIC_HEARTBEAT_INTERVAL", given, "")?,
            },
            mosaic_home: MosaicHome::from_environment(set).ok().map(|home| home.absolute(here)),
            mosaic_home_given: set("MOSAIC_HOME").is_some(),
            agent,
            runtime,
        })
    }

    /// What the agent, and the sidecar after the launcher, find in their environment whatever was there
    /// before: who they are, and every path that was given made absolute. Defaults are not spelled
    /// out: an agent that starts another one must not pass its own on.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        let mut variables: Vec<(&str, OsString)> = vec![
            ("MOSAIC_AGENT_NAME", self.agent.as_str().into()),
            ("MOSAIC_TMUX_SOCKET", self.socket.as_str().into()),
            ("MOSAIC_HEARTBEAT_RUN_DIR", self.run_directory.path().into()),
        ];
        if self.working_directory_given {
            variables.push(("MOSAIC_AGENT_WORKDIR", self.working_directory.clone().into()));
        }
        if let Some(home) = self.mosaic_home.as_ref().filter(|_| self.mosaic_home_given) {
            variables.push(("MOSAIC_HOME", home.path().into()));
        }
        variables
    }
}

fn value<T>(name: &'static str, given: Option<OsString>, default: &str) -> Result<T, RequestError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let given = given.unwrap_or_else(|| default.into());
    given
        .to_string_lossy()
        .parse()
        .map_err(|problem: T::Err| RequestError::Variable { name, problem: problem.to_string() })
}

#[cfg(test)]
mod tests {
    use super::{Request, RequestError};
    use mosaic_domain::ExitCode;
    use std::collections::BTreeMap;
    use std::ffi::{OsStr, OsString};
    use std::path::Path;

    fn parse(agent: Option<&str>, variables: &[(&str, &str)]) -> Result<Request, RequestError> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        Request::parse(agent.map(OsStr::new), |name| variables.get(name).map(OsString::from), Path::new("/here"))
    }

    #[test]
    fn the_bash_launchers_defaults_are_kept() {
        let request = parse(Some("coder0"), &[("HOME", "/h")]).unwrap();
        assert_eq!(request.socket.as_str(), "mosaic-factory");
        assert_eq!(request.runtime.as_str(), "pi");
        assert_eq!(request.working_directory, Path::new("/h"));
        assert_eq!(request.command, "mosaic yolo pi");
        assert_eq!(request.run_directory.path(), Path::new("/h/.config/mosaic/fleet/run"));
        assert_eq!(request.interval.to_string(), "15");
    }

    #[test]
    fn the_argument_wins_and_what_is_empty_is_unset() {
        let name = |agent, variable| {
            let request = parse(agent, &[("HOME", "/h"), ("MOSAIC_AGENT_NAME", variable)]);
            request.map(|request| request.agent.to_string()).map_err(|error| error.exit_code())
        };
        assert_eq!(name(Some("a"), "b"), Ok("a".to_owned()));
        assert_eq!(name(None, "b"), Ok("b".to_owned()));
        assert_eq!(name(Some(""), "b"), Ok("b".to_owned()));
        assert_eq!(name(Some(""), ""), Err(ExitCode::Usage));
        assert_eq!(name(None, "a b"), Err(ExitCode::Usage));
    }

    #[test]
    fn a_nonsense_value_is_an_error_that_names_the_variable() {
        let table = [
            ("MOSAIC_HEARTBEAT_INTERVAL", "abc"),
            ("MOSAIC_HEARTBEAT_INTERVAL", "0"),
            ("MOSAIC_HEARTBEAT_INTERVAL", "-1"),
            ("MOSAIC_TMUX_SOCKET", "../x"),
            ("MOSAIC_AGENT_RUNTIME", "pi; rm -rf /"),
        ];
        for (name, nonsense) in table {
            let error = parse(Some("a"), &[("HOME", "/h"), (name, nonsense)]).unwrap_err();
            assert_eq!(error.exit_code(), ExitCode::Configuration);
            assert!(error.to_string().starts_with(name) && error.to_string().contains(nonsense), "{error}");
        }
        let error = parse(Some("a"), &[("MOSAIC_AGENT_WORKDIR", "/w")]).unwrap_err();
        assert!(error.to_string().contains("HOME"), "{error}");
    }

    #[test]
    fn paths_are_made_absolute_and_the_variables_give_the_same_request_elsewhere() {
        let variables = [
            ("HOME", "/h"),
            ("MOSAIC_AGENT_WORKDIR", "~/src"),
            ("MOSAIC_HOME", "mosaic"),
            ("MOSAIC_HEARTBEAT_RUN_DIR", "run"),
            ("MOSAIC_HEARTBEAT_INTERVAL", "0.25"),
        ];
        let request = parse(Some("a"), &variables).unwrap();
        assert_eq!(request.working_directory, Path::new("/h/src"));
        assert_eq!(request.run_directory.path(), Path::new("/here/run"));
        assert_eq!(request.mosaic_home.as_ref().unwrap().path(), Path::new("/here/mosaic"));
        let mut again: BTreeMap<_, _> =
            variables.into_iter().map(|(name, value)| (name, OsString::from(value))).collect();
        again.extend(request.variables());
        let again = Request::parse(None, |name| again.get(name).cloned(), Path::new("/elsewhere")).unwrap();
        assert_eq!(format!("{again:?}"), format!("{request:?}"));
        let by_default = parse(Some("a"), &[("HOME", "/h")]).unwrap().variables();
        assert!(by_default.iter().all(|(name, _)| !["MOSAIC_AGENT_WORKDIR", "MOSAIC_HOME"].contains(name)));
    }
}
