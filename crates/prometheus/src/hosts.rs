//! The fleets of all hosts, as a Prometheus server has them.

use std::collections::BTreeMap;

use mosaic_probe::snapshot::{Activity, AttentionReason, Condition, WaitingFor};
#[cfg(feature = "schemars")]
use schemars::JsonSchema;
use serde::Serialize;

/// The output of `mosaic fleet ps --prometheus URL --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", schemars(title = "mosaic fleet ps --prometheus --json"))]
pub struct HostsSnapshot {
    /// The version of this format: 1. Fields may be added within a version.
    pub schema: u32,
    /// The URL of the Prometheus server, without credentials.
    pub prometheus: String,
    /// The evaluation time of the queries, by the server's clock (RFC 3339).
    pub observed_at: String,
    /// One entry per exporter, the most urgent first.
    pub hosts: Vec<HostSnapshot>,
}

/// One exporter and its fleet.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HostSnapshot {
    /// The label `instance`: the address of the exporter.
    pub instance: String,
    /// The label `job`.
    pub job: String,
    /// The name of the host; null if it is not known.
    pub host: Option<String>,
    /// The tenant of the fleet; null if it is not known.
    pub tenant: Option<String>,
    /// Whether the exporter answers; null if its samples were pushed instead of scraped.
    pub up: Option<bool>,
    /// Whether the samples are current. If not, the state of the agents is unknown.
    pub current: bool,
    /// The age of the last sample in seconds; to 15 seconds for an exporter that has been down for five minutes, and to
    /// a minute for one that has been down for an hour. Null if there was no sample for a day, or only for less than that.
    pub sample_age_seconds: Option<f64>,
    /// Whether `mosaic fleet verify` would pass on the host.
    pub verified: Option<bool>,
    /// The agents of the roster, the most urgent first. For an exporter that does not answer, the agents of its
    /// last samples, all of them with the condition `unknown`.
    pub agents: Vec<RemoteAgent>,
    /// The number of drift items by kind; kinds without items are left out.
    pub drift: Vec<DriftCount>,
    /// The sources of the snapshot on the host.
    pub sources: BTreeMap<String, RemoteSource>,
}

/// One agent of a roster. Values that are not known are null.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RemoteAgent {
    /// The name.
    pub name: String,
    /// The runtime.
    pub runtime: Option<String>,
    /// The class.
    pub class: Option<String>,
    /// The condition.
    pub condition: Condition,
    /// The activity; null if neither a report nor the screen shows one.
    pub activity: Option<RemoteActivity>,
    /// The age of the heartbeat in seconds when the exporter observed it.
    pub heartbeat_age_seconds: Option<f64>,
    /// The seconds since the last output when the exporter observed it.
    pub last_output_age_seconds: Option<f64>,
    /// The number of starts since the run directory was created.
    pub starts: Option<u64>,
    /// The memory in bytes.
    pub memory_bytes: Option<u64>,
    /// The CPU time since the start in seconds.
    pub cpu_seconds: Option<f64>,
}

/// An activity, as reported by the agent or seen on its screen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RemoteActivity {
    /// `working`, `waiting`, `idle` or `blocked`.
    pub state: String,
    /// The seconds since the activity began.
    pub for_seconds: Option<f64>,
    /// What a waiting agent waits for; null if the exporter does not report it.
    pub waiting_for: Option<WaitingFor>,
}

/// The number of drift items of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DriftCount {
    /// The kind, such as `unit-active-process-dead`.
    pub kind: String,
    /// The number of items.
    pub count: u64,
}

/// A source of the snapshot on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RemoteSource {
    /// Whether the source could be read.
    pub ok: bool,
}

/// How urgently a host or an agent needs attention, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Not at all.
    None,
    /// The agent is starting.
    Starting,
    /// The agent works, and has had no output for long.
    Silent,
    /// The agent is blocked.
    Blocked,
    /// The agent waits for a person.
    Waiting,
    /// The condition of the agent is not known.
    Unknown,
    /// The heartbeat of the agent is late.
    Stale,
    /// The agent has no session.
    Missing,
    /// The process of the agent has ended.
    Dead,
    /// The samples of the host are not current.
    NotCurrent,
}

impl Urgency {
    /// The urgency of an agent: the attention that its own host would ask for, those that are down by condition.
    fn new(condition: Condition, activity: Option<Activity>, silent: bool) -> Self {
        match (AttentionReason::from_state(condition, activity, silent), condition) {
            (None, Condition::Starting) => Self::Starting,
            (None, _) => Self::None,
            (Some(AttentionReason::Silent), _) => Self::Silent,
            (Some(AttentionReason::Blocked), _) => Self::Blocked,
            (Some(AttentionReason::Waiting), _) => Self::Waiting,
            (Some(AttentionReason::Down), Condition::Stale) => Self::Stale,
            (Some(AttentionReason::Down), Condition::Missing) => Self::Missing,
            (Some(AttentionReason::Down), Condition::Dead) => Self::Dead,
            (Some(AttentionReason::Down), _) => Self::Unknown,
        }
    }
}

