//! Connections under load: slots, slow clients, and the shutdown of the server.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use mosaic_web::{Limits, Shutdown};

use crate::support::client::Client;
use crate::support::{self, BIG, ServerSetup, TestServer, eventually};

const SOON: Duration = Duration::from_millis(200);
const NEVER: Duration = Duration::from_hours(1);

fn limits() -> Limits {
    Limits { head: NEVER, idle: NEVER, stall: NEVER, ..Limits::default() }
}

/// A server with few connection slots.
fn with_slots(connections: usize) -> TestServer {
    ServerSetup::limits(Limits { connections, ..limits() }).start()
}

#[test]
fn a_thousand_idle_connections_do_not_block_a_scrape() {
    let server = with_slots(512);
    let mut kept = server.client();
    let mut crowd: Vec<_> = (0..1000).map(|_| server.client()).collect();
    for (index, client) in crowd.iter_mut().enumerate() {
        // Half of the clients are silent, half of them stop in the middle of a request.
        if index % 2 == 0 {
            let _ = client.try_send("GET / HTTP/1.1\r\nX");
        }
    }
    for _ in 0..3 {
        assert_eq!(server.request("GET /metrics").status, 200);
    }
    // The oldest connections are closed, the newest are open.
    assert!(kept.is_closed());
    assert!(crowd[0].is_closed());
    assert_eq!(crowd.last_mut().unwrap().request("GET /last").status, 200);
}

#[test]
fn the_connection_that_has_waited_longest_is_evicted() {
    let server = with_slots(3);
    let mut clients = [server.client(), server.client(), server.client()];
    for client in &mut clients {
        assert_eq!(client.request("GET /").status, 200);
    }
    assert_eq!(clients[0].request("GET /again").status, 200);
    let mut fourth = server.client();
    assert_eq!(fourth.request("GET /").status, 200);
    assert!(clients[1].is_closed());
    assert_eq!(clients[0].request("GET /").status, 200);
    assert_eq!(clients[2].request("GET /").status, 200);
}

