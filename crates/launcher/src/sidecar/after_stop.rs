//! `agent-sidecar --after-stop`: what systemd runs after the main process of an agent's unit has ended
//! (`ExecStopPost=`). If the sidecar was killed, this program decides what happens to the agent.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, MosaicHome, SocketName, env_var};
use mosaic_heartbeat::{
    AgentLock, EndLog, EndRecord, EndVerdict, Heartbeat, HeartbeatFile, LockRole, MAX_LINES, RunDirectory, Status,
};
use mosaic_process::{Cgroup, Liveness, PidFd, ProcRoot, monotonic, process_start_time, since_boot};
use mosaic_tmux::{Pane, Server, TmuxError};

use super::SidecarError;
use super::end_classifier::{EndClass, Evidence, Fallback, PaneState};
use super::end_inquiry::{KernelEvidence, inquire};
use super::event_loop::TMUX_TIMEOUT;
use super::guardian;
use super::process_termination::{CGROUP_GRACE, end_cgroup, other_processes};
use super::unit_state::UnitState;
use crate::agent_env_file;

/// What to do with the processes in the unit's control group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// Keep them for the next start to adopt. Until then a guardian watches them.
    Keep,
    /// End them, and write this status into the last heartbeat.
    End(Status),
}

/// Decides from whether the agent is alive and whether a stop of the unit was requested.
///
/// A sidecar that was killed, that hung until the watchdog killed it, or that failed, leaves an agent that works, and
/// must not end it. But after a request to stop the agent has to end, because it could not be stopped otherwise. What a
/// dead agent left running is ended in any case.
fn decide(agent_is_alive: bool, stop_was_requested: impl FnOnce() -> bool) -> Decision {
    if stop_was_requested() {
        Decision::End(Status::Stopped)
    } else if agent_is_alive {
        Decision::Keep
    } else {
        Decision::End(Status::Lost)
    }
}

/// How long the processes may take to end. After a timeout of the stop (`$SERVICE_RESULT`) they have been asked already;
/// and a drop-in may have made the unit's timeout, within which this program runs, shorter than the grace period.
fn grace(service_result: &str) -> Duration {
    if service_result == "timeout" { Duration::ZERO } else { CGROUP_GRACE }
}

/// Decides what happens to the agent of this unit, and does it.
///
/// # Errors
/// The name is invalid, or the state of the agent cannot be read.
pub fn after_stop(agent: &OsString) -> Result<(), SidecarError> {
    if let Err(error) = agent_env_file::load_in_unit(agent) {
        // The processes of the agent can be ended without its settings.
        eprintln!("WARNING: {error}");
    }
    let Some(unit) = AgentUnit::current(agent)? else { return Ok(()) };
    // In the usual case the sidecar did everything, and the user manager need not be asked.
    if unit.is_cleaned_up()? {
        return Ok(());
    }
    match decide(unit.agent_is_alive(), || UnitState::query(unit.name()) == UnitState::Stopping) {
        Decision::Keep => guardian::spawn_detached(unit.agent())?,
        Decision::End(status) => unit.end(grace(&env::var("SERVICE_RESULT").unwrap_or_default()), status)?,
    }
    Ok(())
}

/// The unit of an agent without a sidecar, with what may remain of the agent: processes, a session, and a heartbeat with
/// the status `ok`.
///
/// It reads as few settings as possible, because the unit may have failed on an invalid one.
#[derive(Debug)]
pub(super) struct AgentUnit {
    agent: AgentName,
    cgroup: Cgroup,
    run_directory: Option<RunDirectory>,
    end_log: Option<EndLog>,
}

impl AgentUnit {
    /// The unit to which this process belongs. `None` outside of a control group.
    pub(super) fn current(agent: &OsString) -> io::Result<Option<Self>> {
        let agent =
            agent.to_string_lossy().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let run_directory = RunDirectory::from_environment(|name| env::var_os(name)).ok();
        let home = MosaicHome::from_environment(|name| env::var_os(name)).ok();
        let end_log = home.map(|home| EndLog::new(&home.paths(), &agent));
        let own = Cgroup::current()?;
        // systemd runs the control processes of a unit with `Delegate=` in a group below the unit's.
        let cgroup = own.and_then(|own| if own.name() == ".control" { own.parent() } else { Some(own) });
        Ok(cgroup.map(|cgroup| Self { agent, cgroup, run_directory, end_log }))
    }

