//! The shipped rules and dashboards during incidents: a real Prometheus with the shipped rules scrapes a real fleet that
//! suffers one failure after another.
//!
//! After each failure, the expression of every alert returns exactly the expected series, Prometheus has the same
//! alerts, and every query of every panel is run. An alert, a recording rule or a panel that never shows anything
//! fails the test.
//!
//! It is one test, because the fleet keeps its history. Alerts wait for minutes before they fire (`for`), the test does
//! not: `promtool test rules` covers the waiting.
#![allow(clippy::float_cmp, reason = "whole numbers arrive as they were sent")]

mod agent_incidents;
mod alert_states;
mod dashboard_panels;
mod fleet_incidents;
mod monitored_fleet;
mod monitoring_incidents;
mod prometheus_ps;
mod report_incidents;

use monitored_fleet::Incident;

#[test]
fn alerts_and_panels_show_every_incident() {
    let Some(mut incident) = Incident::begin_or_skip() else { return };
    monitoring_incidents::healthy_fleet(&mut incident);
    monitoring_incidents::invalid_web_configuration(&mut incident);
    monitoring_incidents::disabled_linger(&mut incident);
    agent_incidents::killed_agents(&mut incident);
    prometheus_ps::shows_agents_that_are_down(&incident);
    agent_incidents::hung_sidecar(&mut incident);
    fleet_incidents::drift(&mut incident);
    report_incidents::waiting_blocked_and_silent_agents(&mut incident);
    fleet_incidents::invalid_roster(&mut incident);
    fleet_incidents::killed_tmux_server(&mut incident);
    fleet_incidents::stopped_tmux_server(&mut incident);
    monitoring_incidents::hung_bus_and_manager(&mut incident);
    monitoring_incidents::killed_exporter(&mut incident);
    prometheus_ps::shows_that_the_exporter_is_down(&incident);
    monitoring_incidents::removed_scrape_target(&mut incident);
    incident.end();
}
