//! What differs from the roster.

use mosaic_harness::UnitFleet;

use crate::incident::{Incident, RESTLESS};

const BEFORE: [&str; 2] = ["MosaicAgentDown agent=coder0", "MosaicAgentFlapping agent=coder1"];

pub(crate) fn what_is_there_differs_from_the_roster(incident: &mut Incident) {
    let ghost = incident.fleet.units().fleet().heartbeat_path("ghost");
    incident.tmux(&["new-session", "-d", "-s", "scratch"]);
    incident.tmux(&["new-session", "-d", "-s", "my notes"]);
    incident.systemctl("disable", RESTLESS);
    std::fs::write(&ghost, "ts=2026-11-20T14:58:08+00:00\npid=18960\nstatus=ok\n").unwrap();
    let kinds = ["orphan-heartbeat", "unit-disabled", "unmanaged-session"];
    let drift = kinds.map(|kind| format!("MosaicDrift kind={kind}"));
    let drift: Vec<&str> = drift.iter().map(String::as_str).collect();
    incident.shows(&[&BEFORE[..], &drift].concat());
    let counted = [("session-missing", 1.0), (kinds[0], 1.0), (kinds[1], 1.0), (kinds[2], 2.0)];
    let counted = counted.map(|(kind, count)| (kind.to_owned(), count)).into();
    assert_eq!(incident.panel("Drift by kind", 0, "kind"), counted);
    assert_eq!(incident.number("Drift"), 5.0);

    // As units were once: started, and remembered for good.
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
    let lies = ["MosaicUnitActiveProcessDead agent=coder1 state=active", "MosaicAgentDown agent=coder1"];
    incident.shows(&[&BEFORE[..], &drift, &lies].concat());

    incident.tmux(&["kill-session", "-t", "=scratch:"]);
    incident.tmux(&["kill-session", "-t", "=my notes:"]);
    std::fs::remove_file(ghost).unwrap();
    incident.systemctl("stop", RESTLESS);
    incident.fleet.units().drop_in(RESTLESS, &before);
    incident.systemctl("enable", RESTLESS);
    incident.fleet.start(&[RESTLESS]);
    incident.shows(&BEFORE);
    assert_eq!(incident.number("Drift"), 1.0);
}

fn drop_in(incident: &Incident) -> std::path::PathBuf {
    incident.fleet.units().manager().unit_directory().join(format!("{}.d/test.conf", UnitFleet::unit(RESTLESS)))
}
