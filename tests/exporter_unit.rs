//! The exporter as its users have it: asked at a socket that systemd keeps, and so there whenever somebody
//! asks, whatever happens to it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

use harness::{
    Binaries, Deadline, Fleet, FleetBuilder, Frozen, HttpAnswer, ProcessWatch, RosterFleet, UnitFleet, UserManager,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const SERVICE: &str = "mosaic-fleet-exporter.service";
const SOCKET: &str = "mosaic-fleet-exporter.socket";

/// A fleet of one that was installed and never started.
struct Installed {
    fleet: RosterFleet,
}

impl Installed {
    fn or_skip() -> Option<Self> {
        Self::of(Fleet::builder())
    }

    fn of(builder: FleetBuilder) -> Option<Self> {
        Some(Self { fleet: RosterFleet::installed_or_skip(builder, &["coder0"], "15")? })
    }

    fn manager(&self) -> &UserManager {
        self.fleet.units().manager()
    }

    /// Somebody who has connected and will ask.
    fn connect(&self) -> UnixStream {
        let connection = UnixStream::connect(self.manager().exporter_socket()).expect("systemd listens");
        connection.set_read_timeout(Some(Deadline::default().remaining())).unwrap();
        connection
    }

    /// A scrape, which is answered however long that takes.
    fn scrape(&self) -> String {
        let answer = ask(self.connect());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    /// The exporter's process, once it is up.
    fn process(&self) -> ProcessWatch {
        self.manager().wait_active(SERVICE, "active");
        let pid = self.manager().show(SERVICE, "MainPID").parse().unwrap();
        ProcessWatch::new(pid).expect("the unit has a main process")
    }
}

/// A scrape by somebody who has patience.
const ASKING: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
    X-Prometheus-Scrape-Timeout-Seconds: 30\r\n\r\n";

fn ask(mut connection: UnixStream) -> HttpAnswer {
    connection.write_all(ASKING).unwrap();
    answer(connection)
}

fn answer(mut connection: UnixStream) -> HttpAnswer {
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    HttpAnswer::parse(&answer)
}

#[test]
fn it_is_there_from_the_installation_on_and_the_first_scrape_starts_it() {
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
fn a_fleet_that_is_stopped_is_reported_so() {
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
fn one_that_is_killed_refuses_nobody_and_is_back() {
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
fn one_that_hangs_is_killed_by_the_watchdog_and_the_scrape_that_waits_is_answered() {
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
fn a_reload_changes_nothing_for_who_asks() {
    let Some(installed) = Installed::or_skip() else { return };
    installed.scrape();
    let process = installed.process();
    installed.manager().systemctl_ok(&["reload", SERVICE]);
    installed.scrape();
    assert!(!process.is_dead());
    assert_eq!(installed.manager().is_active(SERVICE), "active");
}

#[test]
fn whoever_has_asked_is_answered_before_it_stops() {
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

/// What systemd can hold a service to is not the same for an ordinary user as for root.
fn may_do_little(builder: FleetBuilder) {
    let Some(installed) = Installed::of(builder) else { return };
    assert!(installed.fleet.mosaic(&["fleet", "start"]).status.success());
    let scrape = installed.scrape();
    // None of it keeps it from looking.
    for collector in ["roster", "tmux", "systemd", "heartbeat", "process"] {
        let series = format!("mosaic_collector_success{{collector=\"{collector}\"}} 1\n");
        assert!(scrape.contains(&series), "{series} {scrape}");
    }
    assert!(scrape.contains("mosaic_agent_process_alive{agent=\"coder0\"} 1\n"), "{scrape}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", installed.process().pid())).unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.lines().any(|there| there == line), "{line} {status}");
    }
}

#[test]
fn it_may_do_little() {
    may_do_little(Fleet::builder());
}

#[test]
fn an_ordinary_users_may_do_little() {
    if harness::is_root_or_skip("another user") {
        may_do_little(Fleet::builder().owner(65534, 65534));
    }
}

#[test]
fn what_cannot_listen_is_told_and_keeps_nothing_else_from_being_installed() {
    let Some(installed) = Installed::or_skip() else { return };
    let manager = installed.manager();
    manager.systemctl_ok(&["stop", SOCKET]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    manager.drop_in(SOCKET, "zz-test", &format!("[Socket]\nListenStream=\nListenStream={address}\n"));
    let output = installed.fleet.mosaic(&["fleet", "install"]);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout} {stderr}");
    assert!(stderr.contains(SOCKET) && stderr.contains("systemctl --user edit"), "{stderr}");
    // It is gone on with as soon as the address is free.
    drop(taken);
    let output = installed.fleet.mosaic(&["fleet", "install"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(manager.is_active(SOCKET), "active");
    assert_eq!(HttpAnswer::get(address, "/metrics", &[]).status, 200);
}

#[test]
fn an_update_is_what_answers_the_next_scrape() {
    let Some(installed) = Installed::or_skip() else { return };
    installed.scrape();
    let before = installed.process();
    let program = installed.fleet.units().fleet().root().join("unpacked");
    let programs = Binaries::PRODUCT.map(Binaries::product);
    std::fs::create_dir(&program).unwrap();
    for path in programs {
        let name = path.file_name().unwrap();
        std::fs::copy(&path, program.join(name)).unwrap();
    }
    let exporter = program.join("mosaic-fleet-exporter");
    std::fs::OpenOptions::new().append(true).open(&exporter).unwrap().write_all(b"\n").unwrap();
    let mut install = installed.manager().command(program.join("mosaic"));
    let output = install.args(["fleet", "install"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    before.wait();
    assert!(installed.scrape().contains("mosaic_build_info"));
    assert_ne!(installed.process().pid(), before.pid());
}

#[test]
fn an_uninstall_leaves_nothing_of_it() {
    let Some(installed) = Installed::or_skip() else { return };
    installed.scrape();
    let process = installed.process();
    let output = installed.fleet.mosaic(&["fleet", "uninstall", "--yes"]);
    assert!(output.status.success(), "{output:?}");
    process.wait();
    let manager = installed.manager();
    assert_eq!((manager.show(SOCKET, "LoadState"), manager.show(SERVICE, "LoadState")), both("not-found"));
    assert_eq!((manager.show(SOCKET, "ActiveState"), manager.show(SERVICE, "ActiveState")), both("inactive"));
    assert!(!manager.exporter_socket().exists());
    let units = manager.unit_directory();
    let left: Vec<_> = walk(&units).into_iter().filter(|path| path.contains("exporter")).collect();
    assert_eq!(left, [""; 0]);
}

fn both(word: &str) -> (String, String) {
    (word.to_owned(), word.to_owned())
}

fn walk(directory: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let below = |path: std::path::PathBuf| {
        let mut all = vec![path.display().to_string()];
        if path.is_dir() && !path.is_symlink() {
            all.extend(walk(&path));
        }
        all
    };
    entries.flat_map(|entry| below(entry.path())).collect()
}
