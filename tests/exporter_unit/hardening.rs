//! It may do what it needs for a look, and little else.

use mosaic_harness::{Fleet, FleetBuilder};

use crate::installed::Installed;

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
    if mosaic_harness::is_root_or_skip("another user") {
        may_do_little(Fleet::builder().owner(65534, 65534));
    }
}
