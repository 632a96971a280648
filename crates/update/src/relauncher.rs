//! Relaunches one agent, and checks that it runs the installed version of its program.

use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_domain::AgentName;
use mosaic_lifecycle::{
    FleetContext, LifecycleAction, LifecycleEvent, LifecycleExecutor, RESTART_TIMEOUT, Scope, UP_TIMEOUT, wait_until_up,
};
use mosaic_probe::snapshot::Condition;

use crate::agent_observation::{AgentObservation, VersionState};
use crate::drain::{Drain, DrainError};
use crate::report::{AgentOutcome, UpdateEvent, UpdateReporter};
use crate::update_error::UpdateError;
use crate::update_state::UpdateRecord;

/// The time that the agent has to stay up. A program that cannot work here often fails only after a moment.
const STABLE_TIME: Duration = Duration::from_secs(3);
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Relaunches agents that run an outdated program.
#[derive(Debug)]
pub(crate) struct Relauncher<'a> {
    pub(crate) executor: &'a LifecycleExecutor<'a>,
    pub(crate) drain: &'a Drain<'a>,
}

/// The result for one agent.
#[derive(Debug)]
pub(crate) struct Relaunched {
    pub(crate) outcome: AgentOutcome,
    /// The reason for the outcome.
    pub(crate) reason: Option<String>,
    /// How long the agent was down.
    pub(crate) downtime: Duration,
}

impl Relaunched {
    fn without_downtime(outcome: AgentOutcome, reason: Option<String>) -> Self {
        Self { outcome, reason, downtime: Duration::ZERO }
    }
}

impl Relauncher<'_> {
    /// Relaunches an agent, if its process started before the program was `installed`.
    ///
    /// # Errors
    /// The state of the agent cannot be determined, or agents cannot be restarted at all.
    pub(crate) fn relaunch_if_outdated(
        &self,
        agent: &AgentName,
        installed: Timestamp,
        record: &mut UpdateRecord,
        reporter: &mut dyn UpdateReporter,
    ) -> Result<Relaunched, UpdateError> {
        let Some(version) = VersionState::observe(self.drain.context, agent, installed)? else {
            let reason = "it is no longer in the roster".to_owned();
            return Ok(Relaunched::without_downtime(AgentOutcome::LeftOut, Some(reason)));
        };
        match version {
            // A previous update stopped it, so it is not meant to be down.
            VersionState::NotRunning if record.is_start_pending(agent) => {
                return self.relaunch(agent, installed, record, reporter);
            }
            VersionState::NotRunning => return Ok(Relaunched::without_downtime(AgentOutcome::NotRunning, None)),
            VersionState::Current => {
                record.clear_start_pending(agent)?;
                return Ok(Relaunched::without_downtime(AgentOutcome::Current, None));
            }
            VersionState::Outdated => {}
        }
        // Messages are held until the lock is dropped. A message that is typed in between would be lost.
        let lock = match self.drain.wait(agent, installed, reporter) {
            Ok(Some(lock)) => lock,
            // The agent has ended or was restarted meanwhile.
            Ok(None) => return self.relaunch_if_outdated(agent, installed, record, reporter),
            Err(DrainError::Failed(error)) => return Err(error),
            Err(busy @ DrainError::Busy(_)) => {
                return Ok(Relaunched::without_downtime(AgentOutcome::Busy, Some(busy.to_string())));
            }
            Err(interrupted @ DrainError::Interrupted) => {
                return Ok(Relaunched::without_downtime(AgentOutcome::Untouched, Some(interrupted.to_string())));
            }
        };
        let relaunched = self.relaunch(agent, installed, record, reporter);
        drop(lock);
        relaunched
    }

    fn relaunch(
        &self,
        agent: &AgentName,
        installed: Timestamp,
        record: &mut UpdateRecord,
        reporter: &mut dyn UpdateReporter,
    ) -> Result<Relaunched, UpdateError> {
        let (context, began) = (self.drain.context, Instant::now());
        record.set_start_pending(agent)?;
        let up = self.restart(agent, reporter)?.and_then(|()| wait_until_up(context, agent, UP_TIMEOUT));
        let downtime = began.elapsed();
        Ok(match up.and_then(|()| check_stable(context, agent, installed)) {
            Ok(()) => {
                record.clear_start_pending(agent)?;
                Relaunched { outcome: AgentOutcome::Relaunched, reason: None, downtime }
            }
            Err(why) => Relaunched { outcome: AgentOutcome::Failed, reason: Some(why), downtime },
        })
    }

    fn restart(&self, agent: &AgentName, reporter: &mut dyn UpdateReporter) -> Result<Result<(), String>, UpdateError> {
        let restarted = self.run(LifecycleAction::Restart, agent, reporter)?;
        // Ctrl-C also reaches the child processes of this one, and must not leave the agent down.
        if restarted.is_err() && self.drain.interrupt.is_requested() {
            return self.run(LifecycleAction::Start, agent, reporter);
        }
        Ok(restarted)
    }

    fn run(
        &self,
        action: LifecycleAction,
        agent: &AgentName,
        reporter: &mut dyn UpdateReporter,
    ) -> Result<Result<(), String>, UpdateError> {
        let mut result = Ok(());
        let scope = Scope::Agents(Vec::from([agent.clone()]));
        let mut keep_result = |event: LifecycleEvent| match event {
            LifecycleEvent::Finished(report) => {
                result = report.result.map(drop).map_err(|failure| failure.reason);
            }
            other => reporter.report(UpdateEvent::Lifecycle(other)),
        };
        self.executor.run(action, &scope, RESTART_TIMEOUT, &mut keep_result)?;
        Ok(result)
    }
}

/// Checks that an agent stays up with the same new process for the stable time.
fn check_stable(context: &FleetContext, agent: &AgentName, installed: Timestamp) -> Result<(), String> {
    let deadline = Instant::now() + STABLE_TIME;
    let mut first = None;
    loop {
        let seen = match AgentObservation::observe(context, agent) {
            // Ctrl-C can interrupt the programs that an observation runs.
            Err(_) if Instant::now() < deadline => {
                thread::sleep(POLL_INTERVAL);
                continue;
            }
            seen => seen.map_err(|error| error.to_string())?,
        };
        let Some(seen) = seen else { return Err("it is no longer in the roster".to_owned()) };
        let pid = seen.process.map(|(pid, _)| pid);
        if pid != *first.get_or_insert(pid) || seen.condition != Condition::Up {
            let reason = seen.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            return Err(format!(
                "relaunched, but it did not stay up and is {}{reason}; see: mosaic agent logs {agent}",
                seen.condition
            ));
        }
        if VersionState::new(seen.started(), installed) != VersionState::Current {
            return Err("relaunched, but its pane still runs the previous process".to_owned());
        }
        if Instant::now() >= deadline {
            return Ok(());
        }
        thread::sleep(POLL_INTERVAL);
    }
}
