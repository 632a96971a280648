//! A pane that runs another process than before: somebody respawned it.

use std::env;
use std::io;
use std::time::Duration;

use mosaic_domain::Pid;
use mosaic_heartbeat::Status;
use mosaic_process::PidFd;
use mosaic_tmux::Pane;

use super::journal::{self, Priority};
use super::life::Life;
use crate::gate::{Gate, GateError, Orders, Visitor};
use crate::start::pane_orders;
use crate::systemd_service::SystemdService;

/// How long a respawned pane may take at the gate.
const GATE_LIMIT: Duration = Duration::from_secs(5);

impl Life {
    /// Lets a respawned pane's process in, which comes for its orders as the first one did.
    pub(super) fn admit(&mut self) -> io::Result<()> {
        while let Some(visitor) = self.watch.gate.as_ref().map_or(Ok(None), Gate::next_visitor)? {
            let pane = self.server.pane(self.beater.assignment().pane).unwrap_or(None);
            let Some(pane) = pane.filter(|pane| pane.pid == visitor.pid()) else { continue };
            let group = self.service.as_ref().map(SystemdService::group);
            let orders = pane_orders(&self.request, env::vars_os(), group);
            if self.rebind(&pane)?
                && let Err(error) = self.brief(visitor, &orders)
            {
                journal::record(Priority::Error, &self.request.agent, &format!("{}: {error}", self.request.agent), &[]);
            }
        }
        Ok(())
    }

    fn brief(&self, visitor: Visitor, orders: &Orders) -> Result<(), GateError> {
        let attach = |pid| self.service.as_ref().map_or(Ok(()), |service| service.attach(pid));
        visitor.brief(orders, GATE_LIMIT, attach)?;
        visitor.let_go(GATE_LIMIT)
    }

    /// Watches the process that is in the pane now; `false` if it has ended meanwhile.
    pub(super) fn rebind(&mut self, pane: &Pane) -> io::Result<bool> {
        let Ok(fd) = PidFd::open(pane.pid) else { return Ok(false) };
        let Some(identity) = self.proc.identity(pane.pid)? else { return Ok(false) };
        // It was seen in the pane before it came to the gate, or the other way round: one start.
        if identity == self.beater.assignment().process {
            return Ok(true);
        }
        // While tmux counts the process as running, the PID that we have opened is not another's.
        let still = self.server.pane(pane.id).unwrap_or(None);
        if still.is_none_or(|now| now.pid != pane.pid || now.verdict.is_some()) {
            return Ok(false);
        }
        self.take_in(pane.pid);
        self.watch.pane = Some(fd);
        self.beater.rebind(identity);
        self.beater.beat(Status::Ok, None);
        self.notify.status(&self.status_line());
        Ok(true)
    }

    /// Sees that the process and what it started are in the unit's group.
    pub(super) fn take_in(&self, pid: Pid) {
        let agent = &self.request.agent;
        if let Some(service) = &self.service
            && let Err(why) = service.take_in(&self.proc, pid)
        {
            let message = format!("{agent} stays outside its unit's control group, so limits do not apply: {why}");
            journal::record(Priority::Warning, agent, &message, &[]);
        }
    }
}
