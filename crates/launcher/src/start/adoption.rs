//! Takes on a session that is there already: after a sidecar that died, or by hand.

use domain::Pid;
use process::PidFd;
use tmux::Pane;

use super::StartError;
use super::execute::Start;
use crate::gate::GateName;
use crate::sidecar::Assignment;
use crate::systemd_service::SystemdService;

impl Start {
    /// Takes on the session that is there; `None` if its process ended meanwhile.
    pub(super) fn adopt(&self, seen: &Pane) -> Result<Option<Assignment>, StartError> {
        let in_proc = StartError::system("cannot read the pane process");
        let Ok(_fd) = PidFd::open(seen.pid) else { return Ok(None) };
        let Some(identity) = self.proc.identity(seen.pid).map_err(&in_proc)? else { return Ok(None) };
        // tmux waits for its children itself: while it still counts the process as running, the PID
        // that we have opened cannot be another's.
        let same = |pane: &Pane| pane.pid == seen.pid && !pane.dead && pane.verdict.is_none();
        let Some(pane) = self.server.pane(seen.id)?.filter(same) else { return Ok(None) };
        self.server.keep_dead_pane(pane.id)?;
        if let Some(service) = &self.service {
            self.take_in(service, pane.pid);
        }
        let gate = GateName::of_pane(&pane.start_command);
        Ok(Some(Assignment::first(&self.request, &self.server, pane.id, identity, pane.server, gate)))
    }

    /// Moves an adopted process and what it started into the unit's group.
    fn take_in(&self, service: &SystemdService, pid: Pid) {
        let members = service.group().members().unwrap_or_default();
        for pid in std::iter::once(pid).chain(self.proc.descendants(pid)).filter(|pid| !members.contains(pid)) {
            if let Err(error) = service.group().take_in(pid)
                && let Err(why) = service.attach(pid)
            {
                eprintln!("WARNING: process {pid} stays outside the unit's control group: {error}; {why}");
            }
        }
    }
}
