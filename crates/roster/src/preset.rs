//! Presets: complete rosters for `mosaic fleet init --profile`.

use std::fmt;
use std::str::FromStr;

/// A complete roster to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// One agent.
    Minimal,
    /// Four agents for general work.
    General,
    /// Writing and reviewing code.
    Coding,
    /// Research.
    Research,
    /// Research and coding.
    Hybrid,
    /// Thirteen agents.
    SoftwareFactory,
}

/// A text that is not the name of a preset.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile '{}': expected one of {}", .given.escape_debug(), Preset::ALL.map(Preset::name).join(", "))]
pub struct UnknownPreset {
    given: String,
}

/// The schema reference of a preset in the repository, where the schema is one directory up.
const SCHEMA_IN_REPOSITORY: &str = "$schema=../roster.schema.json";
/// The schema reference of an installed roster, which has the schema beside it.
const SCHEMA_INSTALLED: &str = "$schema=./roster.schema.json";

impl Preset {
    /// All presets, smallest first.
    pub const ALL: [Self; 6] =
        [Self::Minimal, Self::General, Self::Coding, Self::Research, Self::Hybrid, Self::SoftwareFactory];

    /// The name, as `--profile` accepts it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::General => "general",
            Self::Coding => "coding",
            Self::Research => "research",
            Self::Hybrid => "hybrid",
            Self::SoftwareFactory => "software-factory",
        }
    }

    /// A description in one line.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Minimal => "one agent, to try it out",
            Self::General => "an orchestrator, an enhancer and two general workers",
            Self::Coding => "an orchestrator, an enhancer, two coders and a reviewer",
            Self::Research => "an orchestrator, an enhancer, two researchers and a reviewer",
            Self::Hybrid => "an orchestrator, an enhancer, a researcher, two coders and a reviewer",
            Self::SoftwareFactory => "13 agents: six coders, reviewers of code and security, and a final reviewer",
        }
    }

    /// The text of the roster, with a reference to the schema beside it.
    #[must_use]
    pub fn text(self) -> String {
        self.in_repository().replacen(SCHEMA_IN_REPOSITORY, SCHEMA_INSTALLED, 1)
    }

    fn in_repository(self) -> &'static str {
        match self {
            Self::Minimal => include_str!("../../../framework/fleet/presets/minimal.yaml"),
            Self::General => include_str!("../../../framework/fleet/presets/general.yaml"),
            Self::Coding => include_str!("../../../framework/fleet/presets/coding.yaml"),
            Self::Research => include_str!("../../../framework/fleet/presets/research.yaml"),
            Self::Hybrid => include_str!("../../../framework/fleet/presets/hybrid.yaml"),
            Self::SoftwareFactory => include_str!("../../../framework/fleet/presets/software-factory.yaml"),
        }
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if given == "usc" {
            // The name of the older tools.
            return Ok(Self::SoftwareFactory);
        }
        Self::ALL
            .into_iter()
            .find(|preset| preset.name() == given)
            .ok_or_else(|| UnknownPreset { given: given.to_owned() })
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
