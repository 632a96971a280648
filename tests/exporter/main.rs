//! Monitoring: the exporter, its units and its page, `mosaic fleet metrics`, the alert rules and the dashboards.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod activity_reports;
mod alert_rules;
mod collector_outages;
mod dashboards;
mod hostile;
mod incident;
mod metrics_command;
mod operating;
mod page;
mod routes;
mod samples;
mod service;
mod soak;
mod time_series_servers;
