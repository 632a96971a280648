//! One entry of the roster's list `agents`.

use mosaic_domain::{AgentName, RuntimeName};

use crate::{Class, Limits, PersistentPersona, Restart};

/// One agent, as the file has it; [`crate::Roster::settings`] says what holds for it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename = "agent")]
#[schemars(description = "One agent.")]
pub struct Agent {
    /// The agent's name: the address everybody uses, and the name of its tmux session.
    #[serde(deserialize_with = "crate::reading::text")]
    #[schemars(schema_with = "crate::schema::agent_name")]
    pub name: AgentName,
    /// The program it is: claude, codex, opencode, pi, or one with a command in `runtimes`.
    #[serde(default, deserialize_with = "crate::reading::optional_text")]
    #[schemars(schema_with = "crate::schema::runtime_name")]
    pub runtime: Option<RuntimeName>,
    /// Its role in the fleet.
    pub class: Class,
    /// Directory in which it starts: absolute, or from the home directory (~).
    #[serde(default, deserialize_with = "crate::reading::working_directory")]
    #[schemars(schema_with = "crate::schema::working_directory")]
    pub working_directory: Option<String>,
    /// Command line that runs it, read by the shell, instead of its runtime's.
    #[serde(default, deserialize_with = "crate::reading::one_line")]
    #[schemars(schema_with = "crate::schema::one_line")]
    pub command: Option<String>,
    /// Which model it should use; the runtime decides what that means.
    #[serde(default, deserialize_with = "crate::reading::one_line")]
    #[schemars(schema_with = "crate::schema::one_line")]
    pub model_hint: Option<String>,
    /// Does it keep its persona from task to task?
    #[serde(default)]
    pub persistent_persona: PersistentPersona,
    /// Is it made to forget a task before the next one?
    #[serde(default)]
    pub reset_between_tasks: bool,
    /// What it is told first, with placeholders.
    #[serde(default, deserialize_with = "crate::reading::paragraphs")]
    #[schemars(schema_with = "crate::schema::paragraphs")]
    pub kickstart_template: Option<String>,
    /// When systemd starts it again; "on-failure" if left out.
    #[serde(default, deserialize_with = "crate::reading::restart")]
    #[schemars(with = "Restart")]
    pub restart: Option<Restart>,
    /// What it and all that it starts may use.
    #[serde(default)]
    pub limits: Limits,
}
