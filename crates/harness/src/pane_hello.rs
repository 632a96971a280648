use serde::{Deserialize, Serialize};

/// The first line a process of the test's sends: who it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaneHello {
    /// The agent it was started as.
    pub agent: String,
    /// Whether it is the descendant that outlives its pane, rather than the pane process.
    pub orphan: bool,
}
