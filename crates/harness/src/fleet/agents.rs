use super::{Fleet, give, make_directory};
use crate::{Binaries, HeartbeatFile, Launch, PaneProcess, ProcessWatch};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files and processes of a fleet's agents.
impl Fleet {
    /// Prepares a start of an agent by the launcher.
    pub fn launch(&self, agent: impl Into<String>) -> Launch<'_> {
        Launch::new(self, agent.into())
    }

    /// The path of an agent's env file.
    #[must_use]
    pub fn env_file_path(&self, agent: &str) -> PathBuf {
        self.paths.mosaic_home.join(format!("fleet/agents/{agent}.env"))
    }

    /// Writes an agent's env file with mode 0600, which the product requires.
    pub fn write_env_file(&self, agent: &str, text: &str) {
        let path = self.env_file_path(agent);
        make_directory(path.parent().expect("the file has a parent directory"));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&path).expect("open the env file");
        file.write_all(text.as_bytes()).expect("write the env file");
        give(&self.paths.mosaic_home, self.owner);
    }

    /// The heartbeat file of an agent.
    #[must_use]
    pub fn heartbeat_file(&self, agent: &str) -> HeartbeatFile {
        HeartbeatFile::new(self.root(), self.heartbeat_path(agent))
    }

    /// The path of an agent's heartbeat.
    #[must_use]
    pub fn heartbeat_path(&self, agent: &str) -> PathBuf {
        self.paths.run.join(format!("{agent}.hb"))
    }

    /// Reads an agent's current heartbeat.
    #[must_use]
    pub fn heartbeat(&self, agent: &str) -> Option<BTreeMap<String, String>> {
        self.heartbeat_file(agent).read()
    }

    /// Waits for a heartbeat of the agent that `matches`; panics with the last heartbeat on timeout.
    pub fn wait_heartbeat(
        &self,
        agent: &str,
        matches: impl FnMut(&BTreeMap<String, String>) -> bool,
    ) -> BTreeMap<String, String> {
        self.heartbeat_file(agent).wait(matches)
    }

    /// Returns the value of `MOSAIC_AGENT_COMMAND` that makes an agent a [`PaneProcess`]. It begins with `exec`,
    /// since not every shell replaces itself with the last command.
    #[must_use]
    pub fn agent_command(&self, agent: &str) -> String {
        let program = Binaries::test_agent();
        format!("exec {} {} {agent}", program.display(), self.paths.pane_socket().display())
    }

    /// Waits until a live pane process of the agent has connected, and returns it.
    #[must_use]
    pub fn pane(&self, agent: &str) -> PaneProcess {
        PaneProcess::new(self.panes.latest(agent))
    }

    /// The sorted session names of the fleet's tmux server; empty without a server.
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        let listed = self.tmux(&["list-sessions", "-F", "#{session_name}"]);
        let mut names: Vec<_> = String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect();
        names.sort_unstable();
        names
    }

    /// The PIDs of the fleet's processes with this program name. A child that has not executed its own program yet has
    /// the name and the command line of its parent, and does not count.
    #[must_use]
    pub fn processes_named(&self, program: &str) -> Vec<u32> {
        let read = |pid: &u32, file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
        let is_named = |pid: &u32| read(pid, "comm").is_some_and(|name| name.trim_end() == program);
        let is_copy = |pid: &u32| {
            // The parent's PID is the second field after the name.
            let stat = read(pid, "stat").unwrap_or_default();
            let parent = stat.rsplit(')').next().and_then(|fields| fields.split_whitespace().nth(1)?.parse().ok());
            parent.is_some_and(|parent| is_named(&parent) && read(&parent, "cmdline") == read(pid, "cmdline"))
        };
        let named = self.processes().into_iter().filter(is_named).collect::<Vec<_>>();
        // A process that has ended or changed meanwhile was a copy.
        named.into_iter().filter(|pid| !is_copy(pid) && is_named(pid)).collect()
    }

    /// The sidecar of an agent, according to its heartbeat.
    #[must_use]
    pub fn sidecar(&self, agent: &str) -> ProcessWatch {
        let beat = self.heartbeat(agent).unwrap_or_else(|| panic!("{agent} has no heartbeat"));
        ProcessWatch::new(beat["sidecar"].parse().expect("a PID")).expect("the sidecar runs")
    }
}

/// Programs that a test installs in its fleet.
///
/// A child process copies each program. If the test wrote the file itself, a process that another test forks at the
/// same time could inherit the writable descriptor, and executing the file would fail with `ETXTBSY`.
impl Fleet {
    /// Installs an executable script at `path`.
    pub fn install_script(&self, path: &Path, text: &str) {
        make_directory(path.parent().expect("the file has a parent directory"));
        let draft = path.with_extension("draft");
        std::fs::write(&draft, text).expect("write a script");
        let installed = Command::new("install").args(["-m", "755"]).arg(&draft).arg(path).status();
        assert!(installed.expect("run install").success(), "install {}", path.display());
        std::fs::remove_file(draft).expect("remove the draft");
    }

    /// Copies the product's programs into the fleet, so that the fleet's owner can execute them, and returns the path
    /// of the launcher.
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
