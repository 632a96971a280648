//! More clients than the exporter has room for, and none of them of good will.

use super::attacked::Attacked;
use crate::samples::Samples;
use mosaic_harness::Deadline;
use rustix::net::{AddressFamily, SocketType, connect, socket, sockopt};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};

/// A test has as many files open as the exporter has clients.
fn allow_many_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// One that takes next to nothing before it is read from.
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
    attacked.unharmed(|| {
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

/// Of so many agents nothing is written in no time.
fn many_agents(attacked: &Attacked) {
    let more = |number| format!("  - {{ name: more{number}, class: implementer, command: \"sleep 1\" }}\n");
    attacked.fleet.write_roster(&(attacked.fleet.roster() + &(0..1000).map(more).collect::<String>()));
    let deadline = Deadline::default();
    while Samples(attacked.exporter.scrape()).value("mosaic_roster_agents") != Some(1002.0) {
        assert!(!deadline.passed(), "the roster is not read");
    }
}

/// So many who ask for the same, and read nothing of it; all of them were answered.
fn ask_and_do_not_read(attacked: &Attacked, path: &str, times: usize) -> Vec<TcpStream> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let asked = (0..times).map(|_| {
        let mut connection = small_connection(attacked.exporter.address());
        connection.write_all(request.as_bytes()).unwrap();
        connection
    });
    let asked = asked.collect();
    assert_eq!(attacked.exporter.get(path).status, 200, "{path}");
    asked
}

#[test]
fn hundreds_of_clients_that_do_not_read_do_no_harm() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    allow_many_files();
    many_agents(&attacked);
    attacked.unharmed(|| {
        let pages = ask_and_do_not_read(&attacked, "/", 150);
        // Fewer than are allowed at once: the scrape beside them is one more.
        let scrapes = ask_and_do_not_read(&attacked, "/metrics", 30);
        let fleets = ask_and_do_not_read(&attacked, "/api/v1/fleet", 150);
        drop((pages, scrapes, fleets));
    });
}

/// Work is measured, and not time: how much else goes on on the machine does not matter.
#[test]
fn three_hundred_identical_requests_at_once_cost_no_more_than_fifty() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    allow_many_files();
    many_agents(&attacked);
    let work = || Samples(attacked.exporter.scrape()).value("process_cpu_seconds_total").unwrap();
    let before = work();
    for _ in 0..50 {
        assert_eq!(attacked.exporter.get("/").status, 200);
    }
    let fifty_in_turn = work() - before;
    let crowd = ask_and_do_not_read(&attacked, "/", 300);
    let three_hundred_at_once = work() - before - fifty_in_turn;
    drop(crowd);
    assert!(three_hundred_at_once < 2.0 * fifty_in_turn, "{three_hundred_at_once} s, {fifty_in_turn} s");
}
