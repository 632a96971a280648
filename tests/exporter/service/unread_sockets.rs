//! A manager or a journald that does not read stops neither the answers nor the process.

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use mosaic_harness::{Deadline, ProcessWatch, StoppedProcess};

use crate::service::installed::{Installed, SERVICE, read_answer};

/// A variable in the environment of a process.
fn variable(process: &ProcessWatch, name: &str) -> String {
    let environment = fs::read_to_string(format!("/proc/{}/environ", process.pid())).unwrap();
    let value = environment.split('\0').find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("no {name} in {environment}")).to_owned()
}

/// The user manager, which is the parent of the exporter.
fn user_manager(exporter: &ProcessWatch) -> ProcessWatch {
    let status = fs::read_to_string(format!("/proc/{}/status", exporter.pid())).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
    ProcessWatch::new(parent.trim().parse().unwrap()).unwrap()
}

/// The journald in the namespace of a process.
fn journald(process: &ProcessWatch) -> ProcessWatch {
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
    let own = namespace(&process.pid().to_string());
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let is_journald = |pid: &String| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "systemd-journal")
            && namespace(pid) == own
    };
    let pid = pids.into_iter().find(is_journald).expect("a journald runs");
    ProcessWatch::new(pid.parse().unwrap()).unwrap()
}

const WATCHDOG: Duration = Duration::from_secs(3);

/// An exporter that notifies the watchdog, and the process of its manager.
fn watched_exporter(installed: &Installed) -> (ProcessWatch, ProcessWatch) {
    let drop_in = format!("[Service]\nWatchdogSec={}s\n", WATCHDOG.as_secs());
    installed.manager().drop_in(SERVICE, "test", &drop_in);
    installed.scrape();
    let exporter = installed.process();
    let manager = user_manager(&exporter);
    (exporter, manager)
}

/// Scrapes until the exporter has notified the watchdog several times.
fn scrape_for_two_watchdog_periods(installed: &Installed) {
    let since = Instant::now();
    while since.elapsed() < 2 * WATCHDOG {
        assert!(installed.scrape().contains("mosaic_build_info"));
    }
}

#[test]
fn a_manager_whose_queue_of_notifications_is_full_stops_no_answer() {
    let Some(installed) = Installed::or_skip() else { return };
    let (exporter, manager) = watched_exporter(&installed);
    let notify_socket = variable(&exporter, "NOTIFY_SOCKET");
    let frozen = StoppedProcess::new(manager);
    // Messages of other units fill the queue.
    let others = UnixDatagram::unbound().unwrap();
    others.set_nonblocking(true).unwrap();
    while others.send_to(b"STATUS=full", &notify_socket).is_ok() {}
    scrape_for_two_watchdog_periods(&installed);
    drop(frozen);
    // The manager had no room for the exporter's notifications. It may look at the watchdog before it has read the next
    // one, and then starts the exporter anew. Its socket stays, and only a request in progress is lost.
    let deadline = Deadline::default();
    let mut last = installed.try_scrape();
    while !last.as_ref().is_some_and(|answer| answer.contains("mosaic_build_info")) {
        assert!(!deadline.passed(), "no answer: {last:?}");
        last = installed.try_scrape();
    }
}

#[test]
fn a_manager_that_does_not_read_for_a_while_kills_nothing_afterwards() {
    let Some(installed) = Installed::or_skip() else { return };
    let (exporter, frozen) = watched_exporter(&installed);
    let manager = installed.manager();
    let frozen = StoppedProcess::new(frozen);
    scrape_for_two_watchdog_periods(&installed);
    drop(frozen);
    // Whatever the manager does about the watchdog, it does before it answers the second question.
    for _ in 0..2 {
        assert_eq!(manager.show(SERVICE, "NRestarts"), "0");
    }
    assert!(!exporter.is_dead());
    assert!(installed.scrape().contains("mosaic_build_info"));
}

#[test]
fn a_journald_that_does_not_read_stops_no_answer() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    manager.drop_in(SERVICE, "test", "[Service]\nEnvironment=MOSAIC_EXPORTER_ARGS=--log.level=debug\n");
    installed.scrape();
    let exporter = installed.process();
    let journald = StoppedProcess::new(journald(&exporter));
    let deadline = Deadline::default();
    // Every refused request is a message of the level debug.
    let dropped = |scrape: &str| {
        let value = scrape.lines().find_map(|line| line.strip_prefix("mosaic_exporter_log_messages_dropped_total "));
        value.is_some_and(|value| value != "0")
    };
    while !dropped(&installed.scrape()) {
        assert!(!deadline.passed(), "no message is dropped");
        for _ in 0..100 {
            let mut connection = installed.connect();
            connection.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
            assert_eq!(read_answer(connection).status, 405);
        }
    }
    drop(journald);
    let reported = || {
        manager.journal_messages(&["--user", "--unit", SERVICE]).iter().any(|message| {
            message.starts_with("dropped ") && message.ends_with(" log messages because the log was not read")
        })
    };
    while !reported() {
        installed.scrape();
        assert!(!deadline.passed(), "the dropped messages are not reported");
    }
    assert_eq!(installed.process().pid(), exporter.pid());
}
