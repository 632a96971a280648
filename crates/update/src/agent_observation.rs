//! Observes an agent, and decides whether it runs the installed version of its program.

use std::io;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mosaic_domain::{AgentName, Pid};
use mosaic_lifecycle::FleetContext;
use mosaic_probe::snapshot::{ActivitySnapshot, AgentSnapshot, Condition};
use mosaic_process::{ProcRoot, process_start_time, since_boot};

use crate::update_error::UpdateError;

/// The version that an agent runs, relative to the installed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionState {
    /// The agent does not run.
    NotRunning,
    /// The agent started after the installed version was installed.
    Current,
    /// The agent started before that.
    Outdated,
}

/// An agent at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AgentObservation {
    pub(crate) condition: Condition,
    /// The reason for the condition.
    pub(crate) reason: Option<String>,
    /// The process of its pane and the start time of that process, if it is alive.
    pub(crate) process: Option<(Pid, Timestamp)>,
    pub(crate) activity: Option<ActivitySnapshot>,
    /// The time since the last output of its pane.
    pub(crate) quiet: Duration,
}

impl VersionState {
    /// Compares the start of an agent's process with the installation of the program. Pure. A process that
    /// started at exactly that time counts as outdated, because it may run either version.
    pub(crate) fn new(started: Option<Timestamp>, installed: Timestamp) -> Self {
        match started {
            None => Self::NotRunning,
            Some(started) if started > installed => Self::Current,
            Some(_) => Self::Outdated,
        }
    }

    /// Observes an agent; `None` if the roster does not list it.
    ///
    /// # Errors
    /// The state of the agent cannot be determined.
    pub(crate) fn observe(
        context: &FleetContext,
        agent: &AgentName,
        installed: Timestamp,
    ) -> Result<Option<Self>, UpdateError> {
        Ok(AgentObservation::observe(context, agent)?.map(|seen| Self::new(seen.started(), installed)))
    }
}

impl AgentObservation {
    /// Observes an agent; `None` if the roster does not list it.
    ///
    /// # Errors
    /// The state of the agent cannot be determined.
    pub(crate) fn observe(context: &FleetContext, agent: &AgentName) -> Result<Option<Self>, UpdateError> {
        let snapshot = context.snapshot()?;
        let seen = snapshot.agent(agent.as_str()).filter(|seen| seen.managed);
        seen.map(|seen| Self::from_snapshot(agent, seen)).transpose()
    }

    fn from_snapshot(agent: &AgentName, seen: &AgentSnapshot) -> Result<Self, UpdateError> {
        let unknown = |reason: &str| UpdateError::AgentState { agent: agent.clone(), reason: reason.to_owned() };
        let reason = || seen.reason.as_deref().unwrap_or("tmux does not answer");
        let session = seen.session.as_ref().ok_or_else(|| unknown(reason()))?;
        let process = match (session.pane_pid.and_then(Pid::new), session.process_alive) {
            (Some(pid), Some(true)) => {
                start_time(pid).map_err(|error| unknown(&error.to_string()))?.map(|started| (pid, started))
            }
            (Some(_), None) if session.pane_dead == Some(false) => return Err(unknown(reason())),
            _ => None,
        };
        let printed = session.last_output;
        let quiet = printed.and_then(|printed| Duration::try_from(Timestamp::now().duration_since(printed)).ok());
        Ok(Self {
            condition: seen.condition,
            reason: seen.reason.clone(),
            process,
            activity: seen.activity.clone(),
            quiet: quiet.unwrap_or_default(),
        })
    }

    /// The start time of the agent's process, if it is alive.
    pub(crate) fn started(&self) -> Option<Timestamp> {
        self.process.map(|(_, started)| started)
    }
}

/// The start time of a process by the wall clock, as the change times of files are; `None` if it has ended.
fn start_time(pid: Pid) -> io::Result<Option<Timestamp>> {
    let Some(identity) = ProcRoot::default().identity(pid)? else { return Ok(None) };
    let age = SignedDuration::try_from(since_boot().saturating_sub(process_start_time(&identity))).unwrap_or_default();
    Ok(Timestamp::now().checked_sub(age).ok())
}

#[cfg(test)]
mod tests {
    use super::VersionState;
    use jiff::Timestamp;

    #[test]
    fn a_process_older_than_the_installation_is_outdated() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let table = [
            (None, VersionState::NotRunning),
            (Some(9), VersionState::Outdated),
            (Some(10), VersionState::Outdated),
            (Some(11), VersionState::Current),
        ];
        for (started, expected) in table {
            assert_eq!(VersionState::new(started.map(at), at(10)), expected, "{started:?}");
        }
    }
}
