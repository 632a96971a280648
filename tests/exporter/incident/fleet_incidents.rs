//! Failures of the whole fleet: the roster, the tmux server, and drift.

use crate::incident::monitored_fleet::{Incident, MOS, RESTLESS, WATCHED};
use mosaic_harness::UnitFleet;
use rustix::process::Signal;

/// The alerts that earlier failures keep active.
const EARLIER: [&str; 2] = ["MosaicAgentDown agent=coder0", "MosaicAgentFlapping agent=coder1"];
/// The alert after a restart of the tmux server, for a quarter of an hour.
const RESTARTED: &str = "MosaicHolderRestarted";
const LIVING: [&str; 3] = [MOS, RESTLESS, WATCHED];

pub(crate) fn invalid_roster(incident: &mut Incident) {
    let roster = incident.fleet.roster();
    let families = ["mosaic_agent_info", "mosaic_agent_condition == 1", "mosaic_agent_unit_state == 1"];
    let before = families.map(|family| incident.agents_in(family));
    incident.fleet.write_roster("\u{0}{[ not a roster");
    incident.expect_alerts(&[&EARLIER[..], &["MosaicRosterInvalid"]].concat());
    assert_eq!(families.map(|family| incident.agents_in(family)), before);
    assert_eq!(incident.by("", "mosaic_roster_agents")[""], 4.0);
    let failed = incident.by("collector", "mosaic_collector_success == 0");
    assert_eq!(failed.into_keys().collect::<Vec<_>>(), ["roster"]);
    let description = incident.description("MosaicRosterInvalid");
    assert!(description.contains("The exporter uses the roster that it read at 2"), "{description}");
    incident.fleet.write_roster(&roster);
    incident.expect_alerts(&EARLIER);
}

pub(crate) fn killed_tmux_server(incident: &mut Incident) {
    let server = incident.fleet.units().server();
    server.signal(Signal::KILL.as_raw());
    server.wait();
    for agent in LIVING {
        incident.fleet.wait_condition(agent, "up");
    }
    incident.expect_alerts(&[&EARLIER[..], &[RESTARTED]].concat());
}

/// A stop of the holder also stops the agents, which is no incident for them. The agent that was down before needs it.
pub(crate) fn stopped_tmux_server(incident: &mut Incident) {
    incident.fleet.units().manager().systemctl_ok(&["stop", UnitFleet::HOLDER]);
    for agent in LIVING {
        incident.fleet.wait_condition(agent, "stopped");
    }
    incident.expect_alerts(&[&EARLIER[..], &[RESTARTED, "MosaicHolderDown", "MosaicBelowQuorum"]].concat());
    assert_eq!([incident.number("Agents up"), incident.number("Need attention")], [0.0, 1.0]);
    incident.fleet.start(&LIVING);
    incident.expect_alerts(&[&EARLIER[..], &[RESTARTED]].concat());
}

pub(crate) fn drift(incident: &mut Incident) {
    let ghost = incident.fleet.units().fleet().heartbeat_path("ghost");
    incident.tmux(&["new-session", "-d", "-s", "scratch"]);
    incident.tmux(&["new-session", "-d", "-s", "my notes"]);
    incident.systemctl("disable", RESTLESS);
    std::fs::write(&ghost, "ts=2026-11-20T14:58:08+00:00\npid=18960\nstatus=ok\n").unwrap();
    let kinds = ["orphan-heartbeat", "unit-disabled", "unmanaged-session"];
    let drift = kinds.map(|kind| format!("MosaicDrift kind={kind}"));
    let drift: Vec<&str> = drift.iter().map(String::as_str).collect();
    incident.expect_alerts(&[&EARLIER[..], &drift].concat());
    let counted = [("session-missing", 1.0), (kinds[0], 1.0), (kinds[1], 1.0), (kinds[2], 2.0)];
    let counted = counted.map(|(kind, count)| (kind.to_owned(), count)).into();
    assert_eq!(incident.panel("Drift by kind", 0, "kind"), counted);
    assert_eq!(incident.number("Drift"), 5.0);

    // As in earlier installations: a oneshot unit that stays active after the start.
    incident.systemctl("stop", RESTLESS);
    let before = std::fs::read_to_string(drop_in(incident)).unwrap();
    incident.fleet.units().drop_in(
        RESTLESS,
        &format!(
            "{before}Type=oneshot\nRemainAfterExit=yes\nRestart=no\nWatchdogSec=0\nExecStart=\n\
             ExecStart=%h/.config/mosaic/tools/fleet/start-agent-session %i\n"
        ),
    );
    incident.fleet.start(&[RESTLESS]);
    incident.tmux(&["kill-session", "-t", "=coder1:"]);
    incident.fleet.wait_condition(RESTLESS, "missing");
    let unit_alerts = ["MosaicUnitActiveProcessDead agent=coder1 state=active", "MosaicAgentDown agent=coder1"];
    incident.expect_alerts(&[&EARLIER[..], &drift, &unit_alerts].concat());

    incident.tmux(&["kill-session", "-t", "=scratch:"]);
    incident.tmux(&["kill-session", "-t", "=my notes:"]);
    std::fs::remove_file(ghost).unwrap();
    incident.systemctl("stop", RESTLESS);
    incident.fleet.units().drop_in(RESTLESS, &before);
    incident.systemctl("enable", RESTLESS);
    incident.fleet.start(&[RESTLESS]);
    incident.expect_alerts(&EARLIER);
    assert_eq!(incident.number("Drift"), 1.0);
}

fn drop_in(incident: &Incident) -> std::path::PathBuf {
    incident.fleet.units().manager().unit_directory().join(format!("{}.d/test.conf", UnitFleet::unit(RESTLESS)))
}
