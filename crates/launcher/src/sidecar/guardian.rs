//! Looks after an agent without a sidecar, until the next start adopts it.
//!
//! systemd may decide that there is no next start: somebody stops the unit while it waits to be
//! restarted, or the start limit is reached. Then it runs nothing more for the unit, and an agent that
//! was left alive could not be stopped any more.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use mosaic_domain::{AgentName, ExitCode};
use mosaic_heartbeat::{RunDirectory, Status};

use super::leftovers::Leftovers;
use super::unit_state::{self, UnitState};
use super::{SidecarError, remainder};

/// There is no event for "a start that will not come": neither a lock that is taken nor a unit that
/// comes to rest can be waited for without a bus connection.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Longer than any `RestartSec=` that makes sense. Then it goes, and leaves the agent alone.
const LOOKS: u32 = 3000;

/// Starts a guardian as a process of its own. It stays in the unit's control group: with
/// `KillMode=process` systemd leaves it alone, and the next sidecar ends it with everything else.
pub(super) fn leave_behind(agent: &AgentName) -> io::Result<()> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("--guard").arg(agent.as_str());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(drop)
}

/// What to do, from what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The agent has a sidecar again, or is gone.
    Leave,
    /// Nobody will start it again.
    End,
    Wait,
}

fn step(watched: bool, agent_alive: bool, unit: UnitState) -> Step {
    match unit {
        _ if watched || !agent_alive => Step::Leave,
        UnitState::AtRest => Step::End,
        // A manager that does not answer must not cost an agent.
        UnitState::Stopping | UnitState::Alive | UnitState::Unknown => Step::Wait,
    }
}

/// Guards the agent of our own unit.
///
/// # Errors
/// The name is none, or the agent cannot be looked at.
pub fn guard(agent: &OsString) -> Result<ExitCode, SidecarError> {
    // Not the session of systemd's control process, which it may end with that.
    let _ = rustix::process::setsid();
    let agent: AgentName =
        agent.to_string_lossy().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let run_directory = RunDirectory::from_environment(|name| env::var_os(name)).ok();
    let Some(left) = Leftovers::of_our_unit(agent, run_directory)? else { return Ok(ExitCode::Ok) };
    for _ in 0..LOOKS {
        thread::sleep(LOOK_EVERY);
        match step(left.is_watched().unwrap_or(false), left.agent_is_alive(), unit_state::of(left.unit())) {
            Step::Wait => {}
            Step::Leave => break,
            Step::End => {
                left.end(remainder::GRACE, Status::Stopped)?;
                break;
            }
        }
    }
    Ok(ExitCode::Ok)
}

#[cfg(test)]
mod tests {
    use super::{Step, UnitState, step};

    #[test]
    fn an_agent_is_ended_only_if_it_lives_unwatched_in_a_unit_at_rest() {
        let table = [
            (true, true, UnitState::AtRest, Step::Leave),
            (false, false, UnitState::AtRest, Step::Leave),
            (false, true, UnitState::AtRest, Step::End),
            (false, true, UnitState::Alive, Step::Wait),
            (false, true, UnitState::Stopping, Step::Wait),
            (false, true, UnitState::Unknown, Step::Wait),
        ];
        for (watched, alive, unit, expected) in table {
            assert_eq!(step(watched, alive, unit), expected, "{watched} {alive} {unit:?}");
        }
    }
}
