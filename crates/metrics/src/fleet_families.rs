//! Writes the families of each collector from a snapshot.

use mosaic_delivery::spool::MessageCounts;
use mosaic_domain::ExitVerdict;
use mosaic_probe::Snapshot;
use mosaic_probe::snapshot::{AgentSnapshot, Class, Condition, DriftKind, EndVerdict, WaitingFor};

use crate::collector::{Collector, States};
use crate::encoder::{Encoder, SampleWriter, Samples, escaped_label};
use crate::exposition::Exposition;
use crate::family::Family;
use crate::sample_value::{Milliseconds, SampleValue};

const ROSTER_AGENTS: &Family = Family::named("mosaic_roster_agents");
const ROSTER_LOAD_SUCCESS: &Family = Family::named("mosaic_roster_last_load_success");
const ROSTER_LOAD_TIME: &Family = Family::named("mosaic_roster_last_load_timestamp_seconds");
const AGENT_INFO: &Family = Family::named("mosaic_agent_info");
const MEMORY_LIMIT: &Family = Family::named("mosaic_agent_memory_limit_bytes");
const CPU_LIMIT: &Family = Family::named("mosaic_agent_cpu_limit_cores");
const TASKS_LIMIT: &Family = Family::named("mosaic_agent_tasks_limit");

const HOLDER_UP: &Family = Family::named("mosaic_holder_up");
const HOLDER_START_TIME: &Family = Family::named("mosaic_holder_start_time_seconds");
const LAST_OUTPUT_TIME: &Family = Family::named("mosaic_agent_last_output_timestamp_seconds");

const LINGER_ENABLED: &Family = Family::named("mosaic_linger_enabled");
const UNIT_STATE: &Family = Family::named("mosaic_agent_unit_state");
const UNIT_ENABLED: &Family = Family::named("mosaic_agent_unit_enabled");

const HEARTBEAT_TIME: &Family = Family::named("mosaic_agent_heartbeat_timestamp_seconds");
const HEARTBEAT_INTERVAL: &Family = Family::named("mosaic_agent_heartbeat_interval_seconds");
const STARTS: &Family = Family::named("mosaic_agent_starts_total");
const LAST_EXIT_CODE: &Family = Family::named("mosaic_agent_last_exit_code");
const LAST_EXIT_TIME: &Family = Family::named("mosaic_agent_last_exit_timestamp_seconds");
const LAST_END_REASON: &Family = Family::named("mosaic_agent_last_end_reason");
const ACTIVITY: &Family = Family::named("mosaic_agent_activity");
const ACTIVITY_TIME: &Family = Family::named("mosaic_agent_activity_timestamp_seconds");
const WAITING_FOR: &Family = Family::named("mosaic_agent_waiting_for");

const PROCESS_ALIVE: &Family = Family::named("mosaic_agent_process_alive");
const PROCESS_START_TIME: &Family = Family::named("mosaic_agent_process_start_time_seconds");
const MEMORY: &Family = Family::named("mosaic_agent_memory_bytes");
const CPU: &Family = Family::named("mosaic_agent_cpu_seconds_total");
const TASKS: &Family = Family::named("mosaic_agent_tasks");
const OOM_KILLS: &Family = Family::named("mosaic_agent_oom_kills_total");
const LIMITS_ENFORCED: &Family = Family::named("mosaic_agent_limits_enforced");

const MESSAGES_UNDELIVERED: &Family = Family::named("mosaic_agent_messages_undelivered");
const OLDEST_MESSAGE_TIME: &Family = Family::named("mosaic_agent_oldest_message_timestamp_seconds");
const MESSAGES_FAILED: &Family = Family::named("mosaic_messages_failed");

const CONDITION: &Family = Family::named("mosaic_agent_condition");
const CONDITION_TIME: &Family = Family::named("mosaic_agent_condition_timestamp_seconds");
const DRIFT: &Family = Family::named("mosaic_drift_items");
const VERIFY_PASSED: &Family = Family::named("mosaic_verify_passed");

