//! Starts an agent and watches it.
//!
//! The crate has three programs. Each is a file in `bin/` that calls this library and maps its errors to exit codes:
//!
//! - `start-agent-session` ([`start`]) makes the agent's tmux session, or adopts an existing one, and then becomes a
//!   sidecar (under systemd) or spawns one (otherwise).
//! - `agent-pane` ([`handshake`]) is the program that tmux starts in the pane. It enters the unit's control group, gets
//!   the agent's environment from the launcher, and executes the agent's command.
//! - `agent-sidecar` ([`sidecar`]) watches the pane process, writes its heartbeat, and passes its end on. It knows
//!   nothing about how a session is made.
//!
//! What decides is pure and tested as a table, and what acts does not decide; the pages of the modules tell which files
//! do which.
//!
//! ```text
//! absent ──start──▶ starting ──pane up, env in, group joined, first heartbeat──▶ running
//! running ──pane process exits──▶ exited ──▶ final heartbeat, last lines to the journal,
//!                                            session removed, same verdict to systemd
//! running ──SIGTERM──▶ stopping ──grace──▶ stopped      running ──server gone──▶ lost
//! running ──pane respawned──▶ running, bound to the new process
//! running ──SIGUSR1, detached──▶ handed over to another sidecar; the agent runs on
//! ```

mod agent_env_file;
pub mod exit;
pub mod handshake;
mod journal;
mod launch_settings;
pub mod sidecar;
pub mod start;
mod systemd_service;

pub use agent_env_file::{EnvFileError, HAS_ENV_FILE};
pub use launch_settings::{LaunchSettings, SettingsError};
