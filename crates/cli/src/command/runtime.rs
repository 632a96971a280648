//! `mosaic RUNTIME` and `mosaic yolo RUNTIME`: launch an agent program by hand, in this terminal.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use clap::Args;
use mosaic_domain::RuntimeName;
use mosaic_exit_code::ExitCode;
use mosaic_roster::{Roster, RosterError, suggestion};
use mosaic_runtimes::{
    LaunchCommand, LaunchContext, LaunchMode, LaunchRequest, ProfileError, ProfileLibrary, Runtime, shipped_runtime,
};

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar;
use crate::view::{print, print_notice};

/// Launch a runtime in this terminal without its permission prompts
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Yolo {
    /// The runtime: one of docs/runtimes.md, of the site or of the roster
    #[arg(value_name = "RUNTIME")]
    pub(crate) runtime: RuntimeName,

    /// Arguments for the runtime. Before them, --print-command only prints the command, and --kickstart FILE gives the
    /// first prompt; '--' ends these options
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

/// Launches a runtime: its name, and its arguments.
///
/// # Errors
/// There is no such runtime, or it cannot be launched.
pub(crate) fn run(words: &[OsString], context: &Context) -> Result<ExitCode, CommandError> {
    // The grammar accepts only a name followed by arguments.
    let (name, arguments) =
        words.split_first().map_or(("".into(), words), |(name, rest)| (name.to_string_lossy(), rest));
    launch(context, &name, LaunchMode::Attended, arguments)
}

impl Yolo {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        launch(context, self.runtime.as_str(), LaunchMode::Unattended, &self.arguments)
    }
}

const AFTER_HELP: &str = "\
What disables the permission prompts:
  claude    --dangerously-skip-permissions; as root, claude also requires IS_SANDBOX=1, which
            confirms that the host may be lost. Only you may set it
  codex     --dangerously-bypass-approvals-and-sandbox
  pi        nothing: pi has no permission prompts; --approve trusts the files of a project
  opencode  OPENCODE_PERMISSION={\"*\":\"allow\"}, unless that variable is set
  qwen      --yolo
  copilot   --yolo, and COPILOT_ALLOW_ALL=true, which trusts the directory, unless that variable is set
  kimi      --auto
  gemini    --yolo --skip-trust
  cline     nothing: cline approves everything by itself

Examples:
  mosaic yolo codex
  mosaic yolo claude --print-command -- --continue
  mosaic yolo pi --kickstart task.md

Exit codes: that of the runtime; before it runs, 64 unknown runtime or option, 69 not installed,
74 FILE cannot be read or used.";

/// A command line for a runtime that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RuntimeError {
    /// The name is unknown.
    #[error(
        "'{}' is neither a command of mosaic nor a runtime; runtimes are {known}{}{}",
        .name.escape_debug(),
        .roster.as_ref().map(|why| format!(", and those of the roster, which cannot be read: {why}")).unwrap_or_default(),
        suggestion(.nearest)
    )]
    Unknown {
        /// The name as it was typed.
        name: String,
        /// The commands and runtimes with the most similar names.
        nearest: Vec<String>,
        /// The names of all runtimes.
        known: String,
        /// Why the roster, which may have more runtimes, cannot be read.
        roster: Option<String>,
    },
    /// The option lacks its value.
    #[error("--kickstart needs a FILE with the first prompt")]
    NoKickstartFile,
    /// The runtime is a command line of the roster, which may take a prompt in any way.
    #[error(
        "--kickstart is not supported by the runtime '{name}' of the roster, only by {known}; write the prompt into its command"
    )]
    NoKickstartFor {
        /// The runtime.
        name: String,
        /// The runtimes that support it.
        known: String,
    },
}

/// Launches the runtime of that name. It returns only if the command is printed, or the launch fails.
///
/// # Errors
/// There is no such runtime, or its program is not installed or cannot be run.
fn launch(context: &Context, name: &str, mode: LaunchMode, words: &[OsString]) -> Result<ExitCode, CommandError> {
    let options = LaunchOptions::parse(words)?;
    let library = ProfileLibrary::new(&context.fleet.location.home);
    let command = match find_runtime(context, &library, name) {
        Ok(Some(runtime)) => launch_command(context, &runtime, mode, &options)?,
        Ok(None) => roster_command(context, &library, name, &options)?,
        Err(profile_error) => match roster_command(context, &library, name, &options) {
            Ok(command) => {
                print_notice(&format!("WARNING: {profile_error}; {name} is launched by its command in the roster"));
                command
            }
            Err(CommandError::Runtime(RuntimeError::Unknown { .. })) => return Err(profile_error.into()),
            Err(error) => return Err(error),
        },
    };
    if options.print_only {
        print(&(command.shell_line() + "\n"))?;
        return Ok(ExitCode::Ok);
    }
    for warning in &command.warnings {
        print_notice(&format!("WARNING: {warning}"));
    }
    let error = command.exec();
    Err(CommandError::io("run", command.program, error))
}

