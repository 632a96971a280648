//! The launcher and the sidecar: starts, exits, heartbeats, adoption, stops, and what survives a failure.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod adoption;
mod crowds;
mod end_log;
mod environment;
mod exit_records;
mod exits;
mod heartbeats;
mod identity;
mod invocation;
mod restart_delays;
mod server_killed;
mod sidecar_killed;
mod starts;
mod stops;
mod unit_failures;
