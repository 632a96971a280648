//! Waits for an agent that was started.

use std::thread;
use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_probe::snapshot::Condition;
use mosaic_process::monotonic;

use crate::context::Context;

/// How often is looked meanwhile.
const LOOKING: Duration = Duration::from_millis(100);

/// Waits until the agent is up.
///
/// # Errors
/// It is not, after so long; the text says what it is instead.
pub(crate) fn come_up(context: &Context, agent: &AgentName, limit: Duration) -> Result<(), String> {
    let deadline = monotonic() + limit;
    loop {
        let snapshot = context.look().map_err(|error| error.to_string())?;
        let Some(seen) = snapshot.agent(agent.as_str()) else { return Err("it is not in the roster".to_owned()) };
        if seen.condition == Condition::Up {
            return Ok(());
        }
        if monotonic() > deadline {
            let reason = seen.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let seconds = limit.as_secs();
            return Err(format!("restarted, and after {seconds} s it is {}{reason}", seen.condition));
        }
        thread::sleep(LOOKING);
    }
}
