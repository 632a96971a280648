//! One agent as it is now: its session, unit, heartbeat, activity and usage, and the condition they lead to.

use std::fmt;

use jiff::Timestamp;
use mosaic_domain::ExitVerdict;
use mosaic_heartbeat::{Activity, Status};
use mosaic_roster::Class;
use mosaic_systemd::ActiveState;
use schemars::JsonSchema;
use serde::Serialize;

use super::{DriftKind, EndSnapshot, RestartsSnapshot, text_format};

/// An agent of the roster (`managed`), or another session on the fleet's socket.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentSnapshot {
    /// The name of the agent.
    pub name: String,
    /// Its runtime; null if it is not in the roster.
    pub runtime: Option<String>,
    /// Its class; null if it is not in the roster.
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub class: Option<Class>,
    /// The host that it runs on.
    pub host: String,
    /// The tenant that it belongs to.
    pub tenant: String,
    /// It is in the roster.
    pub managed: bool,
    /// The verdict to act on.
    pub condition: Condition,
    /// The reason for the condition, if the condition alone does not explain it.
    pub reason: Option<String>,
    /// When the condition began (RFC 3339); null if that is unknown.
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub condition_since: Option<Timestamp>,
    /// The stop that was requested and that no start has ended; null if there is none.
    pub stopped: Option<StopSnapshot>,
    /// Its session; null if tmux could not be queried.
    pub session: Option<SessionSnapshot>,
    /// Its unit; null if the user manager could not be queried.
    pub unit: Option<UnitSnapshot>,
    /// Its heartbeat.
    pub heartbeat: HeartbeatSnapshot,
    /// How it ended last; null if no end is recorded.
    pub last_end: Option<EndSnapshot>,
    /// Its restarts; null unless it keeps ending after short runs.
    pub restarts: Option<RestartsSnapshot>,
    /// Its activity; null if neither the agent nor its screen shows one.
    pub activity: Option<ActivitySnapshot>,
    /// Its resource usage; null if it could not be read.
    pub usage: Option<UsageSnapshot>,
    /// Its limits in the roster; null if it has none.
    pub limits: Option<LimitsSnapshot>,
    /// The kinds of its drift from the roster.
    pub drift: Vec<DriftKind>,
}

/// A stop that was requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StopSnapshot {
    /// When the agent had stopped (RFC 3339).
    #[serde(serialize_with = "text_format::display")]
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// The user or the agent that requested the stop with `mosaic`; null if it was requested from systemd, or from the
    /// sidecar.
    pub by: Option<String>,
}

/// The session with the agent's name on the fleet's tmux server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionSnapshot {
    /// The session exists. If it does not, every other field is null.
    pub exists: bool,
    /// The id of its pane: `%4`.
    pub pane_id: Option<String>,
    /// The id of the process that tmux started in the pane.
    pub pane_pid: Option<u32>,
    /// The pane is dead: its process has ended, and tmux keeps its screen.
    pub pane_dead: Option<bool>,
    /// The process exists and is not a zombie. Null if `/proc` could not be read.
    pub process_alive: Option<bool>,
    /// When the process started (RFC 3339).
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub process_since: Option<Timestamp>,
    /// The name of the program in the foreground of the pane.
    pub command: Option<String>,
    /// When the pane's window last printed output (RFC 3339).
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub last_output: Option<Timestamp>,
}

/// The unit of an agent, as systemd reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnitSnapshot {
    /// The name of the unit: `mosaic-agent@coder0.service`.
    pub name: String,
    /// The `ActiveState`: `active`, `activating`, `failed`, …
    #[serde(serialize_with = "text_format::display")]
    #[schemars(with = "String")]
    pub active: ActiveState,
    /// The `SubState`: `running`, `auto-restart`, `dead`, …
    pub sub: String,
    /// How its last run ended: `exit-code`, `signal`, `timeout`, … Null unless it failed.
    pub result: Option<String>,
    /// A boot starts it. Null if the unit directories could not be read.
    pub enabled: Option<bool>,
    /// Its unit file is installed and can be loaded.
    pub installed: bool,
    /// When it entered this state; for an active unit, when its start began (RFC 3339).
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub since: Option<Timestamp>,
}

/// The freshness of a heartbeat, judged by its writer's own interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HeartbeatHealth {
    /// At most three intervals old.
    Healthy,
    /// Older than three intervals.
    Stale,
    /// Missing, or its age cannot be determined.
    Unknown,
}

/// The heartbeat of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatSnapshot {
    /// The freshness.
    pub health: HeartbeatHealth,
    /// Why the freshness is unknown.
    pub reason: Option<String>,
    /// When it was written, by the wall clock (RFC 3339).
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub ts: Option<Timestamp>,
    /// Its age, in milliseconds.
    pub age_ms: Option<u64>,
    /// The interval of its writer, in milliseconds.
    pub interval_ms: Option<u64>,
    /// The id of the process that it is about.
    pub pid: Option<u32>,
    /// The state of that process: `ok`, `exited`, `stopped` or `lost`.
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub status: Option<Status>,
    /// How the process ended: `code:7`, `signal:9`.
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub exit: Option<ExitVerdict>,
    /// How the last process that ended did so, this one or the previous one: `code:7`, `signal:9`.
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub last_exit: Option<ExitVerdict>,
    /// When the last process ended (RFC 3339).
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub last_exit_at: Option<Timestamp>,
    /// The process id of the sidecar that wrote it.
    pub sidecar: Option<u32>,
    /// How often the agent was started since the run directory was created.
    pub starts: Option<u64>,
    /// The path of the file.
    pub path: String,
}

