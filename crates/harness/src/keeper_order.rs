use serde::{Deserialize, Serialize};

/// What a test asks of its keeper after the [`KeeperPlan`](crate::keeper_plan::KeeperPlan); one
/// JSON line each, and each is answered with one `Result<(), String>`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum KeeperOrder {
    /// Start the user manager and wait until it is ready.
    Boot,
    /// Kill the user manager and everything it ever started.
    Halt,
    /// Let journald write down what has been logged so far.
    Sync,
}
