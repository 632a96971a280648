//! A process that has no file descriptors left goes on, and takes connections again when it can.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use world::Served;

/// Alone in its file: the limit is the whole process'.
#[test]
fn running_out_of_descriptors_neither_ends_nor_spins_the_server() {
    let served = Served::usual();
    let mut first = served.client();
    assert_eq!(first.ask("GET /").status, 200);
    let mut idle = served.client();
    assert_eq!(idle.ask("GET /").status, 200);

    // Above every other, whatever gaps there are below.
    let mut fillers: Vec<_> = (0..32).map(|_| File::open("/dev/null").unwrap()).collect();
    let last = fillers.pop().unwrap();
    let old = getrlimit(Resource::Nofile);
    // One descriptor is left, which the client takes: none remains for the server's end of it.
    let limit = u64::try_from(last.as_raw_fd()).unwrap() + 1;
    setrlimit(Resource::Nofile, Rlimit { current: Some(limit), maximum: old.maximum }).unwrap();
    drop(last);
    let mut refused = served.client();
    // The one that has waited longest is closed for it, and it is served.
    assert_eq!(refused.ask("GET /").status, 200);
    setrlimit(Resource::Nofile, old).unwrap();
    assert!(first.is_closed());
    drop((idle, refused));

    // Now nobody is there who could be closed: it waits, and does not try all the time.
    let mut held = served.client();
    held.say("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(world::until(|| served.routes.asked() == 4));
    let mut fillers: Vec<_> = (0..32).map(|_| File::open("/dev/null").unwrap()).collect();
    let last = fillers.pop().unwrap();
    let limit = u64::try_from(last.as_raw_fd()).unwrap() + 1;
    setrlimit(Resource::Nofile, Rlimit { current: Some(limit), maximum: old.maximum }).unwrap();
    drop(last);
    let mut waiting = served.client();
    let before = cpu();
    std::thread::sleep(Duration::from_millis(500));
    let work = cpu().saturating_sub(before);
    setrlimit(Resource::Nofile, old).unwrap();
    assert!(work < Duration::from_millis(50), "{work:?}");
    assert_eq!(waiting.ask("GET /").status, 200);
    served.routes.release();
    assert_eq!(held.answer().body, "held");
}

/// What this process has worked, as the kernel counts it.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}
