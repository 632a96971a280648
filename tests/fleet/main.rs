//! The `mosaic fleet` commands and the observation that they print.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod add_remove;
mod command_edges;
mod conditions;
mod drift;
mod init_wizard;
mod install;
mod last_exits;
mod lifecycle_direct;
mod lifecycle_systemd;
mod limits;
mod lost_socket;
mod observation;
mod observer;
mod observer_leaks;
mod random_operations;
mod readme;
mod restart_loops;
mod restart_refusals;
mod tail_and_watch;
mod thread_limit;
mod update;