/// The active states of a unit. A state that a later systemd adds has no sample.
const UNIT_STATES: [&str; 6] = ["active", "reloading", "inactive", "failed", "activating", "deactivating"];
const ACTIVITIES: [&str; 5] = ["working", "waiting", "idle", "blocked", UNREPORTED];
const UNREPORTED: &str = "unreported";

/// Writes the families of a collector. A source that failed has none, except the roster, which keeps its last valid
/// state.
pub(crate) fn write(
    collector: Collector,
    encoder: &mut Encoder<'_>,
    exposition: &Exposition<'_>,
    agents: &RosterAgents<'_>,
) {
    let snapshot = exposition.snapshot;
    let is_read = collector.source().is_none_or(|source| snapshot.sources.get(&source).is_some_and(|report| report.ok));
    match collector {
        Collector::Roster => write_roster(encoder, snapshot, agents, is_read),
        Collector::Tmux if is_read => write_tmux(encoder, snapshot, agents),
        Collector::Systemd if is_read => write_systemd(encoder, snapshot, agents),
        Collector::Heartbeat if is_read => write_heartbeat(encoder, agents),
        Collector::Process if is_read => write_process(encoder, agents),
        Collector::Outbox => write_outbox(encoder, exposition, agents),
        Collector::Verdict => write_verdict(encoder, exposition, agents),
        Collector::Tmux | Collector::Systemd | Collector::Heartbeat | Collector::Process => {}
    }
}

fn write_roster(encoder: &mut Encoder<'_>, snapshot: &Snapshot, agents: &RosterAgents<'_>, is_read: bool) {
    encoder.family(ROSTER_AGENTS).write(snapshot.roster.agents.map(|agents| agents as u64));
    encoder.family(ROSTER_LOAD_SUCCESS).write(Some(is_read));
    let loaded_at = snapshot.roster.loaded_at.map(Milliseconds::from_timestamp);
    encoder.family(ROSTER_LOAD_TIME).write(loaded_at);
    let mut info = encoder.family(AGENT_INFO);
    for agent in agents.iter() {
        let AgentSnapshot { name, runtime, class, .. } = agent.snapshot;
        agent
            .sample(&mut info)
            .label("runtime", runtime.as_deref().unwrap_or_default())
            .label("class", class.as_ref().map_or("", Class::as_str))
            // The name is computed, because the labels of a series must not change when the manager does not answer.
            .label("unit", &format!("mosaic-agent@{name}.service"))
            .value(true);
    }
    agents.write(encoder, MEMORY_LIMIT, |agent| agent.limits?.memory_bytes);
    agents.write(encoder, CPU_LIMIT, |agent| agent.limits?.cpu_cores);
    agents.write(encoder, TASKS_LIMIT, |agent| agent.limits?.tasks);
}

fn write_tmux(encoder: &mut Encoder<'_>, snapshot: &Snapshot, agents: &RosterAgents<'_>) {
    encoder.family(HOLDER_UP).write(snapshot.holder.up);
    let started = snapshot.holder.since.map(Milliseconds::from_timestamp);
    encoder.family(HOLDER_START_TIME).write(started);
    agents.write(encoder, LAST_OUTPUT_TIME, |agent| {
        agent.session.as_ref()?.last_output.map(Milliseconds::from_timestamp)
    });
}

fn write_systemd(encoder: &mut Encoder<'_>, snapshot: &Snapshot, agents: &RosterAgents<'_>) {
    encoder.family(LINGER_ENABLED).write(snapshot.linger);
    agents.write_current(encoder, UNIT_STATE, |agent| {
        let active = agent.unit.as_ref()?.active.as_str();
        UNIT_STATES.into_iter().find(|known| *known == active)
    });
    agents.write(encoder, UNIT_ENABLED, |agent| agent.unit.as_ref()?.enabled);
}

