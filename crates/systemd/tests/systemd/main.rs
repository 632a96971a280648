//! The crate against a real user manager of each test's own: D-Bus and `systemctl` return the same.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod enablement;
mod fixture;
mod jobs;
mod leftovers;
mod observation;
mod ordinary_user;
mod outages;
