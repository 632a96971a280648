//! What an agent's env file should say, and where its runtime is found.

use std::path::{Path, PathBuf};

use mosaic_roster::{AgentEnv, AgentSettings, program_of};

use crate::find_program;

/// An env file as it should be.
#[derive(Clone, Debug)]
pub(super) struct MergedEnv {
    pub(super) text: String,
    /// For people: what differs from the file that is there.
    pub(super) change: String,
    /// The program that is not found.
    pub(super) missing: Option<Missing>,
}

/// A program that an agent needs and its path does not lead to.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    pub(super) program: String,
    pub(super) searched: String,
}

/// Where to look for programs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places<'a> {
    /// The path of whoever installs.
    pub(super) own: &'a [PathBuf],
    /// What the launcher adds to every agent's.
    pub(super) added: &'a [PathBuf],
}

pub(super) fn merged_env(
    present: Option<&str>,
    settings: &AgentSettings,
    places: Places<'_>,
    is_program: impl Fn(&Path) -> bool + Copy,
) -> MergedEnv {
    let before = AgentEnv::parse(present.unwrap_or_default());
    // The site's own command counts, if it has one.
    let command = before.merged(settings, None).value("MOSAIC_AGENT_COMMAND");
    let program = program_of(command.as_deref(), &settings.runtime);
    let found = |directories: &[PathBuf]| {
        let program = program.as_deref()?;
        find_program(program, directories.iter().chain(places.added), is_program)
    };
    let recorded = before.value("PATH");
    let still_good = match (&recorded, &program) {
        (Some(path), Some(_)) => found(&split(path)).is_some(),
        (recorded, None) => recorded.is_some(),
        (None, _) => false,
    };
    // A path that leads nowhere is not replaced by another one that does not either.
    let better = recorded.is_none() || found(places.own).is_some();
    let path = (!still_good && better).then(|| recorded_path(places, program.as_deref(), is_program)).flatten();
    let after = before.merged(settings, path.as_deref());
    let effective = after.value("PATH").unwrap_or_default();
    let missing = program.as_ref().filter(|_| found(&split(&effective)).is_none());
    let missing = missing.map(|program| Missing { program: program.clone(), searched: effective.clone() });
    MergedEnv { change: change(present, &before, &after), text: after.to_string(), missing }
}

/// The path of whoever installs, and the place of the runtime if only the launcher would add that.
fn recorded_path(places: Places<'_>, program: Option<&str>, is_program: impl Fn(&Path) -> bool) -> Option<String> {
    let mut directories = places.own.to_vec();
    if let Some(program) = program {
        let place = find_program(program, places.own.iter().chain(places.added), is_program);
        let place = place.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        directories.extend(place.filter(|place| !places.own.contains(place)));
    }
    if directories.is_empty() { None } else { std::env::join_paths(directories).ok()?.into_string().ok() }
}

fn split(path: &str) -> Vec<PathBuf> {
    std::env::split_paths(path).collect()
}

/// What is new, in words: the variables that differ.
fn change(present: Option<&str>, before: &AgentEnv, after: &AgentEnv) -> String {
    if present.is_none() {
        return "new".to_owned();
    }
    let (before, after) = (before.variables(), after.variables());
    let differs = |one: &[(String, String)], other: &[(String, String)]| {
        one.iter().filter(|entry| !other.contains(entry)).map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    let mut keys = differs(&after, &before);
    keys.extend(differs(&before, &after));
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() { "rewritten".to_owned() } else { format!("changed: {}", keys.join(", ")) }
}
