//! A private user manager behaves like a real one and leaves nothing behind.

use mosaic_harness::{CgroupTree, Fleet, ProcessWatch, UserManager};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Reports readiness and then notifies the watchdog until the file `hang` exists in the home.
const WATCHED: &str = "\
[Service]
Type=notify
NotifyAccess=all
WatchdogSec=500ms
WatchdogSignal=SIGKILL
Restart=on-failure
RestartSec=50ms
ExecStart=/bin/sh -c 'echo started; systemd-notify --ready --status=working; \\
 while ! test -e $HOME/hang; do systemd-notify WATCHDOG=1; sleep 0.1; done; sleep 600'

[Install]
WantedBy=default.target
";

const PLAIN: &str = "[Service]\nExecStart=/bin/sleep 600\n[Install]\nWantedBy=default.target\n";

/// A unit that logs a line and keeps running. journald determines the unit when it reads the line, which fails if the
/// process has already exited.
fn logging_unit(text: &str) -> String {
    let script = format!("echo {text}; systemd-notify --ready; exec sleep 600");
    format!("[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c '{script}'\n")
}

fn groups_of(fleet: &Fleet) -> Vec<PathBuf> {
    let name = fleet.root().file_name().unwrap().to_str().unwrap().to_owned();
    let tree = CgroupTree::top().child(format!("{name}.slice"));
    tree.directories().to_vec()
}

fn mounts() -> String {
    std::fs::read_to_string("/proc/self/mountinfo").unwrap()
}

#[test]
fn it_restarts_a_unit_after_a_watchdog_timeout() {
    let fleet = Fleet::new();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    manager.install_unit("watched.service", WATCHED);
    manager.systemctl_ok(&["start", "watched.service"]);
    assert_eq!(manager.is_active("watched.service"), "active");
    assert_eq!(manager.show("watched.service", "StatusText"), "working");
    let main = manager.show("watched.service", "MainPID").parse().unwrap();
    let main = ProcessWatch::new(main).unwrap();
    std::fs::write(fleet.home().join("hang"), "").unwrap();
    main.wait();
    std::fs::remove_file(fleet.home().join("hang")).unwrap();
    manager.wait_property("watched.service", "NRestarts", "1");
    manager.wait_active("watched.service", "active");
    let lines = manager.journal_messages(&["--user", "--unit", "watched.service"]);
    assert!(lines.iter().any(|line| line.contains("Watchdog timeout")), "{lines:#?}");
    assert_eq!(lines.iter().filter(|line| *line == "started").count(), 2, "{lines:#?}");
}

#[test]
fn a_drop_in_changes_a_unit() {
    let fleet = Fleet::new();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    let units = fleet.root().join("units");
    std::fs::create_dir(&units).unwrap();
    std::fs::write(units.join("plain.service"), PLAIN).unwrap();
    std::fs::write(units.join("README.md"), "").unwrap();
    manager.install_units_from(&units);
    assert!(!manager.unit_directory().join("README.md").exists());
    manager.drop_in("plain.service", "name", "[Unit]\nDescription=other\n");
    assert_eq!(manager.show("plain.service", "Description"), "other");
}

#[test]
fn journal_contains_output_of_units_and_programs() {
    let fleet = Fleet::new();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    manager.install_unit("talks.service", &logging_unit("from the unit"));
    manager.systemctl_ok(&["start", "talks.service"]);
    let by_user = manager.journal(&["--user", "--unit", "talks.service", "-t", "sh"]);
    let by_unit = manager.journal(&["--user-unit", "talks.service", "-t", "sh"]);
    assert_eq!(by_user.len(), 1, "{by_user:#?}");
    assert_eq!(by_user, by_unit);
    assert_eq!(by_user[0]["MESSAGE"], "from the unit");
    assert_eq!(by_user[0]["_SYSTEMD_USER_UNIT"], "talks.service");
    let script = "printf 'MESSAGE=structured\\nAGENT=coder0\\n' | logger --journald";
    let logged = manager.command("sh").args(["-c", script]).status();
    assert!(logged.unwrap().success());
    assert_eq!(manager.journal_messages(&["--user", "AGENT=coder0"]), ["structured"]);
    let logged = manager.command("systemd-cat").args(["-t", "by-hand", "echo", "hello"]).status();
    assert!(logged.unwrap().success());
    assert_eq!(manager.journal_messages(&["-t", "by-hand"]), ["hello"]);
    assert_eq!(manager.journal(&["AGENT=none"]), Vec::<serde_json::Value>::new());
}

