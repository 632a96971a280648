//! The end: nobody new, nobody cut off in the middle, and nobody who can hold it up.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::net::TcpStream;
use std::time::Duration;

use mosaic_web::{Limits, Shutdown};
use world::{Served, Setup};

#[test]
fn a_server_that_nobody_asks_anything_ends_at_once() {
    let mut served = Setup::limits(Limits { drain: Duration::from_hours(1), ..Limits::default() }).start();
    let mut idle = served.client();
    assert_eq!(idle.ask("GET /").status, 200);
    let mut half = served.client();
    half.say("GET / HTTP/1.1\r\n");
    let mut silent = served.client();
    served.tell(Shutdown::Drain);
    assert!(served.is_over());
    assert!(idle.is_closed() && half.is_closed() && silent.is_closed());
    assert!(TcpStream::connect(served.address).is_err());
}

#[test]
fn a_request_that_is_being_answered_is_finished() {
    let mut served = Served::usual();
    let mut held = served.client();
    held.say("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(world::until(|| served.routes.asked() == 1));
    served.tell(Shutdown::Drain);
    // The sockets are closed while it goes on.
    assert!(world::until(|| TcpStream::connect(served.address).is_err()));
    served.routes.release();
    let answer = held.answer();
    assert_eq!((answer.status, answer.body.as_str()), (200, "held"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(held.is_closed());
    drop(held);
    assert!(served.is_over());
}

#[test]
fn a_large_answer_is_finished() {
    let mut served = Served::usual();
    let mut slow = served.client();
    slow.say("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(world::until(|| served.routes.asked() == 1));
    served.tell(Shutdown::Drain);
    assert!(world::until(|| TcpStream::connect(served.address).is_err()));
    assert_eq!(slow.answer().body.len(), world::routes::BIG);
    assert!(slow.is_closed());
    drop(slow);
    assert!(served.is_over());
}

#[test]
fn a_stream_of_events_ends_with_the_server() {
    let mut served = Setup::limits(Limits { drain: Duration::from_hours(1), ..Limits::default() }).start();
    let mut events = served.client();
    events.say("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while events.line() != "data: first\n" {}
    served.tell(Shutdown::Drain);
    let (rest, outcome) = events.rest();
    assert!(outcome.is_ok());
    // Ended as a whole: the last chunk is there.
    assert!(rest.ends_with(b"0\r\n\r\n"), "{rest:?}");
    drop(events);
    assert!(served.is_over());
}

#[test]
fn nobody_holds_it_up_for_longer_than_allowed() {
    let mut served = Setup::limits(Limits { drain: Duration::from_millis(100), ..Limits::default() }).start();
    let mut held = served.client();
    held.say("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(world::until(|| served.routes.asked() == 1));
    served.tell(Shutdown::Drain);
    assert!(served.is_over());
    assert!(held.is_closed());
}

#[test]
fn a_second_word_ends_it_at_once() {
    let mut served = Setup::limits(Limits { drain: Duration::from_hours(1), ..Limits::default() }).start();
    let mut held = served.client();
    held.say("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(world::until(|| served.routes.asked() == 1));
    served.tell(Shutdown::Drain);
    assert!(world::until(|| TcpStream::connect(served.address).is_err()));
    served.tell(Shutdown::Abort);
    assert!(served.is_over());
    assert!(held.is_closed());
}
