//! A user manager for somebody who is not root: run by root on his behalf, which makes a session
//! like a real one, and in it a manager nested the way it is on a developer's machine.

use mosaic_harness::{Availability, Binaries, Fleet, ProcessWatch, UserManager};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Nobody's on any machine: between the ranges that systemd and distributions use.
const UID: u32 = 47110;

const UNIT: &str = "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c \
                    'echo hello; systemd-notify --ready; exec sleep 600'\n\
                    [Install]\nWantedBy=default.target\n";

fn session() -> Option<(Fleet, UserManager)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let fleet = Fleet::builder().owner(UID, UID).build();
    let manager = UserManager::start_or_skip(&fleet)?;
    Some((fleet, manager))
}

fn owner_of(pid: u32) -> u32 {
    std::fs::metadata(format!("/proc/{pid}")).unwrap().uid()
}

fn works(manager: &UserManager) {
    manager.install_unit("own.service", UNIT);
    manager.systemctl_ok(&["enable", "--now", "own.service"]);
    let said = ["--user", "-u", "own.service", "-t", "sh"];
    assert_eq!(manager.journal_messages(&said), ["hello"]);
    let group = manager.processes_of("own.service");
    let main: u32 = manager.show("own.service", "MainPID").parse().unwrap();
    assert_eq!(group, [main]);
    let old = ProcessWatch::new(main).unwrap();
    manager.kill_and_restart_manager();
    assert!(old.is_dead());
    assert_eq!(manager.is_active("own.service"), "active");
    assert_eq!(manager.journal_messages(&said), ["hello", "hello"]);
}

#[test]
fn root_runs_a_manager_for_an_ordinary_user() {
    let Some((_fleet, manager)) = session() else { return };
    works(&manager);
    let main = manager.show("own.service", "MainPID").parse().unwrap();
    assert_eq!(owner_of(main), UID);
    let id = manager.command("id").arg("-u").output().unwrap();
    assert_eq!(id.stdout, format!("{UID}\n").as_bytes());
}

#[test]
fn in_a_session_a_manager_is_nested() {
    let Some((fleet, manager)) = session() else { return };
    // What root has built an ordinary user may not be able to read.
    let programs = fleet.home().join("programs");
    std::fs::create_dir(&programs).unwrap();
    let supervisor = Binaries::test_agent().with_file_name("user-manager-supervisor");
    for program in [Binaries::test_agent(), supervisor, std::env::current_exe().unwrap()] {
        std::fs::copy(&program, programs.join(program.file_name().unwrap())).unwrap();
    }
    let this = programs.join(std::env::current_exe().unwrap().file_name().unwrap());
    std::os::unix::fs::chown(fleet.home(), Some(UID), Some(UID)).unwrap();
    std::os::unix::fs::chown(&programs, Some(UID), Some(UID)).unwrap();
    let test = ["--exact", "ordinary_user::inside_a_session", "--ignored", "--nocapture"];
    // As a unit: only what is in the user's own control groups can be moved into a scope of his,
    // unless a system manager lends a hand.
    let place = format!("MOSAIC_FLEET_BIN_DIR={}", programs.display());
    let mut inner = manager.command("systemd-run");
    inner.args(["--user", "--wait", "--pipe", "--quiet", "-E", &place, "-E", "CI=yes"]);
    let output = inner.arg(this).args(test).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}{:#?}", manager.journal_messages(&[]));
    assert!(said.contains("1 passed"), "{said}");
    // The scope goes with the last process in it.
    let scopes = ["list-units", "--type=scope", "--state=running", "--plain", "--no-legend"];
    assert_eq!(manager.systemctl_ok(&scopes).matches("run-").count(), 0);
}

/// The half that runs as the user, inside the session.
#[test]
#[ignore = "in_a_session_a_manager_is_nested runs it, as somebody else"]
fn inside_a_session() {
    assert_eq!(UserManager::availability(), &Availability::Nested);
    let fleet = Fleet::new();
    let root = fleet.root().to_owned();
    let manager = UserManager::start(&fleet);
    works(&manager);
    let main = manager.show("own.service", "MainPID").parse().unwrap();
    assert_eq!(owner_of(main), UID);
    let other_fleet = Fleet::new();
    let other = UserManager::start(&other_fleet);
    assert_eq!(other.is_active("own.service"), "inactive");
    drop((other, other_fleet, manager));
    assert_eq!(fleet.processes(), Vec::<u32>::new());
    drop(fleet);
    assert!(!Path::new(&root).exists());
}
