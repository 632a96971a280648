//! Lifecycle actions, their results, and the trait that receives the results.

use std::path::PathBuf;
use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_process::monotonic;
use mosaic_systemd::Verb;

/// An action on agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleAction {
    /// Start the agents that do not run.
    Start,
    /// Stop the agents that run.
    Stop,
    /// Stop the agents that run, then start all of them.
    Restart,
}

/// The agents that an action applies to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All agents of the roster and the holder. A stop also covers running agents that the roster no
    /// longer lists.
    All,
    /// Only these agents.
    Agents(Vec<AgentName>),
}

/// The subject of an [`ActionReport`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An agent.
    Agent(AgentName),
    /// The holder of the fleet's tmux server.
    Holder,
}

/// The state that an action led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The action started it.
    Started,
    /// It ran already, and its systemd unit has adopted it.
    TakenOver,
    /// It ran already, and the action left it alone.
    AlreadyRunning,
    /// The action stopped it.
    Stopped,
    /// It did not run, so there was nothing to stop.
    NotRunning,
    /// The action replaced its process with a new one.
    Restarted,
}

/// The result of an action on one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionReport {
    /// The agent, or the holder.
    pub subject: Subject,
    /// The outcome, or why the action failed.
    pub result: Result<Outcome, ActionFailure>,
    /// The time from the request to the result.
    pub duration: Duration,
    /// The action failed only because another command acts on the same subject at the same time.
    pub superseded: bool,
}

/// Why an action failed for one subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ActionFailure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What failed, and what to do.
    pub reason: String,
}

/// The kind of a failure. It decides the exit code of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The action was tried, and failed.
    Failed,
    /// Something that the agent needs is not there. Nothing was changed.
    Unavailable,
    /// The agent's configuration cannot be used. Nothing was changed.
    Configuration,
}

impl From<String> for ActionFailure {
    fn from(reason: String) -> Self {
        Self { kind: FailureKind::Failed, reason }
    }
}

/// What a caller learns while an action runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LifecycleEvent {
    /// No user manager answers, so agents are started and stopped directly.
    DirectMode {
        /// Why there is no user manager.
        reason: String,
    },
    /// Agents that are not in the roster and have no unit cannot be found.
    UnlistedAgentsUnknown {
        /// Why the run directory cannot be listed.
        reason: String,
    },
    /// The socket of the fleet's tmux server was removed, and the server has opened it again.
    SocketReopened {
        /// The path of the socket.
        path: PathBuf,
    },
    /// The tmux server in which agents run cannot be reached.
    SocketUnreachable {
        /// Why it cannot be reached.
        reason: String,
    },
    /// The tmux server ends with these sessions, which belong to no agent.
    SessionsEnd {
        /// The names of the sessions.
        sessions: Vec<String>,
    },
    /// The env file of an agent was missing or differed from the roster, and was written again.
    EnvFileWritten {
        /// The path of the file.
        path: PathBuf,
    },
    /// The record that an agent was stopped on request cannot be written or removed.
    StopRecordFailed {
        /// The path of the record, and the error.
        reason: String,
    },
    /// A warning of the launcher, or a line that the agent wrote before it ended.
    LauncherOutput {
        /// The line, without its line feed.
        line: String,
    },
    /// The action is complete for one subject.
    Finished(ActionReport),
    /// [`relaunch`](crate::relaunch()) stopped at a failure and did not restart these agents.
    NotRestarted(Vec<AgentName>),
}

/// Receives the events of an action in the order in which they happen.
pub trait Reporter {
    /// Receives one event.
    fn report(&mut self, event: LifecycleEvent);
}

impl<F: FnMut(LifecycleEvent)> Reporter for F {
    fn report(&mut self, event: LifecycleEvent) {
        self(event);
    }
}

impl LifecycleAction {
    /// The systemd job that performs the action on a unit.
    pub(crate) fn verb(self) -> Verb {
        match self {
            Self::Start => Verb::Start,
            Self::Stop => Verb::Stop,
            Self::Restart => Verb::Restart,
        }
    }

    /// The word for it on the command line and in JSON: `start`, `stop` or `restart`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.verb().as_str()
    }
}

impl Subject {
    /// The agent's name, or `(holder)`, which is no valid agent name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Agent(name) => name.as_str(),
            Self::Holder => "(holder)",
        }
    }
}

impl Outcome {
    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
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

impl LifecycleEvent {
    /// The report of an action that began at `began` on the monotonic clock and ends now.
    pub(crate) fn finished_now(subject: Subject, result: Result<Outcome, ActionFailure>, began: Duration) -> Self {
        let duration = monotonic().saturating_sub(began);
        Self::Finished(ActionReport { subject, result, duration, superseded: false })
    }
}
