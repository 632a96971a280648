//! Joins the results of all queries into hosts: pure.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mosaic_probe::snapshot::{Condition, WaitingFor};

use crate::hosts::{DriftCount, HostSnapshot, HostsSnapshot, RemoteActivity, RemoteAgent, RemoteSource};
use crate::instant_vector::{InstantVector, Sample};
use crate::query::Query;

/// The results of all queries.
#[derive(Clone, Debug, Default)]
pub(crate) struct QueryResults {
    evaluated_at: Option<f64>,
    samples: BTreeMap<Query, Vec<Sample>>,
}

/// A host under construction.
#[derive(Debug, Default)]
struct HostBuilder {
    host: HostSnapshot,
    agents: BTreeMap<String, RemoteAgent>,
    waiting_for: BTreeMap<String, WaitingFor>,
}

impl QueryResults {
    /// Adds the result of one query.
    pub(crate) fn add(&mut self, query: Query, result: InstantVector) {
        self.evaluated_at = self.evaluated_at.or(result.evaluated_at);
        self.samples.insert(query, result.samples);
    }

    /// Builds the snapshot. `now` is its time if no query returned a sample.
    pub(crate) fn assemble(&self, prometheus: &str, now: Timestamp) -> HostsSnapshot {
        let mut hosts: BTreeMap<(&str, &str), HostBuilder> = BTreeMap::new();
        for query in Query::ALL {
            for sample in self.samples.get(&query).into_iter().flatten() {
                let builder = hosts.entry((sample.label("job"), sample.label("instance"))).or_default();
                builder.apply(query, sample);
            }
        }
        let named = hosts.into_iter().map(|((job, instance), builder)| HostSnapshot {
            job: job.to_owned(),
            instance: instance.to_owned(),
            ..builder.finish()
        });
        let mut hosts: Vec<HostSnapshot> = named.collect();
        hosts.sort_by_cached_key(|host| (Reverse(host.urgency()), host.host.clone(), host.tenant.clone()));
        let observed_at = self.evaluated_at.and_then(timestamp).unwrap_or(now).to_string();
        HostsSnapshot { schema: 1, prometheus: prometheus.to_owned(), observed_at, hosts }
    }
}

impl HostBuilder {
    fn apply(&mut self, query: Query, sample: &Sample) {
        let value = sample.value;
        match query {
            // Two replicas may scrape the same exporter, and one of them may have lost it.
            Query::Up => self.host.up = Some(self.host.up == Some(true) || sample.is_set()),
            Query::SampleAges => {
                let age = value.max(0.0);
                self.host.sample_age_seconds = Some(self.host.sample_age_seconds.map_or(age, |other| other.min(age)));
            }
            Query::States | Query::LastKnown => self.apply_state(sample),
            Query::Values => self.apply_value(sample),
            Query::HeartbeatAges => self.agent(sample).heartbeat_age_seconds = Some(value.max(0.0)),
            Query::OutputAges => self.agent(sample).last_output_age_seconds = Some(value.max(0.0)),
            Query::ActivityAges => {
                if let Some(activity) = &mut self.agent(sample).activity {
                    activity.for_seconds = Some(value.max(0.0));
                }
            }
        }
    }

    fn apply_state(&mut self, sample: &Sample) {
        let label = |name| Some(sample.label(name).to_owned()).filter(|value| !value.is_empty());
        match sample.name() {
            "mosaic_build_info" => self.host.current = true,
            "mosaic_fleet_info" => {
                self.host.host = label("host");
                self.host.tenant = label("tenant");
            }
            "mosaic_agent_info" => {
                let agent = self.agent(sample);
                agent.runtime = label("runtime");
                agent.class = label("class");
            }
            "mosaic_agent_condition" => self.agent(sample).condition = condition(sample.label("condition")),
            "mosaic_agent_activity" => {
                let state = label("activity").filter(|state| state != "unreported");
                self.agent(sample).activity =
                    state.map(|state| RemoteActivity { state, for_seconds: None, waiting_for: None });
            }
            "mosaic_agent_waiting_for" => {
                self.waiting_for.insert(sample.label("agent").to_owned(), waiting_for(sample.label("reason")));
            }
            _ => {}
        }
    }

