//! Why something could not be recorded.

use std::io;
use std::path::PathBuf;

/// Why something could not be recorded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// A file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// A script cannot be parsed.
    #[error("{}: {message}", .path.display())]
    Script {
        /// The script.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// No scene has one of the names that were asked for.
    #[error("there is no such scene; the scenes are: {known}")]
    NoScene {
        /// The scenes of the script.
        known: String,
    },
    /// A command failed.
    #[error("{command}: {message}")]
    Command {
        /// The command.
        command: String,
        /// Its error output, or why it could not be started.
        message: String,
    },
    /// A script uses a name that its runtime does not define.
    #[error("the script of the runtime has no {kind} '{name}'")]
    Undefined {
        /// `keys` or `pattern`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A pattern is no regular expression.
    #[error("the pattern '{pattern}': {error}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The error.
        error: regex_lite::Error,
    },
    /// The program did not show what the script waits for.
    #[error("'{pattern}' did not appear; the screen shows:\n{screen}")]
    NotShown {
        /// What was expected.
        pattern: String,
        /// What the screen shows.
        screen: String,
    },
}
