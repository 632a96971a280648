//! Messages to agents: `mosaic agent send`, the outbox, queued delivery, and delivery to other hosts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod answers;
mod busy_programs;
mod corpus;
mod delivery;
mod outbox;
mod outbox_timer;
mod queued;
mod real_program;
mod remote;
mod tmux_releases;
mod wrapper_scripts;