fn write_heartbeat(encoder: &mut Encoder<'_>, agents: &RosterAgents<'_>) {
    agents.write(encoder, HEARTBEAT_TIME, |agent| agent.heartbeat.ts.map(Milliseconds::from_timestamp));
    let interval = |milliseconds| i64::try_from(milliseconds).ok().map(Milliseconds);
    agents.write(encoder, HEARTBEAT_INTERVAL, |agent| interval(agent.heartbeat.interval_ms?));
    agents.write(encoder, STARTS, |agent| agent.heartbeat.starts);
    let exit_code = |verdict: ExitVerdict| u64::from(verdict.as_exit_code());
    agents.write(encoder, LAST_EXIT_CODE, |agent| agent.heartbeat.last_exit.map(exit_code));
    agents.write(encoder, LAST_EXIT_TIME, |agent| agent.heartbeat.last_exit_at.map(Milliseconds::from_timestamp));
    agents.write_current(encoder, LAST_END_REASON, |agent| Some(end_reason(agent.last_end.as_ref()?.verdict)));
    agents.write_states(encoder, ACTIVITY, &ACTIVITIES, |agent| {
        Some(agent.activity.as_ref().map_or(UNREPORTED, |activity| activity.state.as_str()))
    });
    agents.write(encoder, ACTIVITY_TIME, |agent| Some(Milliseconds::from_timestamp(agent.activity.as_ref()?.since)));
    agents.write_current(encoder, WAITING_FOR, |agent| agent.activity.as_ref()?.waiting_for.map(waiting_reason));
}

/// The label value of the way in which an agent ended.
fn end_reason(verdict: EndVerdict) -> &'static str {
    match verdict {
        EndVerdict::Exited(ExitVerdict::Code(0)) => "completed",
        EndVerdict::Exited(ExitVerdict::Code(_)) => "error",
        EndVerdict::Exited(ExitVerdict::Signal(_)) => "signal",
        EndVerdict::Unknown => "unknown",
        EndVerdict::Lost => "lost",
        EndVerdict::Stopped => "stopped",
        EndVerdict::NotStarted => "not_started",
    }
}

/// The label value of a reason to wait.
fn waiting_reason(waiting_for: WaitingFor) -> &'static str {
    match waiting_for {
        WaitingFor::UsageLimit => "usage_limit",
        other => other.as_str(),
    }
}

fn write_process(encoder: &mut Encoder<'_>, agents: &RosterAgents<'_>) {
    agents.write(encoder, PROCESS_ALIVE, |agent| agent.session.as_ref()?.process_alive);
    agents.write(encoder, PROCESS_START_TIME, |agent| {
        agent.session.as_ref()?.process_since.map(Milliseconds::from_timestamp)
    });
    agents.write(encoder, MEMORY, |agent| agent.usage.map(|usage| usage.memory_bytes));
    agents.write(encoder, CPU, |agent| agent.usage.map(|usage| usage.cpu_seconds));
    agents.write(encoder, TASKS, |agent| agent.usage.map(|usage| usage.tasks));
    agents.write(encoder, OOM_KILLS, |agent| agent.usage?.oom_kills);
    agents.write(encoder, LIMITS_ENFORCED, |agent| agent.limits?.enforced);
}

fn write_outbox(encoder: &mut Encoder<'_>, exposition: &Exposition<'_>, agents: &RosterAgents<'_>) {
    let messages = exposition.messages;
    agents.write(encoder, MESSAGES_UNDELIVERED, |agent| Some(messages.get(&agent.name)?.undelivered));
    agents.write(encoder, OLDEST_MESSAGE_TIME, |agent| {
        messages.get(&agent.name)?.oldest.map(Milliseconds::from_timestamp)
    });
    let mut samples = encoder.family(MESSAGES_FAILED);
    let mut write = |outcome, count: fn(&MessageCounts) -> u64| {
        samples.sample().constant_label("outcome", outcome).value(messages.values().map(count).sum::<u64>());
    };
    write("refused", |messages| messages.refused);
    write("expired", |messages| messages.expired);
    write("unconfirmed", |messages| messages.unconfirmed);
}

