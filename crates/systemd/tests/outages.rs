//! Whatever hangs or is gone, the answer comes in time and says what it is.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::os::unix::net::UnixListener;
use std::time::Duration;

use mosaic_domain::ExitCode;
use mosaic_systemd::{ManagerAddress, ManagerError, UnitName, UserManager, Verb};
use rustix::process::{Signal, kill_process};
use world::{LIMIT, Stopped, World, agent, run};

const SHORT: Duration = Duration::from_millis(300);

#[track_caller]
fn too_late<T: std::fmt::Debug>(result: Result<T, ManagerError>) {
    let error = result.unwrap_err();
    assert_eq!(error, ManagerError::Deadline { limit: SHORT });
    assert_eq!(error.exit_code(), ExitCode::Unavailable);
}

fn every_call_is_too_late(manager: &UserManager) {
    too_late(manager.units(&[UnitName::AGENTS]));
    too_late(manager.describe(&agent("a")));
    too_late(manager.reload());
    too_late(manager.enable(&[agent("a")]));
    too_late(manager.reset_failed(&[agent("a")]));
    too_late(manager.run(Verb::Start, &[agent("a")], LIMIT, &mut |_, _| ()));
}

#[test]
fn a_manager_that_hangs_is_given_up_and_answers_again_afterwards() {
    let Some(world) = World::start_or_skip() else { return };
    let before = UserManager::connect(&world.address(), LIMIT).unwrap();
    // Connected while it answered, with the short limit only from then on.
    let connected = loop {
        match UserManager::connect(&world.address(), SHORT) {
            Err(ManagerError::Deadline { .. }) => {}
            other => break other.unwrap(),
        }
    };
    let stopped = Stopped::new(world.process("systemd"));
    too_late(UserManager::connect(&world.address(), SHORT));
    too_late(UserManager::connect(&world.address_without_bus(), SHORT));
    every_call_is_too_late(&connected);
    drop(stopped);
    assert!(before.units(&["*"]).is_ok());
}

#[test]
fn a_bus_that_hangs_is_given_up() {
    let Some(world) = World::start_or_skip() else { return };
    let connected = loop {
        match UserManager::connect(&world.address(), SHORT) {
            Err(ManagerError::Deadline { .. }) => {}
            other => break other.unwrap(),
        }
    };
    let _stopped = Stopped::new(world.process("dbus-daemon"));
    too_late(UserManager::connect(&world.address(), SHORT));
    every_call_is_too_late(&connected);
}

#[test]
fn without_its_bus_the_manager_is_asked_by_systemctl_and_says_the_same() {
    let Some(world) = World::start_or_skip() else { return };
    let bus = world.connect();
    run(&bus, Verb::Start, &["good", "fail"], LIMIT);
    let listed = bus.units(&[UnitName::AGENTS]).unwrap();
    world.manager().systemctl_ok(&["stop", "dbus.socket", "dbus.service"]);
    let error = bus.units(&[UnitName::AGENTS]).unwrap_err();
    assert!(matches!(error, ManagerError::Unreachable { .. }), "{error:?}");
    let manager = world.connect();
    assert_eq!(manager.way(), "systemctl");
    assert_eq!(manager.units(&[UnitName::AGENTS]).unwrap(), listed);
}

#[test]
fn a_killed_bus_costs_no_more_than_the_connection() {
    let Some(world) = World::start_or_skip() else { return };
    let before = world.connect();
    let listed = before.units(&["mosaic-*"]).unwrap();
    kill_process(world.process("dbus-daemon"), Signal::KILL).unwrap();
    let error = before.units(&["mosaic-*"]).unwrap_err();
    assert!(matches!(error, ManagerError::Unreachable { .. }), "{error:?}");
    // By the bus that systemd starts again, or by systemctl until the manager is on it.
    assert_eq!(world.connect().units(&["mosaic-*"]).unwrap(), listed);
}

#[test]
fn a_bus_that_dies_while_jobs_are_waited_for_ends_the_wait() {
    let Some(world) = World::start_or_skip() else { return };
    let manager = world.connect();
    std::thread::scope(|scope| {
        let start = scope.spawn(|| manager.run(Verb::Start, &[agent("slow")], LIMIT, &mut |_, _| ()));
        world.manager().wait_active("mosaic-agent@slow.service", "activating");
        kill_process(world.process("dbus-daemon"), Signal::KILL).unwrap();
        let error = start.join().unwrap().unwrap_err();
        assert!(matches!(error, ManagerError::Unreachable { .. }), "{error:?}");
    });
}

#[test]
fn a_manager_that_dies_while_jobs_are_waited_for_ends_the_wait() {
    let Some(world) = World::start_or_skip() else { return };
    let manager = world.connect();
    std::thread::scope(|scope| {
        let start = scope.spawn(|| manager.run(Verb::Start, &[agent("slow")], LIMIT, &mut |_, _| ()));
        world.manager().wait_active("mosaic-agent@slow.service", "activating");
        kill_process(world.process("systemd"), Signal::KILL).unwrap();
        let error = start.join().unwrap().unwrap_err();
        assert!(matches!(error, ManagerError::Unreachable { .. }), "{error:?}");
    });
}

#[test]
fn without_a_manager_it_is_said_to_be_absent() {
    let empty = tempfile::tempdir().unwrap();
    let directory = Some(empty.path().to_owned());
    let nowhere = Some(format!("unix:path={}/nobody", empty.path().display()));
    for address in [ManagerAddress::new(None, None), ManagerAddress::new(directory, None)] {
        let error = UserManager::connect(&address, LIMIT).unwrap_err();
        assert!(matches!(error, ManagerError::Absent { .. }), "{error:?}");
        assert_eq!(error.exit_code(), ExitCode::Unavailable);
    }
    let error = UserManager::connect(&ManagerAddress::new(None, nowhere), LIMIT).unwrap_err();
    assert!(matches!(&error, ManagerError::Absent { why } if why.contains("nobody")), "{error:?}");
}

#[test]
fn a_socket_that_nobody_listens_on_is_a_manager_that_cannot_be_reached() {
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
fn a_bus_without_a_manager_is_no_manager_and_the_next_address_is_tried() {
    let Some(world) = World::start_or_skip() else { return };
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
    let real = format!("unix:path={}/bus", world.fleet().runtime_directory().display());
    std::os::unix::fs::symlink(directory.path().join("other"), directory.path().join("bus")).unwrap();
    let both = ManagerAddress::new(Some(directory.path().to_owned()), Some(real));
    let both = UserManager::connect(&both, LIMIT).map(|manager| manager.way());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert!(matches!(alone, Err(ManagerError::Absent { .. })), "{alone:?}");
    assert_eq!(both, Ok("D-Bus"));
}
