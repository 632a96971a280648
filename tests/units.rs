//! The systemd units: what systemd says of an agent is the truth.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

use harness::{Fleet, UserManager};

const AGENT: &str = "mosaic-agent@coder0.service";

fn manager(fleet: &Fleet) -> Option<UserManager> {
    let manager = UserManager::start_or_skip(fleet)?;
    manager.install_units();
    Some(manager)
}

fn start(fleet: &Fleet, manager: &UserManager, agent: &str) {
    let command = fleet.agent_command(agent);
    fleet.write_env_file(
        agent,
        &format!("MOSAIC_AGENT_COMMAND={command}\nMOSAIC_TMUX_SOCKET={}\n", fleet.tmux_socket()),
    );
    manager.systemctl_ok(&["start", &format!("mosaic-agent@{agent}.service")]);
}

#[test]
fn a_command_that_exits_with_7_fails_the_unit_with_7_and_is_back() {
    let fleet = Fleet::builder().tmux_socket("mosaic-factory").build();
    let Some(manager) = manager(&fleet) else { return };
    start(&fleet, &manager, "coder0");
    assert_eq!(manager.is_active(AGENT), "active");
    fleet.pane("coder0").exit(7);
    let beat = fleet.wait_heartbeat("coder0", |beat| beat["status"] == "exited");
    assert_eq!(beat["exit"], "code:7");
    manager.wait_property(AGENT, "NRestarts", "1");
    manager.wait_active(AGENT, "active");
    assert_eq!(fleet.heartbeat("coder0").unwrap()["gen"], "2");
    let record = &manager.journal(&["AGENT=coder0"])[0];
    assert_eq!((&record["EXIT"], &record["RUNTIME"]), (&"code:7".into(), &"pi".into()));
}