fn write_verdict(encoder: &mut Encoder<'_>, exposition: &Exposition<'_>, agents: &RosterAgents<'_>) {
    let conditions = Condition::ALL.map(Condition::as_str);
    agents.write_states(encoder, CONDITION, &conditions, |agent| Some(agent.condition.as_str()));
    agents.write(encoder, CONDITION_TIME, |agent| agent.condition_since.map(Milliseconds::from_timestamp));
    let snapshot = exposition.snapshot;
    // Without a roster the drift is unknown, and zeros would look like a healthy fleet.
    if snapshot.roster.agents.is_some() {
        let mut samples = encoder.family(DRIFT);
        for kind in DriftKind::ALL {
            let items = snapshot.drift.iter().filter(|item| item.kind == kind).count();
            samples.sample().constant_label("kind", kind.as_str()).value(items as u64);
        }
    }
    encoder.family(VERIFY_PASSED).write(exposition.verified);
}

/// The number of samples of an agent of which everything is known.
const SAMPLES_PER_AGENT: usize = 37;
/// The average length of a line without the agent's label.
const BYTES_PER_SAMPLE: usize = 48;

/// The agents of the roster.
#[derive(Debug)]
pub(crate) struct RosterAgents<'a> {
    agents: Vec<RosterAgent<'a>>,
    states: States,
}

#[derive(Debug)]
struct RosterAgent<'a> {
    snapshot: &'a AgentSnapshot,
    /// The label `agent="coder0"`, which is escaped once and written for each sample.
    label: String,
}

impl<'a> RosterAgents<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, states: States) -> Self {
        let agent =
            |snapshot: &'a AgentSnapshot| RosterAgent { snapshot, label: escaped_label("agent", &snapshot.name) };
        Self { agents: snapshot.managed().map(agent).collect(), states }
    }

    /// The approximate length of the text of all samples.
    pub(crate) fn expected_bytes(&self) -> usize {
        self.iter().map(|agent| SAMPLES_PER_AGENT * (BYTES_PER_SAMPLE + agent.label.len())).sum()
    }

    fn iter(&self) -> impl Iterator<Item = &RosterAgent<'a>> {
        self.agents.iter()
    }

    /// Writes a family with one sample per agent. Agents without a known value have none.
    fn write<V: SampleValue>(
        &self,
        encoder: &mut Encoder<'_>,
        family: &'static Family,
        value: impl Fn(&'a AgentSnapshot) -> Option<V>,
    ) {
        let mut samples = encoder.family(family);
        for agent in self.iter() {
            if let Some(value) = value(agent.snapshot) {
                agent.sample(&mut samples).value(value);
            }
        }
    }

    /// Writes a family whose last label is the current one of many values: one sample with the value 1 per agent that
    /// has one. This is how kube-state-metrics exports reasons; a sample for every other value would be noise.
    fn write_current(
        &self,
        encoder: &mut Encoder<'_>,
        family: &'static Family,
        current: impl Fn(&'a AgentSnapshot) -> Option<&'static str>,
    ) {
        let mut samples = encoder.family(family);
        let Some(label) = family.labels.last() else { return };
        for agent in self.iter() {
            if let Some(current) = current(agent.snapshot) {
                agent.sample(&mut samples).constant_label(label, current).value(true);
            }
        }
    }

    /// Writes a state set: one sample per agent and state, which is 1 for the current state, or only that one. Agents
    /// without a known state have none.
    fn write_states<'s>(
        &self,
        encoder: &mut Encoder<'_>,
        family: &'static Family,
        states: &[&'static str],
        current: impl Fn(&'a AgentSnapshot) -> Option<&'s str>,
    ) where
        'a: 's,
    {
        let mut samples = encoder.family(family);
        // The state is the label after the agent.
        let Some(label) = family.labels.last() else { return };
        for agent in self.iter() {
            let Some(current) = current(agent.snapshot) else { continue };
            let is_written = |state: &&&str| self.states == States::All || **state == current;
            for state in states.iter().filter(is_written) {
                agent.sample(&mut samples).constant_label(label, state).value(*state == current);
            }
        }
    }
}

impl RosterAgent<'_> {
    /// Begins a sample of this agent.
    #[inline]
    fn sample<'s>(&self, samples: &'s mut Samples<'_>) -> SampleWriter<'s> {
        samples.sample().escaped_label(&self.label)
    }
}
