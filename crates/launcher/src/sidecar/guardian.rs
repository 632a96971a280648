//! `agent-sidecar --guard`: watches an agent without a sidecar until the next start adopts it.
//!
//! There may be no next start: the unit may be stopped while it waits for its restart, or reach its start limit. systemd
//! then runs nothing more for the unit, and an agent that was kept alive could not be stopped any more.
//!
//! The next sidecar ends the guardian with a signal, and a pidfd reports the end of the agent, so in the usual case the
//! guardian asks the user manager nothing. That matters when the sidecars of a whole fleet are killed at once: the
//! manager starts units only while it has no calls to answer. Only the state of a unit that stays down has no event;
//! for that, a guardian asks ever more rarely, and the guardians of a fleet ask one after the other.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_heartbeat::{AgentLock, LockRole, Status};
use mosaic_process::{LockFile, PidFd, monotonic};
use rustix::process::Signal;
use rustix::rand::{GetRandomFlags, getrandom};

use super::SidecarError;
use super::after_stop::AgentUnit;
use super::process_termination::CGROUP_GRACE;
use super::unit_state::UnitState;

/// After this time, which is longer than any reasonable `RestartSec=`, the guardian exits and leaves the agent alone.
const LIFETIME: Duration = Duration::from_mins(10);
/// The pause before the first question, longer than the unit's `RestartSec=`, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a guardian keeps the others of its fleet from asking after it has asked.
const FLEET_PAUSE: Duration = Duration::from_millis(250);
/// The lock in the run directory that a guardian holds while it asks.
const FLEET_LOCK: &str = ".guardian.lock";

/// Spawns a guardian as a process of its own. It stays in the unit's control group: with `KillMode=process` systemd does
/// not end it, and the next sidecar ends it with everything else.
pub(super) fn spawn_detached(agent: &AgentName) -> io::Result<()> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("--guard").arg(agent.as_str());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(drop)
}

/// Ends the guardian of an agent, if it has one. The caller holds the sidecar's lock.
pub(super) fn dismiss(lock: &AgentLock) -> io::Result<()> {
    let Some(pid) = lock.holder(LockRole::Guardian)? else { return Ok(()) };
    let Ok(guardian) = PidFd::open(pid) else { return Ok(()) };
    // If the process still holds the lock, then it is the one that the descriptor was opened for.
    if lock.holder(LockRole::Guardian)? == Some(pid) { guardian.signal(Signal::TERM) } else { Ok(()) }
}

/// When the user manager is asked. This part is pure: `share` is a random part of 2³².
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct QuestionSchedule {
    pause: Duration,
}

impl QuestionSchedule {
    fn new() -> Self {
        Self { pause: FIRST_PAUSE }
    }

    /// The pause before the next question: one to two times the nominal one, so that guardians that began together
    /// spread out.
    fn next_pause(self, share: u32) -> Duration {
        self.pause + self.pause.mul_f64(f64::from(share) / f64::from(u32::MAX))
    }

    /// The schedule after a question that was answered with "wait".
    fn after_question(self) -> Self {
        Self { pause: (self.pause * 2).min(LONGEST_PAUSE) }
    }
}

/// What to do after a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// The agent has a sidecar again, or has ended: exit.
    Exit,
    /// No start will adopt the agent: end it.
    EndAgent,
    /// Ask again later.
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
    let lock = unit.lock()?;
    // A guardian looks for a sidecar after it has this lock, and a sidecar looks for a guardian after it has its own: so
    // one of them finds the other.
    if lock.as_ref().map_or(Ok(true), |lock| lock.try_lock(LockRole::Guardian))? {
        guard_unit(&unit, lock.as_ref())?;
    }
    Ok(())
}

fn guard_unit(unit: &AgentUnit, lock: Option<&AgentLock>) -> Result<(), SidecarError> {
    let has_sidecar = || lock.is_some_and(|lock| lock.holder(LockRole::Sidecar).is_ok_and(|holder| holder.is_some()));
    let agent = unit.agent_process()?;
    let deadline = monotonic() + LIFETIME;
    let mut schedule = QuestionSchedule::new();
    while monotonic() < deadline && !has_sidecar() && unit.agent_is_alive() {
        if wait(agent.as_ref(), schedule.next_pause(random_share()))? {
            break;
        }
        let Some(turn) = FleetTurn::take(unit.run_directory_path()) else { continue };
        let state = UnitState::query(unit.name());
        match decide(has_sidecar(), unit.agent_is_alive(), state) {
            Decision::Wait => schedule = schedule.after_question(),
            Decision::Exit => break,
            Decision::EndAgent => {
                drop(turn);
                unit.end(CGROUP_GRACE, Status::Stopped)?;
                break;
            }
        }
        if wait(agent.as_ref(), FLEET_PAUSE)? {
            break;
        }
    }
    Ok(())
}

/// Waits for the end of the agent. Returns `false` on timeout.
fn wait(agent: Option<&PidFd>, timeout: Duration) -> io::Result<bool> {
    if let Some(agent) = agent {
        return agent.wait(Some(timeout));
    }
    thread::sleep(timeout);
    Ok(false)
}

fn random_share() -> u32 {
    let mut bytes = [0; 4];
    // Without random numbers, guardians merely ask at the same time.
    let _ = getrandom(&mut bytes, GetRandomFlags::empty());
    u32::from_ne_bytes(bytes)
}

/// The right to ask the user manager, which one guardian of a fleet has at a time.
#[derive(Debug)]
struct FleetTurn(#[expect(dead_code, reason = "held until it is dropped")] Option<LockFile>);

impl FleetTurn {
    /// `None` if another guardian asks now. Where no lock can be made, each guardian asks by its own schedule.
    fn take(run_directory: Option<&Path>) -> Option<Self> {
        let Some(path) = run_directory.map(|directory| directory.join(FLEET_LOCK)) else { return Some(Self(None)) };
        let Ok(mut lock) = LockFile::open(&path) else { return Some(Self(None)) };
        match lock.try_lock() {
            Ok(true) => Some(Self(Some(lock))),
            Ok(false) => None,
            Err(_) => Some(Self(None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, FleetTurn, QuestionSchedule, UnitState, decide};
    use std::time::Duration;

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
    fn questions_become_rarer_and_spread_out() {
        let pauses = |share: u32| {
            let schedules = std::iter::successors(Some(QuestionSchedule::new()), |last| Some(last.after_question()));
            schedules.map(|schedule| schedule.next_pause(share)).take(5).collect::<Vec<_>>()
        };
        assert_eq!(pauses(0), [2, 4, 8, 10, 10].map(Duration::from_secs));
        assert_eq!(pauses(u32::MAX), [4, 8, 16, 20, 20].map(Duration::from_secs));
    }

    #[test]
    fn one_guardian_asks_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = FleetTurn::take(Some(directory.path()));
        assert!(first.is_some());
        assert!(FleetTurn::take(Some(directory.path())).is_none());
        drop(first);
        assert!(FleetTurn::take(Some(directory.path())).is_some());
        assert!(FleetTurn::take(None).is_some());
        assert!(FleetTurn::take(Some(&directory.path().join("missing"))).is_some(), "a fault must not cost a stop");
    }
}
