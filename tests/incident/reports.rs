//! What agents say of themselves.

use jiff::{SignedDuration, Timestamp};

use crate::incident::{Incident, MORTAL, MOS, WATCHED};

const BEFORE: [&str; 2] = ["MosaicAgentDown agent=coder0", "MosaicAgentFlapping agent=coder1"];
/// As long as the one that waits has done it.
const WAITED: SignedDuration = SignedDuration::from_mins(20);

pub(crate) fn one_waits_for_a_person_and_one_works_in_silence(incident: &mut Incident) {
    let reports = [(WATCHED, "waiting"), (MOS, "working"), (MORTAL, "waiting")];
    for (agent, activity) in reports {
        report(incident, agent, activity);
    }
    // The one that is dead waits for nobody any more.
    incident.shows(&[&BEFORE[..], &["MosaicAgentWaiting agent=coder2"]].concat());
    let since = incident.panel("Waiting for me, and since when", 0, "agent");
    let waited = since[WATCHED] - WAITED.as_secs_f64();
    assert!((0.0..60.0).contains(&waited), "{since:?}");
    let activities = incident.panel("Agents, by who needs a person", 2, "agent");
    assert_eq!([activities[MOS], activities[WATCHED], activities["coder1"]], [3.0, 4.0, 1.0]);

    // Its last word was within this minute, and nothing can make a terminal's last word old: so who has been
    // silent for long is asked as if long were a moment. That half an hour is none is what was shown above.
    let silent = incident.with_threshold("MosaicAgentSilent", "1800", "0");
    assert_eq!(incident.agents_in(&silent), [MOS]);
    incident.has_shown("MosaicAgentSilent");

    for (agent, _) in reports {
        std::fs::remove_file(path(incident, agent)).unwrap();
    }
    incident.shows(&BEFORE);
}

/// As an agent does it.
fn report(incident: &Incident, agent: &str, activity: &str) {
    let beat = incident.fleet.units().fleet().heartbeat(agent).unwrap();
    let text = format!(
        "ts={}\nboot={}\nmono={}\nactivity={activity}\nreason=permission: Bash\n",
        Timestamp::now() - WAITED,
        beat["boot"],
        beat["mono"]
    );
    std::fs::write(path(incident, agent), text).unwrap();
}

fn path(incident: &Incident, agent: &str) -> std::path::PathBuf {
    incident.fleet.units().fleet().run_directory().join(format!("{agent}.state"))
}
