//! `mosaic fleet add`, `remove` and `uninstall`: each completes, or the next run completes it.

use mosaic_harness::{Fleet, RosterFleet, UnitFleet};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Output, Stdio};

/// A running fleet with a runtime for added agents.
fn fleet_or_skip(agents: &[&str]) -> Option<RosterFleet> {
    let fleet = RosterFleet::up_or_skip(agents)?;
    let pi = fleet.units().fleet().home().join(".local/bin/pi");
    fleet.units().fleet().install_script(&pi, "#!/bin/sh\nexec sleep infinity\n");
    Some(fleet)
}

fn ok(fleet: &RosterFleet, words: &[&str]) -> String {
    let output = fleet.mosaic(words);
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(fleet: &RosterFleet, words: &[&str], code: i32) -> String {
    let output: Output = fleet.mosaic(words);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn add(name: &str) -> [&str; 7] {
    ["fleet", "add", name, "--runtime", "pi", "--class", "reviewer"]
}

#[test]
fn add_starts_the_agent_and_is_idempotent() {
    let Some(fleet) = fleet_or_skip(&["lead"]) else { return };
    ok(&fleet, &add("rev0"));
    assert_eq!(fleet.units().state("rev0"), "active");
    let pid = fleet.units().fleet().heartbeat("rev0").unwrap()["pid"].clone();
    let (roster, again) = (fleet.roster(), ok(&fleet, &add("rev0")));
    assert!(again.contains("already in the roster") && again.contains("already running"), "{again}");
    assert_eq!(fleet.roster(), roster);
    assert_eq!(fleet.units().fleet().heartbeat("rev0").unwrap()["pid"], pid);
    let differs = refused(&fleet, &["fleet", "add", "rev0", "--runtime", "pi", "--class", "board"], 64);
    assert!(differs.contains("class is reviewer"), "{differs}");
    ok(&fleet, &["fleet", "verify", "--wait", "60"]);
}

#[test]
fn added_agents_start_at_boot_and_removed_ones_do_not() {
    let Some(fleet) = fleet_or_skip(&["lead", "coder0"]) else { return };
    ok(&fleet, &[&add("rev0")[..], &["--no-start"]].concat());
    assert_ne!(fleet.units().state("rev0"), "active");
    let before = fleet.roster();
    ok(&fleet, &["fleet", "remove", "coder0"]);
    let coder0 = |line: &&str| line.contains("coder0");
    assert_eq!(fleet.roster().lines().filter(coder0).count(), 0);
    assert_eq!(
        before.lines().filter(|line| !coder0(line)).collect::<Vec<_>>(),
        fleet.roster().lines().collect::<Vec<_>>()
    );
    fleet.units().manager().kill_and_restart_manager();
    fleet.units().wait_state("rev0", "active");
    fleet.units().wait_state("lead", "active");
    assert_eq!(fleet.units().sessions(), ["_holder", "lead", "rev0"]);
    let home = fleet.units().fleet().mosaic_home();
    for left in ["fleet/agents/coder0.env", "fleet/run/coder0.hb", "fleet/run/.coder0.lock"] {
        assert!(!home.join(left).exists(), "{left}");
    }
    ok(&fleet, &["fleet", "verify", "--wait", "60"]);
}

#[test]
fn concurrent_adds_and_a_remove_lose_no_change() {
    let Some(fleet) = fleet_or_skip(&["lead", "coder0"]) else { return };
    let orders: [&[&str]; 4] = [&add("rev0"), &add("rev1"), &["fleet", "remove", "coder0"], &add("rev2")];
    let children: Vec<_> = orders
        .iter()
        .map(|words| fleet.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    for (child, words) in children.into_iter().zip(orders) {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
    }
    assert_eq!(fleet.units().sessions(), ["_holder", "lead", "rev0", "rev1", "rev2"]);
    for name in ["rev0", "rev1", "rev2"] {
        assert_eq!(fleet.roster().lines().filter(|line| line.contains(name)).count(), 1, "{}", fleet.roster());
    }
    ok(&fleet, &["fleet", "verify", "--wait", "60"]);
}

#[test]
fn agents_missing_from_the_roster_can_be_removed_and_unknown_ones_are_refused() {
    let Some(fleet) = fleet_or_skip(&["lead", "coder0"]) else { return };
    fleet.forget("coder0");
    ok(&fleet, &["fleet", "remove", "coder0"]);
    assert_eq!(fleet.units().sessions(), ["_holder", "lead"]);
    assert_eq!(fleet.units().manager().systemctl(&["is-enabled", &UnitFleet::unit("coder0")]).status.code(), Some(1));
    let unknown = refused(&fleet, &["fleet", "remove", "leads"], 64);
    assert_eq!(unknown, "ERROR: there is no agent 'leads' in the roster; did you mean lead?\n");
    let rule = refused(&fleet, &["fleet", "add", "boss", "--runtime", "pi", "--class", "orchestrator"], 78);
    assert!(rule.contains("orchestrator"), "{rule}");
    ok(&fleet, &["fleet", "verify", "--wait", "60"]);
}

#[test]
fn remove_keeps_files_on_request() {
    let Some(fleet) = fleet_or_skip(&["lead", "coder0"]) else { return };
    ok(&fleet, &["fleet", "remove", "coder0", "--keep-files"]);
    assert!(fleet.units().fleet().env_file_path("coder0").exists());
    assert_eq!(fleet.units().sessions(), ["_holder", "lead"]);
    assert!(fleet.units().manager().systemctl(&["is-enabled", &UnitFleet::unit("coder0")]).status.success());
}

#[test]
fn a_command_that_waits_for_the_lock_names_its_holder() {
    let Some(fleet) = fleet_or_skip(&["lead"]) else { return };
    let path = fleet.units().fleet().mosaic_home().join("fleet/.lock");
    let mut held = File::options().read(true).write(true).create(true).truncate(false).open(path).unwrap();
    held.lock().unwrap();
    held.set_len(0).unwrap();
    write!(held, "4711").unwrap();
    let mut adding = fleet.command(&add("rev0")).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(adding.stderr.take().unwrap()).read_line(&mut line).unwrap();
    drop(held);
    assert!(line.contains("PID 4711") && line.contains("waiting"), "{line}");
    assert!(adding.wait().unwrap().success());
}

#[test]
fn remove_checks_the_manifest_before_it_stops_the_agent() {
    let Some(fleet) = fleet_or_skip(&["lead", "coder0"]) else { return };
    let manifest = fleet.units().fleet().mosaic_home().join("fleet/.installed.json");
    std::fs::write(&manifest, "{}").unwrap();
    let stderr = refused(&fleet, &["fleet", "remove", "coder0"], 78);
    assert!(stderr.contains(".installed.json"), "{stderr}");
    assert_eq!(fleet.units().state("coder0"), "active");
}

#[test]
fn uninstall_asks_first_stops_all_agents_and_keeps_the_roster() {
    let Some(fleet) = fleet_or_skip(&["lead", "coder0"]) else { return };
    let roster = fleet.roster();
    let stderr = refused(&fleet, &["fleet", "uninstall"], 64);
    assert!(stderr.contains("--yes") && stderr.contains("coder0, lead"), "{stderr}");
    assert_eq!(fleet.units().state("lead"), "active");
    let planned = ok(&fleet, &["fleet", "uninstall", "--dry-run"]);
    assert!(planned.contains("disable") && fleet.units().state("lead") == "active", "{planned}");
    ok(&fleet, &["fleet", "uninstall", "--yes"]);
    assert_eq!(fleet.units().sessions(), [""; 0]);
    assert_eq!(fleet.roster(), roster);
    let left = std::fs::read_dir(fleet.units().fleet().mosaic_home().join("fleet")).unwrap();
    assert_eq!(left.flatten().map(|entry| entry.file_name()).collect::<Vec<_>>(), ["roster.yaml"]);
    fleet.units().manager().kill_and_restart_manager();
    assert_eq!(fleet.units().sessions(), [""; 0]);
}

#[test]
fn init_install_start_and_uninstall_work_without_a_user_manager() {
    let fleet = Fleet::builder().tmux_socket("mosaic-factory").build();
    let programs = fleet.install_programs().parent().unwrap().to_owned();
    fleet.install_script(&fleet.home().join(".local/bin/claude"), "#!/bin/sh\nexec sleep infinity\n");
    let mosaic = |words: &[&str]| {
        let output = fleet.command(programs.join("mosaic")).arg("fleet").args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    mosaic(&["init", "--profile", "minimal", "--write"]);
    assert!(mosaic(&["install"]).contains("no user manager"));
    mosaic(&["start"]);
    let beat = fleet.heartbeat("coder0").unwrap();
    assert_eq!(beat["status"], "ok");
    mosaic(&["uninstall", "--yes"]);
    assert!(!fleet.mosaic_home().join("tools").exists());
    assert!(fleet.mosaic_home().join("fleet/roster.yaml").exists());
}
