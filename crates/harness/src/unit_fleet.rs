use crate::{Fleet, FleetBuilder, PaneProcess, ProcessWatch, UserManager};

/// A [`Fleet`] with the product installed and its own [`UserManager`], which runs the product's units.
#[derive(Debug)]
pub struct UnitFleet {
    // Dropped before the fleet, so that systemd restarts none of the processes that the fleet kills.
    manager: UserManager,
    fleet: Fleet,
}

impl UnitFleet {
    /// The unit that owns the tmux server.
    pub const HOLDER: &str = "mosaic-tmux-holder.service";

    /// Starts a fleet with the default settings, or returns `None` with a skip notice if no user manager is possible.
    #[must_use]
    pub fn start_or_skip() -> Option<Self> {
        Self::build_or_skip(Fleet::builder())
    }

    /// Like [`start_or_skip`](Self::start_or_skip), with the settings of a builder.
    #[must_use]
    pub fn build_or_skip(builder: FleetBuilder) -> Option<Self> {
        // The holder's default name of the socket; the directory is private to the fleet.
        let fleet = builder.tmux_socket("mosaic-factory").build();
        let manager = UserManager::start_or_skip(&fleet)?;
        manager.install_units();
        Some(Self { manager, fleet })
    }

    /// The user manager.
    #[must_use]
    pub fn manager(&self) -> &UserManager {
        &self.manager
    }

    /// The fleet.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The name of an agent's unit.
    #[must_use]
    pub fn unit(agent: &str) -> String {
        format!("mosaic-agent@{agent}.service")
    }

    /// Writes an agent's env file: its shell command and more lines.
    pub fn settings(&self, agent: &str, command: &str, further: &str) {
        self.fleet.write_env_file(agent, &format!("MOSAIC_AGENT_COMMAND={command}\n{further}"));
    }

    /// Returns the command that makes an agent a [`PaneProcess`]. It uses the installed program, since another user may
    /// not be able to read the build directory, and `exec`, since not every shell replaces itself.
    #[must_use]
    pub fn test_agent_command(&self, agent: &str) -> String {
        let installed = self.fleet.mosaic_home().join("tools/fleet/test-agent");
        let socket = self.fleet.paths().pane_socket();
        format!("exec {} {} {agent}", installed.display(), socket.display())
    }

    /// Starts an agent's unit and returns its pane process. Without an env file, the agent runs a [`PaneProcess`].
    pub fn start(&self, agent: &str) -> PaneProcess {
        if !self.fleet.env_file_path(agent).exists() {
            self.settings(agent, &self.test_agent_command(agent), "");
        }
        self.manager.systemctl_ok(&["start", &Self::unit(agent)]);
        self.fleet.pane(agent)
    }

    /// Writes a drop-in for an agent's unit, which replaces an earlier one.
    pub fn drop_in(&self, agent: &str, text: &str) {
        self.manager.drop_in(&Self::unit(agent), "test", text);
    }

    /// The `ActiveState` of an agent's unit: `active`, `failed`, …
    #[must_use]
    pub fn state(&self, agent: &str) -> String {
        self.manager.show(&Self::unit(agent), "ActiveState")
    }

    /// Waits until an agent's unit has this `ActiveState`.
    pub fn wait_state(&self, agent: &str, state: &str) {
        self.manager.wait_active(&Self::unit(agent), state);
    }

    /// Reads properties of an agent's unit.
    #[must_use]
    pub fn show<const N: usize>(&self, agent: &str, properties: [&str; N]) -> [String; N] {
        properties.map(|property| self.manager.show(&Self::unit(agent), property))
    }

    /// The main process of an agent's unit, which is its sidecar.
    #[must_use]
    pub fn sidecar(&self, agent: &str) -> ProcessWatch {
        let pid = self.manager.show(&Self::unit(agent), "MainPID");
        ProcessWatch::new(pid.parse().expect("a PID")).expect("the unit has a main process")
    }

    /// Waits until the control group of an agent's unit contains only the sidecar and these processes.
    pub fn wait_members(&self, agent: &str, others: &[u32]) {
        let mut expected = vec![self.sidecar(agent).pid()];
        expected.extend(others);
        expected.sort_unstable();
        let members = || self.manager.processes_of(&Self::unit(agent));
        // Short-lived processes, such as the guard between two sidecars, end by themselves.
        for pid in members().into_iter().filter(|pid| !expected.contains(pid)) {
            if let Ok(passing) = ProcessWatch::new(pid) {
                passing.wait();
            }
        }
        assert_eq!(members(), expected);
    }

    /// The processes of an agent's unit, after the guard that bridges a sidecar restart has ended.
    #[must_use]
    pub fn processes(&self, agent: &str) -> Vec<u32> {
        let unit = Self::unit(agent);
        let guards = |pid: &u32| {
            std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.contains("--guard"))
        };
        let guards_running = self.manager.processes_of(&unit).into_iter().filter(guards);
        guards_running.filter_map(|pid| ProcessWatch::new(pid).ok()).for_each(|guard| guard.wait());
        self.manager.processes_of(&unit)
    }

    /// The fleet's tmux server, which reports its own PID.
    #[must_use]
    pub fn server(&self) -> ProcessWatch {
        let output = self.fleet.tmux(&["display-message", "-p", "#{pid}"]);
        let pid = String::from_utf8_lossy(&output.stdout).trim().parse();
        ProcessWatch::new(pid.unwrap_or_else(|_| panic!("no tmux server: {output:?}")))
            .expect("the server has just answered")
    }

    /// The sorted session names of the fleet's tmux server; empty without a server.
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        let output = self.fleet.tmux(&["list-sessions", "-F", "#{session_name}"]);
        let mut names: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
        names.sort_unstable();
        names
    }
}
