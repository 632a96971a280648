//! What goes wrong at the gate.

use std::io;
use std::time::Duration;

use super::PaneFailure;

/// What goes wrong at the gate.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// Not a gate's name.
    #[error("'{}' is not the name of a gate", .0.escape_debug())]
    Name(String),
    /// The pane process did not come, or did not answer.
    #[error("the pane process did not report within {} s", .0.as_secs())]
    Silent(Duration),
    /// The connection broke.
    #[error("the pane process went away while it was started: {0}")]
    Broken(#[from] io::Error),
    /// The pane process says that it cannot start the command.
    #[error(transparent)]
    Failed(#[from] PaneFailure),
}
