//! Reports of agents: waiting, blocked, silent.

use jiff::Timestamp;
use serde_json::Value;

use crate::incident::monitored_fleet::{Incident, MORTAL, MOS, WATCHED};
use crate::incident::prometheus_ps::shows_what_an_agent_waits_for;

/// The alerts that earlier failures keep active.
const EARLIER: [&str; 2] = ["MosaicAgentDown agent=coder0", "MosaicAgentFlapping agent=coder1"];

/// A report is never older than its process, which has just started. Therefore the expressions of long states are run
/// with a threshold of zero; the real alerts must not show yet.
pub(crate) fn waiting_blocked_and_silent_agents(incident: &mut Incident) {
    let reports = [(WATCHED, "waiting"), (MOS, "working"), (MORTAL, "waiting")];
    for (agent, activity) in reports {
        report(incident, agent, activity, "permission: Bash");
    }
    incident.expect_alerts(&EARLIER);
    let since = incident.panel("Waiting and blocked agents", 0, "agent");
    assert!((0.0..600.0).contains(&since[WATCHED]), "{since:?}");
    let table = "Agents by need for attention";
    let activities = incident.panel(table, 2, "agent");
    assert_eq!([activities[MOS], activities[WATCHED], activities["coder1"]], [3.0, 4.0, 1.0]);
    let waiting_for = incident.panel(table, 10, "agent");
    assert_eq!([waiting_for[MOS], waiting_for[WATCHED]], [0.0, 1.0], "no reason, and a permission");
    // A message waits as long as the agent does.
    let sent = incident.fleet.mosaic(&["agent", "send", WATCHED, "-m", "later", "--queue", "--wait", "0", "--json"]);
    let receipt: Value = serde_json::from_slice(&sent.stdout).unwrap_or_else(|error| panic!("{error}: {sent:?}"));
    incident.expect_alerts(&EARLIER);
    assert_eq!(agents_beyond_threshold(incident, "MosaicMessagesWaiting", "1800"), [WATCHED]);
    assert_eq!(incident.panel_of_agent(WATCHED, "Undelivered messages"), 1.0);
    let id = receipt["receipts"][0]["id"].as_str().unwrap_or_else(|| panic!("{receipt:#}"));
    let canceled = incident.fleet.mosaic(&["agent", "outbox", "cancel", id]);
    assert!(canceled.status.success(), "{canceled:?}");
    // The dead agent does not wait.
    assert_eq!(agents_beyond_threshold(incident, "MosaicAgentWaiting", "600"), [WATCHED]);
    assert_eq!(agents_beyond_threshold(incident, "MosaicAgentSilent", "1800"), [MOS]);

    let barred = [
        ("login: 401", "MosaicAgentLoginNeeded", "login", "login"),
        ("usage limit", "MosaicAgentUsageLimit", "usage limit", "usage-limit"),
    ];
    for (reason, alert, words, json) in barred {
        report(incident, WATCHED, "waiting", reason);
        incident.expect_alerts(&[&EARLIER[..], &[&format!("{alert} agent=coder2")]].concat());
        let waiting = incident.with_threshold("MosaicAgentWaiting", "600", "0");
        assert_eq!(incident.agents_in(&waiting), [""; 0], "a reason with its own alert is not reported twice");
        shows_what_an_agent_waits_for(incident, words, json);
    }

    report(incident, WATCHED, "blocked", "the review of 41 is open");
    incident.expect_alerts(&EARLIER);
    assert_eq!(agents_beyond_threshold(incident, "MosaicAgentBlocked", "900"), [WATCHED]);

    for (agent, _) in reports {
        std::fs::remove_file(path(incident, agent)).unwrap();
    }
    incident.expect_alerts(&EARLIER);
}

/// The agents that an alert will show once its threshold has passed.
fn agents_beyond_threshold(incident: &mut Incident, alert: &str, threshold: &str) -> Vec<String> {
    let expression = incident.with_threshold(alert, threshold, "0");
    incident.mark_shown(alert);
    incident.agents_in(&expression)
}

/// Writes a report as an agent does.
fn report(incident: &Incident, agent: &str, activity: &str, reason: &str) {
    let beat = incident.fleet.units().fleet().heartbeat(agent).unwrap();
    let (boot, mono) = (&beat["boot"], &beat["mono"]);
    let text = format!("ts={}\nboot={boot}\nmono={mono}\nactivity={activity}\nreason={reason}\n", Timestamp::now());
    std::fs::write(path(incident, agent), text).unwrap();
}

fn path(incident: &Incident, agent: &str) -> std::path::PathBuf {
    incident.fleet.units().fleet().run_directory().join(format!("{agent}.state"))
}
