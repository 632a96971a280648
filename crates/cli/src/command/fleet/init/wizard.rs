//! The questions, on a terminal.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Input, Select};
use mosaic_domain::usual_directories;
use mosaic_process::is_program;
use mosaic_provision::{Layout, find_program, recordable};
use mosaic_roster::{Preset, Roster, program_of};
use signal_hook::consts::SIGINT;

use super::Old;
use super::answers::{Answers, check};
use super::present::Present;
use crate::context::Context;
use crate::error::CommandError;

/// Asks; the new text, or nothing if whoever was asked would rather not.
///
/// # Errors
/// The terminal is gone, or the answers make no roster.
pub(super) fn ask(context: &Context, present: Option<&Present>) -> Result<Option<(String, Old)>, CommandError> {
    stay_alive()?;
    let layout = Layout::new(&context.home, |name| context.environment.variable(name), std::path::Path::new("/"))?;
    if let Some(Present { roster: Err(problem), .. }) = present {
        crate::view::print_notice(&format!(
            "NOTE: the roster that is there makes no sense, and can only be replaced:\n{problem}"
        ));
    }
    let kept = present.and_then(|present| Some((present, present.roster.as_ref().ok()?)));
    let Some(base) = base(kept)? else { return Ok(None) };
    let (text, old) = match (base, present) {
        (Base::Profile(profile), None) => (profile.text(), Old::Gone),
        (Base::Profile(profile), Some(_)) => (profile.text(), Old::Kept),
        (Base::AsItIs, present) => (present.map_or_else(String::new, |present| present.text.clone()), Old::Gone),
    };
    let roster = Roster::parse(&text, &context.roster_path)?;
    // Another kind of fleet keeps what was answered before.
    let defaults = match kept {
        Some((present, roster)) => Answers::of(&present.text, roster),
        None => Answers::of(&text, &roster),
    };
    let Some(runtime) = runtime(context, &layout, &defaults.runtime, kept.is_some())? else { return Ok(None) };
    let directory = ["defaults", "working_directory"];
    let working_directory = text_of("Working directory of the agents", &defaults.working_directory, &directory)?;
    let socket = text_of("Name of the fleet's tmux socket", &defaults.socket, &["tmux", "socket_name"])?;
    let connector = if roster.orchestrators().is_empty() {
        String::new()
    } else {
        let question = "What the orchestrator is connected to, for a note in the roster (may be empty)";
        Input::with_theme(&SimpleTheme)
            .with_prompt(question)
            .allow_empty(true)
            .with_initial_text(&defaults.connector)
            .interact_text()
            .or_else(unanswered)?
    };
    let answers = Answers { runtime, working_directory, socket, connector: connector.trim().to_owned() };
    Ok(Some((answers.apply(&text, &context.roster_path)?, old)))
}

/// Asks whether to go on.
///
/// # Errors
/// The terminal is gone.
pub(super) fn confirm(question: &str) -> Result<bool, CommandError> {
    let answer = Confirm::with_theme(&SimpleTheme).with_prompt(question).default(true).interact_opt();
    answer.map(|answer| answer == Some(true)).or_else(unanswered)
}

/// The agents that could not run here, by the runtime that they lack.
pub(super) fn missing_runtimes(context: &Context, layout: &Layout, roster: &Roster) -> BTreeMap<String, Vec<String>> {
    let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for agent in &roster.agents {
        let settings = roster.settings(agent);
        let program = program_of(settings.command.as_deref(), &settings.runtime);
        if let Some(program) = program.filter(|program| !is_here(context, layout, program)) {
            missing.entry(program).or_default().push(agent.name.to_string());
        }
    }
    missing
}

/// Which agents to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// Those that are there.
    AsItIs,
    /// Those of a profile.
    Profile(Preset),
}

fn base(present: Option<(&Present, &Roster)>) -> Result<Option<Base>, CommandError> {
    let there = present.map(|(_, roster)| format!("the {} agents that are in the roster", roster.agents.len()));
    let mut choices: Vec<(Base, String)> = there.into_iter().map(|text| (Base::AsItIs, text)).collect();
    choices
        .extend(Preset::ALL.map(|profile| (Base::Profile(profile), format!("{profile:<17} {}", profile.describe()))));
    let usual = if present.is_some() { Base::AsItIs } else { Base::Profile(Preset::Coding) };
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
    let here: Vec<bool> = names.iter().map(|name| is_here(context, layout, name)).collect();
    let described: Vec<String> = names
        .iter()
        .zip(&here)
        .map(|(name, here)| format!("{name:<9} {}", if *here { "found here" } else { "not found here" }))
        .collect();
    let default = names.iter().position(|name| name == default).unwrap_or_default();
    // What a profile has need not be what this machine has.
    let default =
        if was_answered || here[default] { default } else { here.iter().position(|here| *here).unwrap_or(default) };
    Ok(choose("Runtime of agents that name none", described.iter(), default)?.map(|index| names[index].clone()))
}

fn is_here(context: &Context, layout: &Layout, program: &str) -> bool {
    let mut directories = recordable(context.environment.variable("PATH").as_deref(), std::path::Path::is_dir);
    directories.extend(usual_directories(layout.user_home()));
    find_program(program, &directories, is_program).is_some()
}

fn choose<'a>(
    question: &str,
    choices: impl Iterator<Item = &'a String>,
    default: usize,
) -> Result<Option<usize>, CommandError> {
    let asked = Select::with_theme(&SimpleTheme).with_prompt(question).items(choices).default(default).interact_opt();
    asked.or_else(unanswered)
}

fn text_of(question: &str, default: &str, key: &[&str]) -> Result<String, CommandError> {
    let asked = Input::<String>::with_theme(&SimpleTheme)
        .with_prompt(question)
        .default(default.to_owned())
        .validate_with(|given: &String| check(key, given))
        .interact_text();
    asked.or_else(unanswered)
}

/// Ctrl-C ends the question, not the program, so that the cursor, which a choice hides, can be shown
/// again.
fn stay_alive() -> Result<(), CommandError> {
    signal_hook::flag::register(SIGINT, Arc::new(AtomicBool::new(false)))
        .map(drop)
        .map_err(|source| CommandError::io("catch signals for", "the terminal", source))
}

fn unanswered<T>(error: dialoguer::Error) -> Result<T, CommandError> {
    let dialoguer::Error::IO(source) = error;
    let mut terminal = std::io::stderr();
    // Nobody is left to tell that the terminal is gone.
    let _ = terminal.write_all(b"\x1b[?25h\n");
    if source.kind() == std::io::ErrorKind::Interrupted {
        return Err(CommandError::Refused("nothing was written".to_owned()));
    }
    Err(CommandError::io("read from", "the terminal", source))
}
