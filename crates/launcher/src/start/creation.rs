//! Makes an agent's session, from nothing to a pane process that runs the command.

use std::ffi::OsString;
use std::os::fd::AsFd;

use mosaic_domain::{Pid, ProcessIdentity};
use mosaic_process::PidFd;
use mosaic_tmux::{Created, NewSession, Server, StartServer, TmuxError};

use super::StartError;
use super::execute::{Running, Start};
use super::stop_request::StopRequest;
use super::successor::Successor;
use crate::gate::{Gate, GateName};
use crate::sidecar::Assignment;

impl Start {
    /// Makes the session, and lets the pane process become the agent's command. `None` if there is
    /// a session of that name.
    pub(super) fn create(&self) -> Result<Option<Running>, StartError> {
        let pane_program = Successor::program("agent-pane")?;
        let failed = StartError::system("cannot open the pane's gate");
        let name = GateName::new().map_err(&failed)?;
        let gate = Gate::open(name).map_err(&failed)?;
        let argv = [pane_program.into_os_string(), name.to_string().into()];
        let Created::New { pane, pid, server } = self.new_session(&argv)? else { return Ok(None) };
        match self.bring_up(&gate, pid) {
            Ok((identity, stop)) => {
                let assignment = Assignment::first(&self.request, &self.server, pane, identity, server, Some(name));
                Ok(Some(Running { assignment, stop }))
            }
            Err(error) => {
                // What the pane shows may be why, and goes with it.
                for line in self.server.last_lines(pane, 10).unwrap_or_default() {
                    eprintln!("{line}");
                }
                // The first error is the one to tell.
                let _ = self.server.kill_session_of(pane);
                Err(error)
            }
        }
    }

    fn new_session(&self, argv: &[OsString]) -> Result<Created, StartError> {
        let wanted = |start_server| NewSession {
            agent: &self.request.agent,
            directory: &self.request.working_directory,
            argv,
            start_server,
        };
        match self.server.new_session(&wanted(StartServer::Never)) {
            // A unit that starts the server would own it, and take it along when it is stopped.
            Err(TmuxError::NoServer { .. }) if !self.inside_a_service => {
                Ok(self.server.new_session(&wanted(StartServer::IfAbsent))?)
            }
            other => Ok(other?),
        }
    }

    /// From a pane process that waits at the gate to one that runs the command.
    fn bring_up(&self, gate: &Gate, pid: Pid) -> Result<(ProcessIdentity, StopRequest), StartError> {
        let at_the_gate = |source| StartError::Gate { agent: self.request.agent.clone(), source };
        let in_proc = StartError::system("cannot read the pane process");
        let fd = PidFd::open(pid).map_err(&in_proc)?;
        let visitor = gate.wait_for(pid, fd.as_fd(), Server::LIMIT).map_err(at_the_gate)?;
        let identity = self.proc.identity(pid).map_err(&in_proc)?;
        let identity = identity.ok_or_else(|| in_proc(std::io::ErrorKind::NotFound.into()))?;
        let attach = |pid| self.service.as_ref().map_or(Ok(()), |service| service.attach(pid));
        if let Some(why) = visitor.brief(&self.orders, Server::LIMIT, attach).map_err(at_the_gate)? {
            eprintln!(
                "WARNING: {} runs outside its unit's control group, so limits and a clean kill do not apply: {}",
                self.request.agent,
                why.display()
            );
        }
        // Until here a start may be killed: the pane process notices, and ends.
        let stop = StopRequest::listen().map_err(StartError::system("cannot catch signals"))?;
        visitor.let_go(Server::LIMIT).map_err(at_the_gate)?;
        Ok((identity, stop))
    }
}
