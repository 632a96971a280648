//! Every host's fleet, as a Prometheus has it.

use std::collections::BTreeMap;

use mosaic_probe::snapshot::{Condition, WaitingFor};
#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use super::Need;

/// What `mosaic fleet ps --prometheus URL --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, schemars(title = "mosaic fleet ps --prometheus --json"))]
pub(crate) struct HostsSnapshot {
    /// The version of this form: 1. Fields are only ever added to it.
    pub(crate) schema: u32,
    /// Who was asked, without credentials.
    pub(crate) prometheus: String,
    /// The moment of the answer, by the server's clock (RFC 3339).
    pub(crate) observed_at: String,
    /// Each instance of an exporter, whoever needs a person first.
    pub(crate) hosts: Vec<HostSnapshot>,
}

/// One exporter, and the fleet that it tells of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostSnapshot {
    /// The label `instance`: the address that is scraped.
    pub(crate) instance: String,
    /// The label `job`.
    pub(crate) job: String,
    /// The host; null if it never told.
    pub(crate) host: Option<String>,
    /// The user whose fleet it is; null if it never told.
    pub(crate) tenant: Option<String>,
    /// The exporter answers. Null if nobody scrapes it: its samples were sent.
    pub(crate) up: Option<bool>,
    /// It tells how things are now. If not, nothing is known of its agents.
    pub(crate) current: bool,
    /// How old what it told last is, in seconds; to five minutes of an exporter that is down, and null if it
    /// told nothing for a day.
    pub(crate) sample_age_seconds: Option<f64>,
    /// Whether `mosaic fleet verify` would pass there.
    pub(crate) verified: Option<bool>,
    /// The agents of its roster, whoever needs a person first. Of an exporter that does not answer those that it
    /// told of last, all of them unknown.
    pub(crate) agents: Vec<RemoteAgent>,
    /// Differences from the roster, by kind; kinds of which there is none are not here.
    pub(crate) drift: Vec<DriftCount>,
    /// Whether each source could be read.
    pub(crate) sources: BTreeMap<String, RemoteSource>,
}

/// One agent of a host's roster. What is not known is null.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemoteAgent {
    /// Its name.
    pub(crate) name: String,
    /// The program that it is.
    pub(crate) runtime: Option<String>,
    /// Its class.
    pub(crate) class: Option<String>,
    /// The verdict to act on.
    pub(crate) condition: Condition,
    /// What it does; null if neither it nor its screen says.
    pub(crate) activity: Option<RemoteActivity>,
    /// How old its heartbeat was when the exporter looked, in seconds.
    pub(crate) heartbeat_age_seconds: Option<f64>,
    /// How long its window had printed nothing when the exporter looked, in seconds.
    pub(crate) last_output_age_seconds: Option<f64>,
    /// How often it was started since the run directory is new.
    pub(crate) starts: Option<u64>,
    /// Memory in bytes.
    pub(crate) memory_bytes: Option<u64>,
    /// CPU time since its start, in seconds.
    pub(crate) cpu_seconds: Option<f64>,
}

/// What an agent reports of itself, or what is seen on its screen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemoteActivity {
    /// `working`, `waiting`, `idle` or `blocked`.
    pub(crate) state: String,
    /// For how long, in seconds.
    pub(crate) for_seconds: Option<f64>,
    /// What a person has to do about one that waits; null if its exporter does not say.
    pub(crate) waiting_for: Option<WaitingFor>,
}

/// How many differences of a kind there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct DriftCount {
    /// The kind: `unit-lies`.
    pub(crate) kind: String,
    /// How many.
    pub(crate) count: u64,
}

/// How looking at a source went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemoteSource {
    /// It could be read.
    pub(crate) ok: bool,
}

impl HostSnapshot {
    /// How much it needs a person: as much as the agent that needs one most, and most of all if nobody sees them.
    pub(crate) fn need(&self) -> Need {
        let agents = self.agents.iter().map(RemoteAgent::need).max().unwrap_or(Need::Nobody);
        if self.current { agents } else { Need::Unseen }
    }

    /// How many of its agents are in a condition.
    pub(crate) fn count(&self, condition: Condition) -> usize {
        self.agents.iter().filter(|agent| agent.condition == condition).count()
    }
}

impl RemoteAgent {
    /// As the agent's own host has it, and the alert `MosaicAgentSilent`.
    const SILENT_SECONDS: f64 = 1800.0;

    /// How much it needs a person.
    pub(crate) fn need(&self) -> Need {
        let activity = self.activity.as_ref().map(|activity| activity.state.as_str());
        Need::of(self.condition, activity, self.silent_for().is_some())
    }

    /// For how long it has worked and printed nothing, in seconds, if that is so long that it may hang.
    pub(crate) fn silent_for(&self) -> Option<f64> {
        let activity = self.activity.as_ref().filter(|activity| activity.state == "working")?;
        let silent = self.last_output_age_seconds?.min(activity.for_seconds?);
        (silent >= Self::SILENT_SECONDS).then_some(silent)
    }

    /// For how long it has needed a person for what it does, in seconds; 0 if it does not.
    pub(super) fn needing_for(&self) -> f64 {
        match self.need() {
            Need::Waiting | Need::Blocked => self.activity.as_ref().and_then(|activity| activity.for_seconds),
            Need::Silent => self.silent_for(),
            _ => None,
        }
        .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Need, RemoteActivity, RemoteAgent};
    use mosaic_probe::snapshot::Condition;

    #[test]
    fn who_works_and_prints_nothing_for_half_an_hour_is_silent() {
        let agent = |state: &str, works: f64, last_output_age_seconds| RemoteAgent {
            name: "coder0".to_owned(),
            runtime: None,
            class: None,
            condition: Condition::Up,
            activity: Some(RemoteActivity { state: state.to_owned(), for_seconds: Some(works), waiting_for: None }),
            heartbeat_age_seconds: None,
            last_output_age_seconds,
            starts: None,
            memory_bytes: None,
            cpu_seconds: None,
        };
        let table = [
            (agent("working", 4000.0, Some(1800.0)), Need::Silent, Some(1800.0)),
            (agent("working", 1900.0, Some(4000.0)), Need::Silent, Some(1900.0)),
            (agent("working", 4000.0, Some(1799.0)), Need::Nobody, None),
            (agent("working", 1799.0, Some(4000.0)), Need::Nobody, None),
            (agent("working", 4000.0, None), Need::Nobody, None),
            (agent("idle", 4000.0, Some(4000.0)), Need::Nobody, None),
        ];
        for (agent, need, silent_for) in table {
            assert_eq!((agent.need(), agent.silent_for()), (need, silent_for), "{agent:?}");
        }
    }
}
