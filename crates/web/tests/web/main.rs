//! Tests of the server over real sockets.
//!
//! Tests that measure or limit the whole process have a test binary of their own: `descriptor_limit`, `header_memory`
//! and `password_cpu_time`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod basic_auth;
mod configuration;
mod connections;
mod listeners;
mod requests;
mod support;
mod tls;
