//! If the manager or the bus hangs or exits, every call returns in time with an error that says so.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use crate::fixture::{Fixture, LIMIT, PausedProcess, agent, run};
use mosaic_systemd::{ManagerAddress, ManagerError, UnitName, UserManager, Verb};
use rustix::process::{Signal, kill_process};

const SHORT: Duration = Duration::from_millis(300);

#[track_caller]
fn times_out<T: std::fmt::Debug>(result: Result<T, ManagerError>) {
    let error = result.unwrap_err();
    assert_eq!(error, ManagerError::Deadline { limit: SHORT });
}

fn every_call_times_out(manager: &UserManager) {
    times_out(manager.units(&[UnitName::AGENTS]));
    times_out(manager.describe(&agent("a")));
    times_out(manager.reload());
    times_out(manager.enable(&[agent("a")]));
    times_out(manager.reset_failed(&[agent("a")]));
    times_out(manager.run(Verb::Start, &[agent("a")], LIMIT, &mut |_, _| ()));
}

#[test]
fn calls_to_a_hung_manager_time_out_until_it_continues() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let before = UserManager::connect(&fixture.address(), LIMIT).unwrap();
    // Connect while the manager answers; the short limit applies from then on.
    let connected = loop {
        match UserManager::connect(&fixture.address(), SHORT) {
            Err(ManagerError::Deadline { .. }) => {}
            other => break other.unwrap(),
        }
    };
    let stopped = PausedProcess::new(fixture.process("systemd"));
    times_out(UserManager::connect(&fixture.address(), SHORT));
    times_out(UserManager::connect(&fixture.address_without_bus(), SHORT));
    every_call_times_out(&connected);
    drop(stopped);
    assert!(before.units(&["*"]).is_ok());
}

#[test]
fn calls_to_a_hung_bus_time_out() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let connected = loop {
        match UserManager::connect(&fixture.address(), SHORT) {
            Err(ManagerError::Deadline { .. }) => {}
            other => break other.unwrap(),
        }
    };
    let _stopped = PausedProcess::new(fixture.process("dbus-daemon"));
    times_out(UserManager::connect(&fixture.address(), SHORT));
    every_call_times_out(&connected);
}

#[test]
fn without_its_bus_the_manager_is_reached_through_systemctl() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let bus = fixture.connect();
    run(&bus, Verb::Start, &["good", "fail"], LIMIT);
    let listed = bus.units(&[UnitName::AGENTS]).unwrap();
    fixture.manager().systemctl_ok(&["stop", "dbus.socket", "dbus.service"]);
    let error = bus.units(&[UnitName::AGENTS]).unwrap_err();
    assert!(matches!(error, ManagerError::Unreachable { .. }), "{error:?}");
    let manager = fixture.connect();
    assert_eq!(manager.transport(), "systemctl");
    assert_eq!(manager.units(&[UnitName::AGENTS]).unwrap(), listed);
}

#[test]
fn a_killed_bus_breaks_only_the_connection() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let before = fixture.connect();
    let listed = before.units(&["mosaic-*"]).unwrap();
    kill_process(fixture.process("dbus-daemon"), Signal::KILL).unwrap();
    let error = before.units(&["mosaic-*"]).unwrap_err();
    assert!(matches!(error, ManagerError::Unreachable { .. }), "{error:?}");
    // Over the bus that systemd starts again, or through systemctl until the manager is on it.
    assert_eq!(fixture.connect().units(&["mosaic-*"]).unwrap(), listed);
}

#[test]
fn a_killed_bus_ends_the_wait_for_jobs() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let manager = fixture.connect();
    std::thread::scope(|scope| {
        let start = scope.spawn(|| manager.run(Verb::Start, &[agent("slow")], LIMIT, &mut |_, _| ()));
        fixture.manager().wait_active("mosaic-agent@slow.service", "activating");
        kill_process(fixture.process("dbus-daemon"), Signal::KILL).unwrap();
        let error = start.join().unwrap().unwrap_err();
        assert!(matches!(error, ManagerError::Unreachable { .. }), "{error:?}");
    });
}

#[test]
fn a_killed_manager_ends_the_wait_for_jobs() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let manager = fixture.connect();
    std::thread::scope(|scope| {
        let start = scope.spawn(|| manager.run(Verb::Start, &[agent("slow")], LIMIT, &mut |_, _| ()));
        fixture.manager().wait_active("mosaic-agent@slow.service", "activating");
        kill_process(fixture.process("systemd"), Signal::KILL).unwrap();
        let error = start.join().unwrap().unwrap_err();
        assert!(matches!(error, ManagerError::Unreachable { .. }), "{error:?}");
    });
}

#[test]
fn a_missing_manager_is_absent() {
    let empty = tempfile::tempdir().unwrap();
    let directory = Some(empty.path().to_owned());
    let missing = Some(format!("unix:path={}/missing", empty.path().display()));
    for address in [ManagerAddress::new(None, None), ManagerAddress::new(directory, None)] {
        let error = UserManager::connect(&address, LIMIT).unwrap_err();
        assert!(matches!(error, ManagerError::Absent { .. }), "{error:?}");
    }
    let error = UserManager::connect(&ManagerAddress::new(None, missing), LIMIT).unwrap_err();
    assert!(matches!(&error, ManagerError::Absent { why } if why.contains("missing")), "{error:?}");
}

#[test]
fn a_socket_without_a_listener_is_an_unreachable_manager() {
    let directory = tempfile::tempdir().unwrap();
    drop(UnixListener::bind(directory.path().join("bus")).unwrap());
    let address = ManagerAddress::new(Some(directory.path().to_owned()), None);
    let error = UserManager::connect(&address, LIMIT).unwrap_err();
    assert!(matches!(error, ManagerError::Unreachable { .. }), "{error:?}");
    std::fs::create_dir(directory.path().join("systemd")).unwrap();
    drop(UnixListener::bind(directory.path().join("systemd/private")).unwrap());
    let error = UserManager::connect(&address, LIMIT).unwrap_err();
    assert!(matches!(error, ManagerError::Unreachable { .. }), "{error:?}");
}

#[test]
fn a_bus_without_a_manager_is_skipped() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("other");
    let mut daemon = std::process::Command::new("dbus-daemon")
        .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
        .arg(format!("--address=unix:path={}", other.display()))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(daemon.stdout.take().unwrap()), &mut String::new())
        .unwrap();
    let other = Some(format!("unix:path={}", other.display()));
    let alone = UserManager::connect(&ManagerAddress::new(None, other.clone()), LIMIT);
    let real = format!("unix:path={}/bus", fixture.fleet().runtime_directory().display());
    std::os::unix::fs::symlink(directory.path().join("other"), directory.path().join("bus")).unwrap();
    let both = ManagerAddress::new(Some(directory.path().to_owned()), Some(real));
    let both = UserManager::connect(&both, LIMIT).map(|manager| manager.transport());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert!(matches!(alone, Err(ManagerError::Absent { .. })), "{alone:?}");
    assert_eq!(both, Ok("D-Bus"));
}
