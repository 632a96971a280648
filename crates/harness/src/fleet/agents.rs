use super::{Fleet, give, make_directory};
use crate::{Binaries, HeartbeatFile, Launch, PaneProcess, ProcessWatch};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// Programs that a test puts into its fleet.
///
/// They are not written by the test itself: a child that another test forks meanwhile would hold the
/// file open to write, and who executes it then is told that it is busy.
impl Fleet {
    /// Makes a script that can be executed, for somebody who looks for a program there.
    pub fn install_script(&self, path: &Path, text: &str) {
        make_directory(path.parent().expect("it is in a directory"));
        let draft = path.with_extension("draft");
        std::fs::write(&draft, text).expect("write a script");
        let installed = Command::new("install").args(["-m", "755"]).arg(&draft).arg(path).status();
        assert!(installed.expect("run install").success(), "install {}", path.display());
        std::fs::remove_file(draft).expect("remove the draft");
    }

    /// Copies of the product's programs that the fleet's owner may execute, wherever they were
    /// built; the launcher among them.
    #[must_use]
    pub fn install_programs(&self) -> PathBuf {
        let directory = self.root().join("programs");
        make_directory(&directory);
        for name in Binaries::PRODUCT {
            let copied = Command::new("cp").arg(Binaries::product(name)).arg(&directory).status();
            assert!(copied.expect("run cp").success(), "copy {name}");
        }
        give(&directory, self.owner);
        directory.join("start-agent-session")
    }
}
