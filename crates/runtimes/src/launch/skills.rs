//! Selects the skills that pi gets.
//!
//! The description of every skill costs tokens in every turn, so pi gets only a few skills unless
//! `MOSAIC_PI_SKILL_MODE` asks for more.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use mosaic_domain::env_var;

use super::LaunchError;

/// The options by which a program takes skills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SkillSupport {
    /// The options of pi: `--skill DIRECTORY` adds a skill, and `--no-skills` turns off its own search.
    Pi,
}

/// Names the skills that are always selected, separated by colons.
const FORCED: &str = env_var::PI_FORCE_SKILLS;
/// The default of [`FORCED`], unless the mode is [`SkillMode::None`].
const DEFAULT_FORCED: &str = "mosaic-tools";

/// Returns the arguments that select skills, in addition to the user's own arguments, and a warning about names that
/// cannot be the name of a skill.
///
/// # Errors
/// The skill mode is unknown.
pub(super) fn skill_arguments(
    mosaic_home: &Path,
    working_directory: &Path,
    user_arguments: &[OsString],
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<(Vec<OsString>, Option<String>), LaunchError> {
    let mode = SkillMode::from_value(variable(SkillMode::VARIABLE).as_deref())?;
    let default = if mode == SkillMode::None { "" } else { DEFAULT_FORCED };
    let forced = variable(FORCED).map_or_else(|| default.into(), |value| value.to_string_lossy().into_owned());
    let forced = forced.split(':').map(str::trim).filter(|name| !name.is_empty());
    let (forced, invalid): (Vec<&str>, Vec<&str>) = forced.partition(|name| is_skill_name(name));
    let user_disables_search = user_arguments.iter().any(|argument| argument == "--no-skills" || argument == "-ns");
    let search_is_off = user_disables_search || mode != SkillMode::Discover;
    let available = AvailableSkills::read(mosaic_home, working_directory, variable);
    let mut arguments: Vec<OsString> = Vec::new();
    if search_is_off && !user_disables_search {
        arguments.push("--no-skills".into());
    }
    let argument = |skill: &Skill| ["--skill".into(), skill.path.clone().into_os_string()];
    arguments.extend(select(mode, &forced, &available, search_is_off).into_iter().flat_map(argument));
    let warning = (!invalid.is_empty()).then(|| {
        let names: Vec<String> = invalid.iter().map(|name| format!("'{}'", name.escape_debug())).collect();
        format!("{FORCED}: ignored {}, which cannot be the name of a skill", names.join(", "))
    });
    Ok((arguments, warning))
}

/// The value of `MOSAIC_PI_SKILL_MODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SkillMode {
    /// No skills, except those that [`FORCED`] names.
    None,
    /// The forced skills only.
    Forced,
    /// All skills.
    All,
    /// The skills that pi finds by itself, and the forced ones.
    Discover,
}

impl SkillMode {
    const VARIABLE: &str = env_var::PI_SKILL_MODE;

    fn from_value(value: Option<&OsStr>) -> Result<Self, LaunchError> {
        match value.map(OsStr::as_encoded_bytes) {
            None | Some(b"") => Ok(Self::Forced),
            Some(b"none") => Ok(Self::None),
            Some(b"all") => Ok(Self::All),
            Some(b"discover") => Ok(Self::Discover),
            Some(other) => Err(LaunchError::SkillMode { value: String::from_utf8_lossy(other).into_owned() }),
        }
    }
}

/// A directory, or a link to one, with a file `SKILL.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Skill {
    /// The name of the directory, which is the name of the skill.
    name: String,
    /// The path of the directory. A link is not resolved, because pi expects the directory to have the skill's name.
    path: PathBuf,
    /// The path of `SKILL.md` with all links resolved. pi tells skills apart by it.
    real: PathBuf,
}

impl Skill {
    /// Finds the skill of that name in a directory of skills.
    fn find(directory: &Path, name: &str) -> Option<Self> {
        let path = Some(name).filter(|name| is_skill_name(name)).map(|name| directory.join(name))?;
        let real = fs::canonicalize(path.join("SKILL.md")).ok()?;
        real.is_file().then(|| Self { name: name.to_owned(), path, real })
    }
}

/// Returns whether a skill can have that name: one component of a path, which pi neither skips nor trims.
fn is_skill_name(name: &str) -> bool {
    let is_one = !name.is_empty() && !name.contains(['/', '\0']) && name.trim() == name;
    is_one && !name.starts_with('.') && name != "node_modules"
}

/// Returns the skills of a directory, sorted by name. A directory that is missing or unreadable has none.
fn read_skills(directory: &Path) -> Vec<Skill> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut skills: Vec<Skill> = names.filter_map(|name| Skill::find(directory, &name)).collect();
    skills.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    skills
}

/// The available skills, in their order of precedence.
#[derive(Debug, Default)]
struct AvailableSkills {
    /// The fleet's skills: those of the site before the shipped ones.
    fleet: Vec<Skill>,
    /// The skills in the directories that pi itself searches: those of the project before those of the user.
    discovered: Vec<Skill>,
}

impl AvailableSkills {
    fn read(mosaic_home: &Path, working_directory: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let user = set(env_var::HOME);
        let agent = match set("PI_CODING_AGENT_DIR") {
            // pi expands the tilde itself.
            Some(given) => match (given.strip_prefix("~"), &user) {
                (Ok(rest), Some(user)) => Some(user.join(rest)),
                _ => Some(working_directory.join(given)),
            },
            None => user.map(|user| user.join(".pi/agent")),
        };
        let read_all = |roots: &[PathBuf]| roots.iter().flat_map(|root| read_skills(root)).collect();
        let discovered = [Some(working_directory.join(".pi")), agent].into_iter().flatten();
        let discovered: Vec<PathBuf> = discovered.map(|root| root.join("skills")).collect();
        Self {
            fleet: read_all(&[mosaic_home.join("skills-local"), mosaic_home.join("skills")]),
            discovered: read_all(&discovered),
        }
    }
}

/// Selects skills, each once and in order. Of two skills with one name the first is selected; pi does the same, but
/// complains about the second at every start. `search_is_off` says that pi does not search for skills by itself.
fn select<'a>(mode: SkillMode, forced: &[&str], available: &'a AvailableSkills, search_is_off: bool) -> Vec<&'a Skill> {
    // Only the fleet's skills can be forced: a project must not replace a missing one by its own.
    let forced = forced.iter().filter_map(|name| available.fleet.iter().find(|skill| skill.name == *name));
    let mut selected: Vec<&Skill> = match mode {
        SkillMode::None | SkillMode::Forced | SkillMode::Discover => forced.collect(),
        SkillMode::All => available.fleet.iter().chain(&available.discovered).collect(),
    };
    let discovered: &[Skill] = if search_is_off { &[] } else { &available.discovered };
    let mut names: HashSet<&str> = discovered.iter().map(|skill| skill.name.as_str()).collect();
    let mut files: HashSet<&Path> = discovered.iter().map(|skill| skill.real.as_path()).collect();
    selected.retain(|&skill| {
        let (is_new_file, is_new_name) = (files.insert(&skill.real), names.insert(&skill.name));
        is_new_file && is_new_name
    });
    selected
}

#[cfg(test)]
mod tests;
