use crate::{Fleet, FleetBuilder, PaneProcess, ProcessWatch, UserManager};

/// A [`Fleet`] that systemd runs: the product is installed in it, and a [`UserManager`] of its own
/// has the product's units.
#[derive(Debug)]
pub struct UnitFleet {
    // The first to go: nothing may restart what the fleet ends.
    manager: UserManager,
    fleet: Fleet,
}

impl UnitFleet {
    /// The unit that owns the tmux server.
    pub const HOLDER: &str = "mosaic-tmux-holder.service";

    /// The usual one; `None`, and a word about it, where no user manager is possible.
    #[must_use]
    pub fn start_or_skip() -> Option<Self> {
        Self::build_or_skip(Fleet::builder())
    }

    /// One that differs.
    #[must_use]
    pub fn build_or_skip(builder: FleetBuilder) -> Option<Self> {
        // The socket is the holder's default; its directory is the fleet's own all the same.
        let fleet = builder.tmux_socket("mosaic-factory").build();
        let manager = UserManager::start_or_skip(&fleet)?;
        manager.install_units();
        Some(Self { manager, fleet })
    }

    /// The manager.
    #[must_use]
    pub fn manager(&self) -> &UserManager {
        &self.manager
    }

    /// The fleet.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The unit of an agent.
    #[must_use]
    pub fn unit(agent: &str) -> String {
        format!("mosaic-agent@{agent}.service")
    }

    /// Writes an agent's settings: what it runs, a line for a shell, and further lines.
    pub fn settings(&self, agent: &str, command: &str, further: &str) {
        self.fleet.write_env_file(agent, &format!("MOSAIC_AGENT_COMMAND={command}\n{further}"));
    }

    /// The command that makes an agent a [`PaneProcess`]: by the program that was installed, since
    /// the one in the build directory not every user can read, and in the place of the shell, which
    /// not every shell gives up by itself.
    #[must_use]
    pub fn controllable(&self, agent: &str) -> String {
        let installed = self.fleet.mosaic_home().join("tools/fleet/test-agent");
        let socket = self.fleet.paths().pane_socket();
        format!("exec {} {} {agent}", installed.display(), socket.display())
    }

    /// Starts an agent's unit, with the settings that were written, else as a [`PaneProcess`].
    pub fn start(&self, agent: &str) -> PaneProcess {
        if !self.fleet.env_file_path(agent).exists() {
            self.settings(agent, &self.controllable(agent), "");
        }
        self.manager.systemctl_ok(&["start", &Self::unit(agent)]);
        self.fleet.pane(agent)
    }

    /// Changes an agent's unit; a drop-in per text.
    pub fn drop_in(&self, agent: &str, text: &str) {
        self.manager.drop_in(&Self::unit(agent), "test", text);
    }

    /// The state of an agent's unit: `active`, `failed`, …
    #[must_use]
    pub fn state(&self, agent: &str) -> String {
        self.manager.show(&Self::unit(agent), "ActiveState")
    }

    /// Waits until an agent's unit is in a state.
    pub fn wait_state(&self, agent: &str, state: &str) {
        self.manager.wait_active(&Self::unit(agent), state);
    }

    /// Some properties of an agent's unit.
    #[must_use]
    pub fn show<const N: usize>(&self, agent: &str, properties: [&str; N]) -> [String; N] {
        properties.map(|property| self.manager.show(&Self::unit(agent), property))
    }

    /// The main process of an agent's unit.
    #[must_use]
    pub fn sidecar(&self, agent: &str) -> ProcessWatch {
        let pid = self.manager.show(&Self::unit(agent), "MainPID");
        ProcessWatch::new(pid.parse().expect("a PID")).expect("the unit has a main process")
    }

    /// Waits until just these processes and the sidecar are in the control group of an agent's unit.
    pub fn wait_members(&self, agent: &str, others: &[u32]) {
        let mut expected = vec![self.sidecar(agent).pid()];
        expected.extend(others);
        expected.sort_unstable();
        let members = || self.manager.processes_of(&Self::unit(agent));
        // What was started for a moment, to look after an agent between two sidecars say, goes.
        for pid in members().into_iter().filter(|pid| !expected.contains(pid)) {
            if let Ok(passing) = ProcessWatch::new(pid) {
                passing.wait();
            }
        }
        assert_eq!(members(), expected);
    }

    /// The processes of an agent's unit, once whoever guarded the agent while it had no sidecar has
    /// seen the new one and gone.
    #[must_use]
    pub fn processes(&self, agent: &str) -> Vec<u32> {
        let unit = Self::unit(agent);
        let guards = |pid: &u32| {
            std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.contains("--guard"))
        };
        let guardians = self.manager.processes_of(&unit).into_iter().filter(guards);
        guardians.filter_map(|pid| ProcessWatch::new(pid).ok()).for_each(|guardian| guardian.wait());
        self.manager.processes_of(&unit)
    }

    /// The fleet's tmux server, by its own word.
    #[must_use]
    pub fn server(&self) -> ProcessWatch {
        let output = self.fleet.tmux(&["display-message", "-p", "#{pid}"]);
        let pid = String::from_utf8_lossy(&output.stdout).trim().parse();
        ProcessWatch::new(pid.unwrap_or_else(|_| panic!("no tmux server: {output:?}"))).expect("it has just answered")
    }

    /// The names of all sessions on the fleet's server, in order; none without a server.
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        let output = self.fleet.tmux(&["list-sessions", "-F", "#{session_name}"]);
        let mut names: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
        names.sort_unstable();
        names
    }
}
