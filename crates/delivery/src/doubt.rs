//! Why it is not known whether a message arrived.

/// What was seen last of a message that was typed, or may have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The composer never showed it; Enter was not pressed.
    #[error("it was pasted, but its composer does not show it; Enter was not pressed")]
    NotShown,
    /// The pane went into a mode before Enter.
    #[error("it was pasted, then the pane went into copy mode; Enter was not pressed")]
    InMode,
    /// The process ended, or another took its place.
    #[error("the agent's process ended after it was pasted")]
    ProcessEnded,
    /// Enter was pressed, and the text still stands there.
    #[error("Enter was pressed, but it still stands in the composer")]
    StillThere,
    /// Enter was pressed, and the program does not read it.
    #[error("Enter was pressed, but the agent's program does not read what is typed")]
    NotRead,
    /// Enter was pressed, the text is gone, and no turn shows.
    #[error("Enter was pressed and it left the composer, but it does not show as a turn")]
    NoTurn,
    /// tmux failed in between.
    #[error("it may have been typed: {0}")]
    Tmux(String),
    /// Whoever sent it ended in between.
    #[error("its sender ended while it was being typed")]
    SenderEnded,
    /// Some of its lines were entered, and a later one was not.
    #[error("{entered} of {all} lines were entered, then: {then}")]
    Partly {
        /// How many were.
        entered: usize,
        /// How many there are.
        all: usize,
        /// What stopped the next one.
        then: String,
    },
}

impl Doubt {
    /// The word for it, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotShown => "not-shown",
            Self::InMode => "in-mode",
            Self::ProcessEnded => "process-ended",
            Self::StillThere => "still-there",
            Self::NotRead => "not-read",
            Self::NoTurn => "no-turn",
            Self::Tmux(_) => "tmux",
            Self::SenderEnded => "sender-ended",
            Self::Partly { .. } => "partly",
        }
    }
}
