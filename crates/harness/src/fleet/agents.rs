use super::{Fleet, give, make_directory};
use crate::{Binaries, HeartbeatFile, Launch, PaneProcess, ProcessWatch};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// What a fleet has for each agent.
impl Fleet {
    /// A start of an agent, not yet run.
    pub fn launch(&self, agent: impl Into<String>) -> Launch<'_> {
        Launch::new(self, agent.into())
    }

    /// Where an agent's env file is.
    #[must_use]
    pub fn env_file_path(&self, agent: &str) -> PathBuf {
        self.paths.mosaic_home.join(format!("fleet/agents/{agent}.env"))
    }

    /// Writes an agent's env file, as private as the product wants it.
    pub fn write_env_file(&self, agent: &str, text: &str) {
        let path = self.env_file_path(agent);
        make_directory(path.parent().expect("it is in a directory"));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&path).expect("open the env file");
        file.write_all(text.as_bytes()).expect("write the env file");
        give(&self.paths.mosaic_home, self.owner);
    }

    /// An agent's heartbeat.
    #[must_use]
    pub fn heartbeat_file(&self, agent: &str) -> HeartbeatFile {
        HeartbeatFile::new(self.root(), self.heartbeat_path(agent))
    }

    /// Where an agent's heartbeat is.
    #[must_use]
    pub fn heartbeat_path(&self, agent: &str) -> PathBuf {
        self.paths.run.join(format!("{agent}.hb"))
    }

    /// An agent's heartbeat as it is now.
    #[must_use]
    pub fn heartbeat(&self, agent: &str) -> Option<BTreeMap<String, String>> {
        self.heartbeat_file(agent).read()
    }

    /// Waits for a heartbeat of the agent's that `matches`; panics with the last one seen.
    pub fn wait_heartbeat(
        &self,
        agent: &str,
        matches: impl FnMut(&BTreeMap<String, String>) -> bool,
    ) -> BTreeMap<String, String> {
        self.heartbeat_file(agent).wait(matches)
    }

    /// The command that makes an agent a [`PaneProcess`]: what `MOSAIC_AGENT_COMMAND` is set to. It
    /// takes the place of the shell that reads it, which not every shell does unasked.
    #[must_use]
    pub fn agent_command(&self, agent: &str) -> String {
        let program = Binaries::test_agent();
        format!("exec {} {} {agent}", program.display(), self.paths.pane_socket().display())
    }

    /// The agent's pane process, waiting until one that is alive has reported.
    #[must_use]
    pub fn pane(&self, agent: &str) -> PaneProcess {
        PaneProcess::new(self.panes.latest(agent))
    }

    /// The sessions of the fleet's tmux server, in order; none when there is no server.
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        let listed = self.tmux(&["list-sessions", "-F", "#{session_name}"]);
        let mut names: Vec<_> = String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect();
        names.sort_unstable();
        names
    }

    /// The processes of the fleet that run this program.
    #[must_use]
    pub fn processes_named(&self, program: &str) -> Vec<u32> {
        let named = |pid: &u32| {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
            name.is_ok_and(|name| name.trim_end() == program)
        };
        self.processes().into_iter().filter(named).collect()
    }

    /// The process that watches an agent, by its heartbeat.
    #[must_use]
    pub fn sidecar(&self, agent: &str) -> ProcessWatch {
        let beat = self.heartbeat(agent).unwrap_or_else(|| panic!("{agent} has no heartbeat"));
        ProcessWatch::new(beat["sidecar"].parse().expect("a PID")).expect("the sidecar runs")
    }
}
