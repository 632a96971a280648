//! Making the session of an agent, or adopting an existing one.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mosaic_domain::{Pid, ProcessIdentity};
use mosaic_process::PidFd;
use mosaic_tmux::{NewSession, Pane, Server, SessionCreation, StartServer, TmuxError};
use nix::sys::signal::{Signal, raise};

use super::StartError;
use super::sidecar_launcher::sibling_program;
use super::start_execute::Start;
use crate::handshake::{HandshakeAddress, HandshakeSocket};
use crate::sidecar::{Assignment, Signals};

/// How long a pane process may take to notice that its launcher has ended.
const ABANDONED_PANE_TIMEOUT: Duration = Duration::from_secs(5);

/// An agent that runs and does not have a sidecar yet.
pub(super) struct RunningAgent {
    pub(super) assignment: Assignment,
    /// Signals have been deferred since before the agent ran, because a start that is killed now would leave it
    /// without a sidecar.
    pub(super) stop: DeferredStop,
}

/// A request to stop (SIGTERM, SIGINT or SIGHUP) that arrives while a start completes.
///
/// From the moment at which the agent runs, the start takes only milliseconds and is completed. The signals are caught,
/// not blocked, because tmux, and through it every agent of a server that this process starts, would inherit the block.
#[derive(Debug)]
pub(super) struct DeferredStop(Arc<AtomicBool>);

impl DeferredStop {
    /// Catches the signals from now on.
    pub(super) fn catch_signals() -> io::Result<Self> {
        let requested = Arc::new(AtomicBool::new(false));
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            signal_hook::flag::register(signal as i32, Arc::clone(&requested))?;
        }
        Ok(Self(requested))
    }

    /// Leaves the request to the sidecar, which this process executes next: blocked signals stay blocked and pending
    /// across the execution.
    pub(super) fn pass_to_sidecar(&self) -> io::Result<()> {
        Signals::block()?;
        if self.0.load(Ordering::Relaxed) { Ok(raise(Signal::SIGTERM)?) } else { Ok(()) }
    }
}

impl Start {
    /// Makes the session, and has its pane process execute the agent's command. `None` if a session of that name
    /// exists.
    pub(super) fn create_session(&self) -> Result<Option<RunningAgent>, StartError> {
        let pane_program = sibling_program("agent-pane")?;
        let failed = StartError::system("cannot open the handshake socket");
        let address = HandshakeAddress::new().map_err(&failed)?;
        let socket = HandshakeSocket::bind(address).map_err(&failed)?;
        let argv = [pane_program.into_os_string(), address.to_string().into()];
        let SessionCreation::Created { pane, pid, server } = self.new_session(&argv)? else { return Ok(None) };
        match self.start_command(&socket, pid) {
            Ok((identity, stop)) => {
                let assignment = Assignment::new(&self.settings, &self.server, pane, identity, server, Some(address));
                Ok(Some(RunningAgent { assignment, stop }))
            }
            Err(error) => {
                // The pane may show the cause, and is about to be removed.
                for line in self.server.last_lines(pane, 10).unwrap_or_default() {
                    self.output.pane_line(&line);
                }
                // The first error is the one to report.
                let _ = self.server.kill_session_containing(pane);
                Err(error)
            }
        }
    }

    fn new_session(&self, argv: &[OsString]) -> Result<SessionCreation, StartError> {
        let session = |start_server| NewSession {
            agent: &self.settings.agent,
            directory: &self.settings.working_directory,
            argv,
            start_server,
        };
        match self.server.new_session(&session(StartServer::Never)) {
            // A server that is started in a service would belong to it, and end when the service is stopped.
            Err(TmuxError::NoServer { .. }) if !self.is_in_service => {
                Ok(self.server.new_session(&session(StartServer::IfAbsent))?)
            }
            other => Ok(other?),
        }
    }

    /// Performs the handshake with the pane process.
    fn start_command(&self, socket: &HandshakeSocket, pid: Pid) -> Result<(ProcessIdentity, DeferredStop), StartError> {
        let handshake = |source| StartError::Handshake { agent: self.settings.agent.clone(), source };
        let proc_error = StartError::system("cannot read the pane process");
        let fd = PidFd::open(pid).map_err(&proc_error)?;
        let connection = socket.accept_pane(pid, fd.as_fd(), Server::TIMEOUT).map_err(handshake)?;
        let identity = self.proc.identity(pid).map_err(&proc_error)?;
        let identity = identity.ok_or_else(|| proc_error(io::ErrorKind::NotFound.into()))?;
        let attach = |pid| self.service.as_ref().map_or(Ok(()), |service| service.attach_process(pid));
        if let Some(reason) = connection.send_spec(&self.spec, Server::TIMEOUT, attach).map_err(handshake)? {
            self.output.warning(&format!(
                "{} runs outside its unit's control group, so limits and a clean kill do not apply: {}",
                self.settings.agent,
                reason.display()
            ));
        }
        // Before this point, a start may be killed: the pane process notices that, and ends.
        let stop = DeferredStop::catch_signals().map_err(StartError::system("cannot catch signals"))?;
        connection.release(Server::TIMEOUT).map_err(handshake)?;
        Ok((identity, stop))
    }

    /// Returns whether the pane was made by a launcher and its process has not executed the command yet: it is
    /// `agent-pane`, or still a copy of the tmux server that is about to execute it.
    fn is_before_command(&self, pane: &Pane, pid: Pid) -> io::Result<bool> {
        if HandshakeAddress::from_start_command(&pane.start_command).is_none() {
            return Ok(false);
        }
        let program = self.proc.program(pid)?;
        Ok(program.as_ref().is_some_and(|name| name == "agent-pane") || program == self.proc.program(pane.server)?)
    }

    /// Adopts an existing session. `None` if its process has ended.
    pub(super) fn adopt_session(&self, observed: &Pane, pid: Pid) -> Result<Option<RunningAgent>, StartError> {
        let proc_error = StartError::system("cannot read the pane process");
        let Ok(fd) = PidFd::open(pid) else { return Ok(None) };
        // A start that was killed left its pane process waiting. No other launcher serves it while this process holds
        // the starter's lock, so it ends as soon as it notices.
        if self.is_before_command(observed, pid).map_err(&proc_error)?
            && fd.wait(Some(ABANDONED_PANE_TIMEOUT)).map_err(&proc_error)?
        {
            return Ok(None);
        }
        let Some(identity) = self.proc.identity(pid).map_err(&proc_error)? else { return Ok(None) };
        // tmux waits for its children itself. While it still shows the process as running, the PID that was opened
        // above cannot belong to another process.
        let is_same = |pane: &Pane| pane.pid == Some(pid) && !pane.dead && pane.verdict.is_none();
        let Some(pane) = self.server.pane(observed.id)?.filter(is_same) else { return Ok(None) };
        self.server.keep_dead_pane(pane.id)?;
        if let Some(service) = &self.service
            && let Err(reason) = service.add_process_tree(&self.proc, pid)
        {
            self.output.warning(&format!("{} stays outside its unit's control group: {reason}", self.settings.agent));
        }
        let address = HandshakeAddress::from_start_command(&pane.start_command);
        let assignment = Assignment::new(&self.settings, &self.server, pane.id, identity, pane.server, address);
        let stop = DeferredStop::catch_signals().map_err(StartError::system("cannot catch signals"))?;
        Ok(Some(RunningAgent { assignment, stop }))
    }
}
