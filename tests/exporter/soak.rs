//! Ten thousand scrapes by concurrent clients: memory does not grow, and no file, thread or child is leaked.

use crate::samples::Samples;
use mosaic_harness::{Deadline, ExporterProcess, RosterFleet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

const CLIENTS: usize = 4;
const REQUESTS: usize = 10_000;

/// The requests: mostly those of Prometheus, and the other paths in between.
const REQUEST_LINES: [&str; 8] = [
    "GET /metrics HTTP/1.1\r\n",
    "GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\n",
    "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text;version=1.0.0\r\n",
    "GET /metrics?collect[]=tmux&collect[]=process HTTP/1.1\r\n",
    "GET /api/v1/fleet HTTP/1.1\r\nAccept-Encoding: gzip\r\n",
    "GET / HTTP/1.1\r\n",
    "HEAD /metrics HTTP/1.1\r\n",
    "GET /favicon.svg HTTP/1.1\r\n",
];

/// Sends a number of requests over one connection, and sometimes opens and closes an event stream beside it.
fn request(address: SocketAddr, times: usize) {
    let mut connection = BufReader::new(TcpStream::connect(address).unwrap());
    for (line, nth) in REQUEST_LINES.iter().cycle().zip(0..times) {
        connection.get_mut().write_all(format!("{line}Host: localhost\r\n\r\n").as_bytes()).unwrap();
        read_answer(&mut connection, line.starts_with("HEAD"));
        if nth % 50 == 0 {
            let mut page = TcpStream::connect(address).unwrap();
            page.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            let mut beginning = [0; 15];
            page.read_exact(&mut beginning).unwrap();
            assert_eq!(&beginning, b"HTTP/1.1 200 OK");
        }
    }
}

/// Reads one answer, which must be complete and successful.
fn read_answer(connection: &mut BufReader<TcpStream>, is_head: bool) {
    let mut line = String::new();
    let mut length = 0;
    connection.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 200 OK\r\n");
    while line != "\r\n" {
        line.clear();
        connection.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    assert!(length > 0);
    if !is_head {
        connection.read_exact(&mut vec![0; length]).unwrap();
    }
}

fn request_concurrently(exporter: &ExporterProcess, times: usize) {
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| request(exporter.address(), times / CLIENTS));
        }
    });
}

/// The resources of an idle exporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Resources {
    files: usize,
    /// The bus connection and the signal pipe.
    unix_sockets: usize,
    threads: usize,
    children: usize,
}

impl Resources {
    fn read(exporter: &ExporterProcess) -> Self {
        let process = format!("/proc/{}", exporter.process().pid());
        let entries =
            |name: &str| fs::read_dir(format!("{process}/{name}")).unwrap().flatten().map(|entry| entry.path());
        let links: Vec<String> =
            entries("fd").filter_map(|fd| Some(fs::read_link(fd).ok()?.to_string_lossy().into_owned())).collect();
        let table = fs::read_to_string(format!("{process}/net/unix")).unwrap();
        let inodes: Vec<_> = table.lines().skip(1).filter_map(|line| line.split_whitespace().nth(6)).collect();
        let is_unix = |link: &&String| {
            link.strip_prefix("socket:[").is_some_and(|rest| inodes.contains(&rest.trim_end_matches(']')))
        };
        let children = entries("task")
            .map(|task| fs::read_to_string(task.join("children")).unwrap_or_default().split_whitespace().count());
        Self {
            files: links.len(),
            unix_sockets: links.iter().filter(is_unix).count(),
            threads: entries("task").count(),
            children: children.sum(),
        }
    }

    /// Whether there is no more of anything than before. There may be less: the runtime ends threads that it no longer needs.
    fn is_within(self, before: Self) -> bool {
        self.files <= before.files
            && self.unix_sockets <= before.unix_sockets
            && self.threads <= before.threads
            && self.children <= before.children
    }

    /// Waits until the resources are back to those before the first request.
    fn wait_until_within(exporter: &ExporterProcess, before: Self) {
        let deadline = Deadline::default();
        loop {
            let now = Self::read(exporter);
            if now.is_within(before) {
                return;
            }
            assert!(!deadline.passed(), "{now:?}, more than {before:?}");
            assert!(!exporter.process().wait_for(std::time::Duration::from_millis(20)));
        }
    }
}

fn resident_kilobytes(exporter: &ExporterProcess) -> f64 {
    Samples(exporter.scrape()).value("process_resident_memory_bytes").unwrap() / 1024.0
}

#[test]
fn ten_thousand_scrapes_leave_nothing_behind() {
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    let exporter = fleet.exporter(&[]);
    // Wait for the bus connection, and until the first observation's children have ended.
    let idle = {
        let deadline = Deadline::default();
        while Resources::read(&exporter).children > 0 || Resources::read(&exporter).unix_sockets == 0 {
            assert!(!deadline.passed());
        }
        Resources::read(&exporter)
    };
    request_concurrently(&exporter, REQUESTS / 2);
    let middle = resident_kilobytes(&exporter);
    request_concurrently(&exporter, REQUESTS / 2);
    let end = resident_kilobytes(&exporter);
    assert!(end < middle * 1.1 + 512.0, "{middle} kB in the middle, {end} kB at the end");
    Resources::wait_until_within(&exporter, idle);
}
