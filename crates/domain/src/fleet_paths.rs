//! The directory of a fleet, `MOSAIC_HOME`, the paths of everything below it, and the directories in which agents'
//! programs are usually installed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{AgentName, env_var};

/// The directory of a fleet: `$MOSAIC_HOME`, or `~/.config/mosaic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MosaicHome(PathBuf);

/// Neither `MOSAIC_HOME` nor `HOME` is set.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither MOSAIC_HOME nor HOME is set: set one of them to an absolute path")]
pub struct NoHome;

impl MosaicHome {
    /// Reads the environment through `variable`. An empty value counts as unset.
    ///
    /// # Errors
    /// Both variables are unset.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoHome> {
        let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        set(env_var::MOSAIC_HOME).or_else(|| Some(set(env_var::HOME)?.join(".config/mosaic"))).map(Self).ok_or(NoHome)
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The same directory, with a relative path resolved against `current_dir`.
    #[must_use]
    pub fn absolute(self, current_dir: &Path) -> Self {
        Self(current_dir.join(self.0))
    }

    /// The paths of what is below the directory.
    #[must_use]
    pub fn paths(&self) -> FleetPaths {
        FleetPaths::new(self.0.clone())
    }
}

/// The paths of a fleet's files and directories, all below its `MOSAIC_HOME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetPaths {
    home: PathBuf,
}

impl FleetPaths {
    /// The paths below this `MOSAIC_HOME`.
    #[must_use]
    pub fn new(home: PathBuf) -> Self {
        Self { home }
    }

    /// `MOSAIC_HOME` itself.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The directory of the fleet's own files, mode 0700: `fleet`.
    #[must_use]
    pub fn fleet(&self) -> PathBuf {
        self.home.join("fleet")
    }

    /// The roster: `fleet/roster.yaml`.
    #[must_use]
    pub fn roster(&self) -> PathBuf {
        self.home.join("fleet/roster.yaml")
    }

    /// The JSON Schema of the roster: `fleet/roster.schema.json`.
    #[must_use]
    pub fn roster_schema(&self) -> PathBuf {
        self.home.join("fleet/roster.schema.json")
    }

    /// The directory of the agents' env files: `fleet/agents`.
    #[must_use]
    pub fn agents(&self) -> PathBuf {
        self.home.join("fleet/agents")
    }

    /// The env file of an agent: `fleet/agents/<agent>.env`.
    #[must_use]
    pub fn agent_env(&self, agent: &AgentName) -> PathBuf {
        self.home.join(format!("fleet/agents/{agent}.env"))
    }

