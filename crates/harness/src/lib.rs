//! The test harness: a private world for every test, real down to the kernel.
//!
//! A [`Fleet`] is one test's own home, run directory and tmux socket. In it run the product's
//! programs ([`Launch`]), processes that do as the test says ([`PaneProcess`]) and, where a test
//! needs units, a user manager with its own D-Bus and journald ([`UserManager`]). Everything ends
//! with the value that stands for it, also when the test panics.
//!
//! Nothing in here sleeps: a wait is a wait for an event, with a [`Deadline`] that panics.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "this is a test harness: a panic names the line, which is what a failed test is for"
)]

mod availability;
mod binaries;
mod cgroup_tree;
mod deadline;
mod directory_watch;
mod fleet;
mod fleet_builder;
mod fleet_paths;
mod fleet_processes;
mod heartbeat_file;
mod keeper;
mod keeper_client;
mod keeper_order;
mod keeper_plan;
mod launch;
mod namespace_entry;
mod notify_socket;
mod pane_connection;
mod pane_hello;
mod pane_listener;
mod pane_process;
mod pane_reply;
mod pane_request;
mod private_journal;
mod private_mounts;
mod process_watch;
mod user_manager;

pub use availability::Availability;
pub use binaries::Binaries;
pub use cgroup_tree::CgroupTree;
pub use deadline::Deadline;
pub use fleet::Fleet;
pub use fleet_builder::FleetBuilder;
pub use heartbeat_file::HeartbeatFile;
pub use keeper::Keeper;
pub use launch::Launch;
pub use namespace_entry::NamespaceEntry;
pub use pane_hello::PaneHello;
pub use pane_process::PaneProcess;
pub use pane_reply::PaneReply;
pub use pane_request::PaneRequest;
pub use process_watch::ProcessWatch;
pub use user_manager::UserManager;
