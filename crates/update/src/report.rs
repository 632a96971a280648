//! The report of an update, which is also the output of `mosaic fleet update --json`, and the events that
//! lead to it.

use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_lifecycle::LifecycleEvent;
use schemars::JsonSchema;
use serde::Serialize;

/// The result of an update.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateReport {
    /// The version of this format; 1. Fields are only ever added.
    pub schema: u32,
    /// Whether this is a plan, and nothing was done.
    pub dry_run: bool,
    /// Whether the update is complete.
    pub ok: bool,
    /// Whether a signal ended the update early.
    pub interrupted: bool,
    /// The programs, in the order in which they are updated.
    pub programs: Vec<ProgramReport>,
    /// The agents, in the order in which they are relaunched.
    pub agents: Vec<AgentReport>,
    /// The command that continues the update; null if it is complete.
    #[serde(rename = "goOn")]
    pub resume_command: Option<String>,
}

/// The result for one program.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgramReport {
    /// The name of its runtime.
    pub runtime: String,
    /// The path at which it was found.
    pub path: String,
    /// The command line of its own updater.
    pub updater: String,
    /// The outcome.
    pub outcome: ProgramOutcome,
    /// The version before the update; null if it is not known.
    pub before: Option<String>,
    /// The version after the update; null if it is not known.
    pub version: Option<String>,
    /// Why the program is not up to date; null if it is.
    pub reason: Option<String>,
    /// The output of an updater that failed; null otherwise.
    pub output: Option<String>,
    /// The command that installs the previous version; null if it is not known.
    #[serde(rename = "back")]
    pub rollback_command: Option<String>,
    /// The duration of the update in seconds.
    pub seconds: f64,
}

/// The outcome for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramOutcome {
    /// Its version has changed.
    Updated,
    /// Its updater found no newer version.
    Same,
    /// It belongs to a project, where it does not update itself.
    Unmanaged,
    /// Its updater was not run, because only agents were to be relaunched.
    Kept,
    /// Its updater failed, or its version cannot be determined.
    Failed,
    /// In a dry run: its updater would be run.
    Planned,
}

/// The result for one agent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentReport {
    /// The name of the agent.
    pub name: String,
    /// The path of the program that it runs; null if its command is not recognized.
    pub program: Option<String>,
    /// The outcome.
    pub outcome: AgentOutcome,
    /// The reason for the outcome; null if the outcome is self-explanatory.
    pub reason: Option<String>,
    /// The time that the agent was down, in seconds.
    pub seconds: f64,
}

/// The outcome for an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AgentOutcome {
    /// It was relaunched, and is up.
    Relaunched,
    /// It runs the installed version already.
    Current,
    /// It did not run, and was not started.
    NotRunning,
    /// Its command is not recognized, or its runtime has no updater.
    LeftOut,
    /// It was busy until the drain timeout, and was not relaunched.
    Busy,
    /// It was stopped, and is not up with the installed version.
    Failed,
    /// It was not reached, because the update had ended before.
    Untouched,
    /// In a dry run: it would be relaunched if the version of its program changes.
    Planned,
    /// In a dry run: it would be relaunched, because it runs a version that is no longer installed.
    PlannedAnyway,
}

/// The overall result of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The programs are up to date, and every agent that runs has the installed version.
    Complete,
    /// A program or an agent failed, or the update was interrupted.
    Failed,
    /// An agent was busy until the drain timeout.
    Busy,
}

/// What a caller learns while an update runs.
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateEvent {
    /// The programs and agents of this update. This is the first event.
    Selected {
        /// The names of the programs' runtimes.
        runtimes: Vec<String>,
        /// The agents.
        agents: Vec<AgentName>,
    },
    /// A program is done.
    Program(ProgramReport),
    /// An agent is done.
    Agent(AgentReport),
    /// An agent is busy, and the update waits for it.
    WaitingForIdle {
        /// The agent.
        agent: AgentName,
        /// Why it counts as busy.
        reason: String,
        /// How long the update waits at most.
        timeout: Duration,
    },
    /// A signal arrived while an updater runs. The update waits for the updater, because killing it could
    /// leave a broken program.
    WaitingForUpdater,
    /// An event of an agent's restart.
    Lifecycle(LifecycleEvent),
}

/// Receives the events of an update in the order in which they happen.
pub trait UpdateReporter {
    /// Receives one event.
    fn report(&mut self, event: UpdateEvent);
}

impl<F: FnMut(UpdateEvent)> UpdateReporter for F {
    fn report(&mut self, event: UpdateEvent) {
        self(event);
    }
}

impl UpdateReport {
    pub(crate) fn new(dry_run: bool) -> Self {
        Self {
            schema: 1,
            dry_run,
            ok: true,
            interrupted: false,
            programs: Vec::new(),
            agents: Vec::new(),
            resume_command: None,
        }
    }

    /// The overall result.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let agent = |outcome| self.agents.iter().any(|agent| agent.outcome == outcome);
        let program = |outcome| self.programs.iter().any(|program| program.outcome == outcome);
        match () {
            () if agent(AgentOutcome::Failed) || program(ProgramOutcome::Failed) => Verdict::Failed,
            () if agent(AgentOutcome::Busy) => Verdict::Busy,
            () if self.interrupted || program(ProgramOutcome::Unmanaged) => Verdict::Failed,
            () => Verdict::Complete,
        }
    }

    /// Whether a program has failed so far.
    pub(crate) fn has_failed_program(&self) -> bool {
        self.programs.iter().any(|program| program.outcome == ProgramOutcome::Failed)
    }
}

/// A duration in seconds, to the millisecond.
pub(crate) fn rounded_seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::AgentOutcome::{self, Busy, Failed, Relaunched, Untouched};
    use super::{AgentReport, UpdateReport, Verdict};

    #[test]
    fn a_failed_agent_outweighs_a_busy_one() {
        let report = |outcomes: &[AgentOutcome], interrupted| {
            let agent = |outcome: &AgentOutcome| AgentReport {
                name: "a".to_owned(),
                program: None,
                outcome: *outcome,
                reason: None,
                seconds: 0.0,
            };
            UpdateReport { agents: outcomes.iter().map(agent).collect(), interrupted, ..UpdateReport::new(false) }
        };
        let table: [(&[AgentOutcome], bool, Verdict); 5] = [
            (&[Relaunched], false, Verdict::Complete),
            (&[Relaunched, Busy, Untouched], false, Verdict::Busy),
            (&[Busy, Failed], false, Verdict::Failed),
            (&[Relaunched, Untouched], true, Verdict::Failed),
            (&[Busy], true, Verdict::Busy),
        ];
        for (outcomes, interrupted, expected) in table {
            assert_eq!(report(outcomes, interrupted).verdict(), expected, "{outcomes:?}");
        }
    }
}
