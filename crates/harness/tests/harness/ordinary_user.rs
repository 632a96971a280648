//! User managers for a user who is not root. Root starts a manager for that user, which serves as a real session;
//! inside it, the user starts a nested manager, as on a developer's machine.

use mosaic_harness::{Availability, Binaries, Fleet, ProcessWatch, UserManager};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// An unused uid, between the ranges of systemd and of distributions.
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

fn assert_works(manager: &UserManager) {
    manager.install_unit("own.service", UNIT);
    manager.systemctl_ok(&["enable", "--now", "own.service"]);
    let matches = ["--user", "-u", "own.service", "-t", "sh"];
    assert_eq!(manager.journal_messages(&matches), ["hello"]);
    let group = manager.processes_of("own.service");
    let main: u32 = manager.show("own.service", "MainPID").parse().unwrap();
    assert_eq!(group, [main]);
    let old = ProcessWatch::new(main).unwrap();
    manager.kill_and_restart_manager();
    assert!(old.is_dead());
    assert_eq!(manager.is_active("own.service"), "active");
    assert_eq!(manager.journal_messages(&matches), ["hello", "hello"]);
}

#[test]
fn root_runs_a_manager_for_an_ordinary_user() {
    let Some((_fleet, manager)) = session() else { return };
    assert_works(&manager);
    let main = manager.show("own.service", "MainPID").parse().unwrap();
    assert_eq!(owner_of(main), UID);
    let id = manager.command("id").arg("-u").output().unwrap();
    assert_eq!(id.stdout, format!("{UID}\n").as_bytes());
}

#[test]
fn a_user_can_nest_a_manager_in_a_session() {
    let Some((fleet, manager)) = session() else { return };
    // The user may not be able to read the build directory of root. A child process copies the programs, since a
    // descriptor that another test's fork inherits would make executing them fail with `ETXTBSY`.
    let programs = fleet.home().join("programs");
    std::fs::create_dir(&programs).unwrap();
    let supervisor = Binaries::test_agent().with_file_name("user-manager-supervisor");
    for program in [Binaries::test_agent(), supervisor, std::env::current_exe().unwrap()] {
        assert!(Command::new("cp").arg(&program).arg(&programs).status().unwrap().success(), "copy {program:?}");
    }
    let this = programs.join(std::env::current_exe().unwrap().file_name().unwrap());
    std::os::unix::fs::chown(fleet.home(), Some(UID), Some(UID)).unwrap();
    std::os::unix::fs::chown(&programs, Some(UID), Some(UID)).unwrap();
    let test = ["--exact", "ordinary_user::inside_a_session", "--ignored", "--nocapture"];
    // As a unit, since only processes in the user's control groups can be moved into a scope without the system
    // manager.
    let bin_dir = format!("MOSAIC_FLEET_BIN_DIR={}", programs.display());
    let mut inner = manager.command("systemd-run");
    inner.args(["--user", "--wait", "--pipe", "--quiet", "-E", &bin_dir, "-E", "CI=yes"]);
    let output = inner.arg(this).args(test).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}{:#?}", manager.journal_messages(&[]));
    assert!(stdout.contains("1 passed"), "{stdout}");
    // A scope ends with its last process.
    let scopes = ["list-units", "--type=scope", "--state=running", "--plain", "--no-legend"];
    assert_eq!(manager.systemctl_ok(&scopes).matches("run-").count(), 0);
}

/// The process that runs as the user, inside the session.
#[test]
#[ignore = "a_user_can_nest_a_manager_in_a_session runs it as another user"]
fn inside_a_session() {
    assert_eq!(UserManager::availability(), &Availability::Nested);
    let fleet = Fleet::new();
    let root = fleet.root().to_owned();
    let manager = UserManager::start(&fleet);
    assert_works(&manager);
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
