//! `mosaic agent send`: a message arrives whole, once and where it was meant to; or it is known not to have.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod crowd;
mod dying_pane;
mod hazards;
mod killed_senders;
mod lines;
mod many;
mod outbox;
mod pi;
mod pi_busy;
mod pi_crowd;
mod pi_files;
mod pi_starts;
mod program;
mod programs;
mod sending;
mod sent;
mod site;
mod texts;
mod usage;