impl HostSnapshot {
    /// The urgency: that of its most urgent agent, and the highest of all if the samples are not current.
    #[must_use]
    pub fn urgency(&self) -> Urgency {
        let agents = self.agents.iter().map(RemoteAgent::urgency).max().unwrap_or(Urgency::None);
        if self.current { agents } else { Urgency::NotCurrent }
    }

    /// The number of agents in a condition.
    #[must_use]
    pub fn count(&self, condition: Condition) -> usize {
        self.agents.iter().filter(|agent| agent.condition == condition).count()
    }
}

impl RemoteAgent {
    /// The threshold of silence in seconds, as in the snapshot of the host and in the alert `MosaicAgentSilent`.
    const SILENT_SECONDS: f64 = 1800.0;

    /// The urgency.
    #[must_use]
    pub fn urgency(&self) -> Urgency {
        let activity = self.activity.as_ref().map(|activity| activity.state.as_str());
        let activity = Activity::ALL.into_iter().find(|known| Some(known.as_str()) == activity);
        Urgency::new(self.condition, activity, self.silent_for().is_some())
    }

    /// The seconds that the agent has been working without output, if they exceed the threshold of silence.
    #[must_use]
    pub fn silent_for(&self) -> Option<f64> {
        let activity = self.activity.as_ref().filter(|activity| activity.state == "working")?;
        let silent = self.last_output_age_seconds?.min(activity.for_seconds?);
        (silent >= Self::SILENT_SECONDS).then_some(silent)
    }

    /// The seconds that its activity has needed attention; 0 if it does not.
    pub(crate) fn urgent_for(&self) -> f64 {
        match self.urgency() {
            Urgency::Waiting | Urgency::Blocked => self.activity.as_ref().and_then(|activity| activity.for_seconds),
            Urgency::Silent => self.silent_for(),
            _ => None,
        }
        .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{RemoteActivity, RemoteAgent, Urgency};
    use mosaic_probe::snapshot::{Activity, Condition};

    #[test]
    fn an_agent_that_works_without_output_for_half_an_hour_is_silent() {
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
            (agent("working", 4000.0, Some(1800.0)), Urgency::Silent, Some(1800.0)),
            (agent("working", 1900.0, Some(4000.0)), Urgency::Silent, Some(1900.0)),
            (agent("working", 4000.0, Some(1799.0)), Urgency::None, None),
            (agent("working", 1799.0, Some(4000.0)), Urgency::None, None),
            (agent("working", 4000.0, None), Urgency::None, None),
            (agent("idle", 4000.0, Some(4000.0)), Urgency::None, None),
        ];
        for (agent, urgency, silent_for) in table {
            assert_eq!((agent.urgency(), agent.silent_for()), (urgency, silent_for), "{agent:?}");
        }
    }

    #[test]
    fn urgency_follows_from_condition_and_activity() {
        let table = [
            (Condition::Up, None, false, Urgency::None),
            (Condition::Up, Some(Activity::Working), false, Urgency::None),
            (Condition::Up, Some(Activity::Working), true, Urgency::Silent),
            (Condition::Up, Some(Activity::Waiting), false, Urgency::Waiting),
            (Condition::Starting, None, false, Urgency::Starting),
            (Condition::Stale, Some(Activity::Waiting), false, Urgency::Stale),
            (Condition::Up, Some(Activity::Blocked), false, Urgency::Blocked),
            (Condition::Dead, Some(Activity::Waiting), false, Urgency::Dead),
            (Condition::Missing, None, false, Urgency::Missing),
            (Condition::Stopped, None, false, Urgency::None),
            (Condition::Unknown, Some(Activity::Idle), false, Urgency::Unknown),
        ];
        for (condition, activity, silent, expected) in table {
            assert_eq!(Urgency::new(condition, activity, silent), expected, "{condition} {activity:?} {silent}");
        }
    }

    #[test]
    fn urgencies_are_ordered_from_least_to_most() {
        let descending = [
            Urgency::NotCurrent,
            Urgency::Dead,
            Urgency::Missing,
            Urgency::Stale,
            Urgency::Unknown,
            Urgency::Waiting,
            Urgency::Blocked,
            Urgency::Silent,
            Urgency::Starting,
            Urgency::None,
        ];
        assert!(descending.is_sorted_by(|more, less| more > less));
    }
}
