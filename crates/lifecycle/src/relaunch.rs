//! Restarts agents one at a time, each only after the one before it is up.

use std::thread;
use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_probe::snapshot::Condition;
use mosaic_process::monotonic;

use crate::action::{ActionReport, LifecycleAction, LifecycleEvent, Reporter, Scope};
use crate::executor::{LifecycleError, LifecycleExecutor};
use crate::fleet_context::FleetContext;

/// The time that a restart of one agent may take: the timeouts of its unit for a stop and a start.
pub const RESTART_TIMEOUT: Duration = Duration::from_mins(2);
/// The time after the restart in which the agent has to be up.
pub const UP_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Restarts the agents that run, one at a time. Stops at the first agent that is not up afterwards, and
/// reports the others as [`LifecycleEvent::NotRestarted`].
///
/// # Errors
/// The roster cannot be used, or no agent can be restarted at all.
pub fn relaunch(
    context: &FleetContext,
    agents: &[AgentName],
    reporter: &mut dyn Reporter,
) -> Result<(), LifecycleError> {
    let roster = context.roster()?;
    let snapshot = context.snapshot()?;
    let runs = |agent: &&AgentName| {
        let condition = snapshot.agent(agent.as_str()).map_or(Condition::Missing, |seen| seen.condition);
        !matches!(condition, Condition::Missing | Condition::Dead | Condition::Stopped)
    };
    let running: Vec<&AgentName> = agents.iter().filter(runs).collect();
    let executor = LifecycleExecutor::new(context, &roster, reporter)?;
    for (index, agent) in running.iter().enumerate() {
        let mut last: Option<ActionReport> = None;
        let scope = Scope::Agents(vec![(*agent).clone()]);
        let mut keep_report = |event| match event {
            LifecycleEvent::Finished(report) => last = Some(report),
            other => reporter.report(other),
        };
        executor.run(LifecycleAction::Restart, &scope, RESTART_TIMEOUT, &mut keep_report)?;
        let Some(mut report) = last else { continue };
        if report.result.is_ok()
            && let Err(why) = wait_until_up(context, agent, UP_TIMEOUT)
        {
            report.result = Err(why.into());
        }
        let failed = report.result.is_err();
        reporter.report(LifecycleEvent::Finished(report));
        if failed {
            let rest: Vec<AgentName> = running[index + 1..].iter().map(|agent| (*agent).clone()).collect();
            if !rest.is_empty() {
                reporter.report(LifecycleEvent::NotRestarted(rest));
            }
            break;
        }
    }
    Ok(())
}

/// Waits until a restarted agent is up.
///
/// # Errors
/// The agent is not up after `timeout`; the text names its condition.
pub fn wait_until_up(context: &FleetContext, agent: &AgentName, timeout: Duration) -> Result<(), String> {
    let deadline = monotonic() + timeout;
    loop {
        let snapshot = context.snapshot().map_err(|error| error.to_string())?;
        let Some(seen) = snapshot.agent(agent.as_str()) else { return Err("it is not in the roster".to_owned()) };
        if seen.condition == Condition::Up {
            return Ok(());
        }
        if monotonic() > deadline {
            let reason = seen.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let seconds = timeout.as_secs();
            return Err(format!("restarted, but {} after {seconds} s{reason}", seen.condition));
        }
        thread::sleep(POLL_INTERVAL);
    }
}
