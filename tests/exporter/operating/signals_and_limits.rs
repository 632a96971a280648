//! Signals, stale sockets, and exhausted file descriptors.

use super::running_exporter::{RunningExporter, exporter};
use crate::samples::Samples;
use mosaic_harness::{Deadline, Fleet, HttpResponse, ProcessWatch, StoppedProcess, required_program};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, prlimit};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

const ANY_PORT: &str = "--web.listen-address=127.0.0.1:0";

fn signal(exporter: &RunningExporter, signal: Signal) {
    ProcessWatch::new(exporter.pid()).unwrap().signal(signal.as_raw());
}

/// A scrape that is pending because the tmux server does not answer.
fn slow_scrape(exporter: &RunningExporter, address: SocketAddr) -> TcpStream {
    let deadline = Deadline::default();
    loop {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        connection.set_nonblocking(true).unwrap();
        // An observation from before tmux hung may be served once more.
        while connection.peek(&mut [0]).is_err() {
            assert!(!deadline.passed(), "tmux is not run");
            if has_child(exporter) {
                connection.set_nonblocking(false).unwrap();
                connection.set_read_timeout(Some(deadline.remaining())).unwrap();
                return connection;
            }
            std::thread::yield_now();
        }
    }
}

/// Whether the exporter runs tmux.
fn has_child(exporter: &RunningExporter) -> bool {
    let threads = fs::read_dir(format!("/proc/{}/task", exporter.pid())).unwrap().flatten();
    let mut children = threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    children.any(|of| !of.is_empty())
}

fn answer(mut connection: TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    answer
}

/// A hung tmux server, and an exporter that observed it before.
fn with_hung_tmux() -> (Fleet, StoppedProcess, RunningExporter, SocketAddr) {
    let fleet = Fleet::new();
    assert!(fleet.tmux_server(&["new-session", "-d", "-s", "x", "exec cat"]).status.success());
    let exporter = RunningExporter::start(exporter(&fleet, &[ANY_PORT]));
    let address = exporter.address();
    let server = fleet.tmux(&["display-message", "-p", "#{pid}"]);
    let server = String::from_utf8_lossy(&server.stdout).trim().parse().unwrap();
    let server = StoppedProcess::new(ProcessWatch::new(server).unwrap());
    (fleet, server, exporter, address)
}

#[test]
fn sigterm_finishes_the_running_scrape() {
    let (_fleet, _server, mut exporter, address) = with_hung_tmux();
    let scrape = slow_scrape(&exporter, address);
    signal(&exporter, Signal::TERM);
    exporter.wait_for("stopping");
    let answer = HttpResponse::parse(&answer(scrape));
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("mosaic_collector_success{collector=\"tmux\"} 0"), "{}", answer.text());
    assert_eq!(exporter.wait_exit().code(), Some(0));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_second_signal_ends_the_exporter_at_once() {
    let (_fleet, _server, mut exporter, address) = with_hung_tmux();
    let scrape = slow_scrape(&exporter, address);
    signal(&exporter, Signal::TERM);
    exporter.wait_for("stopping");
    signal(&exporter, Signal::INT);
    exporter.wait_for("stopping");
    assert_eq!(exporter.wait_exit().code(), Some(0));
    assert_eq!(answer(scrape).len(), 0, "the scrape was answered");
}

#[test]
fn sighup_does_not_end_the_exporter() {
    let fleet = Fleet::new();
    let config = fleet.root().join("web.yml");
    fs::write(&config, "").unwrap();
    let flag = format!("--web.config.file={}", config.display());
    let mut exporter = RunningExporter::start(exporter(&fleet, &[ANY_PORT, &flag]));
    let address = exporter.address();
    fs::write(&config, "basic_auth_users:\n  alice: none\n").unwrap();
    signal(&exporter, Signal::HUP);
    exporter.wait_for("web.yml");
    assert_eq!(HttpResponse::get(address, "/-/healthy", &[]).status, 200);
    signal(&exporter, Signal::TERM);
    assert_eq!(exporter.wait_exit().code(), Some(0));
}

