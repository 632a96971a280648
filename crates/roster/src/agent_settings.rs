//! What holds for an agent.

use mosaic_domain::{AgentName, HeartbeatInterval, RuntimeName, SocketName};

use crate::{Agent, Class, HolderSession, Limits, PersistentPersona, Restart, Roster};

/// What holds for an agent: its own entry, else its runtime's, else the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSettings {
    /// Its name.
    pub name: AgentName,
    /// The program it is.
    pub runtime: RuntimeName,
    /// Its role.
    pub class: Class,
    /// The socket of the fleet's tmux server.
    pub socket: SocketName,
    /// The session that keeps that server alive.
    pub holder_session: HolderSession,
    /// Where it starts; `None` leaves it to the launcher: the home directory.
    pub working_directory: Option<String>,
    /// What runs it; `None` leaves it to the launcher: `mosaic yolo RUNTIME`.
    pub command: Option<String>,
    /// What makes it forget a task.
    pub reset_command: Option<String>,
    /// How often its heartbeat is written; `None` leaves it to the launcher: 15 seconds.
    pub interval: Option<HeartbeatInterval>,
    /// Which model it should use.
    pub model_hint: Option<String>,
    /// Does it keep its persona?
    pub persistent_persona: PersistentPersona,
    /// Is it made to forget a task before the next one?
    pub reset_between_tasks: bool,
    /// What it is told first.
    pub kickstart_template: Option<String>,
    /// When systemd starts it again.
    pub restart: Restart,
    /// What it may use.
    pub limits: Limits,
}

impl AgentSettings {
    pub(crate) fn new(roster: &Roster, agent: &Agent) -> Self {
        let runtime = roster.runtime_of(agent);
        let section = roster.runtimes.get(&runtime);
        let own_or =
            |own: &Option<String>, other: Option<&Option<String>>| own.clone().or_else(|| other.cloned().flatten());
        let directory = own_or(&agent.working_directory, Some(&roster.defaults.working_directory));
        Self {
            name: agent.name.clone(),
            class: agent.class.clone(),
            socket: roster.tmux.socket_name.clone(),
            holder_session: roster.tmux.holder_session.clone(),
            working_directory: own_or(&directory, Some(&roster.tmux.working_directory)),
            command: own_or(&agent.command, section.map(|section| &section.command)),
            reset_command: section.and_then(|section| section.reset_command.clone()),
            interval: roster.defaults.heartbeat_interval,
            model_hint: agent.model_hint.clone(),
            persistent_persona: agent.persistent_persona,
            reset_between_tasks: agent.reset_between_tasks,
            kickstart_template: agent.kickstart_template.clone(),
            restart: agent.restart.unwrap_or_default(),
            limits: agent.limits.clone(),
            runtime,
        }
    }
}
