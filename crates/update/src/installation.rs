//! How a program was installed, by where its file is: pure.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::runtime::{Profile, quoted};

/// Who put a program there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Installation {
    /// npm, for everybody who has this prefix on his path.
    Npm { prefix: PathBuf, package: String },
    /// npm, as a part of the project in this directory. No program updates itself there.
    Project { directory: PathBuf, package: String },
    /// Bun.
    Bun { package: String },
    /// pnpm.
    Pnpm { package: String },
    /// The program's own installer, or somebody of whom nothing is known.
    Other,
}

/// Programs that install a version of themselves, where it is not a package manager that has them.
const BY_THEMSELVES: [(&str, &str); 2] = [("claude", "install"), ("opencode", "upgrade")];

const MODULES: &str = "node_modules";

impl Installation {
    /// That of the program whose file this is, all links followed.
    pub(crate) fn of(file: &Path) -> Self {
        let words: Vec<&str> = file.iter().filter_map(OsStr::to_str).collect();
        let Some((top, package)) = package_in(&words) else { return Self::Other };
        if words.contains(&".pnpm") || words.contains(&"pnpm") {
            return Self::Pnpm { package };
        }
        if words.contains(&".bun") || top.ends_with(&["install", "global"]) {
            return Self::Bun { package };
        }
        match top {
            [above @ .., "lib"] => Self::Npm { prefix: above.iter().collect(), package },
            _ => Self::Project { directory: top.iter().collect(), package },
        }
    }

    /// The command that installs a version; `None` if that is not known.
    pub(crate) fn command(&self, profile: &Profile, version: &str) -> Option<String> {
        let at = |package: &str| quoted(format!("{package}@{version}").as_ref());
        Some(match self {
            Self::Npm { prefix, package } => {
                format!("npm install -g --prefix {} {}", quoted(prefix.as_os_str()), at(package))
            }
            Self::Project { directory, package } => {
                format!("npm install --prefix {} {}", quoted(directory.as_os_str()), at(package))
            }
            Self::Bun { package } => format!("bun install -g {}", at(package)),
            Self::Pnpm { package } => format!("pnpm add -g {}", at(package)),
            Self::Other => {
                let (name, verb) = BY_THEMSELVES.iter().find(|(name, _)| *name == profile.name)?;
                format!("{name} {verb} {}", quoted(version.as_ref()))
            }
        })
    }

    /// Where npm is to install, so that the updaters which leave that to npm's own settings do not put the
    /// new version beside the old one.
    pub(crate) fn prefix(&self) -> Option<&Path> {
        match self {
            Self::Npm { prefix, .. } => Some(prefix),
            _ => None,
        }
    }

    /// The program's package, below its directory of modules.
    pub(crate) fn package_directory(&self, file: &Path) -> Option<PathBuf> {
        let depth = file.iter().position(|word| word == MODULES)?;
        let (Self::Npm { package, .. }
        | Self::Project { package, .. }
        | Self::Bun { package }
        | Self::Pnpm { package }) = self
        else {
            return None;
        };
        // pnpm's is below a second one.
        let depth = match self {
            Self::Pnpm { .. } => file.iter().collect::<Vec<_>>().iter().rposition(|word| *word == MODULES)?,
            _ => depth,
        };
        Some(file.iter().take(depth + 1).collect::<PathBuf>().join(package))
    }
}

/// What is above the modules, and the name of the package in them.
fn package_in<'a>(words: &'a [&'a str]) -> Option<(&'a [&'a str], String)> {
    let is_modules = |word: &&str| *word == MODULES;
    // pnpm keeps a store of packages, each with modules of its own.
    let depth = if words.contains(&".pnpm") {
        words.iter().rposition(is_modules)?
    } else {
        words.iter().position(is_modules)?
    };
    let (top, below) = words.split_at(depth);
    let package = match below {
        [_, scope, name, ..] if scope.starts_with('@') => format!("{scope}/{name}"),
        [_, name, ..] => (*name).to_owned(),
        _ => return None,
    };
    Some((top, package))
}

#[cfg(test)]
mod tests {
    use super::Installation;
    use crate::runtime::Profile;
    use std::path::Path;

    #[test]
    fn where_a_file_is_says_who_put_it_there_and_how_to_have_another_version() {
        let table = [
            (
                "pi",
                "/home/u/.npm-global/lib/node_modules/@mariozechner/pi-coding-agent/dist/cli.js",
                Some("npm install -g --prefix /home/u/.npm-global @mariozechner/pi-coding-agent@1.2.3"),
            ),
            (
                "claude",
                "/usr/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
                Some("npm install -g --prefix /usr @anthropic-ai/claude-code@1.2.3"),
            ),
            (
                "codex",
                "/a b/lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64/vendor/codex",
                Some("npm install -g --prefix '/a b' @openai/codex@1.2.3"),
            ),
            ("opencode", "/p/node_modules/opencode-ai/bin/x", Some("npm install --prefix /p opencode-ai@1.2.3")),
            (
                "codex",
                "/home/u/.bun/install/global/node_modules/@openai/codex/bin/codex.js",
                Some("bun install -g @openai/codex@1.2.3"),
            ),
            (
                "pi",
                "/home/u/.local/share/pnpm/global/5/.pnpm/@m+pi@1/node_modules/@m/pi/dist/cli.js",
                Some("pnpm add -g @m/pi@1.2.3"),
            ),
            ("claude", "/home/u/.local/share/claude/versions/2.1.197", Some("claude install 1.2.3")),
            ("opencode", "/home/u/.opencode/bin/opencode", Some("opencode upgrade 1.2.3")),
            ("codex", "/usr/local/bin/codex", None),
            ("pi", "/lib/node_modules", None),
        ];
        for (name, file, expected) in table {
            let command = Installation::of(Path::new(file)).command(Profile::of(name).unwrap(), "1.2.3");
            assert_eq!(command.as_deref(), expected, "{file}");
        }
    }

    #[test]
    fn the_package_is_found_above_the_file() {
        let table = [
            ("/p/lib/node_modules/@m/pi/dist/cli.js", Some("/p/lib/node_modules/@m/pi")),
            ("/p/node_modules/opencode-ai/bin/x", Some("/p/node_modules/opencode-ai")),
            ("/g/.pnpm/@m+pi@1/node_modules/@m/pi/dist/cli.js", Some("/g/.pnpm/@m+pi@1/node_modules/@m/pi")),
            ("/usr/local/bin/codex", None),
        ];
        for (file, expected) in table {
            let found = Installation::of(Path::new(file)).package_directory(Path::new(file));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{file}");
        }
    }
}
