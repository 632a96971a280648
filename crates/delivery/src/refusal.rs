//! Why nothing was typed.

/// What stands in a message's way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such session, or no tmux server.
    #[error("it has no session")]
    NoSession,
    /// The pane's process has ended.
    #[error("the process of its pane has ended")]
    Dead,
    /// The pane runs another process than the one that is watched as the agent.
    #[error("its pane runs another process than the agent's")]
    AnotherProcess,
    /// The pane is in a mode, so somebody reads there; or it is synchronised with others, or switched off.
    #[error("its pane is in copy mode, so that somebody is reading there, or does not take keys for itself alone")]
    InMode,
    /// Somebody's text stands in the composer.
    #[error("somebody's unsent text stands in its composer")]
    Draft,
    /// A dialog waits for a person.
    #[error("a dialog is open: {0}")]
    Dialog(String),
    /// There is nothing to type into.
    #[error("it shows no composer: it is still starting, or shows something else")]
    NoComposer,
    /// The program does not read what is typed.
    #[error("it does not read what was typed before")]
    NotReading,
    /// It works, and the message was to wait for that.
    #[error("it is at work")]
    Busy,
    /// The text is longer than what can be typed there.
    #[error("the message has {bytes} bytes, and at most {longest} can be typed there")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// What the runtime takes.
        longest: usize,
    },
    /// The composer would change the text.
    #[error("the message has a {0}, which its composer would change")]
    Changed(&'static str),
    /// Other messages went first for too long.
    #[error("other messages to it went first, and took too long")]
    NoTurn,
    /// tmux did not do it.
    #[error("{0}")]
    Tmux(String),
    /// The sender ended before anything was typed.
    #[error("its sender ended before anything was typed")]
    SenderEnded,
}

impl Refusal {
    /// The word for it, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSession => "no-session",
            Self::Dead => "dead",
            Self::AnotherProcess => "another-process",
            Self::InMode => "in-mode",
            Self::Draft => "draft",
            Self::Dialog(_) => "dialog",
            Self::NoComposer => "no-composer",
            Self::NotReading => "not-reading",
            Self::Busy => "busy",
            Self::TooLong { .. } => "too-long",
            Self::Changed(_) => "changed",
            Self::NoTurn => "no-turn",
            Self::Tmux(_) => "tmux",
            Self::SenderEnded => "sender-ended",
        }
    }

    /// Does it pass by itself, or by a person's doing, so that a message that may wait is tried again?
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::NoSession
            | Self::Dead
            | Self::AnotherProcess
            | Self::InMode
            | Self::Draft
            | Self::Dialog(_)
            | Self::NoComposer
            | Self::NotReading
            | Self::Busy
            | Self::NoTurn
            | Self::Tmux(_) => true,
            Self::TooLong { .. } | Self::Changed(_) | Self::SenderEnded => false,
        }
    }
}
