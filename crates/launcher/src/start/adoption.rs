//! Takes on a session that is there already: after a sidecar that died, or by hand.

use std::io;
use std::time::Duration;

use mosaic_process::PidFd;
use mosaic_tmux::Pane;

use super::StartError;
use super::execute::{Running, Start};
use super::stop_request::StopRequest;
use crate::gate::GateName;
use crate::sidecar::Assignment;

/// How long a pane process may take to notice that nobody is at its gate any more.
const NOTICING: Duration = Duration::from_secs(5);

impl Start {
    /// Is it a pane of ours whose process is still at its gate, or has not even come there: a copy of
    /// the tmux server that has yet to execute `agent-pane`?
    fn is_before_its_command(&self, pane: &Pane) -> io::Result<bool> {
        if GateName::of_pane(&pane.start_command).is_none() {
            return Ok(false);
        }
        let program = self.proc.program(pane.pid)?;
        Ok(program.as_ref().is_some_and(|name| name == "agent-pane") || program == self.proc.program(pane.server)?)
    }

    /// Takes on the session that is there; `None` if its process ended meanwhile.
    pub(super) fn adopt(&self, seen: &Pane) -> Result<Option<Running>, StartError> {
        let in_proc = StartError::system("cannot read the pane process");
        let Ok(fd) = PidFd::open(seen.pid) else { return Ok(None) };
        // A start that was killed left it at its gate, where nobody else comes while we hold the
        // starter's lock: as soon as it has noticed, it ends.
        if self.is_before_its_command(seen).map_err(&in_proc)? && fd.wait(Some(NOTICING)).map_err(&in_proc)? {
            return Ok(None);
        }
        let Some(identity) = self.proc.identity(seen.pid).map_err(&in_proc)? else { return Ok(None) };
        // tmux waits for its children itself: while it still counts the process as running, the PID
        // that we have opened cannot be another's.
        let same = |pane: &Pane| pane.pid == seen.pid && !pane.dead && pane.verdict.is_none();
        let Some(pane) = self.server.pane(seen.id)?.filter(same) else { return Ok(None) };
        self.server.keep_dead_pane(pane.id)?;
        if let Some(service) = &self.service
            && let Err(why) = service.take_in(&self.proc, pane.pid)
        {
            eprintln!("WARNING: {} stays outside its unit's control group: {why}", self.request.agent);
        }
        let gate = GateName::of_pane(&pane.start_command);
        let assignment = Assignment::first(&self.request, &self.server, pane.id, identity, pane.server, gate);
        let stop = StopRequest::listen().map_err(StartError::system("cannot catch signals"))?;
        Ok(Some(Running { assignment, stop }))
    }
}
