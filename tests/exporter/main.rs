//! The exporter, as Prometheus and people meet it, on a real fleet.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod hostile;
mod operating;
mod outages;
mod reports;
mod routes;
mod samples;
mod sharing;
mod soak;
