//! What the sidecar starts, told by a stand-in for `mosaic`: when, as what, and that nothing stays of it.

use crate::queued::queue_fixture::INTERVAL;
use mosaic_harness::{Fleet, LogFile, OutboxDirectory, ProcessWatch, UnitFleet};
use rustix::process::Signal;
use std::path::Path;

/// Writes down how it was started: its arguments, and what a process inherits.
const STAND_IN: &str = r#"#!/bin/sh
read -r _ _ _ _ _ session _ </proc/$$/stat
while read -r key value; do [ "$key" != SigBlk: ] || blocked=$value; done </proc/$$/status
open=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 | tr '\n' ' ')
of_the_service=${NOTIFY_SOCKET+notify}${WATCHDOG_USEC+watchdog}${WATCHDOG_PID+watchdog}
own_session=no; [ "$session" != $$ ] || own_session=yes
echo "$*|session $own_session|blocked $blocked|$open|service [$of_the_service]|$MOSAIC_HOME|$$" >>"$HOME/started"
[ ! -e "$HOME/hang" ] || exec sleep infinity
"#;

fn log(fleet: &Fleet) -> LogFile {
    let log = LogFile::new(fleet.home().join("started"));
    drop(log.create());
    log
}

/// Messages wait, whatever they are.
fn mark(fleet: &Fleet) {
    let mark = OutboxDirectory::new(fleet, "coder0").mark();
    std::fs::create_dir_all(mark.parent().unwrap()).unwrap();
    std::fs::write(mark, "").unwrap();
}

fn unmark(fleet: &Fleet) {
    std::fs::remove_file(OutboxDirectory::new(fleet, "coder0").mark()).unwrap();
}

fn children(of: &ProcessWatch) -> String {
    std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", of.pid())).unwrap()
}

/// Starts the agent, whose sidecar has the stand-in beside it, or nothing.
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
fn it_is_started_with_each_beat_as_long_as_messages_wait_and_never_else() {
    let fleet = Fleet::new();
    let (log, sidecar) = (log(&fleet), start(&fleet, Some(STAND_IN)));
    sidecar.wait_wake_ups(5);
    assert_eq!(log.lines(), [""; 0]);
    mark(&fleet);
    let _ = log.wait_lines(3);
    unmark(&fleet);
    // One may be under way.
    sidecar.wait_wake_ups(2);
    let before = log.lines().len();
    sidecar.wait_wake_ups(5);
    assert_eq!(log.lines().len(), before);
    assert_eq!(children(&sidecar), "", "a zombie stays");
}

#[test]
fn one_that_waited_before_the_start_is_noticed_when_the_agent_is_up() {
    let fleet = Fleet::new();
    let log = log(&fleet);
    mark(&fleet);
    launch(&fleet, Some(STAND_IN), "3600");
    assert!(log.wait_lines(1)[0].starts_with("agent outbox deliver coder0|"));
}

#[test]
fn it_inherits_the_fleets_places_and_nothing_that_is_the_sidecars_alone() {
    let fleet = Fleet::builder().env("MOSAIC_HOME", "elsewhere").build();
    let log = log(&fleet);
    let elsewhere = fleet.home().join("elsewhere");
    let outbox = elsewhere.join("fleet/outbox/coder0");
    std::fs::create_dir_all(&outbox).unwrap();
    std::fs::write(outbox.join(".waiting"), "").unwrap();
    launch(&fleet, Some(STAND_IN), INTERVAL);
    assert_described(&log.wait_lines(1)[0], &elsewhere);
}

/// As the stand-in tells of itself.
fn assert_described(line: &str, home: &Path) {
    let null = "/dev/null /dev/null /dev/null ";
    let home = home.display();
    let expected = format!("agent outbox deliver coder0|session yes|blocked {:016x}|{null}|service []|{home}|", 0);
    assert!(line.starts_with(&expected), "{line}\n{expected}");
}

#[test]
fn one_that_hangs_has_no_second_beside_it_and_holds_up_no_end() {
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
fn where_there_is_no_mosaic_nothing_is_started() {
    let fleet = Fleet::new();
    mark(&fleet);
    let sidecar = start(&fleet, None);
    sidecar.wait_wake_ups(5);
    assert_eq!(children(&sidecar), "");
    assert_eq!(fleet.heartbeat("coder0").unwrap()["status"], "ok");
}

#[test]
fn in_a_unit_it_is_not_the_service_and_ends_with_it() {
    let Some(units) = UnitFleet::start_or_skip() else { return };
    let fleet = units.fleet();
    let log = log(fleet);
    let mosaic = fleet.mosaic_home().join("tools/fleet/mosaic");
    // It is a link to the one that was built.
    std::fs::remove_file(&mosaic).unwrap();
    fleet.install_script(&mosaic, &STAND_IN.replace("$MOSAIC_HOME", "home"));
    std::fs::write(fleet.home().join("hang"), "").unwrap();
    mark(fleet);
    units.start("coder0");
    let line = log.wait_lines(1)[0].clone();
    assert_described(&line, Path::new("home"));
    let pid = line.rsplit_once('|').unwrap().1.parse().unwrap();
    let hanging = ProcessWatch::new(pid).unwrap();
    assert!(units.manager().processes_of(&UnitFleet::unit("coder0")).contains(&pid));
    units.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    assert_eq!(units.state("coder0"), "inactive");
    assert!(hanging.is_dead());
}
