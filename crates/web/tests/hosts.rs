//! A web page that lets its name lead here (DNS rebinding) gets nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use world::{Served, Setup};

fn status(served: &Served, request: &str) -> u16 {
    let mut client = served.client();
    client.say(request);
    client.answer().status
}

#[test]
fn only_known_names_are_answered() {
    let served = Setup { hosts: vec!["fleet.example".to_owned()], ..Setup::default() }.start();
    let machine = rustix::system::uname().nodename().to_str().unwrap().to_owned();
    for (host, expected) in [
        ("localhost", 200),
        ("localhost:27871", 200),
        ("LocalHost:1", 200),
        ("127.0.0.1:27871", 200),
        ("[::1]:27871", 200),
        ("192.0.2.7", 200),
        ("fleet.example:80", 200),
        (machine.as_str(), 200),
        ("evil.example", 421),
        ("evil.example:27871", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 400),
        ("a b", 400),
        ("user@localhost", 400),
        ("user@localhost:80", 400),
        ("localhost:http", 400),
        ("localhost:99999", 400),
        ("localhost/x", 400),
        ("evil.example, localhost", 400),
    ] {
        assert_eq!(status(&served, &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")), expected, "{host}");
    }
}

#[test]
fn the_refusal_says_what_to_do() {
    let served = Served::usual();
    let mut client = served.client();
    client.say("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.status, 421);
    assert!(answer.body.contains("--web.allowed-host=evil.example"), "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(served.routes.asked(), 0);
}

#[test]
fn exactly_one_host_is_needed() {
    let served = Served::usual();
    assert_eq!(status(&served, "GET / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(status(&served, "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"), 400);
    assert_eq!(status(&served, "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"), 400);
    // No browser speaks HTTP/1.0.
    assert_eq!(status(&served, "GET / HTTP/1.0\r\n\r\n"), 200);
    assert_eq!(status(&served, "GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n"), 421);
    assert_eq!(status(&served, "GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
}
