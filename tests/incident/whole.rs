//! What befalls the fleet as a whole.

use mosaic_harness::UnitFleet;
use rustix::process::Signal;

use crate::incident::{Incident, MOS, RESTLESS, WATCHED};

const BEFORE: [&str; 2] = ["MosaicAgentDown agent=coder0", "MosaicAgentFlapping agent=coder1"];
/// What comes of a tmux server that is another, for a quarter of an hour.
const RESTARTED: &str = "MosaicHolderRestarted";
const LIVING: [&str; 3] = [MOS, RESTLESS, WATCHED];

pub(crate) fn the_roster_is_garbage(incident: &mut Incident) {
    let roster = incident.fleet.roster();
    let families = ["mosaic_agent_info", "mosaic_agent_condition == 1", "mosaic_agent_unit_state == 1"];
    let before = families.map(|family| incident.agents_in(family));
    incident.fleet.write_roster("\u{0}{[ this is no roster");
    incident.shows(&[&BEFORE[..], &["MosaicRosterInvalid"]].concat());
    assert_eq!(families.map(|family| incident.agents_in(family)), before);
    assert_eq!(incident.by("", "mosaic_roster_agents")[""], 4.0);
    let failed = incident.by("collector", "mosaic_collector_success == 0");
    assert_eq!(failed.into_keys().collect::<Vec<_>>(), ["roster"]);
    let said = incident.description("MosaicRosterInvalid");
    assert!(said.contains("The exporter uses the roster that it read at 2"), "{said}");
    incident.fleet.write_roster(&roster);
    incident.shows(&BEFORE);
}

pub(crate) fn the_tmux_server_is_killed(incident: &mut Incident) {
    let server = incident.fleet.units().server();
    server.signal(Signal::KILL.as_raw());
    server.wait();
    for agent in LIVING {
        incident.fleet.wait_condition(agent, "up");
    }
    incident.shows(&[&BEFORE[..], &[RESTARTED]].concat());
}

/// No unit of an agent outlives it.
pub(crate) fn the_tmux_server_is_stopped(incident: &mut Incident) {
    incident.fleet.units().manager().systemctl_ok(&["stop", UnitFleet::HOLDER]);
    let down = LIVING.map(|agent| format!("MosaicAgentDown agent={agent}"));
    let down: Vec<&str> = down.iter().map(String::as_str).collect();
    incident.shows(&[&BEFORE[..], &down, &[RESTARTED, "MosaicHolderDown", "MosaicBelowQuorum"]].concat());
    assert_eq!([incident.number("Agents up"), incident.number("Need attention")], [0.0, 4.0]);
    incident.fleet.start(&LIVING);
    incident.shows(&[&BEFORE[..], &[RESTARTED]].concat());
}
