//! Makes runtimes report their activity, each by its own mechanism: hooks, an extension or a plugin.
//!
//! The mechanism is given with the launch only, so that the user's own configuration is neither read nor written. Each
//! mechanism has a file; `attach_reporter` decides whether it is used, and writes what the program loads. The meaning
//! of an event is decided in [`crate::EventFormat`], or by the extension itself.

mod claude_plugin;
mod codex_hooks;
mod copilot_plugin;
mod opencode_plugin;
mod pi_extension;
mod qwen_settings;

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use mosaic_domain::{AgentName, env_var};
use mosaic_regular_file::MAX_CONFIGURATION_BYTES;

use crate::LaunchContext;

/// The mechanism by which a runtime reports its activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reporter {
    /// The runtime does not report.
    #[default]
    None,
    /// A plugin of claude with hooks, by `--plugin-dir`.
    ClaudePlugin,
    /// Hooks of codex, by `-c`.
    CodexHooks,
    /// A plugin of copilot with hooks, by `--plugin-dir`.
    CopilotPlugin,
    /// A plugin of opencode, by `OPENCODE_CONFIG_CONTENT`.
    OpencodePlugin,
    /// An extension of pi, by `--extension`.
    PiExtension,
    /// Hooks of qwen, in a file of defaults that `QWEN_CODE_SYSTEM_DEFAULTS_PATH` names.
    QwenSettings,
}

/// What a program gets so that it reports. It is empty where it would replace something of the user's.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Attachment {
    /// Arguments, before all others.
    pub(crate) arguments: Vec<OsString>,
    /// Environment variables.
    pub(crate) variables: Vec<(String, OsString)>,
}

/// A file that a program loads to report. It is compiled into `mosaic`, and each launch writes it if it differs, so that
/// an update of `mosaic` takes effect at the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ReporterFile {
    /// The path below `fleet/reporters`.
    name: &'static str,
    /// The content.
    text: &'static str,
}

impl Reporter {
    /// The files that the program loads; it is given the path of the first.
    fn files(self) -> &'static [ReporterFile] {
        match self {
            Self::None | Self::CodexHooks => &[],
            Self::CopilotPlugin => &copilot_plugin::FILES,
            Self::ClaudePlugin => &[claude_plugin::FILE],
            Self::OpencodePlugin => &[opencode_plugin::FILE],
            Self::PiExtension => &[pi_extension::FILE],
            Self::QwenSettings => &[qwen_settings::FILE],
        }
    }

    /// Returns what makes the program report; `file` is the path of the reporter's file.
    fn attach(self, file: &Path, context: &LaunchContext<'_>, user_arguments: &[OsString]) -> Attachment {
        match self {
            Self::None => Attachment::default(),
            Self::ClaudePlugin => claude_plugin::attach(file),
            Self::CodexHooks => codex_hooks::attach(user_arguments),
            Self::CopilotPlugin => copilot_plugin::attach(file),
            Self::OpencodePlugin => {
                opencode_plugin::attach(file, context.working_directory, user_arguments, context.variable)
            }
            Self::PiExtension => pi_extension::attach(file),
            Self::QwenSettings => qwen_settings::attach(file, context.variable),
        }
    }
}

/// Returns what makes a launched program report, and a warning if its file cannot be written. Only an agent reports:
/// without `MOSAIC_AGENT_NAME`, a person has started the program by hand.
///
/// The reporter's file is written unless the command is only printed.
pub(crate) fn attach_reporter(
    reporter: Reporter,
    context: &LaunchContext<'_>,
    print_only: bool,
    user_arguments: &[OsString],
) -> (Attachment, Option<String>) {
    let variable = context.variable;
    let agent = variable(env_var::AGENT_NAME).and_then(|name| name.to_str()?.parse::<AgentName>().ok());
    // A program that the agent starts with its tools inherits this variable, and is not the agent.
    let is_nested = variable(env_var::REPORTER).is_some();
    let is_off = variable(env_var::REPORTING).is_some_and(|value| value == "off");
    if agent.is_none() || is_nested || is_off {
        return (Attachment::default(), None);
    }
    let directory = context.home.paths().reporters();
    let files = reporter.files();
    let path = files.first().map_or_else(|| directory.clone(), |file| directory.join(file.name));
    if !print_only {
        for file in files {
            if let Err(error) = file.write(&directory) {
                let path = directory.join(file.name);
                let warning =
                    format!("this agent will not report its activity: cannot write {}: {error}", path.display());
                return (Attachment::default(), Some(warning));
            }
        }
    }
    let mut attachment = reporter.attach(&path, context, user_arguments);
    if attachment != Attachment::default() {
        attachment.variables.push((env_var::REPORTER.to_owned(), context.mosaic.into()));
    }
    (attachment, None)
}

