//! A message that waits is delivered as soon as the agent is ready for it, once, also after a boot.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod deliverer;
mod sidecar;
mod stage;
mod units;
