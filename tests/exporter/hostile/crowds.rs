//! More clients than the exporter serves at once: silent, unfinished, and not reading.

use super::attacked::Attacked;
use crate::samples::Samples;
use mosaic_harness::Deadline;
use rustix::net::{AddressFamily, SocketType, connect, socket, sockopt};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};

/// The test has one open file per client.
fn allow_many_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// A connection with a small receive buffer.
fn small_connection(address: SocketAddr) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    sockopt::set_socket_recv_buffer_size(&socket, 2048).unwrap();
    connect(&socket, &address).unwrap();
    TcpStream::from(socket)
}

#[test]
fn a_thousand_silent_and_a_thousand_unfinished_requests_do_no_harm() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    allow_many_files();
    let address = attacked.exporter.address();
    attacked.attack(|| {
        let silent: Vec<_> = (0..1000).map(|_| TcpStream::connect(address).unwrap()).collect();
        let stopped: Vec<_> = (0..1000)
            .map(|_| {
                let mut connection = TcpStream::connect(address).unwrap();
                let _ = connection.write_all(b"GET /metrics HTTP/1.1\r\nHost: localh");
                connection
            })
            .collect();
        drop((silent, stopped));
    });
}

/// Makes the answers large: a thousand further agents.
fn add_many_agents(attacked: &Attacked) {
    let more = |number| format!("  - {{ name: more{number}, class: implementer, command: \"sleep 1\" }}\n");
    attacked.fleet.write_roster(&(attacked.fleet.roster() + &(0..1000).map(more).collect::<String>()));
    let deadline = Deadline::default();
    while Samples(attacked.exporter.scrape()).value("mosaic_roster_agents") != Some(1002.0) {
        assert!(!deadline.passed(), "the roster is not loaded");
    }
}

/// Sends a number of requests for a path without reading the answers. An ordinary request is answered after them.
fn request_without_reading(attacked: &Attacked, path: &str, times: usize) -> Vec<TcpStream> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let connections = (0..times).map(|_| {
        let mut connection = small_connection(attacked.exporter.address());
        connection.write_all(request.as_bytes()).unwrap();
        connection
    });
    let connections = connections.collect();
    assert_eq!(attacked.exporter.get(path).status, 200, "{path}");
    connections
}

#[test]
fn hundreds_of_clients_that_do_not_read_do_no_harm() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    allow_many_files();
    add_many_agents(&attacked);
    attacked.attack(|| {
        let pages = request_without_reading(&attacked, "/", 150);
        // Below the limit of concurrent scrapes, so that the ordinary one fits.
        let scrapes = request_without_reading(&attacked, "/metrics", 30);
        let fleets = request_without_reading(&attacked, "/api/v1/fleet", 150);
        drop((pages, scrapes, fleets));
    });
}

/// Measures CPU time and not elapsed time, so that other load on the machine does not matter.
#[test]
fn three_hundred_identical_requests_at_once_cost_no_more_than_fifty() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    allow_many_files();
    add_many_agents(&attacked);
    let work = || Samples(attacked.exporter.scrape()).value("process_cpu_seconds_total").unwrap();
    let before = work();
    for _ in 0..50 {
        assert_eq!(attacked.exporter.get("/").status, 200);
    }
    let fifty_in_turn = work() - before;
    let crowd = request_without_reading(&attacked, "/", 300);
    let three_hundred_at_once = work() - before - fifty_in_turn;
    drop(crowd);
    assert!(three_hundred_at_once < 2.0 * fifty_in_turn, "{three_hundred_at_once} s, {fifty_in_turn} s");
}
