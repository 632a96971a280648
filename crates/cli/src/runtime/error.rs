//! Why a runtime cannot be run.

use std::io;
use std::path::PathBuf;

use mosaic_domain::ExitCode;

/// A runtime that was not started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RuntimeError {
    /// Nobody knows it.
    #[error(
        "'{}' is neither a command of mosaic nor a runtime{}; runtimes are {known}{}",
        .name.escape_debug(),
        did_you_mean(.nearest),
        .roster.as_ref().map(|why| format!(", and those of the roster, which cannot be read: {why}")).unwrap_or_default()
    )]
    Unknown {
        /// As it was typed.
        name: String,
        /// Commands and runtimes that are almost the same.
        nearest: Vec<String>,
        /// All runtimes.
        known: String,
        /// Why the roster, which may have others, was not read.
        roster: Option<String>,
    },
    /// Its program is not installed.
    #[error("{program} is in no directory of PATH ({path}): install it ({install}), or add its directory to PATH")]
    NotInstalled {
        /// The program.
        program: &'static str,
        /// Where it was looked for.
        path: String,
        /// What installs it.
        install: &'static str,
    },
    /// What is to be said first cannot be said.
    #[error("cannot take what the runtime is told first from {}: {source}", .path.display())]
    Kickstart {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// An option of ours lacks its value.
    #[error("--kickstart wants a FILE with what the runtime is told first")]
    NoKickstart,
    /// A runtime of the roster is a line of a site's own, of which nobody knows how it is told something.
    #[error("--kickstart is for {known}: how '{name}' is told something is not known; write it into its command")]
    NoKickstartFor {
        /// The runtime.
        name: String,
        /// Those that can.
        known: String,
    },
    /// Nobody knows how many skills that are.
    #[error(
        "MOSAIC_PI_SKILL_MODE is '{}': it is all or discover, or not set for the skills of MOSAIC_PI_FORCE_SKILLS alone",
        .value.escape_debug()
    )]
    SkillMode {
        /// As it was set.
        value: String,
    },
}

impl RuntimeError {
    /// The exit code for it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unknown { .. } | Self::NoKickstart | Self::NoKickstartFor { .. } | Self::SkillMode { .. } => {
                ExitCode::Usage
            }
            Self::Kickstart { .. } => ExitCode::Io,
            Self::NotInstalled { .. } => ExitCode::Unavailable,
        }
    }
}

fn did_you_mean(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!(" (did you mean {}?)", nearest.join(" or ")) }
}