/// Finds the profile that the runtime is launched by; `None` if only the roster may define the runtime. A site's profile
/// that cannot be used does not keep a shipped runtime from being launched.
///
/// # Errors
/// The profile of a runtime that is not shipped cannot be used.
fn find_runtime(context: &Context, library: &ProfileLibrary, name: &str) -> Result<Option<Runtime>, ProfileError> {
    let Ok(runtime) = name.parse::<RuntimeName>() else { return Ok(None) };
    let shipped = shipped_runtime(name);
    match (library.runtime(&runtime), shipped) {
        // The roster's command starts an agent, so it also applies here, unless it refers to the profile itself.
        (Ok(Some(site)), None) => {
            let roster = context.roster().ok();
            let section = roster.as_ref().and_then(|roster| roster.runtimes.get(&runtime));
            let line = section.and_then(|section| section.command.as_deref());
            let is_roster_command = line.is_some_and(|line| !is_launched_by_mosaic(line, name));
            Ok((!is_roster_command).then_some(site))
        }
        (Err(error), Some(shipped)) => {
            print_notice(&format!("WARNING: {error}; {name} is launched as its shipped profile says"));
            Ok(Some(shipped.clone()))
        }
        (found, _) => found,
    }
}

/// Whether a command line of the roster is `mosaic NAME` or `mosaic yolo NAME`, which would launch itself forever.
fn is_launched_by_mosaic(line: &str, name: &str) -> bool {
    let mut words = line.split_whitespace().peekable();
    words.next_if(|word| *word == "exec");
    let is_mosaic = words.next().is_some_and(|program| Path::new(program).ends_with("mosaic"));
    words.next_if(|word| *word == "yolo");
    is_mosaic && words.next() == Some(name)
}

fn launch_command(
    context: &Context,
    runtime: &Runtime,
    mode: LaunchMode,
    options: &LaunchOptions<'_>,
) -> Result<LaunchCommand, CommandError> {
    let mosaic = std::env::current_exe().map_err(|error| CommandError::io("find", "mosaic", error))?;
    let working_directory = std::env::current_dir().unwrap_or_else(|_| ".".into());
    let launch_context = LaunchContext {
        home: &context.fleet.location.home,
        mosaic: &mosaic,
        working_directory: &working_directory,
        variable: &|name| context.fleet.environment.variable(name),
        is_root: rustix::process::geteuid().is_root(),
    };
    let LaunchOptions { print_only, kickstart, arguments } = *options;
    let request = LaunchRequest { mode, print_only, kickstart, arguments };
    Ok(runtime.launch_command(&request, &launch_context)?)
}

