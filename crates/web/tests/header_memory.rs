//! A flood of header bytes is refused without being kept in memory.
//!
//! The test measures the memory of the whole process, so it is alone in its binary.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

#[path = "web/support/mod.rs"]
mod support;

use support::TestServer;

#[test]
fn ten_megabytes_of_header_are_refused_and_not_kept() {
    let server = TestServer::start_default();
    let before = resident();
    let mut clients: Vec<_> = (0..8).map(|_| server.client()).collect();
    let flood = vec![b'x'; 1024 * 1024];
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: ");
        for _ in 0..10 {
            client.try_send(&flood).unwrap();
        }
        let response = client.response();
        assert_eq!(response.status, 431);
        assert!(response.body.contains("16384 bytes"), "{}", response.body);
        assert!(client.is_closed());
    }
    // The clients send 80 MB, and the buffer that they send from takes 1 MB.
    assert!(resident() < before + 8 * 1024, "{before} kB before, {} kB after", resident());
    assert_eq!(server.routes.requests(), 0);
}

/// The resident memory of this process, which contains the server, in kB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
