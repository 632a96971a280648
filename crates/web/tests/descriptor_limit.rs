//! A process without free file descriptors keeps running, and accepts connections again when it can.
//!
//! The limit applies to the whole process, so the test is alone in its binary.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

#[path = "web/support/mod.rs"]
mod support;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::TestServer;

#[test]
fn running_out_of_descriptors_neither_stops_the_server_nor_makes_it_spin() {
    let server = TestServer::start_default();
    let mut first = server.client();
    assert_eq!(first.request("GET /").status, 200);
    let mut idle = server.client();
    assert_eq!(idle.request("GET /").status, 200);

    // The last of many descriptors is higher than all others, whatever gaps there are below it.
    let mut fillers: Vec<_> = (0..32).map(|_| File::open("/dev/null").unwrap()).collect();
    let last = fillers.pop().unwrap();
    let old = getrlimit(Resource::Nofile);
    // The client takes the only free descriptor, so the server has none for its end.
    let limit = u64::try_from(last.as_raw_fd()).unwrap() + 1;
    setrlimit(Resource::Nofile, Rlimit { current: Some(limit), maximum: old.maximum }).unwrap();
    drop(last);
    let mut refused = server.client();
    // The connection that has waited longest is closed, and the new one is server.
    assert_eq!(refused.request("GET /").status, 200);
    setrlimit(Resource::Nofile, old).unwrap();
    assert!(first.is_closed());
    drop((idle, refused));

    // No connection can be evicted now, so the server waits between its attempts.
    let mut held = server.client();
    held.send("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(support::eventually(|| server.routes.requests() == 4));
    let mut fillers: Vec<_> = (0..32).map(|_| File::open("/dev/null").unwrap()).collect();
    let last = fillers.pop().unwrap();
    let limit = u64::try_from(last.as_raw_fd()).unwrap() + 1;
    setrlimit(Resource::Nofile, Rlimit { current: Some(limit), maximum: old.maximum }).unwrap();
    drop(last);
    let mut waiting = server.client();
    let before = support::cpu_time();
    std::thread::sleep(Duration::from_millis(500));
    let work = support::cpu_time().saturating_sub(before);
    setrlimit(Resource::Nofile, old).unwrap();
    assert!(work < Duration::from_millis(50), "{work:?}");
    assert_eq!(waiting.request("GET /").status, 200);
    server.routes.release();
    assert_eq!(held.response().body, "held");
}
