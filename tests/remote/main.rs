//! A message reaches agents on another host: by a real ssh and a real sshd, as another user, with a fleet
//! of that user's own.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod connection;
mod delivery;
mod other_host;
mod refusals;
