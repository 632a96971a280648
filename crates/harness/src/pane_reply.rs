use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a pane process answers; one JSON line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum PaneReply {
    /// It is done.
    Done,
    /// The PID of the descendant, which is already in its own session.
    Orphan(u32),
    /// The environment the process was started with.
    Environment(BTreeMap<String, String>),
    /// The working directory.
    WorkingDirectory(PathBuf),
}
