//! What is to be done, and what has to be known of it.

use crate::{Layout, Step};

/// The outcome of deciding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to do, in this order.
    pub steps: Vec<Step>,
    /// What is left as it is, and what somebody should see to.
    pub notes: Vec<String>,
}

impl Plan {
    /// The plan for people, a line a step.
    #[must_use]
    pub fn lines(&self, layout: &Layout) -> Vec<String> {
        let steps = self.steps.iter().map(|step| step.line(layout));
        let nothing = self.steps.is_empty().then(|| "nothing to do".to_owned());
        let notes = self.notes.iter().map(|note| format!("note    {note}"));
        steps.chain(nothing).chain(notes).collect()
    }
}
