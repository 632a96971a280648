//! What became of one agent.

use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_process::monotonic;

/// One line of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// Whom it is about.
    pub(crate) subject: Subject,
    /// What is so now, or why not.
    pub(crate) outcome: Result<Change, String>,
    /// How long it took, from the order.
    pub(crate) took: Duration,
}

/// Whom a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// An agent.
    Agent(AgentName),
    /// The tmux server's holder.
    Holder,
}

impl Subject {
    /// Its name; the holder's word is no agent's.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Agent(name) => name.as_str(),
            Self::Holder => "(holder)",
        }
    }
}

/// What is so now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It runs since now.
    Started,
    /// It ran before, and systemd watches it since now.
    TakenOver,
    /// It ran before, and nothing was done.
    AlreadyRunning,
    /// It ran before.
    Stopped,
    /// It did not run before.
    NotRunning,
    /// Another process runs since now.
    Restarted,
}

impl Change {
    /// The word for programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::TakenOver => "taken-over",
            Self::AlreadyRunning => "already-running",
            Self::Stopped => "stopped",
            Self::NotRunning => "not-running",
            Self::Restarted => "restarted",
        }
    }
}

impl Report {
    /// What became of `subject`, when the order was given at `since` on the monotonic clock.
    pub(super) fn now(subject: Subject, outcome: Result<Change, String>, since: Duration) -> Self {
        Self { subject, outcome, took: monotonic().saturating_sub(since) }
    }

    /// What a person is told.
    pub(crate) fn text(&self) -> String {
        let seconds = self.took.as_secs_f64();
        match &self.outcome {
            Ok(Change::Started) => format!("started in {seconds:.1} s"),
            Ok(Change::TakenOver) => "already running, and watched by systemd from now on".to_owned(),
            Ok(Change::AlreadyRunning) => "already running".to_owned(),
            Ok(Change::Stopped) => format!("stopped in {seconds:.1} s"),
            Ok(Change::NotRunning) => "not running".to_owned(),
            Ok(Change::Restarted) => format!("restarted in {seconds:.1} s"),
            Err(why) => format!("failed: {why}"),
        }
    }
}
