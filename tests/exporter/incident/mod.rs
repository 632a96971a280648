//! What is shipped for Prometheus and Grafana tells what happens: a real Prometheus, with the shipped rules,
//! scrapes a real fleet to which one thing after another is done.
//!
//! After each of them every alert's expression returns what was done and nothing else, Prometheus itself has
//! the same alerts, and every query of every panel is asked. What stays silent through all of it fails the
//! test: an alert, a recording rule or a panel that nothing ever shows in is none.
//!
//! It is one incident, and so one test. Alerts wait for minutes before they fire (`for`), the test does not:
//! that they wait is `promtool test rules`' to show.
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
    monitoring_incidents::all_is_well(&mut incident);
    monitoring_incidents::linger_is_off(&mut incident);
    agent_incidents::one_is_killed_once_and_one_again_and_again(&mut incident);
    prometheus_ps::who_asks_from_elsewhere_sees_who_is_down(&incident);
    agent_incidents::a_sidecar_hangs(&mut incident);
    fleet_incidents::what_is_there_differs_from_the_roster(&mut incident);
    report_incidents::agents_wait_and_are_blocked_and_one_works_in_silence(&mut incident);
    fleet_incidents::the_roster_is_garbage(&mut incident);
    fleet_incidents::the_tmux_server_is_killed(&mut incident);
    fleet_incidents::the_tmux_server_is_stopped(&mut incident);
    monitoring_incidents::the_bus_is_cut_and_the_manager_hangs(&mut incident);
    monitoring_incidents::the_exporter_is_killed(&mut incident);
    prometheus_ps::who_asks_from_elsewhere_sees_that_nobody_looks(&incident);
    monitoring_incidents::nobody_scrapes_any_more(&mut incident);
    incident.end();
}
