//! The demo as a user runs it: its output, its refusals, and what it leaves behind.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod ends;
mod left;
mod refusals;
mod scene;
mod show;
