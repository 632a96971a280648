//! One entry of the roster's `agents` list, and the effective settings of an agent.

use std::fmt;
use std::str::FromStr;

use mosaic_domain::{AgentName, HeartbeatInterval, RuntimeName, SocketName};

use crate::{Class, HolderSession, Limits, Roster};

/// One agent as the file declares it. [`Roster::settings`] applies the defaults.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename = "agent")]
#[schemars(description = "One agent.")]
pub struct Agent {
    /// The agent's unique name: its address in every command, and the name of its tmux session.
    #[serde(deserialize_with = "crate::deserialize_with::text")]
    #[schemars(schema_with = "crate::json_schema::agent_name")]
    pub name: AgentName,
    /// The program to run: claude, codex, opencode, pi, or a runtime that has a command in `runtimes`.
    #[serde(default, deserialize_with = "crate::deserialize_with::optional_text")]
    #[schemars(schema_with = "crate::json_schema::runtime_name")]
    pub runtime: Option<RuntimeName>,
    /// The agent's role in the fleet. The default is "worker".
    #[serde(default)]
    pub class: Class,
    /// The directory the agent starts in: an absolute path, or one below the home directory (~).
    #[serde(default, deserialize_with = "crate::deserialize_with::working_directory")]
    #[schemars(schema_with = "crate::json_schema::working_directory")]
    pub working_directory: Option<String>,
    /// The shell command line that runs the agent. It replaces the command of the runtime.
    #[serde(default, deserialize_with = "crate::deserialize_with::one_line")]
    #[schemars(schema_with = "crate::json_schema::one_line")]
    pub command: Option<String>,
    /// The model to use. The runtime interprets the value.
    #[serde(default, deserialize_with = "crate::deserialize_with::one_line")]
    #[schemars(schema_with = "crate::json_schema::one_line")]
    pub model_hint: Option<String>,
    /// Whether the agent keeps its persona between tasks.
    #[serde(default)]
    pub persistent_persona: PersistentPersona,
    /// Whether the agent's conversation is cleared between tasks.
    #[serde(default)]
    pub reset_between_tasks: bool,
    /// The first prompt for the agent. It can contain placeholders.
    #[serde(default, deserialize_with = "crate::deserialize_with::paragraphs")]
    #[schemars(schema_with = "crate::json_schema::paragraphs")]
    pub kickstart_template: Option<String>,
    /// When systemd restarts the agent. The default is "on-failure".
    #[serde(default, deserialize_with = "crate::deserialize_with::restart_policy")]
    #[schemars(with = "RestartPolicy")]
    pub restart: Option<RestartPolicy>,
    /// Resource limits for the agent and all of its child processes.
    #[serde(default)]
    pub limits: Limits,
}

/// The effective settings of an agent: its own entry first, then its runtime's section, then the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSettings {
    /// The agent's name.
    pub name: AgentName,
    /// The program that the agent runs.
    pub runtime: RuntimeName,
    /// The agent's role.
    pub class: Class,
    /// The socket of the fleet's tmux server.
    pub socket: SocketName,
    /// The session that keeps that server alive.
    pub holder_session: HolderSession,
    /// The directory the agent starts in; `None` means the launcher's default, the home directory.
    pub working_directory: Option<String>,
    /// The shell command line; `None` means the launcher's default, `mosaic yolo RUNTIME`.
    pub command: Option<String>,
    /// The text typed into the agent to clear its conversation, such as `/clear`.
    pub reset_command: Option<String>,
    /// The time between two heartbeats; `None` means the launcher's default, 15 seconds.
    pub interval: Option<HeartbeatInterval>,
    /// The model to use.
    pub model_hint: Option<String>,
    /// Whether the agent keeps its persona between tasks.
    pub persistent_persona: PersistentPersona,
    /// Whether the agent's conversation is cleared between tasks.
    pub reset_between_tasks: bool,
    /// The first prompt for the agent, with placeholders.
    pub kickstart_template: Option<String>,
    /// When systemd restarts the agent.
    pub restart: RestartPolicy,
    /// Resource limits for the agent and all of its child processes.
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

/// When systemd restarts an agent; the value of `Restart=` in its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, schemars::JsonSchema)]
#[schemars(rename_all = "kebab-case", inline)]
pub enum RestartPolicy {
    /// After a failure: an exit code other than 0, a signal, or a watchdog timeout. The default.
    #[default]
    OnFailure,
    /// After every exit, unless the agent was stopped on request.
    Always,
    /// Never.
    No,
}

/// A text that is not a [`RestartPolicy`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a restart policy: expected on-failure, always or no", .given.escape_debug())]
pub struct InvalidRestartPolicy {
    given: String,
}

impl RestartPolicy {
    /// The policy in the spelling of the roster and of systemd.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnFailure => "on-failure",
            Self::Always => "always",
            Self::No => "no",
        }
    }
}

impl FromStr for RestartPolicy {
    type Err = InvalidRestartPolicy;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        [Self::OnFailure, Self::Always, Self::No]
            .into_iter()
            .find(|policy| policy.as_str() == given)
            .ok_or_else(|| InvalidRestartPolicy { given: given.to_owned() })
    }
}

impl fmt::Display for RestartPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether an agent keeps its persona between tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PersistentPersona {
    /// `true`.
    Yes,
    /// `false`, the default.
    #[default]
    No,
    /// `semi`: the agent decides.
    Semi,
}

impl PersistentPersona {
    /// The value in the spelling of the roster.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "true",
            Self::No => "false",
            Self::Semi => "semi",
        }
    }
}

impl fmt::Display for PersistentPersona {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for PersistentPersona {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PersonaVisitor)
    }
}

/// Accepts the booleans `true` and `false` and the string `semi`, but not `"true"` or `"false"`.
struct PersonaVisitor;

impl serde::de::Visitor<'_> for PersonaVisitor {
    type Value = PersistentPersona;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or semi")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(if value { PersistentPersona::Yes } else { PersistentPersona::No })
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
        match value {
            "semi" => Ok(PersistentPersona::Semi),
            other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
        }
    }
}

impl schemars::JsonSchema for PersistentPersona {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PersistentPersona".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "enum": [true, false, "semi"], "default": false })
    }
}