#[test]
fn a_reboot_starts_only_enabled_units() {
    let fleet = Fleet::new();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    manager.install_unit("enabled.service", PLAIN);
    manager.install_unit("once.service", PLAIN);
    manager.systemctl_ok(&["enable", "--now", "enabled.service"]);
    manager.systemctl_ok(&["start", "once.service"]);
    let tmux = fleet.tmux_server(&["new-session", "-d", &fleet.agent_command("coder0")]);
    assert!(tmux.status.success(), "{tmux:?}");
    let pane = fleet.pane("coder0");
    let old = manager.show("enabled.service", "MainPID").parse().unwrap();
    let old_process = ProcessWatch::new(old).unwrap();
    std::fs::create_dir_all(fleet.run_directory()).unwrap();
    std::fs::write(fleet.heartbeat_path("coder0"), "seq=1\n").unwrap();

    manager.kill_and_restart_manager();

    assert!(old_process.is_dead() && pane.process().is_dead());
    assert_eq!(fleet.heartbeat("coder0"), None);
    assert!(fleet.run_directory().exists());
    assert_eq!(manager.is_active("enabled.service"), "active");
    assert_ne!(manager.show("enabled.service", "MainPID"), old.to_string());
    assert_eq!(manager.is_active("once.service"), "inactive");
    // The bus runs again too.
    let call = ["--user", "call", "org.freedesktop.systemd1", "/org/freedesktop/systemd1"];
    let get = ["org.freedesktop.systemd1.Manager", "GetUnit", "s", "enabled.service"];
    let bus = manager.command("busctl").args(call).args(get).output().unwrap();
    assert!(bus.status.success(), "{bus:?}");
}

#[test]
fn a_process_can_be_attached_to_the_control_group_of_a_unit() {
    let fleet = Fleet::new();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    manager.install_unit("own.service", &PLAIN.replace("[Service]", "[Service]\nDelegate=yes"));
    manager.systemctl_ok(&["start", "own.service"]);
    let mut stray = fleet.command("sleep").arg("600").spawn().unwrap();
    let attach = ["--user", "call", "org.freedesktop.systemd1", "/org/freedesktop/systemd1"];
    let to = ["org.freedesktop.systemd1.Manager", "AttachProcessesToUnit", "ssau", "own.service"];
    let pid = stray.id().to_string();
    let done = manager.command("busctl").args(attach).args(to).args(["", "1", &pid]).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{done:?}");
    let mut expected = vec![stray.id(), manager.show("own.service", "MainPID").parse().unwrap()];
    expected.sort_unstable();
    assert_eq!(manager.processes_of("own.service"), expected);
    assert!(manager.cgroup_of("own.service").ends_with("/own.service"));
    manager.systemctl_ok(&["stop", "own.service"]);
    assert!(!stray.wait().unwrap().success());
}

#[test]
fn two_managers_are_isolated() {
    let (one, other) = (Fleet::new(), Fleet::new());
    let Some(first) = UserManager::start_or_skip(&one) else { return };
    let Some(second) = UserManager::start_or_skip(&other) else { return };
    first.install_unit("same.service", &logging_unit("one"));
    second.install_unit("same.service", &logging_unit("other"));
    first.systemctl_ok(&["start", "same.service"]);
    assert_eq!(second.is_active("same.service"), "inactive");
    second.systemctl_ok(&["start", "same.service"]);
    let matches = ["--user", "-u", "same.service", "-t", "sh"];
    assert_eq!(first.journal_messages(&matches), ["one"]);
    assert_eq!(second.journal_messages(&matches), ["other"]);
}

#[test]
fn it_leaves_nothing_after_a_panic() {
    let fleet = Fleet::new();
    let groups = groups_of(&fleet);
    let root = fleet.root().to_owned();
    let mut watches = Vec::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let manager = UserManager::start_or_skip(&fleet)?;
        let mounted = root.display().to_string();
        assert!(!mounts().contains(&mounted));
        let stubborn = "trap : TERM HUP; while :; do sleep 600; done";
        let unit = format!("[Service]\nKillMode=process\nExecStart=/bin/sh -c '{stubborn}'\n");
        manager.install_unit("stubborn.service", &unit);
        manager.systemctl_ok(&["start", "stubborn.service"]);
        let all = fleet.processes().into_iter();
        watches = all.filter_map(|pid| ProcessWatch::new(pid).ok()).collect();
        std::panic::panic_any("a failed test");
        #[expect(unreachable_code, reason = "it gives the closure its type")]
        Some(())
    }));
    if outcome.is_ok() {
        return;
    }
    assert!(watches.len() >= 2, "expected the manager and its unit: {watches:?}");
    assert!(watches.iter().all(ProcessWatch::is_dead));
    assert_eq!(fleet.processes(), Vec::<u32>::new());
    assert!(groups.iter().all(|group| !group.exists()), "{groups:?}");
    let journal = "/run/systemd/journald.conf.d/harness.conf";
    assert!(!Path::new(journal).exists(), "the mount is visible outside its namespace");
    drop(fleet);
    assert!(!root.exists());
}
