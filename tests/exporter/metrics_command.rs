//! `mosaic fleet metrics`: the metrics of a real fleet, and the textfile for `node_exporter`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use mosaic_harness::{
    Binaries, Fleet, ProcessWatch, RosterFleet, SmallDisk, StoppedProcess, is_root_or_skip, required_program,
};
use rustix::process::Signal;

/// The agent under test.
const CODER: &str = "coder0";

fn text(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    std::str::from_utf8(&output.stdout).unwrap()
}

/// Checks a text with `promtool check metrics`.
fn assert_valid(text: &str) {
    let Some(promtool) = required_program("promtool") else { return };
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = command.spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}\n{text}");
}

/// Checks that a text has each of these lines.
fn assert_lines(text: &str, expected: &[&str]) {
    for line in expected {
        assert!(text.lines().any(|found| found == *line), "{line} is not in:\n{text}");
    }
}

#[test]
fn promtool_accepts_the_golden_expositions() {
    for golden in ["metrics/tests/exposition/golden/text.prom", "exporter/src/instruments/golden.prom"] {
        let golden = Binaries::workspace().join("crates").join(golden);
        assert_valid(&fs::read_to_string(golden).unwrap());
    }
}

#[test]
fn metrics_match_a_healthy_and_a_broken_fleet() {
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", CODER]) else { return };
    fleet.units().drop_in(CODER, "[Service]\nRestart=no\n");
    let running = fleet.mosaic(&["fleet", "metrics"]);
    let running = text(&running);
    assert_valid(running);
    let healthy = [
        "mosaic_agent_info{agent=\"coder0\",runtime=\"pi\",class=\"implementer\",unit=\"mosaic-agent@coder0.service\"} 1",
        "mosaic_agent_condition{agent=\"mos\",condition=\"up\"} 1",
        "mosaic_agent_condition{agent=\"coder0\",condition=\"up\"} 1",
        "mosaic_agent_condition{agent=\"coder0\",condition=\"missing\"} 0",
        "mosaic_agent_unit_state{agent=\"coder0\",state=\"active\"} 1",
        "mosaic_agent_unit_enabled{agent=\"coder0\"} 1",
        "mosaic_agent_process_alive{agent=\"coder0\"} 1",
        "mosaic_agent_heartbeat_interval_seconds{agent=\"coder0\"} 15",
        "mosaic_agent_activity{agent=\"coder0\",activity=\"unreported\"} 1",
        "mosaic_agent_starts_total{agent=\"coder0\"} 1",
        "mosaic_roster_agents 2",
        "mosaic_roster_last_load_success 1",
        "mosaic_holder_up 1",
        "mosaic_drift_items{kind=\"session-missing\"} 0",
        "mosaic_verify_passed 1",
    ];
    assert_lines(running, &healthy);
    let collectors = ["roster", "tmux", "systemd", "heartbeat", "process"];
    for collector in collectors {
        assert_lines(running, &[&format!("mosaic_collector_success{{collector=\"{collector}\"}} 1")]);
    }
    // Metrics of the short-lived process make no sense.
    assert!(!running.contains("process_resident"), "{running}");
    let open_metrics = fleet.mosaic(&["fleet", "metrics", "--openmetrics"]);
    assert!(text(&open_metrics).ends_with("\n# EOF\n"), "{open_metrics:?}");

    fleet.units().fleet().pane(CODER).process().signal(Signal::KILL.as_raw());
    fleet.units().wait_state(CODER, "failed");
    let broken = fleet.mosaic(&["fleet", "metrics"]);
    let broken = text(&broken);
    assert_valid(broken);
    let expected = [
        "mosaic_agent_condition{agent=\"mos\",condition=\"up\"} 1",
        "mosaic_agent_condition{agent=\"coder0\",condition=\"up\"} 0",
        "mosaic_agent_unit_state{agent=\"coder0\",state=\"failed\"} 1",
        "mosaic_agent_last_exit_code{agent=\"coder0\"} 137",
        "mosaic_drift_items{kind=\"session-missing\"} 1",
        "mosaic_verify_passed 0",
    ];
    assert_lines(broken, &expected);

    // A hung manager fails only its own collector.
    let manager = fleet.units().fleet().processes_named("systemd");
    let _manager = StoppedProcess::new(ProcessWatch::new(manager[0]).unwrap());
    let partial = fleet.mosaic(&["fleet", "metrics"]);
    let partial = text(&partial);
    assert_valid(partial);
    let expected = [
        "mosaic_collector_success{collector=\"systemd\"} 0",
        "mosaic_collector_success{collector=\"tmux\"} 1",
        "mosaic_agent_condition{agent=\"mos\",condition=\"up\"} 1",
        "mosaic_agent_process_alive{agent=\"mos\"} 1",
    ];
    assert_lines(partial, &expected);
    assert!(!partial.contains("mosaic_agent_unit_state"), "{partial}");
}