#[test]
fn a_request_in_progress_is_never_evicted() {
    let server = with_slots(2);
    let mut held = [server.client(), server.client()];
    for client in &mut held {
        client.send("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    assert!(eventually(|| server.routes.requests() == 2));
    let mut third = server.client();
    third.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let response = third.response();
    assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
    assert!(third.is_closed());
    server.routes.release();
    server.routes.release();
    for client in &mut held {
        assert_eq!(client.response().body, "held");
    }
    assert_eq!(server.request("GET /metrics").status, 200);
}

#[test]
fn a_stalled_client_is_evicted_in_the_end() {
    let server = with_slots(1);
    let mut slow = server.client();
    slow.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(eventually(|| server.routes.requests() == 1));
    // Until the eviction, other clients receive the answer that all connections are busy.
    assert!(eventually(|| {
        let mut client = server.client();
        client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.try_response().is_ok_and(|response| response.status == 200)
    }));
}

#[test]
fn closed_connections_free_their_slots() {
    let server = with_slots(4);
    for round in 1..=8 {
        let mut leaving = server.client();
        leaving.send("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(eventually(|| server.routes.requests() >= round));
    }
    // All four slots become free once the server notices that the clients are gone.
    assert!(eventually(|| {
        let mut kept: Vec<_> = (0..4).map(|_| server.client()).collect();
        (0..2).all(|_| kept.iter_mut().all(is_answered))
    }));
}

fn is_answered(client: &mut Client) -> bool {
    client.try_send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").is_ok()
        && client.try_response().is_ok_and(|response| response.status == 200)
}

#[test]
fn a_request_that_does_not_arrive_times_out() {
    let server = ServerSetup::limits(Limits { head: SOON, ..limits() }).start();
    let mut slow = server.client();
    slow.send("GET / HTTP/1.1\r\nHost: local");
    assert_eq!(server.request("GET /scrape").status, 200);
    let response = slow.response();
    assert_eq!(response.status, 408);
    assert!(slow.is_closed());
}

#[test]
fn single_bytes_do_not_extend_the_deadline_of_a_request() {
    let server = ServerSetup::limits(Limits { head: SOON, ..limits() }).start();
    let mut slow = server.client();
    slow.send("GET / HTTP/1.1\r\nX: ");
    slow.stream.get_ref().set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut first = [0];
    let reply = loop {
        match slow.stream.read(&mut first) {
            Ok(count) => break count,
            // Nothing is received yet, so one more byte is sent.
            Err(_) => drop(slow.try_send("x")),
        }
    };
    assert_eq!((reply, first[0]), (1, b'H'));
}

#[test]
fn every_request_of_a_connection_has_the_same_deadline() {
    let server = ServerSetup::limits(Limits { head: SOON, ..limits() }).start();
    let mut slow = server.client();
    assert_eq!(slow.request("GET /first").status, 200);
    slow.send("GET / HTTP/1.1\r\n");
    assert_eq!(slow.response().status, 408);
}

#[test]
fn a_silent_connection_is_closed_without_a_response() {
    let server = ServerSetup::limits(Limits { head: SOON, ..limits() }).start();
    assert!(server.client().is_closed());
}

#[test]
fn a_connection_between_requests_is_kept_longer_than_a_request_may_take() {
    let server = ServerSetup::limits(Limits { head: SOON, ..limits() }).start();
    let mut kept = server.client();
    assert_eq!(kept.request("GET /first").status, 200);
    // The deadline of another connection, which starts later, passes.
    assert!(server.client().is_closed());
    assert!(server.client().is_closed());
    assert_eq!(kept.request("GET /second").status, 200);
}

#[test]
fn an_idle_connection_is_closed() {
    let server = ServerSetup::limits(Limits { idle: SOON, ..limits() }).start();
    let mut idle = server.client();
    assert_eq!(idle.request("GET /first").status, 200);
    assert!(idle.is_closed());
}

#[test]
fn a_response_that_is_not_read_is_aborted() {
    let server = ServerSetup::limits(Limits { stall: SOON, ..limits() }).start();
    let mut slow = server.client();
    slow.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(server.request("GET /scrape").status, 200);
    // The server closes the connection before the client reads what is buffered.
    let is_closed =
        eventually(|| !support::has_connection(server.address, slow.stream.get_ref().local_addr().unwrap()));
    assert!(is_closed);
    let (read, _) = slow.read_to_end();
    assert!(read.len() < BIG, "{}", read.len());
}

#[test]
fn a_slow_reader_receives_the_whole_response() {
    let server = ServerSetup::limits(Limits { stall: Duration::from_secs(2), ..limits() }).start();
    let mut slow = server.client();
    slow.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(slow.response().body.len(), BIG);
    assert_eq!(slow.request("GET /next").status, 200);
}

#[test]
fn handlers_and_streams_have_no_deadline() {
    let server: TestServer = ServerSetup::limits(Limits { head: SOON, idle: SOON, stall: SOON, ..limits() }).start();
    let mut waiting = server.client();
    waiting.send("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut events = server.client();
    events.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // The deadlines of other connections pass.
    for _ in 0..3 {
        assert!(server.client().is_closed());
    }
    server.routes.release();
    assert_eq!(waiting.response().body, "held");
    while events.line() != "data: first\n" {}
    events.stream.get_ref().set_read_timeout(Some(SOON)).unwrap();
    assert!(!events.is_closed());
}

#[test]
fn the_kernel_buffers_little_of_a_response_that_is_not_read() {
    let server = ServerSetup::limits(limits()).start();
    let mut reads_nothing = server.client();
    reads_nothing.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let buffered = || support::send_queue_bytes(server.address, reads_nothing.stream.get_ref().local_addr().unwrap());
    assert!(eventually(|| buffered() > 0), "the request is not answered");
    // After another response, everything that fits is written.
    assert_eq!(server.request("GET /scrape").status, 200);
    assert!(buffered() < 512 * 1024, "{} bytes", buffered());
}

#[test]
fn a_server_without_requests_stops_at_once() {
    let mut server = ServerSetup::limits(Limits { drain: Duration::from_hours(1), ..Limits::default() }).start();
    let mut idle = server.client();
    assert_eq!(idle.request("GET /").status, 200);
    let mut half = server.client();
    half.send("GET / HTTP/1.1\r\n");
    let mut silent = server.client();
    server.request_shutdown(Shutdown::Drain);
    assert!(server.stops());
    assert!(idle.is_closed() && half.is_closed() && silent.is_closed());
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn a_request_in_progress_is_finished_before_the_stop() {
    let mut server = TestServer::start_default();
    let mut held = server.client();
    held.send("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(eventually(|| server.routes.requests() == 1));
    server.request_shutdown(Shutdown::Drain);
    // The listening sockets are closed while the request is in progress.
    assert!(eventually(|| TcpStream::connect(server.address).is_err()));
    server.routes.release();
    let response = held.response();
    assert_eq!((response.status, response.body.as_str()), (200, "held"));
    assert_eq!(response.header("connection"), Some("close"));
    assert!(held.is_closed());
    drop(held);
    assert!(server.stops());
}

#[test]
fn a_large_response_is_finished_before_the_stop() {
    let mut server = TestServer::start_default();
    let mut slow = server.client();
    slow.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(eventually(|| server.routes.requests() == 1));
    server.request_shutdown(Shutdown::Drain);
    assert!(eventually(|| TcpStream::connect(server.address).is_err()));
    assert_eq!(slow.response().body.len(), BIG);
    assert!(slow.is_closed());
    drop(slow);
    assert!(server.stops());
}

#[test]
fn a_large_response_that_closes_its_connection_is_finished_before_the_stop() {
    let mut server = TestServer::start_default();
    let mut slow = server.client();
    slow.send("GET /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let buffered = || support::send_queue_bytes(server.address, slow.stream.get_ref().local_addr().unwrap());
    assert!(eventually(|| buffered() > 0), "the request is not answered");
    server.request_shutdown(Shutdown::Drain);
    assert!(eventually(|| TcpStream::connect(server.address).is_err()));
    assert_eq!(slow.response().body.len(), BIG);
    assert!(slow.is_closed());
    drop(slow);
    assert!(server.stops());
}

#[test]
fn a_stream_of_events_ends_with_the_server() {
    let mut server = ServerSetup::limits(Limits { drain: Duration::from_hours(1), ..Limits::default() }).start();
    let mut events = server.client();
    events.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while events.line() != "data: first\n" {}
    server.request_shutdown(Shutdown::Drain);
    let (rest, outcome) = events.read_to_end();
    assert!(outcome.is_ok());
    // The stream is complete, with its last chunk.
    assert!(rest.ends_with(b"0\r\n\r\n"), "{rest:?}");
    drop(events);
    assert!(server.stops());
}

#[test]
fn a_request_delays_the_stop_no_longer_than_allowed() {
    let mut server = ServerSetup::limits(Limits { drain: Duration::from_millis(100), ..Limits::default() }).start();
    let mut held = server.client();
    held.send("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(eventually(|| server.routes.requests() == 1));
    server.request_shutdown(Shutdown::Drain);
    assert!(server.stops());
    assert!(held.is_closed());
}

#[test]
fn a_second_request_to_stop_stops_at_once() {
    let mut server = ServerSetup::limits(Limits { drain: Duration::from_hours(1), ..Limits::default() }).start();
    let mut held = server.client();
    held.send("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(eventually(|| server.routes.requests() == 1));
    server.request_shutdown(Shutdown::Drain);
    assert!(eventually(|| TcpStream::connect(server.address).is_err()));
    server.request_shutdown(Shutdown::Abort);
    assert!(server.stops());
    assert!(held.is_closed());
}
