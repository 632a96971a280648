//! The delivery process that the sidecar starts: when it starts, what it inherits, and that it is reaped. A stand-in for
//! `mosaic` records it.

use crate::queued::queue_fixture::INTERVAL;
use mosaic_harness::{Deadline, Fleet, LogFile, OutboxDirectory, ProcessWatch, UnitFleet};
use rustix::process::Signal;
use std::path::Path;

/// Records its arguments and its inherited state.
const STAND_IN: &str = r#"#!/bin/sh
read -r _ _ _ _ _ session _ </proc/$$/stat
while read -r key value; do [ "$key" != SigBlk: ] || blocked=$value; done </proc/$$/status
open=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 | tr '\n' ' ')
service_state=${NOTIFY_SOCKET+notify}${WATCHDOG_USEC+watchdog}${WATCHDOG_PID+watchdog}
own_session=no; [ "$session" != $$ ] || own_session=yes
echo "$*|session $own_session|blocked $blocked|$open|service [$service_state]|$MOSAIC_HOME|$$" >>"$HOME/started"
[ ! -e "$HOME/hang" ] || exec sleep infinity
"#;

fn log(fleet: &Fleet) -> LogFile {
    let log = LogFile::new(fleet.home().join("started"));
    drop(log.create());
    log
}

/// Creates the marker for waiting messages.
fn mark(fleet: &Fleet) {
    let mark = OutboxDirectory::new(fleet, "coder0").mark();
    std::fs::create_dir_all(mark.parent().unwrap()).unwrap();
    std::fs::write(mark, "").unwrap();
}

fn unmark(fleet: &Fleet) {
    std::fs::remove_file(OutboxDirectory::new(fleet, "coder0").mark()).unwrap();
}

fn children(process: &ProcessWatch) -> String {
    std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", process.pid())).unwrap()
}

/// Starts the agent with a stand-in beside its sidecar, or with no `mosaic` at all.
fn launch(fleet: &Fleet, stand_in: Option<&str>, interval: &str) {
    let program = fleet.install_programs();
    let mosaic = program.with_file_name("mosaic");
    std::fs::remove_file(&mosaic).unwrap();
    if let Some(text) = stand_in {
        fleet.install_script(&mosaic, text);
    }
    let launch = fleet.launch("coder0").program(program).command(fleet.agent_command("coder0"));
    launch.interval(interval).succeed();
}

fn start(fleet: &Fleet, stand_in: Option<&str>) -> ProcessWatch {
    launch(fleet, stand_in, INTERVAL);
    fleet.sidecar("coder0")
}

#[test]
fn the_sidecar_starts_a_delivery_with_each_heartbeat_while_messages_wait() {
    let fleet = Fleet::new();
    let (log, sidecar) = (log(&fleet), start(&fleet, Some(STAND_IN)));
    sidecar.wait_wake_ups(5);
    assert_eq!(log.lines(), [""; 0]);
    mark(&fleet);
    let _ = log.wait_lines(3);
    unmark(&fleet);
    // One delivery may be in progress; a heartbeat reaps it.
    let deadline = Deadline::default();
    sidecar.wait_wake_ups(1);
    while !children(&sidecar).is_empty() {
        assert!(!deadline.passed(), "the delivery does not end");
        sidecar.wait_wake_ups(1);
    }
    let before = log.lines().len();
    sidecar.wait_wake_ups(5);
    assert_eq!(log.lines().len(), before);
    assert_eq!(children(&sidecar), "", "a zombie is left");
}

#[test]
fn a_message_queued_before_the_start_is_delivered_at_the_start() {
    let fleet = Fleet::new();
    let log = log(&fleet);
    mark(&fleet);
    launch(&fleet, Some(STAND_IN), "3600");
    assert!(log.wait_lines(1)[0].starts_with("agent outbox deliver coder0|"));
}

#[test]
fn the_delivery_inherits_the_fleets_paths_and_no_service_state() {
    let fleet = Fleet::builder().env("MOSAIC_HOME", "elsewhere").build();
    let log = log(&fleet);
    let elsewhere = fleet.home().join("elsewhere");
    let outbox = elsewhere.join("fleet/outbox/coder0");
    std::fs::create_dir_all(&outbox).unwrap();
    std::fs::write(outbox.join(".waiting"), "").unwrap();
    launch(&fleet, Some(STAND_IN), INTERVAL);
    assert_recorded(&log.wait_lines(1)[0], &elsewhere);
}

/// Checks the record of the stand-in.
fn assert_recorded(line: &str, home: &Path) {
    let null = "/dev/null /dev/null /dev/null ";
    let home = home.display();
    let expected = format!("agent outbox deliver coder0|session yes|blocked {:016x}|{null}|service []|{home}|", 0);
    assert!(line.starts_with(&expected), "{line}\n{expected}");
}

#[test]
fn a_hung_delivery_is_not_doubled_and_does_not_delay_a_stop() {
    let fleet = Fleet::new();
    let log = log(&fleet);
    std::fs::write(fleet.home().join("hang"), "").unwrap();
    mark(&fleet);
    let sidecar = start(&fleet, Some(STAND_IN));
    let _ = log.wait_lines(1);
    sidecar.wait_wake_ups(5);
    assert_eq!(log.lines().len(), 1);
    sidecar.signal(Signal::TERM.as_raw());
    sidecar.wait();
    assert_eq!(fleet.heartbeat("coder0").unwrap()["status"], "stopped");
}

#[test]
fn without_mosaic_no_delivery_is_started() {
    let fleet = Fleet::new();
    mark(&fleet);
    let sidecar = start(&fleet, None);
    sidecar.wait_wake_ups(5);
    assert_eq!(children(&sidecar), "");
    assert_eq!(fleet.heartbeat("coder0").unwrap()["status"], "ok");
}

#[test]
fn a_delivery_in_a_unit_ends_with_the_unit() {
    let Some(units) = UnitFleet::start_or_skip() else { return };
    let fleet = units.fleet();
    let log = log(fleet);
    let mosaic = fleet.mosaic_home().join("tools/fleet/mosaic");
    // Replace the link to the built program.
    std::fs::remove_file(&mosaic).unwrap();
    fleet.install_script(&mosaic, &STAND_IN.replace("$MOSAIC_HOME", "home"));
    std::fs::write(fleet.home().join("hang"), "").unwrap();
    mark(fleet);
    units.start("coder0");
    let line = log.wait_lines(1)[0].clone();
    assert_recorded(&line, Path::new("home"));
    let pid = line.rsplit_once('|').unwrap().1.parse().unwrap();
    let hanging = ProcessWatch::new(pid).unwrap();
    assert!(!units.manager().processes_of(&UnitFleet::unit("coder0")).contains(&pid), "it counts against the agent");
    units.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    assert_eq!(units.state("coder0"), "inactive");
    hanging.wait();
}
