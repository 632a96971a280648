//! Why a runtime cannot be run.

use domain::ExitCode;

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
}

impl RuntimeError {
    /// The exit code for it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unknown { .. } => ExitCode::Usage,
            Self::NotInstalled { .. } => ExitCode::Unavailable,
        }
    }
}

fn did_you_mean(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!(" (did you mean {}?)", nearest.join(" or ")) }
}
