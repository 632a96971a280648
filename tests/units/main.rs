//! The systemd units: the state, the control group and the environment of an agent, reboots, and ordinary users.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod control_groups;
mod ordinary_user;
mod reboot;
mod system_releases;
mod tmux_scopes;
mod unit_environment;
mod unit_files;
mod unit_states;
