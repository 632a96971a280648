//! Classes: the roles that agents have in a fleet.

use std::fmt;
use std::str::FromStr;

/// The role of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Distributes the work. A fleet has at most one.
    Orchestrator,
    /// Improves how the fleet works.
    Enhancer,
    /// Writes code. `coder` is an alias.
    Implementer,
    /// Reviews code.
    Reviewer,
    /// Reviews code for security.
    SecurityReviewer,
    /// Gives the final approval.
    FinalReviewer,
    /// Does research.
    Research,
    /// Maintains the task board.
    Board,
    /// Operates deployed software.
    Operations,
    /// Tries out changes before other agents get them.
    Canary,
    /// Does any kind of work. The default.
    #[default]
    Worker,
    /// A class that the site defines.
    Other(String),
}

/// A text that is not a valid class.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a class: a class is 1 to 64 letters, digits, '_' or '-' (ASCII), and starts with a letter or digit", .given.escape_debug())]
pub struct InvalidClass {
    given: String,
}

impl Class {
    /// The classes of the role library.
    pub const KNOWN: [Self; 11] = [
        Self::Orchestrator,
        Self::Enhancer,
        Self::Implementer,
        Self::Reviewer,
        Self::SecurityReviewer,
        Self::FinalReviewer,
        Self::Research,
        Self::Board,
        Self::Operations,
        Self::Canary,
        Self::Worker,
    ];

    /// The class in the spelling of the roster.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Orchestrator => "orchestrator",
            Self::Enhancer => "enhancer",
            Self::Implementer => "implementer",
            Self::Reviewer => "reviewer",
            Self::SecurityReviewer => "security_reviewer",
            Self::FinalReviewer => "final_reviewer",
            Self::Research => "research",
            Self::Board => "board",
            Self::Operations => "operations",
            Self::Canary => "canary",
            Self::Worker => "worker",
            Self::Other(name) => name,
        }
    }
}

impl FromStr for Class {
    type Err = InvalidClass;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if given == "coder" {
            return Ok(Self::Implementer);
        }
        if let Some(known) = Self::KNOWN.into_iter().find(|known| known.as_str() == given) {
            return Ok(known);
        }
        // The syntax of an agent name is safe in env files and metric labels.
        match given.parse::<mosaic_domain::AgentName>() {
            Ok(_) => Ok(Self::Other(given.to_owned())),
            Err(_) => Err(InvalidClass { given: given.to_owned() }),
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Class {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::deserialize_with::text(deserializer)
    }
}

impl schemars::JsonSchema for Class {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Class".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        crate::json_schema::class()
    }
}
