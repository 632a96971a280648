//! The log of an agent's ends, `fleet/ends/<agent>.jsonl`, which needs no journal.

use mosaic_harness::{Fleet, SmallDisk, TmuxRelease, UnitFleet, is_root_or_skip};
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn path(fleet: &Fleet) -> PathBuf {
    fleet.mosaic_home().join("fleet/ends/coder0.jsonl")
}

/// The entries of the log, each with its verdict or event.
fn entries(fleet: &Fleet) -> Vec<Value> {
    let text = std::fs::read_to_string(path(fleet)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn verdicts(fleet: &Fleet) -> Vec<String> {
    entries(fleet).iter().map(|entry| entry["verdict"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_end_is_recorded_with_its_cause_and_last_lines() {
    let fleet = Fleet::new();
    let command = "printf 'one \"quoted\"\\n\\ttwo\\n'; echo the reason; read -r line; exit 7";
    fleet.launch("coder0").command(command).succeed();
    let sidecar = fleet.sidecar("coder0");
    assert!(!path(&fleet).exists(), "an agent that runs has no end");
    assert!(fleet.tmux(&["send-keys", "-t", "=coder0:", "Enter"]).status.success());
    sidecar.wait();
    let entries = entries(&fleet);
    let [entry] = &entries[..] else { panic!("{entries:#?}") };
    assert_eq!((&entry["verdict"], &entry["gen"]), (&"code:7".into(), &1.into()));
    assert!(entry["seconds"].as_f64().unwrap() > 0.0);
    entry["ts"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let lines: Vec<&str> = entry["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(lines, ["one \"quoted\"", "        two", "the reason"]);
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(path(&fleet)), mode(fleet.mosaic_home().join("fleet/ends"))), (0o600, 0o700));
}

#[test]
fn a_command_that_ends_at_once_is_recorded_before_the_start_fails() {
    let fleet = Fleet::new();
    let started = fleet.launch("coder0").command("echo no such account; exit 3").output();
    assert_eq!(started.status.code(), Some(1), "{started:?}");
    let entries = entries(&fleet);
    assert_eq!((&entries[0]["verdict"], &entries[0]["lines"][0]), (&"code:3".into(), &"no such account".into()));
}

#[test]
fn a_stop_is_recorded_with_the_program_that_asked_for_it() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    pane.print("almost done\n");
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    let entries = entries(fleet.fleet());
    assert_eq!((&entries[0]["verdict"], &entries[0]["by"]), (&"stopped".into(), &"systemd".into()));
    assert!(entries[0]["lines"].to_string().contains("almost done"), "{entries:#?}");
}

#[test]
fn a_failed_start_is_recorded_with_its_error() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Service]\nRestart=no\n");
    fleet.settings("coder0", "sleep 9", "MOSAIC_HEARTBEAT_INTERVAL=soon\n");
    assert!(!fleet.manager().systemctl(&["start", &UnitFleet::unit("coder0")]).status.success());
    let entries = entries(fleet.fleet());
    assert_eq!(entries[0]["verdict"], "not-started");
    assert!(entries[0]["lines"][0].as_str().unwrap().starts_with("MOSAIC_HEARTBEAT_INTERVAL: "), "{entries:#?}");
}

#[test]
fn the_end_of_an_agent_whose_sidecar_was_killed_too_is_recorded() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Service]\nRestart=no\n");
    let pane = fleet.start("coder0");
    pane.print("out of memory\n");
    let sidecar = fleet.sidecar("coder0");
    // Stopped, so that it cannot record the end itself.
    sidecar.signal(Signal::STOP.as_raw());
    pane.process().signal(Signal::KILL.as_raw());
    pane.process().wait();
    sidecar.signal(Signal::KILL.as_raw());
    fleet.wait_state("coder0", "failed");
    let entries = entries(fleet.fleet());
    assert_eq!(entries[0]["verdict"], "signal:9", "{entries:#?}");
    assert!(entries[0]["lines"].to_string().contains("out of memory"), "{entries:#?}");
    let beat = fleet.fleet().heartbeat("coder0").unwrap();
    assert_eq!((&*beat["status"], &*beat["exit"]), ("exited", "signal:9"));
}

#[test]
fn a_line_that_is_wider_than_the_terminal_is_one_line() {
    let fleet = Fleet::new();
    let command = "printf 'the reason %0150d\\n' 0; read -r line; exit 7";
    fleet.launch("coder0").command(command).succeed();
    let sidecar = fleet.sidecar("coder0");
    assert!(fleet.tmux(&["send-keys", "-t", "=coder0:", "Enter"]).status.success());
    sidecar.wait();
    assert_eq!(entries(&fleet)[0]["lines"][0], format!("the reason {:0150}", 0));
}

#[test]
fn a_full_disk_costs_the_record_and_nothing_else() {
    if !is_root_or_skip("mounting a disk") {
        return;
    }
    let fleet = Fleet::new();
    let disk = SmallDisk::mount(&fleet.mosaic_home().join("fleet/ends"));
    disk.fill();
    let run_and_exit = |code| {
        fleet.launch("coder0").command(fleet.agent_command("coder0")).succeed();
        let sidecar = fleet.sidecar("coder0");
        fleet.pane("coder0").exit(code);
        sidecar.wait();
        let beat = fleet.heartbeat("coder0").unwrap();
        assert_eq!((&*beat["status"], &*beat["exit"]), ("exited", &*format!("code:{code}")));
    };
    run_and_exit(7);
    assert!(entries(&fleet).is_empty());
    disk.free();
    run_and_exit(3);
    assert_eq!(verdicts(&fleet), ["code:3"]);
}

#[test]
fn an_end_is_known_with_the_tmux_of_every_release() {
    for release in TmuxRelease::ALL {
        let Some(builder) = Fleet::builder().tmux_or_skip(release) else { continue };
        let fleet = builder.build();
        fleet.launch("coder0").command("echo the reason; read -r line; exit 7").succeed();
        let sidecar = fleet.sidecar("coder0");
        assert!(fleet.tmux(&["send-keys", "-t", "=coder0:", "Enter"]).status.success());
        sidecar.wait();
        let beat = fleet.heartbeat("coder0").unwrap();
        assert_eq!((&*beat["status"], &*beat["exit"]), ("exited", "code:7"), "{release:?}");
        let entries = entries(&fleet);
        assert_eq!((&entries[0]["verdict"], &entries[0]["lines"][0]), (&"code:7".into(), &"the reason".into()));
    }
}
