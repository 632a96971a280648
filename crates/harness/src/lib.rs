//! The test harness: a private world for every test, real down to the kernel.
//!
//! A [`Fleet`] is one test's own home, run directory and tmux socket. In it run the product's
//! programs ([`Launch`]), processes that do as the test says ([`PaneProcess`]) and, where a test
//! needs units, a user manager with its own D-Bus and journald ([`UserManager`]), or all of it with
//! the product installed ([`UnitFleet`]), and a roster with it (`RosterFleet`, with the feature `schemas`). Everything ends
//! with the value that stands for it, also when the test panics.
//!
//! Nothing in here sleeps: a wait is a wait for an event, with a [`Deadline`] that panics.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "this is a test harness: a panic names the line, which is what a failed test is for"
)]

mod agent_programs;
mod binaries;
mod browser;
mod cgroup_tree;
mod dashboard;
mod deadline;
mod exporter_process;
mod fleet;
mod http_answer;
mod launch;
mod model_server;
mod pane_process;
mod pid_namespace;
mod process_watch;
mod prometheus;
#[cfg(feature = "schemas")]
mod roster_fleet;
#[cfg(feature = "schemas")]
mod shipped_schema;
mod skip;
mod small_disk;
mod tui_agent;
mod unit_fleet;
mod user_manager;
mod watched_files;

pub use agent_programs::{AgentPrograms, OlderPi, Pi};
pub use binaries::Binaries;
pub use browser::{Browser, BrowserLog};
pub use cgroup_tree::CgroupTree;
pub use dashboard::{Dashboard, DashboardQuery};
pub use deadline::Deadline;
pub use exporter_process::ExporterProcess;
pub use fleet::{Fleet, FleetBuilder};
pub use http_answer::HttpAnswer;
pub use launch::{Launch, Launched};
pub use model_server::{HeldAnswers, ModelServer};
pub use pane_process::{PaneHello, PaneProcess, PaneReply, PaneRequest};
pub use pid_namespace::PidNamespace;
pub use process_watch::{Frozen, ProcessWatch};
pub use prometheus::{PrometheusSeries, PrometheusServer};
#[cfg(feature = "schemas")]
pub use roster_fleet::RosterFleet;
#[cfg(feature = "schemas")]
pub use shipped_schema::ShippedSchema;
pub use skip::{is_root_or_skip, required_program};
pub use small_disk::SmallDisk;
pub use tui_agent::TuiAgent;
pub use unit_fleet::UnitFleet;
pub use user_manager::namespace::NamespaceEntry;
pub use user_manager::supervisor::NamespaceSupervisor;
pub use user_manager::{Availability, UserManager};
pub use watched_files::{HeartbeatFile, LogFile, OutboxDirectory};
