//! What the run directory says: heartbeats, and agents' own reports, or what their screens show instead.

use mosaic_domain::ExitVerdict;
use mosaic_probe::snapshot::WaitingFor;

use crate::encoder::Encoder;
use crate::family::Family;
use crate::number::Milliseconds;
use crate::roster_agents::RosterAgents;

const WRITTEN_AT: &Family = Family::named("mosaic_agent_heartbeat_timestamp_seconds");
const INTERVAL: &Family = Family::named("mosaic_agent_heartbeat_interval_seconds");
const STARTS: &Family = Family::named("mosaic_agent_starts_total");
const LAST_EXIT: &Family = Family::named("mosaic_agent_last_exit_code");
const LAST_EXIT_AT: &Family = Family::named("mosaic_agent_last_exit_timestamp_seconds");
const ACTIVITY: &Family = Family::named("mosaic_agent_activity");
const ACTIVITY_SINCE: &Family = Family::named("mosaic_agent_activity_timestamp_seconds");
const WAITING_FOR: &Family = Family::named("mosaic_agent_waiting_for");

const ACTIVITIES: [&str; 5] = ["working", "waiting", "idle", "blocked", UNREPORTED];
const UNREPORTED: &str = "unreported";
/// None of the words of a state set: all of them are 0.
const NONE: &str = "";

pub(super) fn write(encoder: &mut Encoder<'_>, agents: &RosterAgents<'_>) {
    agents.write(encoder, WRITTEN_AT, |agent| Milliseconds::at(agent.heartbeat.ts.as_ref()?));
    let interval = |milliseconds| i64::try_from(milliseconds).ok().map(Milliseconds);
    agents.write(encoder, INTERVAL, |agent| interval(agent.heartbeat.interval_ms?));
    agents.write(encoder, STARTS, |agent| agent.heartbeat.starts);
    let exit_code = |verdict: ExitVerdict| u64::from(verdict.as_exit_code());
    agents.write(encoder, LAST_EXIT, |agent| agent.heartbeat.last_exit.as_ref()?.parse().ok().map(exit_code));
    agents.write(encoder, LAST_EXIT_AT, |agent| Milliseconds::at(agent.heartbeat.last_exit_at.as_ref()?));
    agents.write_states(encoder, ACTIVITY, &ACTIVITIES, |agent| {
        let reported = agent.activity.as_ref().map(|activity| activity.state.as_str());
        reported.filter(|word| ACTIVITIES.contains(word)).or(Some(UNREPORTED))
    });
    agents.write(encoder, ACTIVITY_SINCE, |agent| Milliseconds::at(&agent.activity.as_ref()?.since));
    // Zeros rather than gaps: a rule that asks whether somebody waited must know that nobody did.
    agents.write_states(encoder, WAITING_FOR, &WaitingFor::ALL.map(word), |agent| {
        Some(agent.activity.as_ref().and_then(|activity| activity.waiting_for).map_or(NONE, word))
    });
}

/// The word for it in the label.
fn word(waiting_for: WaitingFor) -> &'static str {
    match waiting_for {
        WaitingFor::UsageLimit => "usage_limit",
        other => other.as_str(),
    }
}
