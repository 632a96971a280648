//! The test harness: private fleets with real processes, tmux servers and user managers.
//!
//! * [`Fleet`]: a home, a run directory and a tmux server for one test. It runs the product's programs ([`Launch`])
//!   and pane processes that the test controls ([`PaneProcess`]).
//! * [`UserManager`]: a `systemd --user` with its own D-Bus and journald, for tests that need units.
//! * [`UnitFleet`]: a fleet and a user manager with the product installed.
//! * `RosterFleet` (feature `schemas`): a `UnitFleet` with a roster that `mosaic fleet install` has applied.
//!
//! Dropping a value stops every process and removes every file that belongs to it, also when the test panics.
//! Waits block on events and panic when their [`Deadline`] has passed; a few poll where the kernel, tmux or systemd
//! offers no event.
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
mod http_response;
mod installed_programs;
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
mod system_release;
mod tmux_release;
mod tui_agent;
mod unit_fleet;
mod user_manager;
mod victoria_metrics;
mod watched_files;

pub use agent_programs::{AgentPrograms, OlderPi, Pi, ProgramSet};
pub use binaries::Binaries;
pub use browser::{Browser, BrowserLog};
pub use cgroup_tree::CgroupTree;
pub use dashboard::{Dashboard, DashboardQuery};
pub use deadline::Deadline;
pub use exporter_process::ExporterProcess;
pub use fleet::{Fleet, FleetBuilder};
pub use http_response::HttpResponse;
pub use launch::{Launch, Launched};
pub use model_server::{HeldResponses, ModelServer};
pub use pane_process::{PaneHello, PaneProcess, PaneReply, PaneRequest};
pub use pid_namespace::PidNamespace;
pub use process_watch::{ProcessWatch, StoppedProcess};
pub use prometheus::{PrometheusSeries, PrometheusServer};
#[cfg(feature = "schemas")]
pub use roster_fleet::RosterFleet;
#[cfg(feature = "schemas")]
pub use shipped_schema::ShippedSchema;
pub use skip::{is_root_or_skip, required_program};
pub use small_disk::SmallDisk;
pub use system_release::SystemRelease;
pub use tmux_release::TmuxRelease;
pub use tui_agent::TuiAgent;
pub use unit_fleet::UnitFleet;
pub use user_manager::namespace::NamespaceEntry;
pub use user_manager::supervisor::NamespaceSupervisor;
pub use user_manager::{Availability, UserManager};
pub use victoria_metrics::{VictoriaMetrics, assert_vmalert_accepts};
pub use watched_files::{HeartbeatFile, LogFile, OutboxDirectory};