#[test]
fn a_stale_unix_socket_is_replaced() {
    if required_program("curl").is_none() {
        return;
    }
    let fleet = Fleet::new();
    let path = fleet.root().join("exporter.sock");
    let flag = format!("--web.listen-address=unix:{}", path.display());
    let curl = || {
        let words = ["--silent", "--fail", "http://localhost/metrics", "--unix-socket"];
        Command::new("curl").args(words).arg(&path).output().unwrap()
    };
    let mut killed = RunningExporter::start(exporter(&fleet, &[&flag]));
    killed.wait_for("ready");
    signal(&killed, Signal::KILL);
    assert_eq!(killed.wait_exit().signal(), Some(Signal::KILL.as_raw()));
    assert!(path.exists() && !curl().status.success());

    let mut next = RunningExporter::start(exporter(&fleet, &[&flag]));
    next.wait_for("ready");
    assert!(String::from_utf8_lossy(&curl().stdout).contains("mosaic_build_info"));
    let third = exporter(&fleet, &[&flag]).output().unwrap();
    assert_eq!(third.status.code(), Some(75), "{third:?}");
    assert!(curl().status.success(), "the third removed the socket");
    signal(&next, Signal::TERM);
    assert_eq!(next.wait_exit().code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn the_exporter_recovers_from_exhausted_file_descriptors() {
    let fleet = Fleet::new();
    let exporter = RunningExporter::start(exporter(&fleet, &[ANY_PORT]));
    let address = exporter.address();
    let pid = rustix::process::Pid::from_raw(i32::try_from(exporter.pid()).unwrap());
    let usual = getrlimit(Resource::Nofile);
    prlimit(pid, Resource::Nofile, Rlimit { current: Some(20), ..usual }).unwrap();
    let crowd: Vec<_> = (0..40).map(|_| TcpStream::connect(address).unwrap()).collect();
    exporter.wait_for("cannot accept connections");
    // Idle connections are closed, so that a request succeeds eventually.
    let deadline = Deadline::default();
    while !is_healthy(address) {
        assert!(!deadline.passed(), "no request succeeds");
    }
    drop(crowd);
    prlimit(pid, Resource::Nofile, usual).unwrap();
    while !HttpResponse::get(address, "/metrics", &[]).text().contains("mosaic_collector_success{collector=\"tmux\"} 1")
    {
        assert!(!deadline.passed(), "it does not recover");
        std::thread::yield_now();
    }
}

fn is_healthy(address: SocketAddr) -> bool {
    let Ok(mut connection) = TcpStream::connect(address) else { return false };
    let _ = connection.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    answer(connection).starts_with(b"HTTP/1.1 200")
}

#[test]
fn a_log_that_is_not_read_stops_neither_the_answers_nor_the_end() {
    let fleet = Fleet::new();
    let mut command = exporter(&fleet, &[ANY_PORT, "--log.level=debug"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let process = ProcessWatch::new(child.id()).unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    let address: SocketAddr = loop {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it does not log its address");
        if let Some(address) = line.split("address=").nth(1) {
            assert!(line.contains("level=info msg="), "{line}");
            break address.trim().parse().unwrap();
        }
    };
    // From here on, the pipe is not read. Every refused request is a message of the level debug.
    let deadline = Deadline::default();
    let dropped = || {
        let samples = Samples(HttpResponse::get(address, "/metrics?collect[]=roster", &[]).text());
        samples.value("mosaic_exporter_log_messages_dropped_total").unwrap()
    };
    while dropped() < 1.0 {
        assert!(!deadline.passed(), "no message is dropped");
        for _ in 0..100 {
            let mut connection = TcpStream::connect(address).unwrap();
            connection.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
            assert_eq!(HttpResponse::parse(&answer(connection)).status, 405);
        }
    }
    process.signal(Signal::TERM.as_raw());
    assert!(process.wait_for(deadline.remaining()), "it does not end");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("request refused"), "{rest}");
}