/// A fleet with one agent that was not started.
fn fleet() -> Fleet {
    let fleet = Fleet::new();
    let roster = fleet.mosaic_home().join("fleet/roster.yaml");
    let agents = "agents:\n  - name: coder0\n    runtime: pi\n    class: implementer\n";
    let head = format!("version: 1\ntransport: tmux\ntmux:\n  socket_name: {}\n", fleet.tmux_socket());
    fs::create_dir_all(roster.parent().unwrap()).unwrap();
    fs::write(roster, head + agents).unwrap();
    fleet
}

fn metrics(fleet: &Fleet, words: &[&str]) -> Command {
    let mut command = fleet.command(Binaries::mosaic());
    command.args(["fleet", "metrics"]).args(words);
    command
}

fn write(fleet: &Fleet, file: &Path) -> Output {
    metrics(fleet, &["--textfile", file.to_str().unwrap()]).output().unwrap()
}

#[test]
fn label_values_are_escaped() {
    let output = metrics(&fleet(), &[]).env("MOSAIC_TENANT", "a\"b\\c\n# d").output().unwrap();
    let output = text(&output);
    assert_valid(output);
    assert!(output.contains(r#",tenant="a\"b\\c\n# d","#), "{output}");
}

#[test]
fn an_invalid_roster_is_reported_in_the_metrics() {
    let fleet = fleet();
    fs::write(fleet.mosaic_home().join("fleet/roster.yaml"), "agents: [").unwrap();
    let output = metrics(&fleet, &[]).output().unwrap();
    let output = text(&output);
    assert_valid(output);
    assert_lines(output, &["mosaic_roster_last_load_success 0", "mosaic_collector_success{collector=\"roster\"} 0"]);
    assert!(!output.contains("mosaic_drift_items"), "{output}");
}

#[test]
fn the_textfile_is_replaced_atomically_and_world_readable() {
    let fleet = fleet();
    let directory = fleet.home().join("textfiles");
    fs::create_dir(&directory).unwrap();
    let path = directory.join("mosaic.prom");
    let line = format!("umask 077; exec {} fleet metrics --textfile mosaic.prom", Binaries::mosaic().display());
    let first = fleet.command("sh").args(["-c", &line]).current_dir(&directory).output().unwrap();
    assert_eq!(text(&first), "");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    let before = fs::read_to_string(&path).unwrap();
    assert_valid(&before);
    assert_lines(&before, &["mosaic_agent_condition{agent=\"coder0\",condition=\"missing\"} 1"]);

    // A reader that opened the old file reads it to its end.
    let mut reader = File::open(&path).unwrap();
    assert_eq!(text(&write(&fleet, &path)), "");
    let mut read = String::new();
    reader.read_to_string(&mut read).unwrap();
    assert_eq!(read, before);
    assert_ne!(fs::read_to_string(&path).unwrap(), before, "the file was not replaced");

    let nowhere = write(&fleet, &directory.join("nowhere/mosaic.prom"));
    assert_eq!(nowhere.status.code(), Some(74), "{nowhere:?}");
    let missing = format!("the directory {} does not exist: create it", directory.join("nowhere").display());
    assert!(String::from_utf8(nowhere.stderr).unwrap().contains(&missing), "{missing}");
    let wrong_name = write(&fleet, &directory.join("mosaic.txt"));
    assert_eq!(wrong_name.status.code(), Some(64), "{wrong_name:?}");
    assert!(String::from_utf8(wrong_name.stderr).unwrap().contains(".prom, because node_exporter"));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
}

#[test]
fn a_full_disk_keeps_the_old_textfile() {
    if !is_root_or_skip("a disk of its own") {
        return;
    }
    let fleet = fleet();
    let directory = fleet.home().join("textfiles");
    let disk = SmallDisk::mount(&directory);
    let path = directory.join("mosaic.prom");
    assert_eq!(text(&write(&fleet, &path)), "");
    let before = fs::read_to_string(&path).unwrap();
    disk.fill();
    let full = write(&fleet, &path);
    assert_eq!(full.status.code(), Some(74), "{full:?}");
    let stderr = String::from_utf8(full.stderr).unwrap();
    assert!(stderr.contains("mosaic.prom") && stderr.contains("No space left"), "{stderr}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    disk.free();
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "the temporary file is left");

    let full = File::options().write(true).open("/dev/full").unwrap();
    assert_eq!(metrics(&fleet, &[]).stdout(full).status().unwrap().code(), Some(74));
}
