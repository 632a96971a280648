use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that a [`Keeper`](crate::Keeper) has to know; the first line it reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeeperPlan {
    /// Unique on this machine.
    pub(crate) name: String,
    /// Of the user manager, and so of its units.
    pub(crate) environment: BTreeMap<String, String>,
    /// Whom the user manager belongs to.
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Whether to make do with a user namespace and the cgroup the keeper is in.
    pub(crate) nested: bool,
}
