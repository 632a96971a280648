//! Whoever is slow on purpose costs a connection, and that only for a while; others do not notice.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::io::Read;
use std::time::Duration;

use mosaic_web::Limits;
use world::{Served, Setup};

const SOON: Duration = Duration::from_millis(200);
const NEVER: Duration = Duration::from_hours(1);

fn limits() -> Limits {
    Limits { head: NEVER, idle: NEVER, stall: NEVER, ..Limits::default() }
}

#[test]
fn a_request_that_does_not_arrive_is_timed_out() {
    let served = Setup::limits(Limits { head: SOON, ..limits() }).start();
    let mut slow = served.client();
    slow.say("GET / HTTP/1.1\r\nHost: local");
    assert_eq!(served.ask("GET /scrape").status, 200);
    let answer = slow.answer();
    assert_eq!(answer.status, 408);
    assert!(slow.is_closed());
}

#[test]
fn each_byte_does_not_buy_more_time() {
    let served = Setup::limits(Limits { head: SOON, ..limits() }).start();
    let mut slow = served.client();
    slow.say("GET / HTTP/1.1\r\nX: ");
    slow.stream.get_ref().set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut first = [0];
    let reply = loop {
        match slow.stream.read(&mut first) {
            Ok(count) => break count,
            // Nothing yet: one byte more.
            Err(_) => drop(slow.try_say("x")),
        }
    };
    assert_eq!((reply, first[0]), (1, b'H'));
}

#[test]
fn a_second_request_has_the_same_deadline() {
    let served = Setup::limits(Limits { head: SOON, ..limits() }).start();
    let mut slow = served.client();
    assert_eq!(slow.ask("GET /first").status, 200);
    slow.say("GET / HTTP/1.1\r\n");
    assert_eq!(slow.answer().status, 408);
}

#[test]
fn somebody_who_says_nothing_is_left_without_a_word() {
    let served = Setup::limits(Limits { head: SOON, ..limits() }).start();
    assert!(served.client().is_closed());
}

#[test]
fn a_connection_between_two_requests_is_kept_for_longer() {
    let served = Setup::limits(Limits { head: SOON, ..limits() }).start();
    let mut kept = served.client();
    assert_eq!(kept.ask("GET /first").status, 200);
    // Another one's deadline passes, set later.
    assert!(served.client().is_closed());
    assert!(served.client().is_closed());
    assert_eq!(kept.ask("GET /second").status, 200);
}

#[test]
fn a_connection_that_is_not_used_again_is_closed() {
    let served = Setup::limits(Limits { idle: SOON, ..limits() }).start();
    let mut idle = served.client();
    assert_eq!(idle.ask("GET /first").status, 200);
    assert!(idle.is_closed());
}

#[test]
fn an_answer_that_nobody_takes_is_given_up() {
    let served = Setup::limits(Limits { stall: SOON, ..limits() }).start();
    let mut slow = served.client();
    slow.say("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(served.ask("GET /scrape").status, 200);
    // The server gives up by itself; only then is read what is still in the buffers.
    let gone = world::until(|| !world::has_connection(served.address, slow.stream.get_ref().local_addr().unwrap()));
    assert!(gone);
    let (read, _) = slow.rest();
    assert!(read.len() < world::routes::BIG, "{}", read.len());
}

#[test]
fn a_client_that_takes_its_time_gets_all_of_it() {
    let served = Setup::limits(Limits { stall: Duration::from_secs(2), ..limits() }).start();
    let mut slow = served.client();
    slow.say("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(slow.answer().body.len(), world::routes::BIG);
    assert_eq!(slow.ask("GET /next").status, 200);
}

#[test]
fn a_handler_and_a_stream_take_as_long_as_they_like() {
    let served: Served = Setup::limits(Limits { head: SOON, idle: SOON, stall: SOON, ..limits() }).start();
    let mut waiting = served.client();
    waiting.say("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut events = served.client();
    events.say("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // Others' deadlines come and go.
    for _ in 0..3 {
        assert!(served.client().is_closed());
    }
    served.routes.release();
    assert_eq!(waiting.answer().body, "held");
    while events.line() != "data: first\n" {}
    events.stream.get_ref().set_read_timeout(Some(SOON)).unwrap();
    assert!(!events.is_closed());
}

#[test]
fn an_answer_that_nobody_reads_is_not_kept_by_the_kernel() {
    let served = Setup::limits(limits()).start();
    let mut reads_nothing = served.client();
    reads_nothing.say("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let kept = || world::unconfirmed(served.address, reads_nothing.stream.get_ref().local_addr().unwrap());
    assert!(world::until(|| kept() > 0), "it is not answered");
    // Whatever was to be written of that one at once has been by now.
    assert_eq!(served.ask("GET /scrape").status, 200);
    assert!(kept() < 512 * 1024, "{} bytes", kept());
}