    fn apply_value(&mut self, sample: &Sample) {
        match sample.name() {
            "mosaic_collector_success" => {
                let source = RemoteSource { ok: sample.is_set() };
                self.host.sources.insert(sample.label("collector").to_owned(), source);
            }
            "mosaic_verify_passed" => self.host.verified = Some(sample.is_set()),
            "mosaic_drift_items" if sample.is_set() => {
                let count = DriftCount { kind: sample.label("kind").to_owned(), count: to_u64(sample.value) };
                self.host.drift.push(count);
            }
            "mosaic_agent_starts_total" => self.agent(sample).starts = Some(to_u64(sample.value)),
            "mosaic_agent_memory_bytes" => self.agent(sample).memory_bytes = Some(to_u64(sample.value)),
            "mosaic_agent_cpu_seconds_total" => self.agent(sample).cpu_seconds = Some(sample.value),
            _ => {}
        }
    }

    fn agent(&mut self, sample: &Sample) -> &mut RemoteAgent {
        let name = sample.label("agent");
        self.agents.entry(name.to_owned()).or_insert_with(|| unknown(name.to_owned(), None, None))
    }

    fn finish(mut self) -> HostSnapshot {
        // Some servers return the last samples of an exporter that is down for a while. They are out of date.
        self.host.current &= self.host.up != Some(false);
        for (name, waiting_for) in self.waiting_for {
            let activity = self.agents.get_mut(&name).and_then(|agent| agent.activity.as_mut());
            if let Some(activity) = activity.filter(|activity| activity.state == "waiting") {
                activity.waiting_for = Some(waiting_for);
            }
        }
        let agents = self.agents.into_values();
        let mut agents: Vec<RemoteAgent> = if self.host.current {
            agents.collect()
        } else {
            let HostSnapshot { host, tenant, up, sample_age_seconds, .. } = self.host;
            self.host = HostSnapshot { host, tenant, up, sample_age_seconds, ..HostSnapshot::default() };
            agents.map(|agent| unknown(agent.name, agent.runtime, agent.class)).collect()
        };
        let longest_first = |one: &RemoteAgent, other: &RemoteAgent| other.urgent_for().total_cmp(&one.urgent_for());
        agents.sort_by(|one, other| other.urgency().cmp(&one.urgency()).then_with(|| longest_first(one, other)));
        self.host.drift.sort_by(|one, other| one.kind.cmp(&other.kind));
        HostSnapshot { agents, ..self.host }
    }
}

/// An agent whose state is not known.
fn unknown(name: String, runtime: Option<String>, class: Option<String>) -> RemoteAgent {
    RemoteAgent {
        name,
        runtime,
        class,
        condition: Condition::Unknown,
        activity: None,
        heartbeat_age_seconds: None,
        last_output_age_seconds: None,
        starts: None,
        memory_bytes: None,
        cpu_seconds: None,
    }
}

/// Parses the label of a condition. A newer exporter may have conditions that are not known here.
fn condition(label: &str) -> Condition {
    Condition::ALL.into_iter().find(|condition| condition.as_str() == label).unwrap_or(Condition::Unknown)
}

/// Parses the label of a reason to wait. A newer exporter may have reasons that are not known here.
fn waiting_for(label: &str) -> WaitingFor {
    let known = WaitingFor::ALL.into_iter().find(|known| known.as_str().replace('-', "_") == label);
    known.unwrap_or(WaitingFor::Other)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts and bytes, far below 2^53")]
fn to_u64(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

fn timestamp(seconds: f64) -> Option<Timestamp> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(SignedDuration::from_millis(since.as_millis().try_into().ok()?)).ok()
}
