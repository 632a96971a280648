//! Tests of the harness itself: what it starts is real, private to one test, and gone afterwards.
//!
//! Two tests start this test binary again: `killed_test`, to kill it, and `ordinary_user`, to run it inside the
//! session of a user who is not root.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic names the line, which is what a failed test is for"
)]

mod fleet;
mod killed_test;
mod model_server;
mod ordinary_user;
mod pane_process;
mod real_pi;
mod test_tui;
mod user_manager;
