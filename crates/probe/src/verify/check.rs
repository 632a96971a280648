//! The result of a verification: the checks, their evidence, and the overall status.

use std::fmt;

use jiff::Timestamp;
use mosaic_domain::AgentName;
use schemars::JsonSchema;
use serde::Serialize;

use super::causes::Cause;
use crate::advice::Advice;
use crate::snapshot::text_format;

/// The status of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The check passed.
    Pass,
    /// The check failed.
    Fail,
    /// The check could not be made.
    Unknown,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        })
    }
}

/// The name of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckName {
    /// The roster can be read and is valid.
    Roster,
    /// The roster has at most one orchestrator.
    Orchestrator,
    /// The fleet has a tmux server with a holder session on a socket of its own.
    Holder,
    /// The tmux server belongs to the holder unit, so that no logout ends it and it has the fleet's options.
    HolderUnit,
    /// The socket of the fleet's tmux server is where the server listens.
    Socket,
    /// The fleet does not use the default tmux server.
    DefaultServer,
    /// tmux is new enough.
    TmuxVersion,
    /// systemd is new enough.
    SystemdVersion,
    /// The programs that the agents' units run can be executed.
    Programs,
    /// Units run without a login.
    Linger,
    /// The exporter that was installed with the fleet has its address and answers there. Without its socket unit, there is
    /// no such check.
    Exporter,
    /// A session with exactly the agent's name exists.
    Session,
    /// The agent's process is alive and is the one that its heartbeat names.
    Process,
    /// The agent's heartbeat is fresh.
    Heartbeat,
    /// The agent's unit is active.
    UnitActive,
    /// The agent's unit is enabled.
    UnitEnabled,
    /// The pane's process is in the unit's control group.
    ControlGroup,
    /// The limits that the roster sets are in force. This check is made only of a running agent with limits.
    Limits,
    /// The program of the agent's runtime is on the search path that its env file records.
    Runtime,
    /// The agent does not keep ending after short runs.
    Restarts,
    /// The agent needs no person: it does not wait, is not blocked, and does not hang. This check is never required,
    /// because an agent that waits is alive.
    Activity,
    /// There is no drift from the roster.
    Drift,
}

impl CheckName {
    /// The name, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Roster => "roster",
            Self::Orchestrator => "orchestrator",
            Self::Holder => "holder",
            Self::HolderUnit => "holder-unit",
            Self::Socket => "socket",
            Self::DefaultServer => "default-server",
            Self::TmuxVersion => "tmux-version",
            Self::SystemdVersion => "systemd-version",
            Self::Programs => "programs",
            Self::Linger => "linger",
            Self::Exporter => "exporter",
            Self::Session => "session",
            Self::Process => "process",
            Self::Heartbeat => "heartbeat",
            Self::UnitActive => "unit-active",
            Self::UnitEnabled => "unit-enabled",
            Self::ControlGroup => "control-group",
            Self::Limits => "limits",
            Self::Runtime => "runtime",
            Self::Restarts => "restarts",
            Self::Activity => "activity",
            Self::Drift => "drift",
        }
    }
}

impl CheckName {
    /// Whether the check is of what an agent runs, so that it does not apply to an agent that was stopped on request.
    #[must_use]
    pub fn needs_process(self) -> bool {
        matches!(
            self,
            Self::Session | Self::Process | Self::Heartbeat | Self::UnitActive | Self::ControlGroup | Self::Activity
        )
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The name of the check.
    pub name: CheckName,
    /// The agent that was checked; null for checks of the whole fleet.
    pub agent: Option<String>,
    /// The status.
    pub status: Status,
    /// The overall result depends on this check.
    pub required: bool,
    /// The evidence for the status.
    pub evidence: String,
    /// What to do; empty if the check passed.
    pub advice: String,
    /// The command that does it, a line for a shell; null if the check passed, or if a person has to decide. It never
    /// ends a process that may be alive.
    pub command: Option<String>,
}

/// Which agents to verify, and how strictly.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The agents of the roster to verify; `None` for all of them.
    pub agents: Option<Vec<AgentName>>,
    /// Require also the checks that are otherwise only recommended.
    pub strict: bool,
}

impl Scope {
    pub(super) fn contains(&self, agent: &str) -> bool {
        self.agents.as_ref().is_none_or(|agents| agents.iter().any(|name| name.as_str() == agent))
    }
}

/// The result of `mosaic fleet verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "mosaic fleet verify --json")]
pub struct Verification {
    /// The version of this format: 1. Fields are only ever added to it.
    pub schema: u32,
    /// The host.
    pub host: String,
    /// The tenant: `MOSAIC_TENANT`, by default the user.
    pub tenant: String,
    /// When the fleet was observed (RFC 3339).
    #[serde(serialize_with = "text_format::display")]
    #[schemars(with = "String")]
    pub observed_at: Timestamp,
    /// Every required check passed.
    pub passed: bool,
    /// The causes of the required checks that failed, those of the most checks first.
    pub causes: Vec<Cause>,
    /// The agents that were stopped on request. The checks of what runs pass for them, and say nothing.
    pub stopped: Vec<String>,
    /// All checks.
    pub checks: Vec<Check>,
}

impl Verification {
    /// The overall status of the required checks: [`Status::Fail`] if one failed, else [`Status::Unknown`] if one could
    /// not be made, else [`Status::Pass`].
    #[must_use]
    pub fn status(&self) -> Status {
        let any = |status| self.checks.iter().any(|check| check.required && check.status == status);
        if any(Status::Fail) {
            Status::Fail
        } else if any(Status::Unknown) {
            Status::Unknown
        } else {
            Status::Pass
        }
    }
}

/// The advice of a check that could not be made.
pub(super) fn read_failure_advice() -> Advice {
    Advice::run_as_in("mosaic fleet ps", "mosaic fleet ps shows what could not be read, and why")
}

/// Whether to collect the texts of the checks. For a thousand agents, writing them takes longer than all the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// Write evidence and advice.
    Collect,
    /// Leave them empty: only the status is needed.
    Skip,
}

impl Evidence {
    /// Formats a text if texts are collected.
    pub(super) fn format(self, text: fmt::Arguments<'_>) -> String {
        match self {
            Self::Collect => fmt::format(text),
            Self::Skip => String::new(),
        }
    }

    /// Makes an advice if texts are collected.
    pub(super) fn advice(self, advice: impl FnOnce() -> Advice) -> Advice {
        match self {
            Self::Collect => advice(),
            Self::Skip => Advice::default(),
        }
    }

    /// Copies a text if texts are collected.
    pub(super) fn copy(self, text: &str) -> String {
        self.format(format_args!("{text}"))
    }
}
