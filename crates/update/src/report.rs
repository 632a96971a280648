//! What `mosaic fleet update --json` prints.

use schemars::JsonSchema;
use serde::Serialize;

/// What became of programs and agents.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateReport {
    /// The version of this format; 1. Fields are only ever added.
    pub(crate) schema: u32,
    /// Nothing was done; it is told what would be.
    pub(crate) dry_run: bool,
    /// All that was to be done is done.
    pub(crate) ok: bool,
    /// It was ended before that by whoever ran it.
    pub(crate) interrupted: bool,
    /// The programs, in the order in which they are brought up to date.
    pub(crate) programs: Vec<ProgramReport>,
    /// The agents, in the order in which they are relaunched.
    pub(crate) agents: Vec<AgentReport>,
    /// The command that does the rest; null if there is none.
    pub(crate) go_on: Option<String>,
}

/// One program.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProgramReport {
    /// The runtime that it is.
    pub(crate) runtime: String,
    /// Where it was found.
    pub(crate) path: String,
    /// Its own updater, as a command line.
    pub(crate) updater: String,
    /// What became of it.
    pub(crate) outcome: ProgramOutcome,
    /// Its version before.
    pub(crate) before: Option<String>,
    /// Its version now.
    pub(crate) version: Option<String>,
    /// Why it is not up to date.
    pub(crate) reason: Option<String>,
    /// What the updater printed, if it failed.
    pub(crate) output: Option<String>,
    /// The command that installs the version from before; null if that is not known.
    pub(crate) back: Option<String>,
    /// How long it took.
    pub(crate) seconds: f64,
}

/// What became of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProgramOutcome {
    /// It is another version now.
    Updated,
    /// Its updater has found nothing newer.
    Same,
    /// It cannot update itself where it is installed.
    Unmanaged,
    /// Only agents were to be relaunched.
    Kept,
    /// Its updater, or asking it for its version, failed.
    Failed,
    /// Its updater would be run.
    Planned,
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentReport {
    /// The agent.
    pub(crate) name: String,
    /// The program that it runs; null if only the site knows.
    pub(crate) program: Option<String>,
    /// What became of it.
    pub(crate) outcome: AgentOutcome,
    /// Why, where the outcome alone does not say.
    pub(crate) reason: Option<String>,
    /// How long it was between two programs.
    pub(crate) seconds: f64,
}

/// What became of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AgentOutcome {
    /// It runs the new program, and is up.
    Relaunched,
    /// It runs the program that is installed.
    Current,
    /// It did not run, and was not started.
    NotRunning,
    /// Its command is the site's own: nobody else knows which program that runs.
    LeftOut,
    /// It was at work until there was no more time: it runs on as before.
    Busy,
    /// It was stopped, and is not up with the new program.
    Failed,
    /// It runs on as before, because of what happened before its turn.
    Untouched,
    /// It would be relaunched if the program becomes another one.
    Planned,
    /// It would be relaunched in any case: it runs a program that is not installed any more.
    PlannedAnyway,
}
