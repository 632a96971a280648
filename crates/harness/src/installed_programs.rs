use crate::skip::{runs, skip_notice};
use crate::{Binaries, ProgramSet};
use std::path::PathBuf;

/// One version of a program, which `./dev` has installed with npm in a directory of its own. Programs that the developer
/// has installed are never used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstalledProgram {
    pub(crate) name: String,
    pub(crate) version: String,
    /// npm's prefix directory.
    pub(crate) prefix: PathBuf,
}

impl InstalledProgram {
    /// All programs, or none with a skip notice. Of each program the newest version comes first. If `CI` is set, a
    /// missing program is a panic.
    pub(crate) fn all_or_skip() -> Option<Vec<Self>> {
        let runtimes = runtimes();
        let list = std::fs::read_to_string(runtimes.join("installed")).unwrap_or_default();
        let programs: Vec<Self> = list.lines().filter_map(|line| Self::parse(&runtimes, line)).collect();
        if !programs.is_empty() && programs.iter().all(|program| runs(&program.file())) {
            return Some(programs);
        }
        skip_notice(&format!("needs the agent programs in {}: ./dev setup test", runtimes.display()));
        None
    }

    /// This version of a program.
    pub(crate) fn or_skip(name: &str, version: &str) -> Option<Self> {
        let found = Self::all_or_skip()?.into_iter().find(|program| program.name == name && program.version == version);
        if found.is_none() {
            skip_notice(&format!("needs {name} {version} in {}: ./dev setup test", runtimes().display()));
        }
        found
    }

    /// The programs of a set, each in one version.
    pub(crate) fn select(programs: &[Self], set: ProgramSet) -> Vec<Self> {
        let mut selected: Vec<Self> = Vec::new();
        for program in programs {
            if selected.iter().any(|other| other.name == program.name) {
                continue;
            }
            let mut versions = programs.iter().filter(|other| other.name == program.name);
            let newest = versions.next();
            // The Node of all programs is the newest.
            let older = versions.next().filter(|_| set == ProgramSet::Older && program.name != "node");
            selected.extend(older.or(newest).cloned());
        }
        selected
    }

    /// The directory of the executable.
    pub(crate) fn directory(&self) -> PathBuf {
        self.prefix.join("bin")
    }

    /// The executable.
    pub(crate) fn file(&self) -> PathBuf {
        self.directory().join(&self.name)
    }

    fn parse(runtimes: &std::path::Path, line: &str) -> Option<Self> {
        let (name, version) = line.split_once('@')?;
        Some(Self { name: name.to_owned(), version: version.to_owned(), prefix: runtimes.join(line) })
    }
}

/// The directory into which `./dev` installs agent programs.
pub(crate) fn runtimes() -> PathBuf {
    target_directory().join("runtimes")
}

/// The directory of what cargo builds and `./dev` installs.
pub(crate) fn target_directory() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let workspace = Binaries::workspace().canonicalize().expect("the source tree exists");
    workspace.join(target)
}

#[cfg(test)]
mod tests {
    use super::InstalledProgram;
    use crate::ProgramSet;

    #[test]
    fn a_set_has_one_version_of_each_program() {
        let parse = |line: &&str| InstalledProgram::parse("/runtimes".as_ref(), line).unwrap();
        let lines = ["node@24.1.0", "node@20.1.0", "codex@0.171.0", "pi@1.6.0", "pi@0.73.1", "pi@0.73.0"];
        let programs: Vec<InstalledProgram> = lines.iter().map(parse).collect();
        for (set, expected) in [
            (ProgramSet::Newest, ["node@24.1.0", "codex@0.171.0", "pi@1.6.0"]),
            (ProgramSet::Older, ["node@24.1.0", "codex@0.171.0", "pi@0.73.1"]),
        ] {
            assert_eq!(InstalledProgram::select(&programs, set), expected.iter().map(parse).collect::<Vec<_>>());
        }
    }
}
