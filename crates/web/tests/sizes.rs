//! A request's head is read up to a limit, and no further.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use world::Served;

const LIMIT: usize = 16 * 1024;

#[test]
fn a_head_up_to_the_limit_is_read() {
    let served = Served::usual();
    let start = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
    for (length, status) in [(LIMIT, 200), (LIMIT + 1, 431)] {
        let mut client = served.client();
        client.say(format!("{start}{}\r\n\r\n", "x".repeat(length - start.len() - 4)));
        assert_eq!(client.answer().status, status, "{length}");
    }
}

#[test]
fn ten_megabytes_of_header_are_refused_and_not_kept() {
    let served = Served::usual();
    let before = resident();
    let mut clients: Vec<_> = (0..8).map(|_| served.client()).collect();
    let flood = vec![b'x'; 1024 * 1024];
    for client in &mut clients {
        client.say("GET / HTTP/1.1\r\nHost: localhost\r\nX: ");
        for _ in 0..10 {
            client.try_say(&flood).unwrap();
        }
        let answer = client.answer();
        assert_eq!(answer.status, 431);
        assert!(answer.body.contains("16384 bytes"), "{}", answer.body);
        assert!(client.is_closed());
    }
    // Eighty megabytes were sent, of which the flood itself is one.
    assert!(resident() < before + 8 * 1024, "{before} kB before, {} kB after", resident());
    assert_eq!(served.routes.asked(), 0);
}

#[test]
fn more_than_a_hundred_header_fields_are_too_many() {
    let served = Served::usual();
    let mut client = served.client();
    client.say(format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(200)));
    assert_eq!(client.answer().status, 431);
}

#[test]
fn a_target_beyond_the_limit_is_too_long() {
    let served = Served::usual();
    assert_eq!(served.ask(&format!("GET /{}", "x".repeat(8191))).status, 200);
    assert_eq!(served.ask(&format!("GET /{}", "x".repeat(8192))).status, 414);
    let mut client = served.client();
    client.say(format!("GET /{}", "x".repeat(100_000)));
    let answer = client.answer();
    assert_eq!(answer.status, 414);
    assert!(answer.body.contains("8192 bytes"), "{}", answer.body);
}

/// This process' memory, in kB: the server is in it.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
