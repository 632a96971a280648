//! What an agent is said to be follows from what was seen of it, and from nothing else: each thing
//! that can befall it, its sidecar, its files, tmux, the bus and the manager is made to happen.
//!
//! In every state `ps` and `verify` answer, in the form that is shipped.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod agents;
mod beat;
mod heartbeats;
mod outages;
mod seen;
