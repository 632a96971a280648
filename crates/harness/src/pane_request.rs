use serde::{Deserialize, Serialize};

/// What a test asks of a pane process; one JSON line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum PaneRequest {
    /// Write this to the terminal.
    Print(String),
    /// End with this code.
    Exit(i32),
    /// End by this signal.
    KillSelf(i32),
    /// Start a descendant in a session of its own that ignores SIGHUP and SIGTERM.
    SpawnOrphan,
    /// Ignore SIGHUP, SIGINT and SIGTERM from now on.
    IgnoreTermination,
    /// Tell the environment.
    Environment,
    /// Tell the working directory.
    WorkingDirectory,
}
