//! Invalid requests: they are refused and change nothing.

use super::attacked::Attacked;
use mosaic_harness::{Deadline, ExporterProcess, RosterFleet};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The status of the answer to these bytes.
fn status(exporter: &ExporterProcess, request: &[u8]) -> u16 {
    let mut connection = TcpStream::connect(exporter.address()).unwrap();
    connection.set_read_timeout(Some(Deadline::default().remaining())).unwrap();
    // The server may close the connection of an early refusal while the test still writes.
    let _ = connection.write_all(request);
    let mut head = [0; 12];
    connection.read_exact(&mut head).unwrap();
    let head = String::from_utf8_lossy(&head).into_owned();
    head.strip_prefix("HTTP/1.1 ").and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{head}"))
}

/// Everything that a request could change: the agents' processes and units, and the files in the fleet's home.
fn state(fleet: &RosterFleet) -> (Vec<[Value; 4]>, BTreeMap<PathBuf, SystemTime>) {
    let snapshot = fleet.snapshot();
    let agents = snapshot["agents"].as_array().unwrap().iter();
    let agents = agents.map(|agent| {
        [&agent["name"], &agent["session"]["panePid"], &agent["unit"]["active"], &agent["unit"]["since"]]
            .map(Clone::clone)
    });
    let agents = agents.collect();
    let mut files = BTreeMap::new();
    record_files(fleet.units().fleet().mosaic_home(), &mut files);
    (agents, files)
}

/// Records files without following links: the heartbeats, which are behind one, change by themselves.
fn record_files(directory: &Path, files: &mut BTreeMap<PathBuf, SystemTime>) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        files.insert(entry.path(), entry.metadata().unwrap().modified().unwrap());
        if entry.file_type().unwrap().is_dir() {
            record_files(&entry.path(), files);
        }
    }
}

#[test]
fn methods_other_than_get_and_head_change_nothing() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    let before = state(&attacked.fleet);
    attacked.attack(|| {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get", "SHUTDOWN"] {
            for path in ["/", "/metrics", "/events", "/api/v1/fleet", "/api/v1/fleet/coder0", "/-/quit", "/-/reload"] {
                let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
                assert_eq!(status(&attacked.exporter, request.as_bytes()), 405, "{method} {path}");
            }
        }
    });
    assert!(!attacked.exporter.process().is_dead());
    assert_eq!(state(&attacked.fleet), before);
}

#[test]
fn malformed_requests_get_the_right_status() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    let table: &[(&[u8], u16)] = &[
        (b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n", 405),
        (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 413),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"\0\0\0\0\0\0\0\0\r\n\r\n", 400),
        (b"GET /metr\0ics HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"\xff\xfe\xfd\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /assets/%2e%2e%2fpage.css HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET //metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET http://localhost/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
        (b"GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 421),
        (b"GET http://localhost/metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET /events HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET /metrics HTTP/1.1\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /metrics?collect[]=%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /metrics?collect[]=%ff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /metrics?%%%&=&&collect HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    ];
    attacked.attack(|| {
        for (request, expected) in table {
            let request_text = String::from_utf8_lossy(request);
            assert_eq!(status(&attacked.exporter, request), *expected, "{request_text:?}");
        }
    });
}

#[test]
fn a_ten_megabyte_header_is_refused() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    let great =
        [&b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: "[..], &vec![b'x'; 10_000_000], b"\r\n\r\n"].concat();
    attacked.attack(|| {
        for _ in 0..8 {
            assert_eq!(status(&attacked.exporter, &great), 431);
        }
    });
}

/// The duration of a source in nanoseconds, which identifies the observation of a scrape.
fn observation(scrape: &str) -> Option<String> {
    let is_duration = |line: &&str| line.starts_with("mosaic_collector_duration_seconds{collector=\"tmux\"");
    scrape.lines().find(is_duration).map(str::to_owned)
}

#[test]
fn a_scrape_with_an_absurd_timeout_is_answered_at_once() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    for seconds in ["1e19", "1.8e19", "9e18", "1e300", "inf", "NaN", "-1e19", "0", ""] {
        // Until such a request has started an observation.
        let (mut observations, deadline) = (BTreeSet::new(), Deadline::default());
        while observations.len() < 2 {
            assert!(!deadline.passed(), "no new observation: {seconds}");
            let answer = attacked.exporter.get_with("/metrics", &[("X-Prometheus-Scrape-Timeout-Seconds", seconds)]);
            assert_eq!(answer.status, 200, "{seconds}");
            observations.extend(observation(&answer.text()));
        }
    }
}

#[test]
fn a_scrape_without_time_does_not_degrade_others() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    attacked.attack(|| {
        // Most observations are started by requests without time.
        let (mut observations, deadline) = (BTreeSet::new(), Deadline::default());
        while observations.len() < 4 {
            assert!(!deadline.passed(), "there are no new observations: {observations:?}");
            for _ in 0..20 {
                let hurried = [("X-Prometheus-Scrape-Timeout-Seconds", "0.0001")];
                assert_eq!(attacked.exporter.get_with("/metrics", &hurried).status, 200);
            }
            observations.extend(observation(&attacked.exporter.scrape()));
        }
    });
}
