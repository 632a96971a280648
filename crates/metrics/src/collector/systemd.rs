//! What the user manager says.

use mosaic_probe::Snapshot;

use crate::encoder::Encoder;
use crate::family::Family;
use crate::roster_agents::RosterAgents;

const LINGER: &Family = Family::named("mosaic_linger_enabled");
const STATE: &Family = Family::named("mosaic_agent_unit_state");
const ENABLED: &Family = Family::named("mosaic_agent_unit_enabled");

/// Of a state of some later systemd's none of them is 1.
const STATES: [&str; 6] = ["active", "reloading", "inactive", "failed", "activating", "deactivating"];

pub(super) fn write(encoder: &mut Encoder<'_>, snapshot: &Snapshot, agents: &RosterAgents<'_>) {
    encoder.family(LINGER).only(snapshot.linger);
    agents.write_states(encoder, STATE, &STATES, |agent| Some(agent.unit.as_ref()?.active.as_str()));
    agents.write(encoder, ENABLED, |agent| agent.unit.as_ref()?.enabled);
}