    pub(super) fn agent(&self) -> &AgentName {
        &self.agent
    }

    /// The name of the unit.
    pub(super) fn name(&self) -> &str {
        self.cgroup.name()
    }

    /// Returns whether the sidecar has ended the agent and written its last heartbeat.
    fn is_cleaned_up(&self) -> io::Result<bool> {
        let is_ok = self.heartbeat().is_some_and(|last| last.status == Status::Ok);
        Ok(!is_ok && other_processes(&self.cgroup)?.is_empty())
    }

    /// Returns whether the process of the last heartbeat is alive. If that is unknown, it counts as alive, so that no
    /// working agent is ended by mistake.
    pub(super) fn agent_is_alive(&self) -> bool {
        let Some(process) = self.heartbeat().and_then(|last| last.process()) else { return true };
        ProcRoot::default().liveness(&process).map_or(true, Liveness::is_alive)
    }

    /// The process of the last heartbeat. `None` if it has ended or is unknown.
    pub(super) fn agent_process(&self) -> io::Result<Option<PidFd>> {
        let Some(process) = self.heartbeat().and_then(|last| last.process()) else { return Ok(None) };
        PidFd::open_identity(&ProcRoot::default(), &process)
    }

    /// The run directory, if it is known.
    pub(super) fn run_directory_path(&self) -> Option<&Path> {
        self.run_directory.as_ref().map(RunDirectory::path)
    }

    /// The agent's lock. `None` if the run directory is unknown.
    pub(super) fn lock(&self) -> io::Result<Option<AgentLock>> {
        self.run_directory.as_ref().map(|directory| AgentLock::open(directory, &self.agent)).transpose()
    }

    /// Returns whether a sidecar watches the agent.
    fn has_sidecar(&self) -> io::Result<bool> {
        Ok(self.lock()?.map_or(Ok(None), |lock| lock.holder(LockRole::Sidecar))?.is_some())
    }

    /// Ends the processes, removes the session, and writes the last heartbeat.
    pub(super) fn end(&self, grace: Duration, status: Status) -> io::Result<()> {
        // tmux waits for the process at any moment, and then the kernel forgets how it ended.
        let process = self.heartbeat().and_then(|last| last.process());
        let kernel = process.and_then(|process| KernelEvidence::read(&ProcRoot::default(), &process).ok());
        end_cgroup(&self.cgroup, grace)?;
        let server = if self.has_sidecar()? { None } else { self.server() };
        let verdict = match (status, &server) {
            (Status::Stopped, _) => EndVerdict::Stopped,
            (_, Some(server)) => self.inquire_verdict(server, kernel)?,
            (_, None) => kernel.and_then(|kernel| kernel.verdict).map_or(EndVerdict::Lost, EndVerdict::Exited),
        };
        let Some(server) = server else { return self.write_last_heartbeat(verdict, Vec::new()) };
        let lines = self.pane(&server).ok().flatten().and_then(|pane| server.last_lines(pane.id, MAX_LINES).ok());
        // An error is ignored: only an empty session remains, which the next start removes.
        let _ = server.kill_session(&self.agent);
        self.write_last_heartbeat(verdict, lines.unwrap_or_default())
    }

    /// The fleet's tmux server. `None` without tmux or a valid setting.
    fn server(&self) -> Option<Server> {
        let socket = env::var(env_var::TMUX_SOCKET).ok().filter(|socket| !socket.is_empty());
        let socket: SocketName = socket.as_deref().unwrap_or(SocketName::DEFAULT).parse().ok()?;
        let program = mosaic_tmux::find_tmux(env::var_os(env_var::PATH).as_deref()).ok()?;
        Some(Server::of_fleet(program, socket, self.run_directory_path()?).with_timeout(TMUX_TIMEOUT))
    }

