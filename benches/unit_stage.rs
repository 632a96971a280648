//! A stage on which systemd starts the agents.

use crate::manager_socket::ManagerSocket;
use crate::stage::{COMMAND, Stage};
use mosaic_harness::{Availability, Deadline, Fleet, UserManager};
use std::collections::BTreeMap;
use std::time::Duration;

/// Between two questions to the manager, which has something else to do as well.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A fleet with the product installed, under a user manager of its own.
#[derive(Debug)]
pub(crate) struct UnitStage {
    // The first to go: nothing may restart what the fleet ends.
    manager: UserManager,
    stage: Stage,
}

impl UnitStage {
    /// # Errors
    /// This machine allows no user manager, for that reason.
    pub(crate) fn new() -> Result<Self, String> {
        if let Availability::Unavailable(reason) = UserManager::availability() {
            return Err(format!("no user manager here: {reason}"));
        }
        // The name is the holder's default; its directory is the fleet's own all the same.
        let stage = Stage::in_memory(Fleet::builder().tmux_socket("mosaic-factory"))?;
        let manager = UserManager::start(stage.fleet());
        manager.install_units();
        Ok(Self { manager, stage })
    }

    pub(crate) fn manager(&self) -> &UserManager {
        &self.manager
    }

    pub(crate) fn stage(&self) -> &Stage {
        &self.stage
    }

    pub(crate) fn unit(agent: &str) -> String {
        format!("mosaic-agent@{agent}.service")
    }

    /// Starts the units of these agents.
    pub(crate) fn start(&self, agents: &[String], interval: &str) -> Result<(), String> {
        for agent in agents {
            let settings = format!("MOSAIC_AGENT_COMMAND={COMMAND}\nMOSAIC_HEARTBEAT_INTERVAL={interval}\n");
            self.stage.fleet().write_env_file(agent, &settings);
        }
        let units: Vec<String> = agents.iter().map(|agent| Self::unit(agent)).collect();
        let mut arguments = vec!["start"];
        arguments.extend(units.iter().map(String::as_str));
        let started = self.manager.systemctl(&arguments);
        if started.status.success() { Ok(()) } else { Err(format!("systemctl start: {started:?}")) }
    }

    /// A connection to the manager; its socket is in the fleet's directory, so nothing has to enter
    /// a namespace.
    pub(crate) fn socket(&self) -> Result<ManagerSocket, String> {
        ManagerSocket::connect(self.stage.fleet().runtime_directory())
    }

    /// Waits until an agent runs as another process than `before`; its PID.
    pub(crate) fn wait_for_another(
        &self,
        socket: &mut ManagerSocket,
        agent: &str,
        before: Option<&String>,
    ) -> Result<String, String> {
        let another = |beat: &BTreeMap<String, String>| beat["status"] == "ok" && before != Some(&beat["pid"]);
        let mut beat = self.stage.fleet().wait_heartbeat(agent, another);
        let deadline = Deadline::default();
        // A heartbeat is there a moment before the unit is active.
        while socket.active_state(&Self::unit(agent))? != "active" {
            std::thread::sleep(LOOK_EVERY);
            if deadline.passed() {
                return Err(format!("{agent}'s unit does not become active"));
            }
        }
        beat.remove("pid").ok_or_else(|| format!("{agent}'s heartbeat has no pid"))
    }
}
