use crate::Outcome;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Paste the text.
    Type,
    /// Press Enter.
    Press,
    /// Look again in a moment.
    Wait,
    /// It is over.
    End(Outcome),
}
