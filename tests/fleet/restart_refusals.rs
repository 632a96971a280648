//! A restart looks at what a start needs before it ends anything.

use mosaic_harness::{Fleet, PaneProcess, RosterFleet, UnitFleet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const AGENTS: [&str; 2] = ["lead", "coder0"];

fn up_or_skip() -> Option<(RosterFleet, PaneProcess)> {
    let fleet = RosterFleet::up_or_skip(&AGENTS)?;
    let pane = fleet.units().fleet().pane("coder0");
    Some((fleet, pane))
}

fn program(fleet: &RosterFleet, name: &str) -> PathBuf {
    fleet.units().fleet().mosaic_home().join("tools/fleet").join(name)
}

/// Restarts coder0, which must be refused with this exit code and reason, and must run on.
fn assert_refused(fleet: &RosterFleet, pane: &PaneProcess, code: i32, reason: &str) {
    let output = fleet.mosaic(&["fleet", "restart", "coder0"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(printed.contains("not restarted") && printed.contains(reason), "{printed}");
    assert!(!pane.process().is_dead());
    assert_eq!(fleet.condition("coder0"), "up");
}

#[test]
fn a_missing_program_keeps_the_agent() {
    let Some((fleet, pane)) = up_or_skip() else { return };
    for name in ["test-agent", "agent-pane"] {
        let (here, away) = (program(&fleet, name), program(&fleet, "away"));
        fs::rename(&here, &away).unwrap();
        assert_refused(&fleet, &pane, 69, name);
        fs::rename(&away, &here).unwrap();
    }
    let pane_program = program(&fleet, "agent-pane");
    // The installed program is a hard link to the one that other fleets have, too.
    let copy = program(&fleet, "copy");
    fs::copy(&pane_program, &copy).unwrap();
    fs::rename(&copy, &pane_program).unwrap();
    fs::set_permissions(&pane_program, fs::Permissions::from_mode(0o644)).unwrap();
    assert_refused(&fleet, &pane, 69, "agent-pane cannot be executed");
    fs::set_permissions(&pane_program, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(fleet.mosaic(&["fleet", "restart", "coder0"]).status.code(), Some(0));
    assert!(pane.process().is_dead());
}

#[test]
fn a_working_directory_that_cannot_be_used_keeps_the_agent() {
    let Some((fleet, pane)) = up_or_skip() else { return };
    let file = fleet.units().fleet().root().join("file");
    fs::write(&file, "").unwrap();
    let entry = format!("name: coder0, working_directory: \"{}\",", file.display());
    fleet.write_roster(&fleet.roster().replace("name: coder0,", &entry));
    assert_refused(&fleet, &pane, 69, "working directory");
}

#[test]
fn a_directory_in_place_of_a_heartbeat_is_named_and_the_advice_moves_it() {
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &AGENTS, "0.2") else { return };
    fleet.start(&AGENTS);
    let pane = fleet.units().fleet().pane("coder0");
    let heartbeat = fleet.units().fleet().run_directory().join("coder0.hb");
    while fs::create_dir(&heartbeat).is_err() {
        let _ = fs::remove_file(&heartbeat);
    }
    let snapshot = fleet.wait_condition("coder0", "unknown");
    let item = snapshot["drift"][0].clone();
    assert_eq!(item["kind"], "stale-heartbeat");
    let command = item["command"].as_str().unwrap();
    let moved = fleet.units().manager().command("sh").args(["-c", command]).output().unwrap();
    assert!(moved.status.success(), "{command}: {moved:?}");
    fleet.wait_condition("coder0", "up");
    assert!(!pane.process().is_dead());
}

#[test]
fn a_missing_env_file_is_written_again_from_the_roster() {
    let Some((fleet, old)) = up_or_skip() else { return };
    let env = fleet.units().fleet().env_file_path("coder0");
    fs::remove_file(&env).unwrap();
    let output = fleet.mosaic(&["fleet", "restart", "coder0"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("was written from the roster"), "{output:?}");
    assert!(old.process().is_dead());
    // The test's own program connects; with the default command it would not.
    let new = fleet.units().fleet().pane("coder0");
    assert_ne!(new.pid(), old.pid());
    assert_eq!(fleet.drift(), []);
    assert_eq!(fleet.mosaic(&["fleet", "stop", "coder0"]).status.code(), Some(0));
    fs::write(&env, "# no variables\n").unwrap();
    let started = fleet.mosaic(&["fleet", "start", "coder0"]);
    assert_eq!(started.status.code(), Some(0), "{started:?}");
    assert!(!fleet.units().fleet().pane("coder0").process().is_dead());
}

#[test]
fn an_outdated_env_file_is_written_again_before_a_restart() {
    let Some((fleet, old)) = up_or_skip() else { return };
    let env = fleet.units().fleet().env_file_path("coder0");
    let current = fs::read_to_string(&env).unwrap();
    let outdated = current.replace("MOSAIC_AGENT_CLASS=", "MOSAIC_AGENT_CLASS=former-") + "EDITOR=vi\n";
    fs::write(&env, outdated).unwrap();
    assert_eq!(fleet.drift(), [("env-outdated".to_owned(), "coder0".to_owned())]);
    assert_eq!(fleet.mosaic(&["fleet", "restart", "coder0"]).status.code(), Some(0));
    assert!(old.process().is_dead());
    assert_eq!(fs::read_to_string(&env).unwrap(), current + "EDITOR=vi\n", "lines of the site stay");
    assert_eq!(fleet.drift(), []);
}

#[test]
fn a_program_that_many_agents_lack_is_named_once() {
    let names: Vec<String> = (0..13).map(|nth| format!("coder{nth}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &names, "15") else { return };
    let entries: Vec<String> =
        names.iter().map(|name| format!("{{ name: {name}, class: implementer, runtime: codex }}")).collect();
    fleet.write_roster(&format!("version: 1\ntransport: tmux\nagents: [ {} ]\n", entries.join(", ")));
    fleet.install();
    let started = fleet.mosaic(&["fleet", "start"]);
    assert_eq!(started.status.code(), Some(69), "{started:?}");
    let printed = String::from_utf8(started.stdout).unwrap();
    let causes: Vec<&str> = printed.lines().filter(|line| line.contains("codex")).collect();
    let [cause] = causes[..] else { panic!("{printed}") };
    assert!(cause.contains("13 agents") && cause.contains("run 'npm install -g @openai/codex"), "{cause}");
    let list = printed.lines().find(|line| line.trim_start().starts_with("coder0, coder1, ")).unwrap();
    assert!(list.ends_with("coder12"), "{printed}");
    // Nothing was tried, so nothing has failed.
    for name in ["coder0", "coder12"] {
        assert_eq!(fleet.agent(name)["unit"]["active"], "inactive");
    }
}

#[test]
fn a_masked_unit_keeps_the_agent() {
    let Some((fleet, pane)) = up_or_skip() else { return };
    let unit = UnitFleet::unit("coder0");
    fleet.units().manager().systemctl_ok(&["mask", &unit]);
    let output = fleet.mosaic(&["fleet", "restart", "coder0"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    assert!(printed.contains(&format!("see: systemctl --user status {unit}")), "{printed}");
    assert!(!pane.process().is_dead());
}

#[test]
fn a_stop_of_the_fleet_names_the_sessions_that_end_with_the_server() {
    let Some((fleet, _pane)) = up_or_skip() else { return };
    let made = fleet.units().fleet().tmux(&["new-session", "-d", "-s", "by-hand", "sleep 1000"]);
    assert!(made.status.success(), "{made:?}");
    let stopped = fleet.mosaic(&["fleet", "stop"]);
    assert_eq!(stopped.status.code(), Some(0), "{stopped:?}");
    let notes = String::from_utf8(stopped.stderr).unwrap();
    assert!(notes.contains("they end with it: by-hand\n"), "{notes}");
}

#[test]
fn an_env_file_that_is_no_regular_file_is_refused_by_every_command() {
    let Some((fleet, pane)) = up_or_skip() else { return };
    let env = fleet.units().fleet().env_file_path("coder0");
    fs::remove_file(&env).unwrap();
    fs::create_dir(&env).unwrap();
    assert_refused(&fleet, &pane, 78, "not a regular file");
    assert_eq!(fleet.mosaic(&["fleet", "install"]).status.code(), Some(78));
    let (code, verification) = fleet.verify(&[]);
    assert_eq!(code, Some(1), "{verification:#}");
    let snapshot = fleet.snapshot();
    let item = &snapshot["drift"][0];
    assert_eq!(item["kind"], "env-outdated");
    assert!(item["detail"].as_str().unwrap().contains("not a regular file"), "{item:#}");

    assert_eq!(fleet.mosaic(&["fleet", "stop", "coder0"]).status.code(), Some(0));
    let started = fleet.mosaic(&["fleet", "start", "coder0"]);
    assert_eq!(started.status.code(), Some(78), "{started:?}");
    let command = item["command"].as_str().unwrap().replace("mosaic fleet", &{
        let installed = program(&fleet, "mosaic");
        format!("{} fleet", installed.display())
    });
    let mended = fleet.units().manager().command("sh").args(["-c", &command]).output().unwrap();
    assert!(mended.status.success(), "{command}: {mended:?}");
    assert_eq!(fleet.mosaic(&["fleet", "start", "coder0"]).status.code(), Some(0));
    assert_eq!(fleet.drift(), []);
}
