//! What the kernel says of the agents' processes.

use crate::encoder::Encoder;
use crate::family::Family;
use crate::number::Milliseconds;
use crate::roster_agents::RosterAgents;

const ALIVE: &Family = Family::named("mosaic_agent_process_alive");
const STARTED: &Family = Family::named("mosaic_agent_process_start_time_seconds");
const MEMORY: &Family = Family::named("mosaic_agent_memory_bytes");
const CPU: &Family = Family::named("mosaic_agent_cpu_seconds_total");
const TASKS: &Family = Family::named("mosaic_agent_tasks");

pub(super) fn write(encoder: &mut Encoder<'_>, agents: &RosterAgents<'_>) {
    agents.write(encoder, ALIVE, |agent| agent.session.as_ref()?.process_alive);
    agents.write(encoder, STARTED, |agent| Milliseconds::at(agent.session.as_ref()?.process_since.as_ref()?));
    agents.write(encoder, MEMORY, |agent| agent.usage.map(|usage| usage.memory_bytes));
    agents.write(encoder, CPU, |agent| agent.usage.map(|usage| usage.cpu_seconds));
    agents.write(encoder, TASKS, |agent| agent.usage.map(|usage| usage.tasks));
}
