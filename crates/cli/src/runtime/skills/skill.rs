//! One skill.

use std::fs;
use std::path::{Path, PathBuf};

/// A directory, or a link to one, with a `SKILL.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Skill {
    /// The directory's name, which is the skill's.
    pub(super) name: String,
    /// Where it was found. A link stays one: pi expects the directory to have the skill's name.
    pub(super) path: PathBuf,
    /// Its file, links resolved: what pi tells skills apart by.
    pub(super) real: PathBuf,
}

impl Skill {
    /// The skill of that name in a directory of skills, if there is one that can be read.
    pub(super) fn find(directory: &Path, name: &str) -> Option<Self> {
        let path = Some(name).filter(|name| is_skill_name(name)).map(|name| directory.join(name))?;
        let real = fs::canonicalize(path.join("SKILL.md")).ok()?;
        real.is_file().then(|| Self { name: name.to_owned(), path, real })
    }
}

/// Can a skill have that name? It is one component of a path, and one that pi would not pass over or cut.
pub(super) fn is_skill_name(name: &str) -> bool {
    let is_one = !name.is_empty() && !name.contains(['/', '\0']) && name.trim() == name;
    is_one && !name.starts_with('.') && name != "node_modules"
}

#[cfg(test)]
mod tests {
    use super::is_skill_name;

    #[test]
    fn a_name_leads_nowhere_else() {
        for name in ["a", "mosaic-tools", "a.b", "é", "a b", "-x"] {
            assert!(is_skill_name(name), "{name}");
        }
        for name in ["", ".", "..", "../x", "a/b", "/a", "a/", ".git", "node_modules", " a", "a\n", "a\0b"] {
            assert!(!is_skill_name(name), "{name}");
        }
    }
}