    /// The default run directory, or the symbolic link in its place: `fleet/run`.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.home.join("fleet/run")
    }

    /// The default run directory while it is moved into memory: `fleet/.run.old`.
    #[must_use]
    pub fn old_run(&self) -> PathBuf {
        self.home.join("fleet/.run.old")
    }

    /// The list of everything that the installer has put in place: `fleet/.installed.json`.
    #[must_use]
    pub fn install_manifest(&self) -> PathBuf {
        self.home.join("fleet/.installed.json")
    }

    /// The lock that serializes changes of the fleet: `fleet/.lock`.
    #[must_use]
    pub fn fleet_lock(&self) -> PathBuf {
        self.home.join("fleet/.lock")
    }

    /// The directory of messages to agents, with a directory for each agent: `fleet/outbox`.
    #[must_use]
    pub fn outbox(&self) -> PathBuf {
        self.home.join("fleet/outbox")
    }

    /// The directory of messages to one agent: `fleet/outbox/<agent>`.
    #[must_use]
    pub fn agent_outbox(&self, agent: &AgentName) -> PathBuf {
        self.outbox().join(agent.as_str())
    }

    /// The file that exists while messages wait for the agent: `fleet/outbox/<agent>/.waiting`. It answers
    /// whether messages wait without reading them.
    #[must_use]
    pub fn waiting_mark(&self, agent: &AgentName) -> PathBuf {
        self.agent_outbox(agent).join(".waiting")
    }

    /// The directory of the agents' ends, mode 0700: `fleet/ends`.
    #[must_use]
    pub fn ends(&self) -> PathBuf {
        self.home.join("fleet/ends")
    }

    /// The file of an agent's ends: `fleet/ends/<agent>.jsonl`.
    #[must_use]
    pub fn agent_ends(&self, agent: &AgentName) -> PathBuf {
        self.home.join(format!("fleet/ends/{agent}.jsonl"))
    }

    /// The directory with a record for each agent that was stopped on request: `fleet/stopped`.
    #[must_use]
    pub fn stop_records(&self) -> PathBuf {
        self.home.join("fleet/stopped")
    }

    /// The record of the stop of an agent: `fleet/stopped/<agent>`. A start removes it.
    #[must_use]
    pub fn stop_record(&self, agent: &AgentName) -> PathBuf {
        self.stop_records().join(agent.as_str())
    }

    /// The directory of a site's own runtime profiles: `fleet/runtimes`.
    #[must_use]
    pub fn runtimes(&self) -> PathBuf {
        self.home.join("fleet/runtimes")
    }

    /// The directory of what runtimes load in order to report their activity: `fleet/reporters`.
    #[must_use]
    pub fn reporters(&self) -> PathBuf {
        self.home.join("fleet/reporters")
    }

    /// The directory of the installed programs: `tools/fleet`.
    #[must_use]
    pub fn programs(&self) -> PathBuf {
        self.home.join("tools/fleet")
    }

    /// The directory of the scripts that replace those of the older tools: `tools/tmux`.
    #[must_use]
    pub fn message_scripts(&self) -> PathBuf {
        self.home.join("tools/tmux")
    }
}

/// The directories into which the runtimes' own installers put their programs, relative to the user's home.
pub const USER_PROGRAM_DIRECTORIES: [&str; 8] = [
    ".local/bin",
    "bin",
    ".npm-global/bin",
    ".bun/bin",
    ".opencode/bin",
    ".volta/bin",
    ".cargo/bin",
    ".local/share/mise/shims",
];

/// The directories for programs of all users. systemd uses the same default for an environment without
/// `PATH`.
pub const SYSTEM_PROGRAM_DIRECTORIES: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/bin", "/snap/bin"];

/// The directories that the launcher appends to the `PATH` of every agent, the user's own first.
#[must_use]
pub fn default_program_directories(home: &Path) -> Vec<PathBuf> {
    let of_the_user = USER_PROGRAM_DIRECTORIES.iter().map(|directory| home.join(directory));
    of_the_user.chain(SYSTEM_PROGRAM_DIRECTORIES.iter().map(PathBuf::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::{MosaicHome, NoHome};
    use std::path::Path;

    #[test]
    fn mosaic_home_takes_precedence_and_empty_values_count_as_unset() {
        type Case<'a> = (&'a [(&'a str, &'a str)], Result<&'a str, NoHome>);
        let table: [Case<'_>; 4] = [
            (&[("HOME", "/h")], Ok("/h/.config/mosaic")),
            (&[("HOME", "/h"), ("MOSAIC_HOME", "/m")], Ok("/m")),
            (&[("HOME", "/h"), ("MOSAIC_HOME", "")], Ok("/h/.config/mosaic")),
            (&[("HOME", "")], Err(NoHome)),
        ];
        for (variables, expected) in table {
            let lookup = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
            assert_eq!(
                MosaicHome::from_environment(lookup).as_ref().map(MosaicHome::path),
                expected.as_ref().map(Path::new)
            );
        }
    }

    #[test]
    fn the_paths_of_an_agent_bear_its_name() {
        let home = MosaicHome::from_environment(|name| (name == "MOSAIC_HOME").then(|| "/m".into())).unwrap();
        let (paths, agent) = (home.paths(), "coder0".parse().unwrap());
        assert_eq!(paths.agent_env(&agent), Path::new("/m/fleet/agents/coder0.env"));
        assert_eq!(paths.waiting_mark(&agent), Path::new("/m/fleet/outbox/coder0/.waiting"));
    }
}
