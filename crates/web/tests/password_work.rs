//! Nobody learns from the time that a refusal takes whether there is such a user, and a password that was right is not
//! worked out again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use world::config::ConfigDirectory;
use world::{Served, Setup};

const COST: u32 = 11;

/// Alone in its file: what is counted is the work of the whole process. Time of the processor, not of the clock, for
/// others have the machine as well; and the cheapest bcrypt is 128 times cheaper than this one.
#[test]
fn every_wrong_guess_costs_the_same_work_and_a_right_one_only_once() {
    let hash = bcrypt::hash("secret", COST).unwrap();
    let directory = ConfigDirectory::with(&format!("basic_auth_users:\n  prometheus: {hash}\n"));
    let served = Setup::config(&directory.path()).start();
    let once = work(|| assert!(!bcrypt::verify("wrong", &hash).unwrap()));
    let too_long = format!("nobody:{}", "x".repeat(99));
    for credentials in ["prometheus:wrong", "nobody:wrong", "nobody:secret", "nobody:", &too_long] {
        for _ in 0..2 {
            let work = work(|| assert_eq!(status(&served, credentials), 401));
            assert!(work * 4 > once && work < once * 4, "{credentials}: {work:?} against {once:?}");
        }
    }
    let first = work(|| assert_eq!(status(&served, "prometheus:secret"), 200));
    assert!(first * 4 > once, "{first:?} against {once:?}");
    let second = work(|| assert_eq!(status(&served, "prometheus:secret"), 200));
    assert!(second * 4 < once, "{second:?} against {once:?}");
    // Not even once it has been let in by another.
    let wrong = work(|| assert_eq!(status(&served, "prometheus:wrong"), 401));
    assert!(wrong * 4 > once, "{wrong:?} against {once:?}");
}

fn status(served: &Served, credentials: &str) -> u16 {
    served.ask(&format!("GET /\nAuthorization: Basic {}", STANDARD.encode(credentials))).status
}

fn work(of: impl FnOnce()) -> Duration {
    let before = cpu();
    of();
    cpu().saturating_sub(before)
}

/// What this process has worked, as the kernel counts it.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}
