//! What an event says.

use mosaic_heartbeat::Activity;

/// What an agent does, as one event of its runtime tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// What it does.
    pub(crate) activity: Activity,
    /// For what it waits, or what blocks it.
    pub(crate) reason: Option<String>,
    /// Its model, if the event names it.
    pub(crate) model: Option<String>,
    /// What it was asked to do, if the event is that.
    pub(crate) task: Option<String>,
}

impl Report {
    /// Only what it does.
    pub(crate) fn of(activity: Activity) -> Self {
        Self { activity, reason: None, model: None, task: None }
    }

    /// What it does, and why.
    pub(super) fn because(activity: Activity, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::of(activity) }
    }
}
