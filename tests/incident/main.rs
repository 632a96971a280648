//! What is shipped for Prometheus and Grafana tells what happens: a real Prometheus, with the shipped rules,
//! scrapes a real fleet to which one thing after another is done.
//!
//! After each of them every alert's expression returns what was done and nothing else, Prometheus itself has
//! the same alerts, and every query of every panel is asked. What stays silent through all of it fails the
//! test: an alert, a recording rule or a panel that nothing ever shows in is none.
//!
//! It is one incident, and so one test. Alerts wait for minutes before they fire (`for`), the test does not:
//! that they wait is `promtool test rules`' to show.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]
#![allow(clippy::float_cmp, reason = "whole numbers come as they were sent")]

mod agents;
mod alerts;
mod differences;
mod incident;
mod panels;
mod remote;
mod reports;
mod sight;
mod whole;

use incident::Incident;

#[test]
fn what_is_shipped_for_prometheus_and_grafana_tells_what_happens() {
    let Some(mut incident) = Incident::begin_or_skip() else { return };
    sight::all_is_well(&mut incident);
    sight::linger_is_off(&mut incident);
    agents::one_is_killed_once_and_one_again_and_again(&mut incident);
    remote::who_asks_from_elsewhere_sees_who_is_down(&incident);
    agents::a_sidecar_hangs(&mut incident);
    differences::what_is_there_differs_from_the_roster(&mut incident);
    reports::agents_wait_and_are_blocked_and_one_works_in_silence(&mut incident);
    whole::the_roster_is_garbage(&mut incident);
    whole::the_tmux_server_is_killed(&mut incident);
    whole::the_tmux_server_is_stopped(&mut incident);
    sight::the_bus_is_cut_and_the_manager_hangs(&mut incident);
    sight::the_exporter_is_killed(&mut incident);
    remote::who_asks_from_elsewhere_sees_that_nobody_looks(&incident);
    sight::nobody_scrapes_any_more(&mut incident);
    incident.end();
}
