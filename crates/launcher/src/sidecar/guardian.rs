//! `agent-sidecar --guard`: watches an agent without a sidecar until the next start adopts it.
//!
//! There may be no next start: the unit may be stopped while it waits for its restart, or reach its start limit. systemd
//! then runs nothing more for the unit, and an agent that was kept alive could not be stopped any more.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_heartbeat::Status;
use mosaic_process::bounded_output;

use super::SidecarError;
use super::after_stop::AgentUnit;
use super::process_termination::CGROUP_GRACE;

/// The guardian polls, because without a D-Bus connection there is no event for a lock that is acquired or a unit that
/// becomes inactive.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The number of polls, which takes longer than any reasonable `RestartSec=`. After them the guardian exits and leaves
/// the agent alone.
const MAX_POLLS: u32 = 3000;

/// Spawns a guardian as a process of its own. It stays in the unit's control group: with `KillMode=process` systemd does
/// not end it, and the next sidecar ends it with everything else.
pub(super) fn spawn_detached(agent: &AgentName) -> io::Result<()> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("--guard").arg(agent.as_str());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(drop)
}

/// What to do after a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// The agent has a sidecar again, or has ended: exit.
    Exit,
    /// No start will adopt the agent: end it.
    EndAgent,
    /// Poll again.
    Wait,
}

fn decide(has_sidecar: bool, agent_is_alive: bool, unit: UnitState) -> Decision {
    match unit {
        _ if has_sidecar || !agent_is_alive => Decision::Exit,
        UnitState::Inactive => Decision::EndAgent,
        // A user manager that does not answer must not cost an agent.
        UnitState::Stopping | UnitState::Active | UnitState::Unknown => Decision::Wait,
    }
}

/// Guards the agent of the unit to which this process belongs.
///
/// # Errors
/// The name is invalid, or the agent cannot be ended.
pub fn guard(agent: &OsString) -> Result<(), SidecarError> {
    // Leaves the session of systemd's control process, which systemd may end with that process.
    let _ = rustix::process::setsid();
    let Some(unit) = AgentUnit::current(agent)? else { return Ok(()) };
    for _ in 0..MAX_POLLS {
        thread::sleep(POLL_INTERVAL);
        match decide(unit.has_sidecar().unwrap_or(false), unit.agent_is_alive(), UnitState::query(unit.name())) {
            Decision::Wait => {}
            Decision::Exit => break,
            Decision::EndAgent => {
                unit.end(CGROUP_GRACE, Status::Stopped)?;
                break;
            }
        }
    }
    Ok(())
}

/// The state of a unit, as far as it matters to an agent without a sidecar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitState {
    /// A stop or restart that was requested is in progress.
    Stopping,
    /// The unit is inactive or failed, and will not be restarted automatically.
    Inactive,
    /// The unit is starting, running, or waiting for its restart.
    Active,
    /// The user manager does not answer.
    Unknown,
}

impl UnitState {
    /// Asks the user manager.
    pub(super) fn query(unit: &str) -> Self {
        let jobs = systemctl(&["list-jobs", "--plain", "--no-legend"]);
        let properties = systemctl(&["show", "--property=ActiveState", unit]);
        match (jobs, properties) {
            (Some(jobs), Some(properties)) => Self::from_systemctl(unit, &jobs, &properties),
            _ => Self::Unknown,
        }
    }

    /// Reads a list of jobs (number, unit, type, state) and the unit's `ActiveState=`.
    ///
    /// While `ExecStopPost=` runs after a failed start, the start job still exists. A restart by systemd itself is a
    /// start job at that time.
    fn from_systemctl(unit: &str, jobs: &str, properties: &str) -> Self {
        let mut jobs = jobs.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let job = jobs.find(|job| job.get(1) == Some(&unit));
        match (job.as_deref(), properties.trim().strip_prefix("ActiveState=")) {
            (Some([_, _, "stop" | "restart" | "try-restart", ..]), _) => Self::Stopping,
            (None, Some("inactive" | "failed")) => Self::Inactive,
            (_, Some(_)) => Self::Active,
            (_, None) => Self::Unknown,
        }
    }
}

fn systemctl(arguments: &[&str]) -> Option<String> {
    const TIMEOUT: Duration = Duration::from_secs(2);
    let output = bounded_output(Command::new("systemctl").arg("--user").args(arguments), TIMEOUT).ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Decision, UnitState, decide};

    #[test]
    fn only_a_living_agent_without_a_sidecar_in_an_inactive_unit_is_ended() {
        let table = [
            (true, true, UnitState::Inactive, Decision::Exit),
            (false, false, UnitState::Inactive, Decision::Exit),
            (false, true, UnitState::Inactive, Decision::EndAgent),
            (false, true, UnitState::Active, Decision::Wait),
            (false, true, UnitState::Stopping, Decision::Wait),
            (false, true, UnitState::Unknown, Decision::Wait),
        ];
        for (has_sidecar, alive, unit, expected) in table {
            assert_eq!(decide(has_sidecar, alive, unit), expected, "{has_sidecar} {alive} {unit:?}");
        }
    }

    #[test]
    fn the_state_is_read_from_the_output_of_systemctl() {
        let unit = "mosaic-agent@a.service";
        let other = "7 mosaic-agent@b.service stop running\n";
        let table = [
            ("9 mosaic-agent@a.service stop  running\n", "ActiveState=deactivating", UnitState::Stopping),
            ("9 mosaic-agent@a.service restart waiting\n", "ActiveState=deactivating", UnitState::Stopping),
            ("9 mosaic-agent@a.service start running\n", "ActiveState=deactivating", UnitState::Active),
            ("9 mosaic-agent@a.service start waiting\n", "ActiveState=inactive", UnitState::Active),
            (other, "ActiveState=activating", UnitState::Active),
            (other, "ActiveState=inactive\n", UnitState::Inactive),
            ("", "ActiveState=failed\n", UnitState::Inactive),
            ("", "", UnitState::Unknown),
        ];
        for (jobs, properties, expected) in table {
            assert_eq!(UnitState::from_systemctl(unit, jobs, properties), expected, "{jobs} {properties}");
        }
    }
}
