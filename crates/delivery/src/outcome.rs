//! The outcome of a delivery, with the reasons why a message was not typed or not confirmed.

use std::fmt;

use crate::Label;
use crate::spool::MessageId;

/// How far a message came. It is never called accepted on a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The agent has accepted it: the composer is empty again, and the message appears as a turn.
    Accepted,
    /// The agent's program shows that it keeps the message until its current turn ends.
    Queued,
    /// The message was typed, or may have been, and its acceptance was not seen. It is not typed again.
    Unconfirmed(UnconfirmedReason),
    /// Nothing was typed.
    Refused(Refusal),
}

impl Outcome {
    /// Returns the name of the outcome.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Unconfirmed(_) => "unconfirmed",
            Self::Refused(_) => "refused",
        }
    }

    /// Returns why the message was not accepted.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Accepted | Self::Queued => None,
            Self::Unconfirmed(reason) => Some(reason.to_string()),
            Self::Refused(refusal) => Some(refusal.to_string()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{}: {reason}", self.as_str()),
            None => f.pad(self.as_str()),
        }
    }
}

/// Why a message that was typed, or may have been, is not confirmed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnconfirmedReason {
    /// The composer never showed the text; Enter was not pressed.
    #[error("the text was pasted, but the composer does not show it; Enter was not pressed")]
    NotShown,
    /// The pane entered a mode before Enter.
    #[error("the text was pasted, then the pane entered copy mode; Enter was not pressed")]
    InMode,
    /// A dialog opened before Enter.
    #[error("the text was pasted, then the dialog '{0}' opened; Enter was not pressed")]
    Dialog(String),
    /// The program put the text back into its composer.
    #[error("the program put the text back into its composer, so it does not act on it")]
    TakenBack,
    /// The process ended, or another process took its place.
    #[error("the agent's process ended after the text was pasted")]
    ProcessEnded,
    /// Enter was pressed, and the composer still shows the text.
    #[error("Enter was pressed, but the text is still in the composer")]
    StillInComposer,
    /// Enter was pressed, and the program does not read its input.
    #[error("Enter was pressed, but the program does not read its input")]
    NotRead,
    /// Enter was pressed, the composer does not show the text anymore, and there is no new turn.
    #[error("Enter was pressed and the text left the composer, but it does not appear as a turn")]
    NoTurn,
    /// tmux failed after typing may have begun.
    #[error("the text may have been typed: {0}")]
    Tmux(String),
    /// The sending process ended after typing may have begun.
    #[error("the sender ended while it typed the text")]
    SenderEnded,
    /// The program shows no prompt by which acceptance could be seen.
    #[error("the text was typed into a program that shows no prompt, so its acceptance cannot be seen")]
    NoPrompt,
    /// The other host has no `mosaic`.
    #[error("there is no mosaic on {0}: tmux alone typed the text there, and its acceptance was not looked for")]
    NoMosaic(String),
    /// The sending process was asked to end after it typed the text.
    #[error("the sender was interrupted before it saw that the message was accepted")]
    Interrupted,
    /// Some lines were entered, and a later one was not.
    #[error("{entered} of {all} lines were entered, then: {then}")]
    Partial {
        /// The number of lines that were entered.
        entered: usize,
        /// The number of lines of the message.
        all: usize,
        /// Why the next line was not entered.
        then: String,
    },
}

impl UnconfirmedReason {
    /// Returns the machine-readable code of the reason.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotShown => "not-shown",
            Self::InMode => "in-mode",
            Self::Dialog(_) => "dialog",
            Self::TakenBack => "taken-back",
            Self::ProcessEnded => "process-ended",
            Self::StillInComposer => "still-there",
            Self::NotRead => "not-read",
            Self::NoTurn => "no-turn",
            Self::Tmux(_) => "tmux",
            Self::SenderEnded => "sender-ended",
            Self::NoPrompt => "no-prompt",
            Self::NoMosaic(_) => "no-mosaic",
            Self::Interrupted => "interrupted",
            Self::Partial { .. } => "partly",
        }
    }
}

/// Why nothing was typed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no session of that name, or no tmux server.
    #[error("the agent has no session")]
    NoSession,
    /// The pane process has ended.
    #[error("the process in the pane has ended")]
    Dead,
    /// The pane process is not the one that is watched as the agent.
    #[error("the pane runs another process than the agent's")]
    AnotherProcess,
    /// The pane is in a mode, in which a person reads; or its input is synchronized with other panes, or switched off.
    #[error("the pane is in copy mode, or its input is synchronized or switched off")]
    InMode,
    /// A person's text is in the composer.
    #[error("the composer contains an unsent draft")]
    Draft,
    /// The composer contains a message of this fleet that was typed and not submitted.
    #[error("the composer contains the message {id} from {sender}, which was typed and not submitted")]
    OwnDraft {
        /// The message.
        id: MessageId,
        /// Its sender.
        sender: Label,
    },
    /// A dialog waits for a person.
    #[error("a dialog is open: {0}")]
    Dialog(String),
    /// There is no composer to type into.
    #[error("the pane shows no composer: the program is still starting, or shows something else")]
    NoComposer,
    /// The program has not read earlier input.
    #[error("the program does not read its input")]
    NotReading,
    /// The agent is working, and the message should wait for that.
    #[error("the agent is working")]
    Busy,
    /// The text is longer than what can be typed into the program.
    #[error("the message has {bytes} bytes, and the program accepts at most {longest}")]
    TooLong {
        /// The length of the text.
        bytes: usize,
        /// The longest text that the runtime accepts.
        longest: usize,
    },
    /// The composer would change the text.
    #[error("the message contains a {0}, which the composer would change")]
    Changed(&'static str),
    /// The lock of the agent was not available in time.
    #[error("earlier messages to the agent took too long")]
    LockTimeout,
    /// tmux failed.
    #[error("{0}")]
    Tmux(String),
    /// The sending process ended before it typed anything.
    #[error("the sender ended before it typed anything")]
    SenderEnded,
    /// The sending process was asked to end, and nothing was typed, or the text was removed from the composer.
    #[error("the sender was interrupted before the message was submitted")]
    Interrupted,
}

impl Refusal {
    /// Returns the machine-readable code of the refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSession => "no-session",
            Self::Dead => "dead",
            Self::AnotherProcess => "another-process",
            Self::InMode => "in-mode",
            Self::Draft => "draft",
            Self::OwnDraft { .. } => "own-draft",
            Self::Dialog(_) => "dialog",
            Self::NoComposer => "no-composer",
            Self::NotReading => "not-reading",
            Self::Busy => "busy",
            Self::TooLong { .. } => "too-long",
            Self::Changed(_) => "changed",
            Self::LockTimeout => "no-turn",
            Self::Tmux(_) => "tmux",
            Self::SenderEnded => "sender-ended",
            Self::Interrupted => "interrupted",
        }
    }

    /// Returns whether the obstacle can go away, so that a message that may wait is tried again.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::NoSession
            | Self::Dead
            | Self::AnotherProcess
            | Self::InMode
            | Self::Draft
            | Self::OwnDraft { .. }
            | Self::Dialog(_)
            | Self::NoComposer
            | Self::NotReading
            | Self::Busy
            | Self::LockTimeout
            | Self::Interrupted
            | Self::Tmux(_) => true,
            Self::TooLong { .. } | Self::Changed(_) | Self::SenderEnded => false,
        }
    }
}
