//! From the environment to arguments.

use std::ffi::OsString;
use std::path::Path;

use super::super::RuntimeError;
use super::{Shelves, Skill, SkillMode, choose, is_skill_name};

const FORCED: &str = "MOSAIC_PI_FORCE_SKILLS";
const ALWAYS: &str = "mosaic-tools";

/// What pi is given for its skills, besides the user's own arguments, and what of that was not understood.
///
/// # Errors
/// There is no such mode.
pub(crate) fn skill_arguments(
    mosaic_home: &Path,
    here: &Path,
    further: &[OsString],
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<(Vec<OsString>, Option<String>), RuntimeError> {
    let mode = SkillMode::of(variable(SkillMode::VARIABLE).as_deref())?;
    let forced = variable(FORCED).map_or_else(|| ALWAYS.into(), |value| value.to_string_lossy().into_owned());
    let forced = forced.split(':').map(str::trim).filter(|name| !name.is_empty());
    let (forced, senseless): (Vec<&str>, Vec<&str>) = forced.partition(|name| is_skill_name(name));
    let is_told = further.iter().any(|argument| argument == "--no-skills" || argument == "-ns");
    let is_alone = is_told || mode != SkillMode::Discover;
    let shelves = Shelves::read(mosaic_home, here, variable);
    let mut arguments: Vec<OsString> = Vec::new();
    if is_alone && !is_told {
        arguments.push("--no-skills".into());
    }
    let given = |skill: &Skill| ["--skill".into(), skill.path.clone().into_os_string()];
    arguments.extend(choose(mode, &forced, &shelves, is_alone).into_iter().flat_map(given));
    let trouble = (!senseless.is_empty()).then(|| {
        let names: Vec<String> = senseless.iter().map(|name| format!("'{}'", name.escape_debug())).collect();
        format!("{FORCED}: {} cannot be the name of a skill, and is passed over", names.join(", "))
    });
    Ok((arguments, trouble))
}

#[cfg(test)]
#[path = "table.rs"]
mod tests;
