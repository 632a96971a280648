use super::{Fleet, give, make_directory};
use crate::{Binaries, HeartbeatFile, Launch, PaneProcess};
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

    /// The command that makes an agent a [`PaneProcess`]: what `MOSAIC_AGENT_COMMAND` is set to.
    #[must_use]
    pub fn agent_command(&self, agent: &str) -> String {
        let program = Binaries::test_agent();
        format!("{} {} {agent}", program.display(), self.paths.pane_socket().display())
    }

    /// The agent's pane process, waiting until one that is alive has reported.
    #[must_use]
    pub fn pane(&self, agent: &str) -> PaneProcess {
        PaneProcess::new(self.panes.latest(agent))
    }
}
