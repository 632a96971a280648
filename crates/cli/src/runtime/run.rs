//! Becomes a runtime.

use std::ffi::OsString;
use std::path::Path;

use mosaic_domain::ExitCode;
use mosaic_roster::{Roster, RosterError};

use super::asked::Asked;
use super::compose::{Wanted, compose, compose_line};
use super::launch::Launch;
use super::profile::{PROFILES, Profile};
use super::prompt::Prompt;
use super::reporter::attach;
use super::search::find_program;
use super::skills::skill_arguments;
use super::{Manner, RuntimeError};
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar;
use crate::view::print;

/// Runs the runtime of that name with what was typed after it; it returns only when that is not to be
/// or cannot be.
///
/// # Errors
/// There is no such runtime, or its program is not installed or cannot be run.
pub(crate) fn run(context: &Context, name: &str, manner: Manner, words: &[OsString]) -> Result<ExitCode, CommandError> {
    let asked = Asked::of(words)?;
    let launch = match Profile::of(name) {
        Some(profile) => known(context, profile, manner, &asked)?,
        None => of_the_roster(context, name, &asked)?,
    };
    if asked.print {
        print(&(launch.line() + "\n"))?;
        return Ok(ExitCode::Ok);
    }
    let error = launch.exec();
    Err(CommandError::io("run", launch.program, error))
}

fn known(
    context: &Context,
    profile: &'static Profile,
    manner: Manner,
    asked: &Asked<'_>,
) -> Result<Launch, CommandError> {
    let variable = |name: &str| context.fleet.environment.variable(name);
    let path = variable("PATH");
    let program = find_program(profile.program, path.as_deref(), Path::new("."));
    let program = program.ok_or_else(|| RuntimeError::NotInstalled {
        program: profile.program,
        path: path.unwrap_or_default().display().to_string(),
        install: profile.install,
    })?;
    let prompt = asked.kickstart.map(Prompt::load).transpose()?;
    let mosaic = std::env::current_exe().map_err(|error| CommandError::io("find", "mosaic", error))?;
    let further = asked.arguments;
    let is_errand = further.first().is_some_and(|word| profile.errands.iter().any(|errand| word == errand));
    let (attached, trouble) = if is_errand {
        Default::default()
    } else {
        attach(&profile.reporter, &context.fleet.home, &mosaic, asked.print, further, &variable)
    };
    let (skills, senseless) = if profile.has_skills && !is_errand {
        let here = std::env::current_dir().unwrap_or_else(|_| ".".into());
        skill_arguments(context.fleet.home.path(), &here, further, variable)?
    } else {
        Default::default()
    };
    let wanted = Wanted {
        program,
        manner,
        attached,
        skills,
        further,
        prompt: prompt.as_ref(),
        is_root: rustix::process::geteuid().is_root(),
    };
    let mut launch = compose(profile, wanted, variable);
    launch.notices.extend(trouble.into_iter().chain(senseless));
    Ok(launch)
}

fn of_the_roster(context: &Context, name: &str, asked: &Asked<'_>) -> Result<Launch, CommandError> {
    let (roster, trouble) = match context.roster() {
        Ok(roster) => (Some(roster), None),
        Err(CommandError::Roster(RosterError::NotFound { .. })) => (None, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let sections = || roster.iter().flat_map(|roster: &Roster| &roster.runtimes);
    let line =
        sections().find(|(runtime, _)| runtime.as_str() == name).and_then(|(_, section)| section.command.as_ref());
    if let Some(line) = line {
        if asked.kickstart.is_some() {
            return Err(RuntimeError::NoKickstartFor { name: name.to_owned(), known: known_names().join(", ") }.into());
        }
        return Ok(compose_line(line, asked.arguments));
    }
    let others = sections().filter(|(_, section)| section.command.is_some()).map(|(runtime, _)| runtime.as_str());
    let mut known: Vec<&str> = known_names().into_iter().chain(others).collect();
    known.dedup();
    let commands = grammar::command_names();
    let candidates = commands.iter().map(String::as_str).chain(known.iter().copied());
    Err(RuntimeError::Unknown {
        name: name.to_owned(),
        nearest: nearest(name, candidates),
        known: known.join(", "),
        roster: trouble,
    }
    .into())
}

fn known_names() -> Vec<&'static str> {
    PROFILES.iter().map(|profile| profile.name).collect()
}

/// Those that a slip of the finger makes the given name of, best first.
fn nearest<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let limit = (given.chars().count() / 3).clamp(1, 3);
    let mut near: Vec<(usize, &str)> = candidates
        .map(|candidate| (strsim::damerau_levenshtein(given, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, candidate)| candidate.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_seen() {
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
