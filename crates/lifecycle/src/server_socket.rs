//! Finds the tmux server in which the fleet's agents run, records it, and makes it open its socket again if the
//! socket's file was removed.

use std::path::PathBuf;
use std::time::Duration;

use mosaic_domain::{AgentName, Pid, ProcessIdentity};
use mosaic_heartbeat::{RunDirectory, Status};
use mosaic_process::{Liveness, ProcRoot};
use mosaic_roster::Roster;
use mosaic_tmux::{ServerRecord, reopen_socket, server_at, server_of_process};

use crate::action::{LifecycleEvent, Reporter};
use crate::fleet_context::FleetContext;

/// How long the server may take to open its socket. It takes milliseconds unless it hangs.
const REOPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes the fleet's tmux server reachable if it runs: the recorded one, else that of the agents, else `holder`, the main
/// process of the holder's unit. Reports [`LifecycleEvent::SocketReopened`] if its socket had to be opened again.
///
/// # Errors
/// The server runs and cannot be reached; the text says why.
pub(crate) fn restore_socket(
    context: &FleetContext,
    roster: &Roster,
    holder: impl FnOnce() -> Option<Pid>,
    reporter: &mut dyn Reporter,
) -> Result<(), String> {
    let proc = ProcRoot::default();
    let (directory, socket) = (&context.location.run_directory, &roster.tmux.socket_name);
    let recorded = ServerRecord::of_running_server(directory.path(), socket, &proc);
    let found = recorded.clone().or_else(|| {
        let agents = roster.agents.iter().map(|agent| &agent.name);
        let of_agents = server_of_agents(agents, directory, &proc, roster);
        let (process, socket) = of_agents.or_else(|| server_at(&proc, holder()?, socket))?;
        Some(ServerRecord { socket, process })
    });
    let Some(found) = found else { return Ok(()) };
    let restored = reopen_socket(&proc, &found.socket, &found.process, REOPEN_TIMEOUT);
    if restored.is_ok() && recorded.is_none() {
        // Without the record, programs search by their own TMUX_TMPDIR.
        let _ = found.write(directory.path(), socket);
    }
    if restored.map_err(|error| error.to_string())? {
        reporter.report(LifecycleEvent::SocketReopened { path: found.socket });
    }
    Ok(())
}

/// The server of the agents whose processes live, according to their heartbeats. It is recorded at each start of an
/// agent, but not by older versions, and a record can be removed.
fn server_of_agents<'a>(
    mut agents: impl Iterator<Item = &'a AgentName>,
    directory: &RunDirectory,
    proc: &ProcRoot,
    roster: &Roster,
) -> Option<(ProcessIdentity, PathBuf)> {
    agents.find_map(|agent| {
        let heartbeat = mosaic_heartbeat::read(&directory.heartbeat(agent)).ok()??;
        let process = heartbeat.process().filter(|_| heartbeat.status == Status::Ok)?;
        let is_alive = proc.liveness(&process).is_ok_and(Liveness::is_alive);
        if is_alive { server_of_process(proc, process.pid, &roster.tmux.socket_name) } else { None }
    })
}
