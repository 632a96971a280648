//! From answers to hosts: pure.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mosaic_probe::snapshot::{Condition, WaitingFor};

use super::answer::{Answer, Sample};
use super::hosts::{DriftCount, HostSnapshot, HostsSnapshot, RemoteActivity, RemoteAgent, RemoteSource};
use super::question::Question;

/// The answers to all questions.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    at: Option<f64>,
    samples: BTreeMap<Question, Vec<Sample>>,
}

/// A host of which not all is known yet.
#[derive(Debug, Default)]
struct Gathered {
    host: HostSnapshot,
    agents: BTreeMap<String, RemoteAgent>,
    waiting_for: BTreeMap<String, WaitingFor>,
}

impl Answers {
    /// One more of them.
    pub(super) fn add(&mut self, question: Question, answer: Answer) {
        self.at = self.at.or(answer.at);
        self.samples.insert(question, answer.samples);
    }

    /// What they say; `now` is taken for the moment of it if they say nothing.
    pub(super) fn assemble(&self, prometheus: &str, now: Timestamp) -> HostsSnapshot {
        let mut hosts: BTreeMap<(&str, &str), Gathered> = BTreeMap::new();
        for question in Question::ALL {
            for sample in self.samples.get(&question).into_iter().flatten() {
                let gathered = hosts.entry((sample.label("job"), sample.label("instance"))).or_default();
                gathered.note(question, sample);
            }
        }
        let named = hosts.into_iter().map(|((job, instance), gathered)| HostSnapshot {
            job: job.to_owned(),
            instance: instance.to_owned(),
            ..gathered.finish()
        });
        let mut hosts: Vec<HostSnapshot> = named.collect();
        hosts.sort_by_cached_key(|host| (Reverse(host.need()), host.host.clone(), host.tenant.clone()));
        let observed_at = self.at.and_then(moment).unwrap_or(now).to_string();
        HostsSnapshot { schema: 1, prometheus: prometheus.to_owned(), observed_at, hosts }
    }
}

impl Gathered {
    fn note(&mut self, question: Question, sample: &Sample) {
        let value = sample.value;
        match question {
            // Of two that scrape the same exporter, one may have lost it.
            Question::Exporters => self.host.up = Some(self.host.up == Some(true) || sample.is_set()),
            Question::Ages => {
                let age = value.max(0.0);
                self.host.sample_age_seconds = Some(self.host.sample_age_seconds.map_or(age, |other| other.min(age)));
            }
            Question::States | Question::LastKnown => self.note_state(sample),
            Question::Numbers => self.note_number(sample),
            Question::HeartbeatAges => self.agent(sample).heartbeat_age_seconds = Some(value.max(0.0)),
            Question::OutputAges => self.agent(sample).last_output_age_seconds = Some(value.max(0.0)),
            Question::ActivityAges => {
                if let Some(activity) = &mut self.agent(sample).activity {
                    activity.for_seconds = Some(value.max(0.0));
                }
            }
        }
    }

    fn note_state(&mut self, sample: &Sample) {
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

    fn note_number(&mut self, sample: &Sample) {
        match sample.name() {
            "mosaic_collector_success" => {
                let source = RemoteSource { ok: sample.is_set() };
                self.host.sources.insert(sample.label("collector").to_owned(), source);
            }
            "mosaic_verify_passed" => self.host.verified = Some(sample.is_set()),
            "mosaic_drift_items" if sample.is_set() => {
                let count = DriftCount { kind: sample.label("kind").to_owned(), count: whole(sample.value) };
                self.host.drift.push(count);
            }
            "mosaic_agent_starts_total" => self.agent(sample).starts = Some(whole(sample.value)),
            "mosaic_agent_memory_bytes" => self.agent(sample).memory_bytes = Some(whole(sample.value)),
            "mosaic_agent_cpu_seconds_total" => self.agent(sample).cpu_seconds = Some(sample.value),
            _ => {}
        }
    }

    fn agent(&mut self, sample: &Sample) -> &mut RemoteAgent {
        let name = sample.label("agent");
        self.agents.entry(name.to_owned()).or_insert_with(|| unknown(name.to_owned(), None, None))
    }

    fn finish(mut self) -> HostSnapshot {
        // Some servers give the last samples for a while: what they say is not so any more.
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
        let longest_first = |one: &RemoteAgent, other: &RemoteAgent| other.needing_for().total_cmp(&one.needing_for());
        agents.sort_by(|one, other| other.need().cmp(&one.need()).then_with(|| longest_first(one, other)));
        self.host.drift.sort_by(|one, other| one.kind.cmp(&other.kind));
        HostSnapshot { agents, ..self.host }
    }
}

/// An agent of which nothing is known but what it is.
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

/// A condition by its word; that of a newer exporter may have others.
fn condition(word: &str) -> Condition {
    Condition::ALL.into_iter().find(|condition| condition.as_str() == word).unwrap_or(Condition::Unknown)
}

/// What is waited for, by the word of the label; a newer exporter may have others.
fn waiting_for(word: &str) -> WaitingFor {
    let known = WaitingFor::ALL.into_iter().find(|known| known.as_str().replace('-', "_") == word);
    known.unwrap_or(WaitingFor::Other)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts and bytes, far below 2^53")]
fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

fn moment(seconds: f64) -> Option<Timestamp> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(SignedDuration::from_millis(since.as_millis().try_into().ok()?)).ok()
}
