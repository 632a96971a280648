//! What systemd runs after a unit's main process is gone (`ExecStopPost=`): the sidecar may have
//! been killed, and then somebody must decide what becomes of the agent.

use std::env;
use std::ffi::OsString;
use std::io;
use std::time::Duration;

use mosaic_domain::{AgentName, ExitCode};
use mosaic_heartbeat::{RunDirectory, Status};

use super::leftovers::Leftovers;
use super::unit_state::{self, UnitState};
use super::{SidecarError, guardian, remainder};

/// What becomes of what is left in the unit's group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The next start adopts it; until then a guardian looks after it.
    Keep,
    /// It ends, and the last heartbeat says this of it.
    End(Status),
}

/// Decides by whether the agent is alive, and whether somebody asked for the stop.
///
/// A sidecar that was killed, hung until the watchdog killed it, or could not do its work, leaves an
/// agent that is well, and must not take it along. But if a stop was asked for, the agent has to go,
/// or nobody could stop it any more. What a dead agent left running goes in any case.
fn fate(agent_alive: bool, stop_was_asked_for: impl FnOnce() -> bool) -> Fate {
    if stop_was_asked_for() {
        Fate::End(Status::Stopped)
    } else if agent_alive {
        Fate::Keep
    } else {
        Fate::End(Status::Lost)
    }
}

/// How long what is left may take to end by itself. When the time for the stop is over it was asked
/// already, and a drop-in may have made that time, which is ours too, shorter than our patience.
fn grace(result: &str) -> Duration {
    if result == "timeout" { Duration::ZERO } else { remainder::GRACE }
}

/// Looks after what a dead sidecar left.
///
/// # Errors
/// The name is none, or what is left cannot be looked at.
pub fn after_stop(agent: &OsString) -> Result<ExitCode, SidecarError> {
    let agent: AgentName =
        agent.to_string_lossy().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let run_directory = RunDirectory::from_environment(|name| env::var_os(name)).ok();
    let Some(left) = Leftovers::of_our_unit(agent, run_directory)? else { return Ok(ExitCode::Ok) };
    // The usual end: the sidecar did it all, and nobody needs to be asked.
    if left.is_nothing()? {
        return Ok(ExitCode::Ok);
    }
    match fate(left.agent_is_alive(), || unit_state::of(left.unit()) == UnitState::Stopping) {
        Fate::Keep => guardian::leave_behind(left.agent())?,
        Fate::End(status) => left.end(grace(&env::var("SERVICE_RESULT").unwrap_or_default()), status)?,
    }
    Ok(ExitCode::Ok)
}

#[cfg(test)]
mod tests {
    use super::{Fate, fate};
    use mosaic_heartbeat::Status;

    #[test]
    fn only_an_agent_that_lives_and_that_nobody_wanted_stopped_is_kept() {
        let table = [
            (true, false, Fate::Keep),
            (true, true, Fate::End(Status::Stopped)),
            (false, true, Fate::End(Status::Stopped)),
            (false, false, Fate::End(Status::Lost)),
        ];
        for (alive, asked, expected) in table {
            assert_eq!(fate(alive, || asked), expected, "{alive} {asked}");
        }
    }
}
