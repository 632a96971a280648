//! The fleet under the user managers of newer Debian releases, with the tmux of each.

use mosaic_harness::{Fleet, SystemRelease, TmuxRelease, UnitFleet};
use rustix::process::Signal;
use std::process::Output;

const AGENTS: usize = 9;

/// A fleet under the user manager of a release. `None` with a notice if this machine does not have its programs.
fn fleet(release: SystemRelease) -> Option<UnitFleet> {
    let tmux = match release {
        SystemRelease::Trixie => TmuxRelease::V3_5a,
        SystemRelease::Sid => TmuxRelease::V3_8,
    };
    UnitFleet::build_or_skip(Fleet::builder().tmux_or_skip(tmux)?.system_or_skip(release)?)
}

/// The major version of the user manager.
fn version(fleet: &UnitFleet) -> u32 {
    let shown = fleet.manager().systemctl_ok(&["show", "--property=Version", "--value"]);
    shown.split(['.', '~', '-', ' ']).next().unwrap().parse().unwrap_or_else(|_| panic!("{shown}"))
}

/// Starts agents at once; panics with what the launcher said if that fails.
fn start(fleet: &UnitFleet, agents: &[String]) {
    for agent in agents {
        fleet.settings(agent, &fleet.test_agent_command(agent), "");
    }
    let units: Vec<String> = agents.iter().map(|agent| UnitFleet::unit(agent)).collect();
    let words = [&["start"], &units.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat();
    let started = fleet.manager().systemctl(&words);
    assert!(started.status.success(), "{:#?}", fleet.manager().journal_messages(&[]));
}

fn start_all(fleet: &UnitFleet) -> Vec<String> {
    let agents: Vec<String> = (0..AGENTS).map(|number| format!("agent{number}")).collect();
    start(fleet, &agents);
    agents
}

#[test]
fn the_user_manager_is_that_of_the_release() {
    for release in SystemRelease::ALL {
        let Some(fleet) = fleet(release) else { continue };
        match release {
            SystemRelease::Trixie => assert_eq!(version(&fleet), 257),
            SystemRelease::Sid => assert!(version(&fleet) > 257, "{}", version(&fleet)),
        }
    }
}

#[test]
fn agents_that_start_together_are_in_their_units_groups() {
    for release in SystemRelease::ALL {
        let Some(fleet) = fleet(release) else { continue };
        let agents = start_all(&fleet);
        for agent in &agents {
            fleet.wait_members(agent, &[fleet.fleet().pane(agent).pid()]);
        }
        let before = fleet.fleet().pane("agent0");
        assert!(fleet.fleet().tmux(&["respawn-pane", "-k", "-t", "=agent0:"]).status.success());
        before.process().wait();
        fleet.wait_members("agent0", &[fleet.fleet().pane("agent0").pid()]);
    }
}

#[test]
fn an_agent_is_started_restarted_and_stopped() {
    for release in SystemRelease::ALL {
        let Some(fleet) = fleet(release) else { continue };
        start(&fleet, &["coder0".to_owned()]);
        fleet.fleet().pane("coder0").exit(7);
        fleet.manager().wait_property(&UnitFleet::unit("coder0"), "NRestarts", "1");
        fleet.wait_state("coder0", "active");
        let pane = fleet.fleet().pane("coder0");
        // A killed sidecar does not end the agent.
        let sidecar = fleet.sidecar("coder0");
        sidecar.signal(Signal::KILL.as_raw());
        sidecar.wait();
        fleet.fleet().wait_heartbeat("coder0", |beat| beat["sidecar"] != sidecar.pid().to_string());
        fleet.wait_state("coder0", "active");
        assert!(!pane.process().is_dead());
        fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
        pane.process().wait();
        assert_eq!(fleet.state("coder0"), "inactive");
        assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["status"], "stopped");
    }
}

#[test]
fn the_units_are_clean() {
    for release in SystemRelease::ALL {
        let Some(fleet) = fleet(release) else { continue };
        let units = fleet.fleet().home().join(".config/systemd/user");
        let listed = std::fs::read_dir(&units).unwrap().map(|entry| entry.unwrap().path());
        let paths = listed.filter(|path| path.is_file()).map(|path| match path.to_str().unwrap() {
            template if template.ends_with("@.service") => template.replace("@.", "@coder0."),
            unit => unit.to_owned(),
        });
        let mut analyze = fleet.manager().command("systemd-analyze");
        let Output { status, stdout, stderr } = analyze.args(["verify", "--user"]).args(paths).output().unwrap();
        let said = [stdout, stderr].concat();
        assert!(status.success() && said.is_empty(), "{release:?}: {}", String::from_utf8_lossy(&said));
    }
}
