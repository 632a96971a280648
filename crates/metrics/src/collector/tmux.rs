//! What the tmux server says.

use mosaic_probe::Snapshot;

use crate::encoder::Encoder;
use crate::family::Family;
use crate::number::Milliseconds;
use crate::roster_agents::RosterAgents;

const HOLDER_UP: &Family = Family::named("mosaic_holder_up");
const HOLDER_STARTED: &Family = Family::named("mosaic_holder_start_time_seconds");
const LAST_OUTPUT: &Family = Family::named("mosaic_agent_last_output_timestamp_seconds");

pub(super) fn write(encoder: &mut Encoder<'_>, snapshot: &Snapshot, agents: &RosterAgents<'_>) {
    encoder.family(HOLDER_UP).only(snapshot.holder.up);
    encoder.family(HOLDER_STARTED).only(snapshot.holder.since.as_deref().and_then(Milliseconds::at));
    agents.write(encoder, LAST_OUTPUT, |agent| Milliseconds::at(agent.session.as_ref()?.last_output.as_ref()?));
}
