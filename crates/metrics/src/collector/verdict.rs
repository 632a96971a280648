//! What follows from everything that was seen.

use mosaic_probe::snapshot::{Condition, DriftKind};

use crate::encoder::Encoder;
use crate::exposition::Exposition;
use crate::family::Family;
use crate::roster_agents::RosterAgents;

const CONDITION: &Family = Family::named("mosaic_agent_condition");
const DRIFT: &Family = Family::named("mosaic_drift_items");
const VERIFIED: &Family = Family::named("mosaic_verify_passed");

pub(super) fn write(encoder: &mut Encoder<'_>, exposition: &Exposition<'_>, agents: &RosterAgents<'_>) {
    let conditions = Condition::ALL.map(Condition::as_str);
    agents.write_states(encoder, CONDITION, &conditions, |agent| Some(agent.condition.as_str()));
    let snapshot = exposition.snapshot;
    // Without a roster nothing drifts, and that is no good news.
    if snapshot.roster.agents.is_some() {
        let mut samples = encoder.family(DRIFT);
        for kind in DriftKind::ALL {
            let items = snapshot.drift.iter().filter(|item| item.kind == kind).count();
            samples.line().word("kind", kind.as_str()).value(items as u64);
        }
    }
    encoder.family(VERIFIED).only(exposition.verified);
}
