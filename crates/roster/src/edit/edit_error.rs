//! Why a roster was not changed.

use std::path::PathBuf;

use mosaic_domain::{AgentName, ExitCode};

use crate::{OrchestratorRule, RosterError};

/// Why a roster was not changed. Nothing is lost: the text stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// What is there is no roster.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// An agent of that name is there already.
    #[error("agent {name} is in the roster already ({}:{line})", .path.display())]
    AlreadyThere {
        /// Its name.
        name: AgentName,
        /// The file.
        path: PathBuf,
        /// Where it is.
        line: usize,
    },
    /// There is no agent of that name.
    #[error("there is no agent {name} in the roster {}{}", .path.display(), did_you_mean(.nearest))]
    NoSuchAgent {
        /// The name.
        name: AgentName,
        /// The file.
        path: PathBuf,
        /// Names like it.
        nearest: Vec<AgentName>,
    },
    /// The fleet would then not have exactly one orchestrator.
    #[error("{what}: {rule}")]
    Orchestrators {
        /// What was asked.
        what: String,
        /// How the outcome breaks the rule.
        rule: OrchestratorRule,
    },
    /// The outcome would not be a roster that makes sense.
    #[error("{what} would make a roster that cannot be read, so nothing was changed: {source}")]
    Outcome {
        /// What was asked.
        what: String,
        /// What would be wrong.
        source: Box<RosterError>,
    },
    /// The text is written in a way that cannot be changed without touching other lines.
    #[error("{}:{line}: {what} cannot be done without rewriting other lines: {why}; change the file by hand", .path.display())]
    Style {
        /// What was asked.
        what: String,
        /// The file.
        path: PathBuf,
        /// Where.
        line: usize,
        /// What stands in the way.
        why: String,
    },
}

impl EditError {
    /// The exit code of a program that was to make the change.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Roster(error) => error.exit_code(),
            Self::AlreadyThere { .. } | Self::NoSuchAgent { .. } => ExitCode::Usage,
            Self::Orchestrators { .. } | Self::Outcome { .. } | Self::Style { .. } => ExitCode::Configuration,
        }
    }
}

fn did_you_mean(names: &[AgentName]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = names.iter().map(AgentName::as_str).collect();
    format!("; did you mean {}?", names.join(" or "))
}
