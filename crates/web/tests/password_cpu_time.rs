//! The verification of passwords reveals no user names by its duration, and is not repeated for a verified password.
//!
//! The test measures the processor time of the whole process, so it is alone in its binary.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

#[path = "web/support/mod.rs"]
mod support;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use support::tls::ConfigDirectory;
use support::{ServerSetup, TestServer};

/// The cost of the hashes: 128 times as much work as the cheapest bcrypt.
const COST: u32 = 11;

/// Measures processor time instead of wall-clock time, because the machine may be busy.
#[test]
fn every_wrong_password_costs_the_same_work_and_a_correct_one_only_once() {
    let hash = bcrypt::hash("secret", COST).unwrap();
    let directory = ConfigDirectory::with(&format!("basic_auth_users:\n  prometheus: {hash}\n"));
    let server = ServerSetup::config(&directory.path()).start();
    let once = work(|| assert!(!bcrypt::verify("wrong", &hash).unwrap()));
    let too_long = format!("unknown:{}", "x".repeat(99));
    for credentials in ["prometheus:wrong", "unknown:wrong", "unknown:secret", "unknown:", &too_long] {
        for _ in 0..2 {
            let work = work(|| assert_eq!(status(&server, credentials), 401));
            assert!(work * 4 > once && work < once * 4, "{credentials}: {work:?} against {once:?}");
        }
    }
    let first = work(|| assert_eq!(status(&server, "prometheus:secret"), 200));
    assert!(first * 4 > once, "{first:?} against {once:?}");
    let second = work(|| assert_eq!(status(&server, "prometheus:secret"), 200));
    assert!(second * 4 < once, "{second:?} against {once:?}");
    // A verified password does not make a wrong one cheaper.
    let wrong = work(|| assert_eq!(status(&server, "prometheus:wrong"), 401));
    assert!(wrong * 4 > once, "{wrong:?} against {once:?}");
}

fn status(server: &TestServer, credentials: &str) -> u16 {
    server.request(&format!("GET /\nAuthorization: Basic {}", STANDARD.encode(credentials))).status
}

fn work(action: impl FnOnce()) -> Duration {
    let before = support::cpu_time();
    action();
    support::cpu_time().saturating_sub(before)
}
