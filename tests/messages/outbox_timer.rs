//! The systemd timer that delivers waiting messages and starts nothing while there are none.

use mosaic_harness::{Deadline, Fleet, LogFile, RosterFleet, UserManager};
use std::fs;
use std::path::PathBuf;

const SERVICE: &str = "mosaic-fleet-outbox.service";
const TIMER: &str = "mosaic-fleet-outbox.timer";

/// An installed fleet whose delivery service only records that it ran.
struct Installed {
    fleet: RosterFleet,
}

impl Installed {
    fn or_skip() -> Option<Self> {
        let installed = Self { fleet: RosterFleet::installed_or_skip(Fleet::builder(), &["coder0"], "15")? };
        let manager = installed.manager();
        let note = "[Service]\nExecStart=\nExecStart=/bin/sh -c 'echo delivering; echo x >>%h/delivered'\n";
        manager.drop_in(SERVICE, "test", note);
        Some(installed)
    }

    fn manager(&self) -> &UserManager {
        self.fleet.units().manager()
    }

    /// The path of the marker for waiting messages.
    fn marker(&self, agent: &str) -> PathBuf {
        let outbox = self.fleet.units().fleet().mosaic_home().join("fleet/outbox").join(agent);
        fs::create_dir_all(&outbox).unwrap();
        outbox.join(".waiting")
    }

    /// The number of runs of the service.
    fn run_count(&self) -> usize {
        fs::read(self.log()).map_or(0, |text| text.len() / 2)
    }

    /// Waits until the service has run that often.
    fn wait_runs(&self, count: usize) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log());
        drop(log.unwrap());
        let _ = LogFile::new(self.log()).wait_lines(count);
    }

    fn log(&self) -> PathBuf {
        self.fleet.units().fleet().home().join("delivered")
    }

    fn install(&self) -> String {
        let output = self.fleet.mosaic(&["fleet", "install"]);
        assert!(output.status.success(), "{output:?}");
        [output.stdout, output.stderr].map(|output| String::from_utf8(output).unwrap()).concat()
    }

    fn states(&self) -> [String; 2] {
        ["UnitFileState", "ActiveState"].map(|property| self.manager().show(TIMER, property))
    }

    /// Waits until the timer has elapsed that often.
    fn wait_elapsed(&self, count: usize) {
        let deadline = Deadline::default();
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < count {
            assert!(!deadline.passed(), "{TIMER} elapsed at {seen:?}");
            let last = self.manager().show(TIMER, "LastTriggerUSec");
            let usec = self.manager().show(TIMER, "LastTriggerUSecMonotonic");
            if !last.is_empty() && last != "n/a" {
                seen.insert((last, usec));
            }
        }
    }

    /// Shortens the timer's intervals.
    fn shorten_timer(&self) {
        let short = "[Timer]\nOnActiveSec=\nOnUnitInactiveSec=\nOnActiveSec=1ms\nOnUnitInactiveSec=1s\n\
                     AccuracySec=1ms\nRandomizedDelaySec=0\n";
        self.manager().drop_in(TIMER, "test", short);
        self.manager().systemctl_ok(&["restart", TIMER]);
    }
}

#[test]
fn the_timer_starts_the_service_only_while_messages_wait() {
    let Some(installed) = Installed::or_skip() else { return };
    installed.shorten_timer();
    let manager = installed.manager();
    fs::create_dir_all(installed.marker("coder0").parent().unwrap()).unwrap();
    installed.wait_elapsed(3);
    assert_eq!(installed.run_count(), 0);
    assert_eq!(manager.is_active(SERVICE), "inactive");
    // A skipped run logs nothing.
    let log = manager.journal_messages(&["--user", "--unit", SERVICE]);
    assert_eq!(log, [""; 0]);

    let waiting = installed.marker("coder0");
    fs::write(&waiting, "").unwrap();
    installed.wait_runs(2);
    fs::remove_file(waiting).unwrap();
    manager.wait_active(SERVICE, "inactive");
    let log = manager.journal_messages(&["--user", "--unit", SERVICE]);
    assert!(log.iter().any(|line| line == "delivering"), "{log:?}");
    let before = installed.run_count();
    installed.wait_elapsed(3);
    assert!(installed.run_count() <= before + 1);
}

#[test]
fn a_failed_delivery_is_logged_and_tried_again() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    let fails = "[Service]\nExecStart=\nExecStart=/bin/sh -c 'echo x >>%h/delivered; exit 74'\n";
    manager.drop_in(SERVICE, "test", fails);
    fs::write(installed.marker("coder0"), "").unwrap();
    installed.shorten_timer();
    installed.wait_runs(2);
    let log = manager.journal_messages(&["--user", "--unit", SERVICE]).concat();
    assert!(log.contains("Failed with result 'exit-code'"), "{log}");
}

#[test]
fn the_timer_runs_after_install_and_boot_and_not_after_uninstall() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    assert_eq!(installed.states(), ["enabled", "active"]);
    assert_eq!(installed.install().lines().next(), Some("nothing to do"));
    manager.kill_and_restart_manager();
    assert_eq!(installed.states(), ["enabled", "active"]);
    let next = manager.show(TIMER, "NextElapseUSecMonotonic");
    assert!(!next.is_empty() && next != "infinity", "{next}");

    let output = installed.fleet.mosaic(&["fleet", "uninstall", "--yes"]);
    assert!(output.status.success(), "{output:?}");
    for unit in [TIMER, SERVICE] {
        assert!(!manager.unit_directory().join(unit).exists());
        assert_eq!(manager.show(unit, "ActiveState"), "inactive");
    }
    assert!(!manager.unit_directory().join("timers.target.wants").join(TIMER).is_symlink());
}

#[test]
fn a_disabled_timer_stays_disabled_after_an_install() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    manager.systemctl_ok(&["disable", "--now", TIMER]);
    for _ in 0..2 {
        let output = installed.install();
        assert!(output.contains(&format!("run `systemctl --user enable --now {TIMER}`")), "{output}");
        assert_eq!(installed.states(), ["disabled", "inactive"]);
    }
    manager.systemctl_ok(&["enable", "--now", TIMER]);
    assert!(!installed.install().contains("timer is disabled"));
    assert_eq!(installed.states(), ["enabled", "active"]);
}
