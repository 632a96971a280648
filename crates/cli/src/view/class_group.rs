//! The groups of the table of agents: who needs a person, then by what they are there for.

use mosaic_probe::snapshot::{AgentSnapshot, Attention};
use mosaic_roster::Class;

/// A group, in the order in which they are shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClassGroup {
    /// Agents of the roster that run, and that a person should see to.
    NeedAPerson,
    /// Agents of the roster, by class; a site's own classes come after those of the role library.
    Of(Class),
    /// Agents whose class cannot be told, because the roster cannot be read.
    Classless,
    /// What runs on the socket, and is not in the roster.
    Unmanaged,
}

impl ClassGroup {
    /// Where an agent belongs.
    pub(super) fn of(agent: &AgentSnapshot) -> Self {
        match agent.class.as_ref().and_then(|class| class.parse().ok()) {
            _ if !agent.managed => Self::Unmanaged,
            // One that is down tells of itself by its condition.
            _ if agent.attention().is_some_and(|attention| attention != Attention::Down) => Self::NeedAPerson,
            Some(class) => Self::Of(class),
            None => Self::Classless,
        }
    }

    /// What stands above it.
    pub(super) fn title(&self) -> String {
        let title = match self {
            Self::NeedAPerson => "need a person",
            Self::Of(Class::Orchestrator) => "orchestrator",
            Self::Of(Class::Enhancer) => "enhancer",
            Self::Of(Class::Implementer) => "implementers",
            Self::Of(Class::Reviewer) => "reviewers",
            Self::Of(Class::SecurityReviewer) => "security reviewers",
            Self::Of(Class::FinalReviewer) => "final reviewer",
            Self::Of(Class::Research) => "research",
            Self::Of(Class::Board) => "board",
            Self::Of(Class::Operations) => "operations",
            Self::Of(Class::Canary) => "canary",
            Self::Of(Class::Other(class)) => class,
            Self::Classless => "agents",
            Self::Unmanaged => "not in the roster",
        };
        title.to_owned()
    }
}