    /// How the agent's process ended, according to the kernel and tmux.
    fn inquire_verdict(&self, server: &Server, kernel: Option<KernelEvidence>) -> io::Result<EndVerdict> {
        // An end that the sidecar has recorded is not inquired again.
        let recorded = self.heartbeat().filter(|last| last.status == Status::Ok);
        let Some(pid) = recorded.map(|last| last.pid) else { return Ok(EndVerdict::Lost) };
        let KernelEvidence { verdict: kernel, reused } =
            kernel.unwrap_or(KernelEvidence { verdict: None, reused: false });
        let class = inquire(|| {
            Ok(Evidence { pid, reused, kernel, server_ended: false, pane: PaneState::from(self.pane(server)) })
        })?;
        Ok(match class {
            EndClass::Exited(verdict) => EndVerdict::Exited(verdict),
            EndClass::Undecided(Fallback::ExitedUnknown) => EndVerdict::Unknown,
            EndClass::Respawned(_) | EndClass::Lost | EndClass::Undecided(Fallback::Lost) => EndVerdict::Lost,
        })
    }

    /// The agent's pane. tmux 3.8 does not name the process of a dead pane; the agent's is the first pane of its session.
    fn pane(&self, server: &Server) -> Result<Option<Pane>, TmuxError> {
        let panes = server.agent_panes(&self.agent)?.unwrap_or_default();
        let pid = self.heartbeat().map(|last| last.pid);
        let index = panes.iter().position(|pane| pane.pid.is_some() && pane.pid == pid).unwrap_or(0);
        Ok(panes.into_iter().nth(index))
    }

    /// Writes the last heartbeat in place of the sidecar, and records the end. Does nothing if the sidecar did.
    fn write_last_heartbeat(&self, verdict: EndVerdict, lines: Vec<String>) -> io::Result<()> {
        let (Some(directory), Some(mut last)) = (&self.run_directory, self.heartbeat()) else { return Ok(()) };
        let process = last.process();
        let lock = AgentLock::open(directory, &self.agent)?;
        let (Status::Ok, Some(binding)) = (last.status, &mut last.binding) else { return Ok(()) };
        if !lock.try_lock(LockRole::Sidecar)? {
            return Ok(());
        }
        binding.monotonic = monotonic();
        binding.sequence = binding.sequence.saturating_add(1);
        last.written_at = Timestamp::now();
        (last.status, binding.exit) = match verdict {
            EndVerdict::Exited(exit) => (Status::Exited, Some(exit)),
            EndVerdict::Unknown => (Status::Exited, None),
            EndVerdict::Stopped => (Status::Stopped, None),
            _ => (Status::Lost, None),
        };
        let record = EndRecord {
            at: last.written_at,
            verdict,
            lifetime: process
                .map_or(Duration::ZERO, |process| since_boot().saturating_sub(process_start_time(&process))),
            generation: binding.generation,
            requested_by: None,
            lines,
        };
        let recorded = self.end_log.as_ref().map_or(Ok(()), |log| log.append(&record));
        HeartbeatFile::new(directory, &self.agent).write(&last).and(recorded)
    }

    /// The last heartbeat. An unreadable one counts as none.
    fn heartbeat(&self) -> Option<Heartbeat> {
        mosaic_heartbeat::read(&self.run_directory.as_ref()?.heartbeat(&self.agent)).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, decide};
    use mosaic_heartbeat::Status;

    #[test]
    fn only_a_living_agent_without_a_stop_request_is_kept() {
        let table = [
            (true, false, Decision::Keep),
            (true, true, Decision::End(Status::Stopped)),
            (false, true, Decision::End(Status::Stopped)),
            (false, false, Decision::End(Status::Lost)),
        ];
        for (alive, stop_requested, expected) in table {
            assert_eq!(decide(alive, || stop_requested), expected, "{alive} {stop_requested}");
        }
    }
}
