//! Event streams of open pages: their number is limited, and closed ones release their resources.

use super::attacked::Attacked;
use crate::samples::Samples;
use mosaic_harness::{Deadline, ExporterProcess, Fleet, HttpResponse, RosterFleet};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

/// The limit of open event streams.
const PAGES: usize = 32;

fn open(exporter: &ExporterProcess) -> TcpStream {
    let mut connection = TcpStream::connect(exporter.address()).unwrap();
    connection.set_read_timeout(Some(Deadline::default().remaining())).unwrap();
    connection.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    connection
}

/// Reads the head and returns the status.
fn status(connection: &mut TcpStream) -> u16 {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        connection.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    HttpResponse::parse(&head).status
}

fn open_files(exporter: &ExporterProcess) -> f64 {
    Samples(exporter.scrape()).value("process_open_fds").unwrap()
}

fn wait_for_files(exporter: &ExporterProcess, expected: f64) {
    let deadline = Deadline::default();
    while open_files(exporter) > expected {
        assert!(!deadline.passed(), "{} files are open instead of {expected}", open_files(exporter));
        std::thread::yield_now();
    }
}

#[test]
fn event_streams_above_the_limit_are_refused_and_closed_ones_make_room() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    let exporter = &attacked.exporter;
    let before = open_files(exporter);
    // Reads the heads of the answers and nothing after them.
    let open_many = || {
        let mut pages: Vec<_> = (0..40).map(|_| open(exporter)).collect();
        let mut statuses: Vec<u16> = pages.iter_mut().map(status).collect();
        statuses.sort_unstable();
        statuses
    };
    let expected = [vec![200; PAGES], vec![503; 40 - PAGES]].concat();
    attacked.attack(|| {
        assert_eq!(open_many(), expected);
        // All slots of closed streams become free.
        let deadline = Deadline::default();
        while open_many() != expected {
            assert!(!deadline.passed(), "closed streams keep their slots");
        }
    });
    wait_for_files(exporter, before);
}

/// The context switch counts of the permanent threads.
fn switches(exporter: &ExporterProcess) -> Vec<String> {
    let task = format!("/proc/{}/task", exporter.process().pid());
    let status = |name: &str| {
        let threads = fs::read_dir(&task).unwrap().flatten();
        let texts = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
        let text = texts.into_iter().find(|text| text.starts_with(&format!("Name:\t{name}\n")));
        let text = text.unwrap_or_else(|| panic!("there is no thread {name}"));
        let switches = text.lines().filter(|line| line.contains("voluntary_ctxt_switches"));
        switches.collect::<Vec<_>>().join(" ")
    };
    ["mosaic-fleet-ex", "observer"].map(status).to_vec()
}

#[test]
fn observation_stops_when_the_last_page_is_closed() {
    // An agent whose heartbeats, one per second, are the clock.
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &["mos", "coder0"], "1") else { return };
    fleet.start(&["mos", "coder0"]);
    let exporter = fleet.exporter(&[]);
    let before = open_files(&exporter);
    let beats = fleet.units().sidecar("coder0");
    let mut page = open(&exporter);
    assert_eq!(status(&mut page), 200);
    let while_open = switches(&exporter);
    let deadline = Deadline::default();
    while switches(&exporter) == while_open {
        assert!(!deadline.passed(), "an open page is not kept up to date");
        beats.wait_wake_ups(1);
    }
    drop(page);
    wait_for_files(&exporter, before);
    // Wait until the last connection is closed.
    beats.wait_wake_ups(2);
    let idle = switches(&exporter);
    beats.wait_wake_ups(4);
    assert_eq!(switches(&exporter), idle);
}