/// Makes the command of a runtime that the roster defines by a command line.
fn roster_command(
    context: &Context,
    library: &ProfileLibrary,
    name: &str,
    options: &LaunchOptions<'_>,
) -> Result<LaunchCommand, CommandError> {
    let (roster, roster_error) = match context.roster() {
        Ok(roster) => (Some(roster), None),
        Err(CommandError::Roster(RosterError::NotFound { .. })) => (None, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let known = || {
        let names = library.runtime_names().into_iter().map(|known| known.to_string());
        names.filter(|known| known != name).collect::<Vec<_>>()
    };
    let sections = || roster.iter().flat_map(|roster: &Roster| &roster.runtimes);
    let line =
        sections().find(|(runtime, _)| runtime.as_str() == name).and_then(|(_, section)| section.command.as_ref());
    if let Some(line) = line {
        if options.kickstart.is_some() {
            return Err(RuntimeError::NoKickstartFor { name: name.to_owned(), known: known().join(", ") }.into());
        }
        return Ok(LaunchCommand::from_roster_line(line, options.arguments));
    }
    let others = sections().filter(|(_, section)| section.command.is_some()).map(|(runtime, _)| runtime.to_string());
    let mut known: Vec<String> = known().into_iter().chain(others).collect();
    known.dedup();
    let commands = grammar::command_names();
    let candidates = commands.iter().chain(&known).map(String::as_str);
    Err(RuntimeError::Unknown {
        name: name.to_owned(),
        nearest: nearest(name, candidates),
        known: known.join(", "),
        roster: roster_error,
    }
    .into())
}

/// The words after a runtime's name: our options, followed by arguments for the runtime.
#[derive(Debug, Default, PartialEq, Eq)]
struct LaunchOptions<'a> {
    /// Whether the command is only printed.
    print_only: bool,
    /// The file with the first prompt.
    kickstart: Option<&'a Path>,
    /// The arguments for the runtime.
    arguments: &'a [OsString],
}

impl<'a> LaunchOptions<'a> {
    /// Parses the words. The runtime has options of its own, so ours have to be first; `--` ends them.
    fn parse(words: &'a [OsString]) -> Result<Self, RuntimeError> {
        let mut options = Self { arguments: words, ..Self::default() };
        while let [first, rest @ ..] = options.arguments {
            if first == "--print-command" {
                options.print_only = true;
                options.arguments = rest;
            } else if first == "--kickstart" {
                let [file, rest @ ..] = rest else { return Err(RuntimeError::NoKickstartFile) };
                (options.kickstart, options.arguments) = (Some(Path::new(file)), rest);
            } else if let Some(file) = first.as_bytes().strip_prefix(b"--kickstart=") {
                (options.kickstart, options.arguments) = (Some(Path::new(OsStr::from_bytes(file))), rest);
            } else {
                options.arguments = if first == "--" { rest } else { options.arguments };
                break;
            }
        }
        match options.kickstart {
            Some(file) if file.as_os_str().is_empty() => Err(RuntimeError::NoKickstartFile),
            _ => Ok(options),
        }
    }
}

/// Returns the candidates that differ from the name by a few letters, the most similar first.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let limit = (name.chars().count() / 3).clamp(1, 3);
    let mut near: Vec<(usize, &str)> = candidates
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, candidate)| candidate.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{LaunchOptions, is_launched_by_mosaic, nearest};
    use std::ffi::OsString;
    use std::path::Path;

    #[test]
    fn only_leading_options_are_ours() {
        type Case<'a> = (&'a [&'a str], bool, Option<&'a str>, &'a [&'a str]);
        let table: [Case<'_>; 11] = [
            (&[], false, None, &[]),
            (&["--resume"], false, None, &["--resume"]),
            (&["--", "--resume"], false, None, &["--resume"]),
            (&["--print-command", "--resume"], true, None, &["--resume"]),
            (&["--print-command", "--", "-x"], true, None, &["-x"]),
            (&["--", "--print-command"], false, None, &["--print-command"]),
            (&["a", "--", "b"], false, None, &["a", "--", "b"]),
            (&["--kickstart", "f", "-x"], false, Some("f"), &["-x"]),
            (&["--kickstart=f", "--print-command"], true, Some("f"), &[]),
            (&["--print-command", "--kickstart", "--", "--", "b"], true, Some("--"), &["b"]),
            (&["-x", "--kickstart", "f"], false, None, &["-x", "--kickstart", "f"]),
        ];
        for (words, print, kickstart, arguments) in table {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            let options = LaunchOptions::parse(&words).unwrap();
            assert_eq!((options.print_only, options.kickstart), (print, kickstart.map(Path::new)), "{words:?}");
            assert_eq!(options.arguments, arguments, "{words:?}");
        }
        for words in [&["--kickstart"][..], &["--kickstart="], &["--kickstart", ""]] {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            assert!(LaunchOptions::parse(&words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn a_command_that_refers_to_the_profile_is_recognized() {
        for (line, expected) in [
            ("mosaic yolo aider", true),
            ("exec /usr/bin/mosaic aider --fast", true),
            ("mosaic yolo codex", false),
            ("aider --yes", false),
            ("exec aider", false),
            ("", false),
        ] {
            assert_eq!(is_launched_by_mosaic(line, "aider"), expected, "{line}");
        }
    }

    #[test]
    fn similar_names_are_suggested() {
        let words = ["fleet", "agent", "yolo", "claude", "codex", "pi", "opencode"];
        for (given, expected) in [
            ("flet", &["fleet"][..]),
            ("fleat", &["fleet"]),
            ("cluade", &["claude"]),
            ("agnet", &["agent"]),
            ("p", &["pi"]),
            ("aider", &[]),
            ("zzz", &[]),
        ] {
            assert_eq!(nearest(given, words.into_iter()), expected, "{given}");
        }
    }
}
