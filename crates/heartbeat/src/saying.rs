//! What an agent says, before it is written down.

use crate::Activity;

/// What is said in one report; what is left out stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// What the agent does.
    pub activity: Activity,
    /// Why.
    pub reason: Option<String>,
    /// Another model; an empty one takes it back, as with the others.
    pub model: Option<String>,
    /// Another task.
    pub task: Option<String>,
    /// Another message that was taken.
    pub message_id: Option<String>,
}
