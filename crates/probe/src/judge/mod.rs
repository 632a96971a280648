//! From what was seen of one agent to the word that is acted on: pure.
//!
//! Three clocks are never mixed: the sidecar's (is the heartbeat fresh?), the process's (does this
//! very process live?), and the agent's own (what it printed and reported last), which decides
//! nothing here. What was not seen, or could not be read, is `unknown`, never healthy or dead.

mod activity;
mod condition;
mod facts;

pub(crate) use activity::{Signs, activity};
pub(crate) use condition::condition;
pub(crate) use facts::{AgentFacts, Beat, Binding, PaneFact, ProcessFact};