/// The resources that an agent and its descendants use: those of its unit's control group, else of its process tree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageSnapshot {
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// CPU time since the start, in seconds.
    pub cpu_seconds: f64,
    /// Processes and threads of the control group, else the number of processes.
    pub tasks: u64,
    /// How many of its processes the kernel has killed since its unit started, because memory was short. Null if the
    /// control group does not count them.
    pub oom_kills: Option<u64>,
}

/// The limits of an agent in the roster, other than `infinity`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LimitsSnapshot {
    /// Memory, in bytes; null if it is not limited, or if the limit is a percentage of the host's memory.
    pub memory_bytes: Option<u64>,
    /// CPU time, in CPUs; null if it is not limited.
    pub cpu_cores: Option<f64>,
    /// Processes and threads; null if they are not limited, or if the limit is a percentage of the host's maximum.
    pub tasks: Option<u64>,
    /// Every limit is in force. Null if the agent does not run, or if its control group could not be read.
    pub enforced: Option<bool>,
}

/// The condition of an agent: one status to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// The process is alive, and the heartbeat is fresh.
    Up,
    /// The unit is still activating.
    Starting,
    /// The process is alive, but the heartbeat is late.
    Stale,
    /// The pane's process has ended.
    Dead,
    /// The session does not exist.
    Missing,
    /// The agent was stopped on request, which is no fault. With `restart: always` in the roster it is missing instead.
    Stopped,
    /// A source that decides the condition could not be read; the reason names it.
    Unknown,
}

impl Condition {
    /// All values, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::Up, Self::Starting, Self::Stale, Self::Dead, Self::Missing, Self::Stopped, Self::Unknown];

    /// The name, as in JSON and in metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Starting => "starting",
            Self::Stale => "stale",
            Self::Dead => "dead",
            Self::Missing => "missing",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The activity of an agent, as it reports it or as its screen shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivitySnapshot {
    /// The activity: `working`, `waiting`, `idle` or `blocked`.
    #[serde(serialize_with = "text_format::display")]
    #[schemars(with = "String")]
    pub state: Activity,
    /// When the activity began (RFC 3339).
    #[serde(serialize_with = "text_format::milliseconds")]
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// What the agent waits for, or what blocks it.
    pub reason: Option<String>,
    /// What a waiting agent needs from a person.
    pub waiting_for: Option<WaitingFor>,
    /// When a working agent stopped printing output, if that was so long ago that it may hang (RFC 3339).
    #[serde(serialize_with = "text_format::optional_milliseconds")]
    #[schemars(with = "Option<String>")]
    pub silent_since: Option<Timestamp>,
    /// Where the activity was found.
    pub source: ActivitySource,
    /// The model that the agent reports.
    pub model: Option<String>,
    /// The task that the agent reports.
    pub task: Option<String>,
}

/// What a waiting agent needs from a person, by the first word of its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaitingFor {
    /// Permission to do something.
    Permission,
    /// The answer to a question.
    Question,
    /// A decision whether its directory can be trusted.
    Trust,
    /// A login.
    Login,
    /// A higher usage limit, or the time at which the limit is lifted.
    UsageLimit,
    /// Something else, which the reason names.
    Other,
}

/// Where an activity was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActivitySource {
    /// The agent reported it.
    Report,
    /// A file in which its program says what it does.
    StatusFile,
    /// Its screen shows it.
    Screen,
}

impl WaitingFor {
    /// All values, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::Permission, Self::Question, Self::Trust, Self::Login, Self::UsageLimit, Self::Other];

    /// The name, as in JSON and in metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Question => "question",
            Self::Trust => "trust",
            Self::Login => "login",
            Self::UsageLimit => "usage-limit",
            Self::Other => "other",
        }
    }

    /// Classifies the reason that a waiting agent gave.
    #[must_use]
    pub fn from_reason(reason: Option<&str>) -> Self {
        let starts_with = |words: &str| {
            let rest = reason.and_then(|reason| reason.strip_prefix(words));
            rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric()))
        };
        match () {
            () if starts_with("permission") => Self::Permission,
            () if starts_with("question") => Self::Question,
            () if starts_with("trust") => Self::Trust,
            () if starts_with("login") => Self::Login,
            () if starts_with("usage limit") => Self::UsageLimit,
            () => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::WaitingFor;

    #[test]
    fn the_first_words_of_a_reason_classify_it() {
        for (reason, expected) in [
            (Some("permission: Bash"), WaitingFor::Permission),
            (Some("permission"), WaitingFor::Permission),
            (Some("permissions are odd"), WaitingFor::Other),
            (Some("question: which branch?"), WaitingFor::Question),
            (Some("trust"), WaitingFor::Trust),
            (Some("login: 401"), WaitingFor::Login),
            (Some("usage limit, until 3 pm"), WaitingFor::UsageLimit),
            (Some("dialog: model"), WaitingFor::Other),
            (Some(""), WaitingFor::Other),
            (None, WaitingFor::Other),
        ] {
            assert_eq!(WaitingFor::from_reason(reason), expected, "{reason:?}");
        }
    }
}
