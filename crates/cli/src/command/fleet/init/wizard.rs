//! The questions of `mosaic fleet init`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Input, Select};
use mosaic_domain::{default_program_directories, env_var};
use mosaic_process::{find_in_directories, is_program};
use mosaic_provision::{Layout, recordable_directories};
use mosaic_roster::{Preset, Roster, required_program};
use signal_hook::consts::SIGINT;

use super::answers::{Answers, check};
use super::{Backup, ExistingRoster};
use crate::context::Context;
use crate::error::CommandError;
use crate::view::print_notice;

/// Asks for a new roster. Returns its text, or `None` if the user cancels.
///
/// # Errors
/// The terminal cannot be used, or the roster cannot be edited.
pub(super) fn ask(
    context: &Context,
    present: Option<&ExistingRoster>,
) -> Result<Option<(String, Backup)>, CommandError> {
    catch_interrupts()?;
    let layout =
        Layout::new(&context.fleet.location.home, |name| context.fleet.environment.variable(name), Path::new("/"))?;
    if let Some(ExistingRoster { roster: Err(problem), .. }) = present {
        print_notice(&format!("NOTE: the existing roster is invalid, and can only be replaced:\n{problem}"));
    }
    let kept = present.and_then(|present| Some((present, present.roster.as_ref().ok()?)));
    let Some(base) = base(kept)? else { return Ok(None) };
    let (text, backup) = match (base, present) {
        (Base::Profile(profile), None) => (profile.text(), Backup::None),
        (Base::Profile(profile), Some(_)) => (profile.text(), Backup::Keep),
        (Base::Existing, present) => (present.map_or_else(String::new, |present| present.text.clone()), Backup::None),
    };
    let roster = Roster::parse(&text, &context.fleet.location.roster_path)?;
    // A new profile keeps the answers of the existing roster.
    let defaults = match kept {
        Some((present, roster)) => Answers::from_roster(&present.text, roster),
        None => Answers::from_roster(&text, &roster),
    };
    let Some(runtime) = runtime(context, &layout, &defaults.runtime, kept.is_some())? else { return Ok(None) };
    let directory = ["defaults", "working_directory"];
    let working_directory = ask_text("Working directory of the agents", &defaults.working_directory, &directory)?;
    let socket = ask_text("Name of the fleet's tmux socket", &defaults.socket, &["tmux", "socket_name"])?;
    let connector = if roster.orchestrators().is_empty() {
        String::new()
    } else {
        let question = "Service that the orchestrator is connected to (may be empty)";
        Input::with_theme(&SimpleTheme)
            .with_prompt(question)
            .allow_empty(true)
            .with_initial_text(&defaults.connector)
            .interact_text()
            .or_else(cancelled)?
    };
    let answers = Answers { runtime, working_directory, socket, connector: connector.trim().to_owned() };
    Ok(Some((answers.apply(&text, &context.fleet.location.roster_path)?, backup)))
}

/// Asks a yes-or-no question.
///
/// # Errors
/// The terminal cannot be used.
pub(super) fn confirm(question: &str) -> Result<bool, CommandError> {
    let answer = Confirm::with_theme(&SimpleTheme).with_prompt(question).default(true).interact_opt();
    answer.map(|answer| answer == Some(true)).or_else(cancelled)
}

/// The agents whose runtime is not installed on this host, by runtime.
pub(super) fn missing_runtimes(context: &Context, layout: &Layout, roster: &Roster) -> BTreeMap<String, Vec<String>> {
    let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for agent in &roster.agents {
        let settings = roster.settings(agent);
        let program = required_program(settings.command.as_deref(), &settings.runtime);
        if let Some(program) = program.filter(|program| !is_installed(context, layout, program)) {
            missing.entry(program).or_default().push(agent.name.to_string());
        }
    }
    missing
}

/// The roster to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// The existing roster.
    Existing,
    /// A profile.
    Profile(Preset),
}

fn base(present: Option<(&ExistingRoster, &Roster)>) -> Result<Option<Base>, CommandError> {
    let there = present.map(|(_, roster)| match roster.agents.len() {
        1 => "the agent of the existing roster".to_owned(),
        agents => format!("the {agents} agents of the existing roster"),
    });
    let mut choices: Vec<(Base, String)> = there.into_iter().map(|text| (Base::Existing, text)).collect();
    choices.extend(
        Preset::ALL.map(|profile| (Base::Profile(profile), format!("{profile:<17} {}", profile.description()))),
    );
    let usual = if present.is_some() { Base::Existing } else { Base::Profile(Preset::Coding) };
    let default = choices.iter().position(|(base, _)| *base == usual).unwrap_or_default();
    Ok(choose("Kind of fleet", choices.iter().map(|(_, text)| text), default)?.map(|index| choices[index].0))
}

fn runtime(
    context: &Context,
    layout: &Layout,
    default: &str,
    was_answered: bool,
) -> Result<Option<String>, CommandError> {
    let mut names: Vec<String> = Roster::BUILT_IN_RUNTIMES.map(str::to_owned).to_vec();
    if !names.iter().any(|name| name == default) {
        names.push(default.to_owned());
    }
    let here: Vec<bool> = names.iter().map(|name| is_installed(context, layout, name)).collect();
    let described: Vec<String> = names
        .iter()
        .zip(&here)
        .map(|(name, here)| format!("{name:<9} {}", if *here { "installed" } else { "not installed" }))
        .collect();
    let default = names.iter().position(|name| name == default).unwrap_or_default();
    // The default of a profile may not be installed.
    let default =
        if was_answered || here[default] { default } else { here.iter().position(|here| *here).unwrap_or(default) };
    Ok(choose("Runtime of agents that do not set one", described.iter(), default)?.map(|index| names[index].clone()))
}

fn is_installed(context: &Context, layout: &Layout, program: &str) -> bool {
    let mut directories =
        recordable_directories(context.fleet.environment.variable(env_var::PATH).as_deref(), Path::is_dir);
    directories.extend(default_program_directories(layout.user_home()));
    find_in_directories(program, &directories, is_program).is_some()
}

fn choose<'a>(
    question: &str,
    choices: impl Iterator<Item = &'a String>,
    default: usize,
) -> Result<Option<usize>, CommandError> {
    let asked = Select::with_theme(&SimpleTheme).with_prompt(question).items(choices).default(default).interact_opt();
    asked.or_else(cancelled)
}

fn ask_text(question: &str, default: &str, key: &[&str]) -> Result<String, CommandError> {
    let asked = Input::<String>::with_theme(&SimpleTheme)
        .with_prompt(question)
        .default(default.to_owned())
        .validate_with(|given: &String| check(key, given))
        .interact_text();
    asked.or_else(cancelled)
}

/// Lets Ctrl-C end the question instead of the program, so that the cursor, which a choice hides, can be shown
/// again.
fn catch_interrupts() -> Result<(), CommandError> {
    signal_hook::flag::register(SIGINT, Arc::new(AtomicBool::new(false)))
        .map(drop)
        .map_err(|source| CommandError::io("handle signals of", "the terminal", source))
}

fn cancelled<T>(error: dialoguer::Error) -> Result<T, CommandError> {
    let dialoguer::Error::IO(source) = error;
    let mut terminal = std::io::stderr();
    // If the terminal is gone, there is no cursor to show.
    let _ = terminal.write_all(b"\x1b[?25h\n");
    if source.kind() == std::io::ErrorKind::Interrupted {
        return Err(CommandError::Refused("nothing was written".to_owned()));
    }
    Err(CommandError::io("read from", "the terminal", source))
}
