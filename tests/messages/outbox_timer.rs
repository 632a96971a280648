//! Messages that wait are delivered by a timer of systemd's, which costs nothing while there are none.

use mosaic_harness::{Deadline, Fleet, LogFile, RosterFleet, UserManager};
use std::fs;
use std::path::PathBuf;

const SERVICE: &str = "mosaic-fleet-outbox.service";
const TIMER: &str = "mosaic-fleet-outbox.timer";

/// A fleet that was installed, where what delivers only notes that it was started.
struct Installed {
    fleet: RosterFleet,
}

impl Installed {
    fn or_skip() -> Option<Self> {
        let installed = Self { fleet: RosterFleet::installed_or_skip(Fleet::builder(), &["coder0"], "15")? };
        let manager = installed.manager();
        let note = "[Service]\nExecStart=\nExecStart=/bin/sh -c 'echo delivers; echo x >>%h/delivered'\n";
        manager.drop_in(SERVICE, "test", note);
        Some(installed)
    }

    fn manager(&self) -> &UserManager {
        self.fleet.units().manager()
    }

    /// An empty marker that messages for an agent wait.
    fn waiting(&self, agent: &str) -> PathBuf {
        let outbox = self.fleet.units().fleet().mosaic_home().join("fleet/outbox").join(agent);
        fs::create_dir_all(&outbox).unwrap();
        outbox.join(".waiting")
    }

    /// How often it was started to deliver.
    fn delivered(&self) -> usize {
        fs::read(self.log()).map_or(0, |text| text.len() / 2)
    }

    /// Waits until it has run that often.
    fn wait_delivered(&self, often: usize) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log());
        drop(log.unwrap());
        let _ = LogFile::new(self.log()).wait_lines(often);
    }

    fn log(&self) -> PathBuf {
        self.fleet.units().fleet().home().join("delivered")
    }

    fn install(&self) -> String {
        let output = self.fleet.mosaic(&["fleet", "install"]);
        assert!(output.status.success(), "{output:?}");
        [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()).concat()
    }

    fn states(&self) -> [String; 2] {
        ["UnitFileState", "ActiveState"].map(|property| self.manager().show(TIMER, property))
    }

    /// Waits until the timer has gone off that often, by its own account.
    fn wait_elapsed(&self, often: usize) {
        let deadline = Deadline::default();
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < often {
            assert!(!deadline.passed(), "{TIMER} went off at {seen:?}");
            let last = self.manager().show(TIMER, "LastTriggerUSec");
            let usec = self.manager().show(TIMER, "LastTriggerUSecMonotonic");
            if !last.is_empty() && last != "n/a" {
                seen.insert((last, usec));
            }
        }
    }

    /// A timer that is not to be waited for.
    fn hurry(&self) {
        let often = "[Timer]\nOnActiveSec=\nOnUnitInactiveSec=\nOnActiveSec=1ms\nOnUnitInactiveSec=1s\n\
                     AccuracySec=1ms\nRandomizedDelaySec=0\n";
        self.manager().drop_in(TIMER, "test", often);
        self.manager().systemctl_ok(&["restart", TIMER]);
    }
}

#[test]
fn it_goes_off_again_and_again_and_starts_nothing_unless_something_waits() {
    let Some(installed) = Installed::or_skip() else { return };
    installed.hurry();
    let manager = installed.manager();
    fs::create_dir_all(installed.waiting("coder0").parent().unwrap()).unwrap();
    installed.wait_elapsed(3);
    assert_eq!(installed.delivered(), 0);
    assert_eq!(manager.is_active(SERVICE), "inactive");
    // Nor is each time written down.
    let log = manager.journal_messages(&["--user", "--unit", SERVICE]);
    assert_eq!(log, [""; 0]);

    let waiting = installed.waiting("coder0");
    fs::write(&waiting, "").unwrap();
    installed.wait_delivered(2);
    fs::remove_file(waiting).unwrap();
    manager.wait_active(SERVICE, "inactive");
    let log = manager.journal_messages(&["--user", "--unit", SERVICE]);
    assert!(log.iter().any(|line| line == "delivers"), "{log:?}");
    let before = installed.delivered();
    installed.wait_elapsed(3);
    assert!(installed.delivered() <= before + 1);
}

#[test]
fn one_that_fails_says_so_and_is_tried_again() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    let fails = "[Service]\nExecStart=\nExecStart=/bin/sh -c 'echo x >>%h/delivered; exit 74'\n";
    manager.drop_in(SERVICE, "test", fails);
    fs::write(installed.waiting("coder0"), "").unwrap();
    installed.hurry();
    installed.wait_delivered(2);
    let log = manager.journal_messages(&["--user", "--unit", SERVICE]).concat();
    assert!(log.contains("Failed with result 'exit-code'"), "{log}");
}

#[test]
fn it_runs_from_the_installation_on_and_after_a_boot_and_is_gone_with_an_uninstall() {
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
fn who_switches_it_off_has_it_off_also_after_an_update() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    manager.systemctl_ok(&["disable", "--now", TIMER]);
    for _ in 0..2 {
        let said = installed.install();
        assert!(said.contains(&format!("run `systemctl --user enable --now {TIMER}`")), "{said}");
        assert_eq!(installed.states(), ["disabled", "inactive"]);
    }
    manager.systemctl_ok(&["enable", "--now", TIMER]);
    assert!(!installed.install().contains("timer is disabled"));
    assert_eq!(installed.states(), ["enabled", "active"]);
}
