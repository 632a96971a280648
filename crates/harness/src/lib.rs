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
mod availability;
mod binaries;
mod browser;
mod cgroup_tree;
mod dashboard;
mod deadline;
mod directory_watch;
mod exporter_process;
mod fleet;
mod fleet_builder;
mod fleet_paths;
mod fleet_processes;
mod frozen;
mod heartbeat_file;
mod http_answer;
mod keeper;
mod keeper_client;
mod keeper_order;
mod keeper_plan;
mod launch;
mod launched;
mod log_file;
mod model_server;
mod namespace_entry;
mod notify_socket;
mod older_pi;
mod outbox_directory;
mod pane_connection;
mod pane_hello;
mod pane_listener;
mod pane_process;
mod pane_reply;
mod pane_request;
mod pi;
mod pid_namespace;
mod private_journal;
mod private_mounts;
mod process_watch;
mod prometheus_series;
mod prometheus_server;
mod required_program;
mod root_only;
#[cfg(feature = "schemas")]
mod roster_fleet;
#[cfg(feature = "schemas")]
mod shipped_schema;
mod skip_notice;
mod small_disk;
mod tui_agent;
mod unit_fleet;
mod user_manager;

pub use agent_programs::AgentPrograms;
pub use availability::Availability;
pub use binaries::Binaries;
pub use browser::{Browser, BrowserLog};
pub use cgroup_tree::CgroupTree;
pub use dashboard::{Dashboard, DashboardQuery};
pub use deadline::Deadline;
pub use exporter_process::ExporterProcess;
pub use fleet::Fleet;
pub use fleet_builder::FleetBuilder;
pub use frozen::Frozen;
pub use heartbeat_file::HeartbeatFile;
pub use http_answer::HttpAnswer;
pub use keeper::Keeper;
pub use launch::Launch;
pub use launched::Launched;
pub use log_file::LogFile;
pub use model_server::{HeldAnswers, ModelServer};
pub use namespace_entry::NamespaceEntry;
pub use older_pi::OlderPi;
pub use outbox_directory::OutboxDirectory;
pub use pane_hello::PaneHello;
pub use pane_process::PaneProcess;
pub use pane_reply::PaneReply;
pub use pane_request::PaneRequest;
pub use pi::Pi;
pub use pid_namespace::PidNamespace;
pub use process_watch::ProcessWatch;
pub use prometheus_series::PrometheusSeries;
pub use prometheus_server::PrometheusServer;
pub use required_program::required_program;
pub use root_only::is_root_or_skip;
#[cfg(feature = "schemas")]
pub use roster_fleet::RosterFleet;
#[cfg(feature = "schemas")]
pub use shipped_schema::ShippedSchema;
pub use small_disk::SmallDisk;
pub use tui_agent::TuiAgent;
pub use unit_fleet::UnitFleet;
pub use user_manager::UserManager;
