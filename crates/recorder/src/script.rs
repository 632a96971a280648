//! The scripts: what is done to the programs, as data. `crates/runtimes/screens/README.md` explains them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::RecordError;

/// How one runtime is installed, started and operated.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuntimeScript {
    /// The shell command that installs `$VERSION` into the working directory. Absent, only the installed program is
    /// recorded.
    #[serde(default)]
    pub(crate) install: Option<String>,
    /// The directory of the installed program, below the one of the installation.
    #[serde(default)]
    pub(crate) directory: String,
    /// The shell command that prints the version.
    pub(crate) version: String,
    /// The shell command that starts the program.
    pub(crate) command: String,
    /// Environment variables.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// Files below the home, by name.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    /// Patterns for `until`, by name: `ready`, `busy`, `permission` and what the runtime's own scenes use.
    pub(crate) patterns: BTreeMap<String, String>,
    /// Keys for `press`, by name: `submit`, `interrupt`, `clear` and what the runtime's own scenes use.
    pub(crate) keys: BTreeMap<String, Vec<String>>,
    /// The tool that asks for a permission.
    pub(crate) tool: ToolCall,
    /// The text that clears the conversation.
    pub(crate) reset: String,
    /// Common scenes that this program does not have.
    #[serde(default)]
    skip: Vec<String>,
    /// The program's own scenes. One of the name of a common scene takes its place.
    #[serde(default)]
    scenes: Vec<Scene>,
}

impl RuntimeScript {
    /// Returns the scenes of this runtime: the common ones, then its own.
    pub(crate) fn scenes(&self, common: Vec<Scene>) -> Vec<Scene> {
        let is_replaced = |name: &String| self.skip.contains(name) || self.scenes.iter().any(|own| own.name == *name);
        common.into_iter().filter(|scene| !is_replaced(&scene.name)).chain(self.scenes.iter().cloned()).collect()
    }
}

/// One run of the program, in a home of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scene {
    /// Its name, for `--scene`.
    pub(crate) name: String,
    /// Arguments of the program.
    #[serde(default)]
    pub(crate) arguments: String,
    /// Environment variables that are added; an empty value removes one.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// Files below the home that are added or replaced; an empty text removes one.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    /// What is done.
    pub(crate) steps: Vec<Step>,
}

/// One step of a scene.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// Waits until the screen has a line that matches the runtime's pattern of this name.
    Until(String),
    /// Waits until the screen has a line that matches this pattern.
    Shows(String),
    /// Records the screen under this name, once it has settled.
    Screen(String),
    /// Records the screen under this name at once.
    Snapshot(String),
    /// Types a text as keys.
    Type(String),
    /// Types the runtime's text that clears the conversation.
    TypeReset,
    /// Pastes a text.
    Paste(String),
    /// Pastes that many lines.
    PasteLines(usize),
    /// Pastes a line of that many characters.
    PasteCharacters(usize),
    /// Presses the runtime's keys of this name.
    Press(String),
    /// Presses these keys, in tmux's names.
    Keys(Vec<String>),
    /// Holds back every answer of the model from now on.
    Hold,
    /// Releases the answers that were held back.
    Release,
    /// Makes the model call the runtime's tool that asks for a permission.
    CallTool,
    /// Makes the model call this tool.
    Call(ToolCall),
    /// Makes the model reject every request from now on.
    Refuse(Refusal),
    /// Ends the rejection.
    Accept,
}

/// A tool call of the model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolCall {
    /// The tool's name in the program.
    pub(crate) name: String,
    /// Its arguments.
    pub(crate) arguments: serde_json::Value,
}

/// How the model rejects a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    /// The status line, such as `401 Unauthorized`.
    pub(crate) status: String,
    /// The message.
    pub(crate) message: String,
}

/// Reads a script.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, RecordError> {
    let text = std::fs::read_to_string(path).map_err(|error| RecordError::File { path: path.to_owned(), error })?;
    serde_saphyr::from_str(&text)
        .map_err(|error| RecordError::Script { path: path.to_owned(), message: error.to_string() })
}
