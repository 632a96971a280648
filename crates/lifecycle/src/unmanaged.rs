//! Sees what runs of an agent: who holds its lock, and whether it has a session.

use std::collections::BTreeSet;
use std::io;

use mosaic_domain::AgentName;
use mosaic_heartbeat::{AgentLock, Role, RunDirectory};
use mosaic_process::{Cgroup, ProcRoot};
use mosaic_tmux::Server;

use super::plan::{Seen, Session, UnitSeen, Watcher};

/// One look at the tmux server, and as many at locks as there are agents.
#[derive(Debug)]
pub(super) struct Looking<'a> {
    run_directory: &'a RunDirectory,
    sessions: Result<BTreeSet<String>, String>,
}

impl<'a> Looking<'a> {
    /// Asks the server for its sessions; without one there are none.
    pub(super) fn at(server: Result<&Server, &String>, run_directory: &'a RunDirectory) -> Self {
        let listed =
            server.map_err(Clone::clone).and_then(|server| server.all_panes().map_err(|error| error.to_string()));
        let names = |panes: mosaic_tmux::ServerPanes| panes.sessions.into_iter().map(|pane| pane.session).collect();
        Self { run_directory, sessions: listed.map(|panes| panes.map(names).unwrap_or_default()) }
    }

    /// What runs of an agent whose unit is in this state.
    pub(super) fn see(&self, agent: &AgentName, unit: UnitSeen) -> Seen {
        let session = match &self.sessions {
            Ok(names) if names.contains(agent.as_str()) => Session::Present,
            Ok(_) => Session::Absent,
            Err(why) => Session::Unknown(why.clone()),
        };
        match self.watcher(agent) {
            Ok(watcher) => Seen { unit, watcher, session },
            Err(error) => {
                let why = format!("cannot see who watches it in {}: {error}", self.run_directory.path().display());
                Seen { unit, watcher: None, session: Session::Unknown(why) }
            }
        }
    }

    /// Is there a session of this name?
    pub(super) fn has_session(&self, name: &str) -> bool {
        self.sessions.as_ref().is_ok_and(|names| names.contains(name))
    }

    fn watcher(&self, agent: &AgentName) -> io::Result<Option<Watcher>> {
        let Some(lock) = AgentLock::open_existing(self.run_directory, agent)? else { return Ok(None) };
        let Some(pid) = lock.holder(Role::Sidecar)? else { return Ok(None) };
        // A detached sidecar may be in the group of the service that started it; it is the main
        // process of none.
        let main = ProcRoot::default().variable(pid, "SYSTEMD_EXEC_PID").ok().flatten();
        let is_main = main.is_some_and(|main| main == pid.to_string().as_str());
        let group = Cgroup::of(pid).ok().flatten();
        let in_a_service = group.is_some_and(|group| group.name().ends_with(".service"));
        Ok(Some(Watcher { pid, of_a_unit: is_main && in_a_service }))
    }
}
