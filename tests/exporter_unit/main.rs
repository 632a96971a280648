//! The exporter as its users have it: asked at a socket that systemd keeps, and so there whenever somebody
//! asks, whatever happens to it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod hardening;
mod installation;
mod installed;
mod operation;
