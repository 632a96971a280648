//! Which of the skills pi is given: pure.

use std::collections::HashSet;
use std::path::Path;

use super::{Shelves, Skill, SkillMode};

/// The skills, in their order, each once. Of two with one name the first counts, as it does for pi, which would
/// complain about the second at every start.
///
/// `is_alone` is when pi does not look for skills by itself.
pub(super) fn choose<'a>(mode: SkillMode, forced: &[&str], shelves: &'a Shelves, is_alone: bool) -> Vec<&'a Skill> {
    // Only the fleet's: a project must not put its own in place of one that is missing.
    let forced = forced.iter().filter_map(|name| shelves.fleet.iter().find(|skill| skill.name == *name));
    let mut wanted: Vec<&Skill> = match mode {
        SkillMode::Forced | SkillMode::Discover => forced.collect(),
        SkillMode::All => shelves.fleet.iter().chain(&shelves.own).collect(),
    };
    let found: &[Skill] = if is_alone { &[] } else { &shelves.own };
    let mut names: HashSet<&str> = found.iter().map(|skill| skill.name.as_str()).collect();
    let mut files: HashSet<&Path> = found.iter().map(|skill| skill.real.as_path()).collect();
    wanted.retain(|&skill| {
        let (is_new_file, is_new_name) = (files.insert(&skill.real), names.insert(&skill.name));
        is_new_file && is_new_name
    });
    wanted
}
