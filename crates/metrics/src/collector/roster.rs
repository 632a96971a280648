//! What the roster says. It stays when the roster cannot be read any more: so it was when it last could.

use mosaic_probe::Snapshot;

use crate::encoder::Encoder;
use crate::family::Family;
use crate::number::Milliseconds;
use crate::roster_agents::RosterAgents;

const AGENTS: &Family = Family::named("mosaic_roster_agents");
const LOADED: &Family = Family::named("mosaic_roster_last_load_success");
const LOADED_AT: &Family = Family::named("mosaic_roster_last_load_timestamp_seconds");
const INFO: &Family = Family::named("mosaic_agent_info");

pub(super) fn write(encoder: &mut Encoder<'_>, snapshot: &Snapshot, agents: &RosterAgents<'_>, read: bool) {
    encoder.family(AGENTS).only(snapshot.roster.agents.map(|agents| agents as u64));
    encoder.family(LOADED).only(Some(read));
    encoder.family(LOADED_AT).only(snapshot.roster.loaded_at.as_deref().and_then(Milliseconds::at));
    let mut info = encoder.family(INFO);
    for agent in agents.iter() {
        let known = agent.snapshot;
        agent
            .line(&mut info)
            .label("runtime", known.runtime.as_deref().unwrap_or_default())
            .label("class", known.class.as_deref().unwrap_or_default())
            // Not from the manager: the labels of a series must not change when it does not answer.
            .label("unit", &format!("mosaic-agent@{}.service", known.name))
            .value(true);
    }
}
