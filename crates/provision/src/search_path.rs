//! The `PATH` of agents: where their programs are found, and which value an install records in their env files.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use mosaic_domain::env_var;
use mosaic_process::find_in_directories;
use mosaic_roster::{AgentEnvFile, AgentSettings, required_program};

/// The directories of a search path that can be recorded for agents: absolute, existing, free of control characters,
/// and each once.
#[must_use]
pub fn recordable_directories(path: Option<&OsStr>, is_directory: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = Vec::new();
    for directory in path.iter().flat_map(std::env::split_paths) {
        let text = directory.to_str().is_some_and(|text| !text.contains(|c: char| c.is_control()));
        if directory.is_absolute() && text && !directories.contains(&directory) && is_directory(&directory) {
            directories.push(directory);
        }
    }
    directories
}

/// The desired content of an env file.
#[derive(Clone, Debug)]
pub(crate) struct MergedEnvFile {
    pub(crate) text: String,
    /// What changes, for the user.
    pub(crate) change: String,
    /// The agent's program, if it is not on the agent's `PATH`.
    pub(crate) missing: Option<MissingProgram>,
}

/// A program that is not on an agent's `PATH`.
#[derive(Clone, Debug)]
pub(crate) struct MissingProgram {
    pub(crate) program: String,
    pub(crate) search_path: String,
}

/// The directories in which programs are searched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SearchDirectories<'a> {
    /// The directories of the installing user's `PATH`.
    pub(crate) user: &'a [PathBuf],
    /// The directories that the launcher appends to every agent's `PATH`.
    pub(crate) launcher: &'a [PathBuf],
}

/// Merges the settings into an env file, and records a `PATH` in it if the present one does not contain the program.
pub(crate) fn merge_env_file(
    present: Option<&str>,
    settings: &AgentSettings,
    directories: SearchDirectories<'_>,
    is_program: impl Fn(&Path) -> bool + Copy,
) -> MergedEnvFile {
    let before = AgentEnvFile::parse(present.unwrap_or_default());
    // A command that the site set takes precedence.
    let command = before.merged(settings, None).value(env_var::AGENT_COMMAND);
    let program = required_program(command.as_deref(), &settings.runtime);
    let find_in = |path: &[PathBuf]| {
        let program = program.as_deref()?;
        find_in_directories(program, path.iter().chain(directories.launcher), is_program)
    };
    let recorded = before.value(env_var::PATH);
    let is_valid = match (&recorded, &program) {
        (Some(path), Some(_)) => find_in(&split(path)).is_some(),
        (recorded, None) => recorded.is_some(),
        (None, _) => false,
    };
    // A path without the program is only replaced by one that contains it.
    let is_better = recorded.is_none() || find_in(directories.user).is_some();
    let path = (!is_valid && is_better).then(|| path_to_record(directories, program.as_deref(), is_program)).flatten();
    let after = before.merged(settings, path.as_deref());
    let effective = after.value(env_var::PATH).unwrap_or_default();
    let missing = program.as_ref().filter(|_| find_in(&split(&effective)).is_none());
    let missing = missing.map(|program| MissingProgram { program: program.clone(), search_path: effective.clone() });
    MergedEnvFile { change: describe_change(present, &before, &after), text: after.to_string(), missing }
}

/// The installing user's `PATH`, and the directory of the program if only the launcher would add it.
fn path_to_record(
    directories: SearchDirectories<'_>,
    program: Option<&str>,
    is_program: impl Fn(&Path) -> bool,
) -> Option<String> {
    let mut path = directories.user.to_vec();
    if let Some(program) = program {
        let program = find_in_directories(program, directories.user.iter().chain(directories.launcher), is_program);
        let parent = program.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        path.extend(parent.filter(|parent| !directories.user.contains(parent)));
    }
    if path.is_empty() { None } else { std::env::join_paths(path).ok()?.into_string().ok() }
}

fn split(path: &str) -> Vec<PathBuf> {
    std::env::split_paths(path).collect()
}

/// Describes a change by the variables that differ.
fn describe_change(present: Option<&str>, before: &AgentEnvFile, after: &AgentEnvFile) -> String {
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

#[cfg(test)]
mod tests {
    use super::recordable_directories;
    use std::ffi::OsStr;
    use std::path::Path;

    #[test]
    fn only_absolute_existing_directories_are_recorded() {
        let exists = |path: &Path| path != Path::new("/gone");
        let table = [
            (Some("/a:/b:/a"), vec!["/a", "/b"]),
            (Some("/a::.:bin:/gone:/b/"), vec!["/a", "/b/"]),
            (Some("/a\n/b:/c"), vec!["/c"]),
            (Some(""), vec![]),
            (None, vec![]),
        ];
        for (path, expected) in table {
            let expected: Vec<_> = expected.into_iter().map(Path::new).collect();
            assert_eq!(recordable_directories(path.map(OsStr::new), exists), expected, "{path:?}");
        }
    }
}
