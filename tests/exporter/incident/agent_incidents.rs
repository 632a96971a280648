//! Failures of agents and of a sidecar.

use jiff::{SignedDuration, Timestamp};
use mosaic_harness::StoppedProcess;
use rustix::process::Signal;
use rustix::time::{ClockId, clock_gettime};

use crate::incident::monitored_fleet::{Incident, MORTAL, RESTLESS, WATCHED};

/// The error of a wall clock: more than three of the intervals below.
const WRONG: SignedDuration = SignedDuration::from_mins(10);
/// The alerts that the killed agents keep active.
const EARLIER: [&str; 2] = ["MosaicAgentDown agent=coder0", "MosaicAgentFlapping agent=coder1"];

pub(crate) fn killed_agents(incident: &mut Incident) {
    let fleet = incident.fleet.units().fleet();
    fleet.pane(MORTAL).process().signal(Signal::KILL.as_raw());
    for starts in 2..=5 {
        fleet.pane(RESTLESS).process().signal(Signal::KILL.as_raw());
        fleet.wait_heartbeat(RESTLESS, |beat| beat["gen"] == starts.to_string() && beat["status"] == "ok");
    }
    incident.fleet.units().wait_state(MORTAL, "failed");
    incident.fleet.wait_condition(RESTLESS, "up");
    incident.expect_alerts(&EARLIER);

    let exits = [(MORTAL.to_owned(), 137.0), (RESTLESS.to_owned(), 137.0)].into();
    assert_eq!(incident.by("agent", "mosaic_agent_last_exit_code"), exits);
    let description = incident.description("MosaicAgentDown");
    assert!(description.contains("coder0 has had no running process"), "{description}");
    assert!(
        description.contains("its unit is failed; its last exit code is 137. To find the cause, run on this-host:"),
        "{description}"
    );
    let description = incident.description("MosaicAgentFlapping");
    // The number is not checked: `increase` extrapolates for a counter that is a few seconds old.
    assert!(
        description.starts_with("coder1 was started ") && description.contains(" times within an hour."),
        "{description}"
    );

    assert_eq!(incident.panel_of_agent(MORTAL, "Last exit"), 137.0);
    let conditions = [MORTAL, RESTLESS].map(|agent| incident.panel_of_agent(agent, "Condition"));
    assert_eq!(conditions, [5.0, 1.0], "missing, and up");
    assert_eq!(["Agents up", "Need attention", "Verified"].map(|title| incident.number(title)), [3.0, 1.0, 0.0]);
    let first = incident.panel("Agents by need for attention", 0, "agent");
    let most = first.values().copied().fold(0.0, f64::max);
    let in_need: Vec<_> = first.iter().filter(|(_, need)| **need == most).map(|(agent, _)| agent).collect();
    assert_eq!(in_need, [MORTAL], "{first:?}");
}

/// A hung sidecar shows by its heartbeat, which it no longer writes. While it hangs, the test writes it.
pub(crate) fn hung_sidecar(incident: &mut Incident) {
    let sidecar = StoppedProcess::new(incident.fleet.units().sidecar(WATCHED));
    incident.expect_alerts(&[&EARLIER[..], &["MosaicHeartbeatStale agent=coder2"]].concat());
    assert_eq!(incident.number("Need attention"), 2.0);

    // A wrong wall clock: the monotonic clock says that the heartbeat is fresh, so it is not stale.
    let file = incident.fleet.units().fleet().heartbeat_file(WATCHED);
    let real = file.text().unwrap();
    for wrong in [-WRONG, WRONG] {
        std::fs::write(file.path(), fresh(&real, Timestamp::now() + wrong)).unwrap();
        incident.expect_alerts(&[&EARLIER[..], &["MosaicClockSkew"]].concat());
    }

    // A heartbeat of another process than the one in the pane.
    std::fs::write(file.path(), with(&fresh(&real, Timestamp::now()), "pid", "1")).unwrap();
    let other = ["MosaicIdentityMismatch kind=pid-mismatch", "MosaicAgentUnknown agent=coder2 condition=unknown"];
    incident.expect_alerts(&[&EARLIER[..], &other].concat());

    drop(sidecar);
    incident.fleet.wait_condition(WATCHED, "up");
    incident.expect_alerts(&EARLIER);
}

/// A present heartbeat that stays fresh for minutes, with this wall clock time.
fn fresh(beat: &str, at: Timestamp) -> String {
    let since_boot = clock_gettime(ClockId::Monotonic);
    let mono = format!("{}.{:03}", since_boot.tv_sec, since_boot.tv_nsec / 1_000_000);
    let at = at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    with(&with(&with(beat, "ts", &at), "mono", &mono), "interval", "60")
}

/// A heartbeat with another value for an existing key.
fn with(beat: &str, key: &str, value: &str) -> String {
    let text = format!("\n{beat}");
    let (before, after) = text.split_once(&format!("\n{key}=")).unwrap_or_else(|| panic!("no {key} in {beat}"));
    let rest = after.split_once('\n').unwrap().1;
    format!("{before}\n{key}={value}\n{rest}")[1..].to_owned()
}
