//! Installs and uninstalls in a temporary home directory.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod compat_scripts;
mod install;
mod interrupted;
mod test_home;
