//! Tests of the roster's public interface.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod edits;
mod generated_files;
mod invalid_rosters;
mod presets;
mod valid_rosters;
