//! Which program an agent's command line runs.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;

use mosaic_domain::RuntimeName;
use mosaic_roster::{AgentEnv, AgentSettings, program_of, program_path};

use crate::context::Context;
use crate::error::CommandError;
use mosaic_runtimes::{Runtime, shipped_runtimes};

/// What an agent is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AgentLine {
    /// Its command; nothing is `mosaic yolo RUNTIME`.
    pub(super) command: Option<String>,
    /// The search path that was recorded for it.
    pub(super) search_path: Option<OsString>,
}

impl AgentLine {
    /// Reads it: the env file, else what the roster would make of it.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub(super) fn of(context: &Context, settings: &AgentSettings) -> Result<Self, CommandError> {
        let path = context.home.path().join(format!("fleet/agents/{}.env", settings.name));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(CommandError::io("read", path, error)),
        };
        let env = AgentEnv::parse(&text).merged(settings, None);
        let value = |name| env.value(name).filter(|value| !value.is_empty());
        Ok(Self { command: value("MOSAIC_AGENT_COMMAND"), search_path: value("PATH").map(OsString::from) })
    }

    /// The known program that it runs, and where that is if the line says so; `None` if only the site knows.
    pub(super) fn program(&self, runtime: &RuntimeName) -> Option<(&'static Runtime, Option<PathBuf>)> {
        if let Some(path) = self.command.as_deref().and_then(program_path) {
            let profile = shipped_runtimes().iter().find(|profile| path.ends_with(&profile.launch.program))?;
            return Some((profile, Some(path.to_owned())));
        }
        let program = program_of(self.command.as_deref(), runtime)?;
        Some((shipped_runtimes().iter().find(|profile| profile.launch.program == program)?, None))
    }
}

#[cfg(test)]
mod tests {
    use super::AgentLine;
    use std::path::Path;

    #[test]
    fn a_line_that_names_a_known_program_runs_that() {
        type Case<'a> = (Option<&'a str>, &'a str, Option<(&'a str, Option<&'a str>)>);
        let table: [Case<'_>; 10] = [
            (None, "pi", Some(("pi", None))),
            (None, "mine", None),
            (Some("mosaic yolo codex"), "codex", Some(("codex", None))),
            (Some("exec pi --offline"), "pi", Some(("pi", None))),
            (Some("exec pi"), "mine", Some(("pi", None))),
            (Some("/opt/x/bin/claude -c"), "claude", Some(("claude", Some("/opt/x/bin/claude")))),
            (Some("/opt/x/bin/agent"), "pi", None),
            (Some("exec node /opt/pi/cli.js"), "pi", None),
            (Some("KEY=1 pi"), "pi", None),
            (Some("while sleep 1; do date; done"), "pi", None),
        ];
        for (command, runtime, expected) in table {
            let line = AgentLine { command: command.map(str::to_owned), search_path: None };
            let found = line.program(&runtime.parse().unwrap());
            let found = found.as_ref().map(|(profile, path)| (profile.name.as_str(), path.as_deref()));
            assert_eq!(found, expected.map(|(name, path)| (name, path.map(Path::new))), "{command:?}");
        }
    }
}
