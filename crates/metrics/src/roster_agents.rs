//! The agents of the roster, each with what all its samples begin with.

use mosaic_probe::Snapshot;
use mosaic_probe::snapshot::AgentSnapshot;

use crate::encoder::{Encoder, Line, Samples, rendered_label};
use crate::family::Family;
use crate::number::Number;

/// The samples of an agent of which everything is known.
const SAMPLES: usize = 37;
/// What a line has besides the agent's name, on average.
const NAME_AND_VALUE: usize = 48;

/// An agent of the roster.
#[derive(Debug)]
pub(crate) struct RosterAgent<'a> {
    pub(crate) snapshot: &'a AgentSnapshot,
    /// `agent="coder0"`, which is escaped once and written nearly forty times.
    label: String,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct RosterAgents<'a>(Vec<RosterAgent<'a>>);

impl<'a> RosterAgents<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot) -> Self {
        let agent =
            |snapshot: &'a AgentSnapshot| RosterAgent { snapshot, label: rendered_label("agent", &snapshot.name) };
        Self(snapshot.managed().map(agent).collect())
    }

    /// About how long the text of all their samples is.
    pub(crate) fn expected_bytes(&self) -> usize {
        self.iter().map(|agent| SAMPLES * (NAME_AND_VALUE + agent.label.len())).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RosterAgent<'a>> {
        self.0.iter()
    }

    /// Writes a family that has one sample an agent, for those of whom it is known.
    pub(crate) fn write<N: Number>(
        &self,
        encoder: &mut Encoder<'_>,
        family: &'static Family,
        value: impl Fn(&'a AgentSnapshot) -> Option<N>,
    ) {
        let mut samples = encoder.family(family);
        for agent in self.iter() {
            if let Some(value) = value(agent.snapshot) {
                agent.line(&mut samples).value(value);
            }
        }
    }

    /// Writes a state set: for each agent of whom it is known a sample for every word, of which that one is 1 that
    /// the agent's state is.
    pub(crate) fn write_states<'s>(
        &self,
        encoder: &mut Encoder<'_>,
        family: &'static Family,
        words: &[&'static str],
        state: impl Fn(&'a AgentSnapshot) -> Option<&'s str>,
    ) where
        'a: 's,
    {
        let mut samples = encoder.family(family);
        // The label beside the agent's.
        let Some(name) = family.labels.last() else { return };
        for agent in self.iter() {
            let Some(state) = state(agent.snapshot) else { continue };
            for word in words {
                agent.line(&mut samples).word(name, word).value(*word == state);
            }
        }
    }
}

impl RosterAgent<'_> {
    /// Begins a sample of this agent.
    #[inline]
    pub(crate) fn line<'s>(&self, samples: &'s mut Samples<'_>) -> Line<'s> {
        samples.line().rendered(&self.label)
    }
}
