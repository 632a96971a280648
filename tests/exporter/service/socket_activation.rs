//! Every request at the socket is answered: the first one, and those to a killed, hung or stopping exporter.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mosaic_harness::{Deadline, StoppedProcess, UnitFleet};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use crate::service::installed::{Installed, SCRAPE_REQUEST, SERVICE, SOCKET, read_answer, scrape};

#[test]
fn the_first_scrape_after_install_or_boot_starts_the_exporter() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    assert_eq!((manager.is_active(SOCKET).as_str(), manager.is_active(SERVICE).as_str()), ("active", "inactive"));
    assert!(installed.scrape().contains("mosaic_build_info"));
    assert_eq!((manager.is_active(SERVICE).as_str(), manager.show(SERVICE, "Type").as_str()), ("active", "notify"));
    // The scrape does not start the fleet.
    assert_eq!(manager.is_active(UnitFleet::HOLDER), "inactive");

    // The same after a boot.
    manager.kill_and_restart_manager();
    assert_eq!((manager.is_active(SOCKET).as_str(), manager.is_active(SERVICE).as_str()), ("active", "inactive"));
    assert!(installed.scrape().contains("mosaic_build_info"));
}

#[test]
fn a_fleet_that_was_stopped_is_reported_as_stopped() {
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
    // It observes at most once per second.
    let deadline = Deadline::default();
    while installed.scrape().contains("condition=\"up\"} 1\n") {
        assert!(!deadline.passed());
        assert!(!before.wait_for(Duration::from_millis(50)));
    }
    condition(&installed.scrape(), "stopped");
}

#[test]
fn a_killed_exporter_refuses_no_connection_and_restarts() {
    let Some(installed) = Installed::or_skip() else { return };
    installed.scrape();
    let killed = installed.process();
    killed.signal(Signal::KILL.as_raw());
    killed.wait();
    // Whether it has restarted by now or not.
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
    let frozen = StoppedProcess::new(installed.process());
    let pending = installed.connect();
    assert!(scrape(pending).text().contains("mosaic_build_info"));
    assert!(frozen.process().is_dead());
    assert_eq!(manager.show(SERVICE, "NRestarts"), "1");
    assert!(manager.journal_messages(&["--user", "--unit", SERVICE]).concat().contains("Watchdog timeout"));
    // A working exporter notifies the watchdog also without requests.
    let working = installed.process();
    let last_notification = || manager.show(SERVICE, "WatchdogTimestampMonotonic");
    let deadline = Deadline::default();
    for _ in 0..2 {
        let last = last_notification();
        while last_notification() == last {
            assert!(
                !working.wait_for(Duration::from_millis(50)) && !deadline.passed(),
                "it does not notify the watchdog"
            );
        }
    }
    assert_eq!(installed.process().pid(), working.pid());
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
    let is_observing = || manager.processes_of(SERVICE).len() > 1;
    // An observation is served for a second.
    let deadline = Deadline::default();
    let server = StoppedProcess::new(installed.fleet.units().server());
    let mut connection = installed.connect();
    connection.write_all(SCRAPE_REQUEST).unwrap();
    while !is_observing() {
        assert!(!process.wait_for(Duration::from_millis(1)) && !deadline.passed(), "it does not run tmux");
        if is_answered(&connection) {
            connection = installed.connect();
            connection.write_all(SCRAPE_REQUEST).unwrap();
        }
    }
    manager.systemctl_ok(&["stop", "--no-block", SERVICE]);
    manager.wait_property(SERVICE, "ActiveState", "deactivating");
    assert!(!process.is_dead());
    drop(server);
    let answer = read_answer(connection);
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("mosaic_collector_success{collector=\"tmux\"} 1\n"), "{}", answer.text());
    manager.wait_active(SERVICE, "inactive");
    assert_eq!(manager.show(SERVICE, "Result"), "success");
}

/// Whether there is data to read.
fn is_answered(connection: &UnixStream) -> bool {
    let mut fds = [PollFd::new(connection, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() > 0
}
