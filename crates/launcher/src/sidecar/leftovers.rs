//! What a sidecar that was killed left behind: processes, a session, a heartbeat that says `ok`.

use std::env;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, SocketName};
use mosaic_heartbeat::{AgentLock, Heartbeat, Role, RunDirectory, Status, Writer};
use mosaic_process::{Cgroup, Liveness, ProcRoot, monotonic};
use mosaic_tmux::Server;

use super::remainder;

/// tmux answers in milliseconds, unless it hangs.
const TMUX_LIMIT: Duration = Duration::from_secs(5);

/// Everything of an agent's unit that may outlive its sidecar.
///
/// It is found from as few settings as possible: a unit may fail because one of them is nonsense.
#[derive(Debug)]
pub(super) struct Leftovers {
    agent: AgentName,
    group: Cgroup,
    run_directory: Option<RunDirectory>,
}

impl Leftovers {
    /// Those of the unit in whose control group this process is; `None` outside of one.
    pub(super) fn of_our_unit(agent: AgentName, run_directory: Option<RunDirectory>) -> io::Result<Option<Self>> {
        let own = Cgroup::own()?;
        // systemd runs control processes of a unit with `Delegate=` in a group below the unit's.
        let group = own.and_then(|own| if own.name() == ".control" { own.parent() } else { Some(own) });
        Ok(group.map(|group| Self { agent, group, run_directory }))
    }

    pub(super) fn agent(&self) -> &AgentName {
        &self.agent
    }

    /// The unit's name.
    pub(super) fn unit(&self) -> &str {
        self.group.name()
    }

    /// Did the sidecar get to its end?
    pub(super) fn is_nothing(&self) -> io::Result<bool> {
        let said_ok = self.heartbeat().is_some_and(|last| last.status == Status::Ok);
        Ok(!said_ok && remainder::others(&self.group)?.is_empty())
    }

    /// Is the process of the last heartbeat alive? If nobody can say, it is taken to be: rather an
    /// agent too many than one killed by its observer.
    pub(super) fn agent_is_alive(&self) -> bool {
        let Some(process) = self.heartbeat().and_then(|last| last.process()) else { return true };
        ProcRoot::default().liveness(&process).map_or(true, Liveness::is_alive)
    }

    /// Does a sidecar watch the agent (again)?
    pub(super) fn is_watched(&self) -> io::Result<bool> {
        let Some(directory) = &self.run_directory else { return Ok(false) };
        Ok(AgentLock::open(directory, &self.agent)?.holder(Role::Sidecar)?.is_some())
    }

    /// Ends the processes, removes the session, and writes the beat that the sidecar did not get to.
    pub(super) fn end(&self, grace: Duration, status: Status) -> io::Result<()> {
        remainder::end(&self.group, grace)?;
        let socket = env::var("MOSAIC_TMUX_SOCKET").unwrap_or_default();
        let socket = if socket.is_empty() { SocketName::DEFAULT.to_owned() } else { socket };
        if let Ok(program) = mosaic_tmux::find_program(env::var_os("PATH").as_deref())
            && let Ok(socket) = socket.parse::<SocketName>()
            && !self.is_watched()?
        {
            // The session is an empty shell now; if it cannot be removed, the next start clears it.
            let _ = Server::new(program, socket).within(TMUX_LIMIT).kill_session(&self.agent);
        }
        self.write_last_beat(status)
    }

    fn write_last_beat(&self, status: Status) -> io::Result<()> {
        let (Some(directory), Some(mut last)) = (&self.run_directory, self.heartbeat()) else { return Ok(()) };
        let lock = AgentLock::open(directory, &self.agent)?;
        let (Status::Ok, Some(binding)) = (last.status, &mut last.binding) else { return Ok(()) };
        if !lock.try_take(Role::Sidecar)? {
            return Ok(());
        }
        binding.monotonic = monotonic();
        binding.sequence = binding.sequence.saturating_add(1);
        last.written_at = Timestamp::now();
        last.status = status;
        Writer::new(directory, &self.agent).write(&last)
    }

    fn heartbeat(&self) -> Option<Heartbeat> {
        // One that cannot be read says nothing.
        mosaic_heartbeat::read(&self.run_directory.as_ref()?.heartbeat(&self.agent)).ok().flatten()
    }
}
