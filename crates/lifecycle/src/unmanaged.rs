//! Agents that run outside of any unit: observed through their lock and their session, and stopped by
//! signals.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_heartbeat::{AgentLock, LockRole, RunDirectory};
use mosaic_process::{Cgroup, PidFd, ProcRoot, monotonic};
use mosaic_roster::Roster;
use mosaic_tmux::{Server, SessionList, TmuxError};
use rustix::process::Signal;

use crate::agent_plan::{ObservedAgent, SessionState, SidecarProcess, UnitState};
use crate::fleet_context::FleetContext;

/// The time that a process without a sidecar has to end after SIGTERM: the grace that a sidecar gives.
const TERM_GRACE: Duration = Duration::from_secs(8);
/// The time that a process has to disappear after SIGKILL.
const KILL_GRACE: Duration = Duration::from_secs(3);
/// How long tmux may take to list its sessions.
const LIST_TIMEOUT: Duration = Duration::from_secs(3);

/// The sessions of the fleet's tmux server at one moment, and the locks of its agents.
#[derive(Debug)]
pub(crate) struct AgentObserver<'a> {
    run_directory: &'a RunDirectory,
    sessions: Result<BTreeSet<String>, String>,
}

impl<'a> AgentObserver<'a> {
    /// Lists the sessions of the server once. A server that does not run has none.
    pub(crate) fn new(server: Result<Server, TmuxError>, run_directory: &'a RunDirectory) -> Self {
        let listed = server.and_then(|server| server.list_sessions()).map_err(|error| error.to_string());
        let names = |panes: SessionList| panes.sessions.into_iter().map(|pane| pane.session).collect();
        Self { run_directory, sessions: listed.map(|panes| panes.map(names).unwrap_or_default()) }
    }

    /// Observes an agent whose unit is in the state `unit`.
    pub(crate) fn observe(&self, agent: &AgentName, unit: UnitState) -> ObservedAgent {
        let session = match &self.sessions {
            Ok(names) if names.contains(agent.as_str()) => SessionState::Present,
            Ok(_) => SessionState::Absent,
            Err(why) => SessionState::Unknown(why.clone()),
        };
        match self.sidecar(agent) {
            Ok(sidecar) => ObservedAgent { unit, sidecar, session },
            Err(error) => {
                let directory = self.run_directory.path().display();
                let why = format!("cannot read its lock in {directory}: {error}");
                ObservedAgent { unit, sidecar: None, session: SessionState::Unknown(why) }
            }
        }
    }

    /// Whether the server has a session of this name.
    pub(crate) fn has_session(&self, name: &str) -> bool {
        self.sessions.as_ref().is_ok_and(|names| names.contains(name))
    }

    fn sidecar(&self, agent: &AgentName) -> io::Result<Option<SidecarProcess>> {
        let Some(lock) = AgentLock::open_existing(self.run_directory, agent)? else { return Ok(None) };
        let Some(pid) = lock.holder(LockRole::Sidecar)? else { return Ok(None) };
        // A detached sidecar can be in the control group of the service that started it, but is not the
        // main process of that service.
        let main = ProcRoot::default().variable(pid, "SYSTEMD_EXEC_PID").ok().flatten();
        let is_main = main.is_some_and(|main| main == pid.to_string().as_str());
        let group = Cgroup::from_pid(pid).ok().flatten();
        let in_a_service = group.is_some_and(|group| group.name().ends_with(".service"));
        Ok(Some(SidecarProcess { pid, is_unit_main: is_main && in_a_service }))
    }
}

/// The sessions on the fleet's tmux server that belong neither to the holder nor to an agent: of the roster, or one of
/// `agents`. None if the server cannot be asked.
#[must_use]
pub fn sessions_by_hand(context: &FleetContext, roster: &Roster, agents: &[AgentName]) -> Vec<String> {
    let server = context.server(roster).map(|server| server.with_timeout(LIST_TIMEOUT));
    let listed = server.and_then(|server| server.list_sessions()).ok().flatten();
    let sessions = listed.into_iter().flat_map(|list| list.sessions).map(|pane| pane.session);
    let is_known = |session: &str| {
        session == roster.tmux.holder_session.as_str()
            || roster.agent(session).is_some()
            || agents.iter().any(|agent| agent.as_str() == session)
    };
    sessions.filter(|session| !is_known(session)).collect()
}

/// Stops an agent that no unit runs. Its sidecar, if it has one, ends the agent and writes the last
/// heartbeat; otherwise its processes and its session are ended here.
///
/// # Errors
/// The agent has not ended after `timeout`, or cannot be reached; the text says which.
pub(crate) fn stop_unmanaged(
    agent: &AgentName,
    server: &Server,
    run_directory: &RunDirectory,
    timeout: Duration,
) -> Result<(), String> {
    let deadline = monotonic() + timeout;
    let failed = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    let lock = AgentLock::open_existing(run_directory, agent).map_err(failed("cannot open its lock"))?;
    if let Some(lock) = lock {
        stop_sidecar(&lock, deadline).map_err(failed("cannot stop it"))?;
    }
    for pane in server.agent_panes(agent).map_err(|error| error.to_string())?.unwrap_or_default() {
        if let Some(Ok(process)) = pane.pid.map(PidFd::open) {
            stop_process(&process, deadline).map_err(failed("cannot stop its process"))?;
        }
    }
    server.kill_session(agent).map_err(|error| error.to_string())
}

fn stop_sidecar(lock: &AgentLock, deadline: Duration) -> io::Result<()> {
    let Some(pid) = lock.holder(LockRole::Sidecar)? else { return Ok(()) };
    let Ok(sidecar) = PidFd::open(pid) else { return Ok(()) };
    // The PID may have been reused before the descriptor was opened.
    if lock.holder(LockRole::Sidecar)? != Some(pid) {
        return Ok(());
    }
    sidecar.signal(Signal::TERM)?;
    // A sidecar that was suspended handles SIGTERM only after SIGCONT.
    sidecar.signal(Signal::CONT)?;
    if sidecar.wait(Some(deadline.saturating_sub(monotonic())))? {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("its sidecar (process {pid}) has not ended in time")))
}

/// Ends a process by SIGTERM, by SIGHUP for interactive shells, which ignore SIGTERM, and then by SIGKILL.
fn stop_process(process: &PidFd, deadline: Duration) -> io::Result<()> {
    for signal in [Signal::TERM, Signal::HUP, Signal::CONT] {
        process.signal(signal)?;
    }
    if !process.wait(Some(TERM_GRACE.min(deadline.saturating_sub(monotonic()))))? {
        process.signal(Signal::KILL)?;
        process.wait(Some(KILL_GRACE))?;
    }
    Ok(())
}
