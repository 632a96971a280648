//! What agents say of themselves.

use jiff::Timestamp;

use crate::incident::monitored_fleet::{Incident, MORTAL, MOS, WATCHED};
use crate::incident::prometheus_ps::who_asks_from_elsewhere_sees_what_is_waited_for;

const BEFORE: [&str; 2] = ["MosaicAgentDown agent=coder0", "MosaicAgentFlapping agent=coder1"];

/// Nothing that an agent is at is older than its process, which began a moment ago. So who has been at it for long is
/// asked as if long were a moment; that the real times have not passed is what the alerts show meanwhile.
pub(crate) fn agents_wait_and_are_blocked_and_one_works_in_silence(incident: &mut Incident) {
    let reports = [(WATCHED, "waiting"), (MOS, "working"), (MORTAL, "waiting")];
    for (agent, activity) in reports {
        report(incident, agent, activity, "permission: Bash");
    }
    incident.shows(&BEFORE);
    let since = incident.panel("Waiting and blocked agents", 0, "agent");
    assert!((0.0..600.0).contains(&since[WATCHED]), "{since:?}");
    let table = "Agents by need for attention";
    let activities = incident.panel(table, 2, "agent");
    assert_eq!([activities[MOS], activities[WATCHED], activities["coder1"]], [3.0, 4.0, 1.0]);
    let waiting_for = incident.panel(table, 10, "agent");
    assert_eq!([waiting_for[MOS], waiting_for[WATCHED]], [0.0, 1.0], "nothing, and a permission");
    // The one that is dead waits for nobody any more.
    assert_eq!(for_long(incident, "MosaicAgentWaiting", "600"), [WATCHED]);
    assert_eq!(for_long(incident, "MosaicAgentSilent", "1800"), [MOS]);

    let barred = [
        ("login: 401", "MosaicAgentLoginNeeded", "login", "login"),
        ("usage limit", "MosaicAgentUsageLimit", "usage limit", "usage-limit"),
    ];
    for (reason, alert, words, json) in barred {
        report(incident, WATCHED, "waiting", reason);
        incident.shows(&[&BEFORE[..], &[&format!("{alert} agent=coder2")]].concat());
        let waiting = incident.with_threshold("MosaicAgentWaiting", "600", "0");
        assert_eq!(incident.agents_in(&waiting), [""; 0], "what has an alert of its own is not told twice");
        who_asks_from_elsewhere_sees_what_is_waited_for(incident, words, json);
    }

    report(incident, WATCHED, "blocked", "the review of 41 is open");
    incident.shows(&BEFORE);
    assert_eq!(for_long(incident, "MosaicAgentBlocked", "900"), [WATCHED]);

    for (agent, _) in reports {
        std::fs::remove_file(path(incident, agent)).unwrap();
    }
    incident.shows(&BEFORE);
}

/// Whom an alert is about once they have been at it for long enough.
fn for_long(incident: &mut Incident, alert: &str, threshold: &str) -> Vec<String> {
    let expression = incident.with_threshold(alert, threshold, "0");
    incident.has_shown(alert);
    incident.agents_in(&expression)
}

/// As an agent does it.
fn report(incident: &Incident, agent: &str, activity: &str, reason: &str) {
    let beat = incident.fleet.units().fleet().heartbeat(agent).unwrap();
    let (boot, mono) = (&beat["boot"], &beat["mono"]);
    let text = format!("ts={}\nboot={boot}\nmono={mono}\nactivity={activity}\nreason={reason}\n", Timestamp::now());
    std::fs::write(path(incident, agent), text).unwrap();
}

fn path(incident: &Incident, agent: &str) -> std::path::PathBuf {
    incident.fleet.units().fleet().run_directory().join(format!("{agent}.state"))
}
