//! Whoever asks is answered: by one that was started for it, that was killed, that hangs, that stops.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mosaic_harness::{Deadline, Frozen, UnitFleet};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use crate::service::installed::{ASKING, Installed, SERVICE, SOCKET, answer, ask};

#[test]
fn the_first_scrape_after_install_or_boot_starts_the_exporter() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    assert_eq!((manager.is_active(SOCKET).as_str(), manager.is_active(SERVICE).as_str()), ("active", "inactive"));
    assert!(installed.scrape().contains("mosaic_build_info"));
    assert_eq!((manager.is_active(SERVICE).as_str(), manager.show(SERVICE, "Type").as_str()), ("active", "notify"));
    // The fleet itself was not started, and is not by this.
    assert_eq!(manager.is_active(UnitFleet::HOLDER), "inactive");

    // After a boot the same.
    manager.kill_and_restart_manager();
    assert_eq!((manager.is_active(SOCKET).as_str(), manager.is_active(SERVICE).as_str()), ("active", "inactive"));
    assert!(installed.scrape().contains("mosaic_build_info"));
}

#[test]
fn a_stopped_fleet_is_reported_as_missing() {
    let Some(installed) = Installed::or_skip() else { return };
    let fleet = &installed.fleet;
    assert!(fleet.mosaic(&["fleet", "start"]).status.success());
    let condition = |text: &str, word: &str| {
        let series = format!("mosaic_agent_condition{{agent=\"coder0\",condition=\"{word}\"}} 1\n");
        assert!(text.contains(&series), "{text}");
    };
    condition(&installed.scrape(), "up");
    let before = installed.process();
    assert!(fleet.mosaic(&["fleet", "stop"]).status.success());
    assert!(!before.is_dead());
    // It looks at most once a second.
    let deadline = Deadline::default();
    while installed.scrape().contains("condition=\"up\"} 1\n") {
        assert!(!deadline.passed());
        assert!(!before.wait_for(Duration::from_millis(50)));
    }
    condition(&installed.scrape(), "missing");
}

#[test]
fn a_killed_exporter_refuses_no_connection_and_restarts() {
    let Some(installed) = Installed::or_skip() else { return };
    installed.scrape();
    let killed = installed.process();
    killed.signal(Signal::KILL.as_raw());
    killed.wait();
    // Whether it is back by now or not.
    assert!(installed.scrape().contains("mosaic_build_info"));
    assert_eq!(installed.manager().show(SERVICE, "NRestarts"), "1");
    assert_ne!(installed.process().pid(), killed.pid());
}

#[test]
fn the_watchdog_replaces_a_hung_exporter_and_the_pending_scrape_is_answered() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    manager.drop_in(SERVICE, "test", "[Service]\nWatchdogSec=3s\n");
    installed.scrape();
    let frozen = Frozen::new(installed.process());
    let waits = installed.connect();
    assert!(ask(waits).text().contains("mosaic_build_info"));
    assert!(frozen.process().is_dead());
    assert_eq!(manager.show(SERVICE, "NRestarts"), "1");
    assert!(manager.journal_messages(&["--user", "--unit", SERVICE]).concat().contains("Watchdog timeout"));
    // One that does not hang says so, also when nobody asks.
    let well = installed.process();
    let heard = || manager.show(SERVICE, "WatchdogTimestampMonotonic");
    let deadline = Deadline::default();
    for _ in 0..2 {
        let last = heard();
        while heard() == last {
            assert!(
                !well.wait_for(Duration::from_millis(50)) && !deadline.passed(),
                "the watchdog heard nothing of it"
            );
        }
    }
    assert_eq!(installed.process().pid(), well.pid());
}

#[test]
fn a_reload_keeps_the_process() {
    let Some(installed) = Installed::or_skip() else { return };
    installed.scrape();
    let process = installed.process();
    installed.manager().systemctl_ok(&["reload", SERVICE]);
    installed.scrape();
    assert!(!process.is_dead());
    assert_eq!(installed.manager().is_active(SERVICE), "active");
}

#[test]
fn stop_answers_pending_requests_first() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    assert!(installed.fleet.mosaic(&["fleet", "start"]).status.success());
    installed.scrape();
    let process = installed.process();
    let looks = || manager.processes_of(SERVICE).len() > 1;
    // What was seen a moment ago serves others for a second.
    let deadline = Deadline::default();
    let server = Frozen::new(installed.fleet.units().server());
    let mut connection = installed.connect();
    connection.write_all(ASKING).unwrap();
    while !looks() {
        assert!(!process.wait_for(Duration::from_millis(1)) && !deadline.passed(), "it does not ask tmux");
        if is_answered(&connection) {
            connection = installed.connect();
            connection.write_all(ASKING).unwrap();
        }
    }
    manager.systemctl_ok(&["stop", "--no-block", SERVICE]);
    manager.wait_property(SERVICE, "ActiveState", "deactivating");
    assert!(!process.is_dead());
    drop(server);
    let answer = answer(connection);
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("mosaic_collector_success{collector=\"tmux\"} 1\n"), "{}", answer.text());
    manager.wait_active(SERVICE, "inactive");
    assert_eq!(manager.show(SERVICE, "Result"), "success");
}

/// Is there something to read?
fn is_answered(connection: &UnixStream) -> bool {
    let mut fds = [PollFd::new(connection, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() > 0
}
