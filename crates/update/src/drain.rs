//! Waits until an agent is idle, and holds back its messages from then on.

use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_delivery::protocol::{DeliveryAttempt, PaneCapture, Step};
use mosaic_delivery::spool::{AgentLock, MessageId, Outbox};
use mosaic_delivery::{DeliveryOptions, DeliveryTimeouts, Outcome};
use mosaic_domain::AgentName;
use mosaic_lifecycle::FleetContext;
use mosaic_roster::Roster;
use mosaic_runtimes::ProfileLibrary;
use mosaic_tmux::PaneTarget;

use crate::agent_observation::{AgentObservation, VersionState};
use crate::idleness::{Idleness, InputObstacle};
use crate::interrupt::Interrupt;
use crate::report::{UpdateEvent, UpdateReporter};
use crate::update_error::UpdateError;

const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How long an agent has to stay idle while its messages are held. A message that was delivered just before
/// may not show yet.
const SETTLE_TIME: Duration = Duration::from_secs(1);
/// How long to wait for a message that is being delivered.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long tmux may take for one command. It answers in milliseconds unless it hangs.
const TMUX_TIMEOUT: Duration = Duration::from_secs(5);

/// Waits for agents to become idle.
#[derive(Debug)]
pub(crate) struct Drain<'a> {
    pub(crate) context: &'a FleetContext,
    pub(crate) roster: &'a Roster,
    pub(crate) interrupt: &'a Interrupt,
    /// How long to wait for one agent.
    pub(crate) timeout: Duration,
    /// Whether to stop an agent that is still busy after the timeout.
    pub(crate) force: bool,
}

/// Why an agent must not be stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DrainError {
    /// The agent was busy until the timeout.
    #[error("still busy: {0}")]
    Busy(String),
    /// A signal ended the wait.
    #[error("interrupted before it was idle")]
    Interrupted,
    /// The agent cannot be observed, or its messages cannot be held.
    #[error(transparent)]
    Failed(#[from] UpdateError),
}

impl Drain<'_> {
    /// Waits until an agent is idle; `None` if it does not run an outdated program. While the returned lock is
    /// held, no message is typed to the agent: each waits in the outbox or with its sender.
    ///
    /// # Errors
    /// The agent is still busy after the timeout, the update was interrupted, or messages cannot be held.
    pub(crate) fn wait(
        &self,
        agent: &AgentName,
        installed: Timestamp,
        reporter: &mut dyn UpdateReporter,
    ) -> Result<Option<AgentLock>, DrainError> {
        let deadline = Instant::now() + self.timeout;
        let mut notified = false;
        loop {
            if self.interrupt.is_requested() {
                return Err(DrainError::Interrupted);
            }
            let reason = match self.idleness(agent, installed) {
                Ok(None) => return Ok(None),
                Ok(Some(Idleness::Idle)) => match self.hold_messages(agent)? {
                    Some(lock) if self.stays_idle(agent, installed) => return Ok(Some(lock)),
                    Some(_) => "it has just begun to work".to_owned(),
                    None => delivery_in_progress(agent),
                },
                Ok(Some(Idleness::Busy(reason))) => reason,
                // One observation of many may fail, and nothing has been changed yet.
                Err(error) => error.to_string(),
            };
            if Instant::now() >= deadline {
                if !self.force {
                    return Err(DrainError::Busy(reason));
                }
                let lock = self.hold_messages(agent)?;
                return lock.map(Some).ok_or_else(|| DrainError::Busy(delivery_in_progress(agent)));
            }
            if !notified {
                let (agent, timeout) = (agent.clone(), self.timeout);
                reporter.report(UpdateEvent::WaitingForIdle { agent, reason, timeout });
                notified = true;
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Whether an agent is idle; `None` if it does not run an outdated program.
    ///
    /// # Errors
    /// The state of the agent cannot be determined.
    pub(crate) fn idleness(&self, agent: &AgentName, installed: Timestamp) -> Result<Option<Idleness>, UpdateError> {
        let Some(seen) = AgentObservation::observe(self.context, agent)? else { return Ok(None) };
        let is_outdated = |started: &Timestamp| VersionState::new(Some(*started), installed) == VersionState::Outdated;
        let Some(started) = seen.started().filter(is_outdated) else { return Ok(None) };
        let obstacle =
            || self.obstacle(agent).unwrap_or_else(|error| Some(InputObstacle::uncertain(error.to_string())));
        Ok(Some(Idleness::new(seen.activity.as_ref(), started, seen.quiet, obstacle)))
    }

    /// Acquires the right to type to an agent; `None` if a message is being delivered for too long.
    fn hold_messages(&self, agent: &AgentName) -> Result<Option<AgentLock>, UpdateError> {
        let (id, deadline) = (MessageId::generate(), Instant::now() + LOCK_TIMEOUT);
        Ok(Outbox::new(&self.context.location.home).lock_agent(
            agent,
            &id,
            deadline,
            &mosaic_delivery::Interrupt::default(),
        )?)
    }

    /// Whether an agent is idle for the settle time. An agent that ends meanwhile is not.
    fn stays_idle(&self, agent: &AgentName, installed: Timestamp) -> bool {
        let settled = Instant::now() + SETTLE_TIME;
        while matches!(self.idleness(agent, installed), Ok(Some(Idleness::Idle))) {
            if Instant::now() >= settled {
                return true;
            }
            thread::sleep(POLL_INTERVAL);
        }
        false
    }

    /// Why a message that waits for the agent to be idle could not be typed now.
    fn obstacle(&self, agent: &AgentName) -> Result<Option<InputObstacle>, UpdateError> {
        let entry = self.roster.agent(agent.as_str());
        let runtime = entry.map(|entry| self.roster.settings(entry).runtime).unwrap_or_default();
        let server = self.context.server(self.roster)?.with_timeout(TMUX_TIMEOUT);
        server.check_version()?;
        let pane = server.find_pane(&PaneTarget::agent(agent))?;
        let look = pane.map(|pane| server.pane_input(pane.id, 0).capture(Duration::ZERO)).transpose()?.flatten();
        let Some(look) = look else { return Ok(Some(InputObstacle::uncertain("it has no session"))) };
        let Some(pid) = look.pid else { return Ok(Some(InputObstacle::uncertain("its process has ended"))) };
        let profile = ProfileLibrary::new(&self.context.location.home).profile_in_pane(&runtime, Some(pid))?;
        let patience =
            DeliveryTimeouts { ready: Duration::ZERO, obstructed: Duration::ZERO, ..DeliveryTimeouts::default() };
        let request = DeliveryOptions { only_when_idle: true, timeouts: patience, ..DeliveryOptions::default() };
        let now = Instant::now();
        Ok(match DeliveryAttempt::new(&profile, "", request, now).next(&PaneCapture::new(Some(&look), pid), now) {
            Step::Type => None,
            Step::End(Outcome::Refused(refusal)) => Some(InputObstacle::from_refusal(&refusal)),
            _ => Some(InputObstacle::uncertain("its screen is not recognized")),
        })
    }
}

fn delivery_in_progress(agent: &AgentName) -> String {
    format!("a message to {agent} has been in delivery for {} s", LOCK_TIMEOUT.as_secs())
}
