//! tmux 3.4 and later moves the process of each new pane into a scope of its own, some time after it has begun. An agent
//! is in its unit's control group nevertheless, so that its limits apply.

use mosaic_harness::{Deadline, Fleet, TmuxRelease, UnitFleet};
use std::time::Duration;

const AGENTS: usize = 9;

fn members(fleet: &UnitFleet, agent: &str) -> Vec<u32> {
    fleet.manager().processes_of(&UnitFleet::unit(agent))
}

fn wait_for_members(fleet: &UnitFleet, agent: &str, expected: &[u32]) {
    let deadline = Deadline::default();
    while !expected.iter().all(|pid| members(fleet, agent).contains(pid)) {
        assert!(!deadline.passed(), "{agent}: {:?} without some of {expected:?}", members(fleet, agent));
        // The kernel has no event for a process that changes its group.
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Asks the manager for a scope with this process, as tmux does.
fn move_to_scope(fleet: &UnitFleet, scope: &str, pid: u32) {
    let manager = "org.freedesktop.systemd1";
    let mut busctl = fleet.manager().command("busctl");
    busctl.args(["--user", "call", manager, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"]);
    busctl.args([
        "StartTransientUnit",
        "ssa(sv)a(sa(sv))",
        scope,
        "fail",
        "1",
        "PIDs",
        "au",
        "1",
        &pid.to_string(),
        "0",
    ]);
    let called = busctl.output().unwrap();
    assert!(called.status.success(), "{called:?}");
}

#[test]
fn an_agent_that_is_moved_to_a_scope_comes_back_with_its_descendants() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.settings("coder0", &fleet.test_agent_command("coder0"), "MOSAIC_HEARTBEAT_INTERVAL=0.2\n");
    let pane = fleet.start("coder0");
    // More often than a sidecar looks by itself after a start.
    for round in 0..12 {
        move_to_scope(&fleet, &format!("tmux-spawn-{round}.scope"), pane.pid());
        let orphan = pane.spawn_orphan();
        wait_for_members(&fleet, "coder0", &[pane.pid(), orphan]);
    }
    assert_eq!(fleet.state("coder0"), "active");
}

#[test]
fn agents_are_in_their_units_groups_with_every_tmux() {
    for release in TmuxRelease::ALL {
        let Some(builder) = Fleet::builder().tmux_or_skip(release) else { continue };
        let Some(fleet) = UnitFleet::build_or_skip(builder) else { return };
        let agents: Vec<String> = (0..AGENTS).map(|number| format!("agent{number}")).collect();
        for agent in &agents {
            fleet.settings(agent, &fleet.test_agent_command(agent), "");
        }
        let units: Vec<String> = agents.iter().map(|agent| UnitFleet::unit(agent)).collect();
        fleet.manager().systemctl_ok(&[&["start"], &units.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
        for agent in &agents {
            fleet.wait_members(agent, &[fleet.fleet().pane(agent).pid()]);
        }
        let before = fleet.fleet().pane("agent0");
        assert!(fleet.fleet().tmux(&["respawn-pane", "-k", "-t", "=agent0:"]).status.success());
        before.process().wait();
        fleet.wait_members("agent0", &[fleet.fleet().pane("agent0").pid()]);
        // The holder's server asks for no scopes: a command would begin outside of its unit's limits.
        let version = fleet.fleet().tmux(&["display-message", "-p", "#{version}"]);
        assert_eq!(String::from_utf8_lossy(&version.stdout).trim(), release.version());
        let log = fleet.manager().journal_messages(&[]);
        assert_eq!(log.iter().find(|line| line.contains("tmux child pane")), None, "tmux {}", release.version());
    }
}
