//! What agents do is seen: by their own word, brought by each runtime's own means, and on their screens.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod claude;
mod codex;
mod looking;
mod opencode;
mod pi;
mod report;
mod screens;
mod stage;
mod trouble;