impl ReporterFile {
    /// Writes the file below `directory` if it is missing or differs. It is replaced atomically, so that agents that
    /// start at the same time never read a part of it.
    ///
    /// # Errors
    /// The file cannot be written.
    fn write(&self, directory: &Path) -> io::Result<()> {
        let path = directory.join(self.name);
        if mosaic_regular_file::read(&path, MAX_CONFIGURATION_BYTES)
            .is_ok_and(|content| content == self.text.as_bytes())
        {
            return Ok(());
        }
        let directory = path.parent().unwrap_or(directory);
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(self.text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Attachment, Reporter, ReporterFile, attach_reporter, pi_extension};
    use crate::LaunchContext;
    use mosaic_domain::MosaicHome;
    use std::ffi::OsString;
    use std::fs;
    use std::path::Path;

    fn attach(
        home: &Path,
        print_only: bool,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> (Attachment, Option<String>) {
        let home = MosaicHome::from_environment(|_| Some(home.into())).unwrap();
        let context = LaunchContext {
            home: &home,
            mosaic: Path::new("/bin/mosaic"),
            working_directory: Path::new("/"),
            variable,
            is_root: false,
        };
        attach_reporter(Reporter::PiExtension, &context, print_only, &[])
    }

    fn attached(home: &Path, print: bool, agent: Option<&str>) -> (Vec<OsString>, Option<String>) {
        let variable = |name: &str| agent.filter(|_| name == "MOSAIC_AGENT_NAME").map(OsString::from);
        let (attached, warning) = attach(home, print, &variable);
        let names: Vec<_> = attached.variables.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.contains(&"MOSAIC_REPORTER"), !attached.arguments.is_empty());
        (attached.arguments, warning)
    }

    #[test]
    fn only_an_agent_reports_and_its_file_is_written_before_it_starts() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("fleet/reporters/pi.js");
        for invalid in [None, Some(""), Some("../x")] {
            assert_eq!(attached(home.path(), false, invalid), (vec![], None));
        }
        assert_eq!(
            attached(home.path(), true, Some("coder0")).0,
            ["--extension".into(), file.clone().into_os_string()]
        );
        assert!(!file.exists(), "printing writes nothing");
        assert_eq!(attached(home.path(), false, Some("coder0")).0.len(), 2);
        assert_eq!(fs::read_to_string(file).unwrap(), pi_extension::FILE.text);
    }

    #[test]
    fn a_nested_program_and_a_disabled_agent_do_not_report() {
        let home = tempfile::tempdir().unwrap();
        for (name, value, expected) in [
            ("MOSAIC_REPORTER", "/bin/mosaic", 0),
            ("MOSAIC_REPORTER", "", 0),
            ("MOSAIC_REPORTING", "off", 0),
            ("MOSAIC_REPORTING", "", 2),
        ] {
            let variable = |wanted: &str| match wanted {
                "MOSAIC_AGENT_NAME" => Some(OsString::from("coder0")),
                wanted => (wanted == name).then(|| value.into()),
            };
            let (attached, _) = attach(home.path(), false, &variable);
            assert_eq!(attached.arguments.len(), expected, "{name}={value}");
        }
    }

    #[test]
    fn an_agent_whose_reporter_cannot_be_written_starts_without_it() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("fleet"), "").unwrap();
        let (arguments, warning) = attached(home.path(), false, Some("coder0"));
        assert!(arguments.is_empty() && warning.unwrap().contains("fleet/reporters/pi.js"));
    }

    #[test]
    fn the_file_is_written_if_it_differs() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("fleet/reporters");
        let file = ReporterFile { name: "pi.ts", text: "new" };
        for before in [None, Some("old"), Some("new")] {
            if let Some(before) = before {
                fs::write(directory.join("pi.ts"), before).unwrap();
            }
            file.write(&directory).unwrap();
            assert_eq!(fs::read_to_string(directory.join("pi.ts")).unwrap(), "new");
            assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "no temporary file remains");
        }
        assert!(file.write(&directory.join("pi.ts")).is_err());
        let file = ReporterFile { name: "some/hooks/hooks.json", text: "{}" };
        file.write(&directory).unwrap();
        assert_eq!(fs::read_to_string(directory.join("some/hooks/hooks.json")).unwrap(), "{}");
    }
}
