//! Determines how a program was installed, and when it last changed, from its path.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mosaic_runtimes::shell_quote;

use crate::runtime_program::RuntimeProgram;

/// The installer of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Installation {
    /// Installed by `npm install -g` with this prefix.
    Npm { prefix: PathBuf, package: String },
    /// Installed by npm as a dependency of the project in this directory. No program updates itself there.
    Project { directory: PathBuf, package: String },
    /// Installed by Bun.
    Bun { package: String },
    /// Installed by pnpm.
    Pnpm { package: String },
    /// Installed by the program's own installer, or in an unknown way.
    Other,
}

const MODULES: &str = "node_modules";
/// The number of symbolic links that Linux follows in one path.
const MAX_LINKS: usize = 40;

impl Installation {
    /// The installation of the program at this path, which must not contain symbolic links.
    pub(crate) fn from_path(file: &Path) -> Self {
        let components: Vec<&str> = file.iter().filter_map(OsStr::to_str).collect();
        let Some((above, package)) = package_in(&components) else { return Self::Other };
        if components.contains(&".pnpm") || components.contains(&"pnpm") {
            return Self::Pnpm { package };
        }
        if components.contains(&".bun") || above.ends_with(&["install", "global"]) {
            return Self::Bun { package };
        }
        match above {
            [prefix @ .., "lib"] => Self::Npm { prefix: prefix.iter().collect(), package },
            _ => Self::Project { directory: above.iter().collect(), package },
        }
    }

    /// The shell command that installs a version; `None` if it is not known.
    pub(crate) fn install_command(&self, program: &RuntimeProgram, version: &str) -> Option<String> {
        let at = |package: &str| shell_quote(format!("{package}@{version}").as_ref());
        Some(match self {
            Self::Npm { prefix, package } => {
                format!("npm install -g --prefix {} {}", shell_quote(prefix.as_os_str()), at(package))
            }
            Self::Project { directory, package } => {
                format!("npm install --prefix {} {}", shell_quote(directory.as_os_str()), at(package))
            }
            Self::Bun { package } => format!("bun install -g {}", at(package)),
            Self::Pnpm { package } => format!("pnpm add -g {}", at(package)),
            Self::Other => {
                let arguments = program.version_installer.as_ref()?.join(" ");
                format!("{} {arguments} {}", program.program, shell_quote(version.as_ref()))
            }
        })
    }

    /// The npm package.
    pub(crate) fn package(&self) -> Option<&str> {
        match self {
            Self::Npm { package, .. }
            | Self::Project { package, .. }
            | Self::Bun { package }
            | Self::Pnpm { package } => Some(package),
            Self::Other => None,
        }
    }

    /// The shell command that installs a package in place of another one. Both have the same program, and npm installs
    /// none over the other.
    pub(crate) fn replace_command(&self, package: &str, by: &str) -> Option<String> {
        let (package, by) = (shell_quote(package.as_ref()), shell_quote(by.as_ref()));
        let npm = |at: String| format!("npm uninstall {at} {package} && npm install {at} {by}");
        Some(match self {
            Self::Npm { prefix, .. } => npm(format!("-g --prefix {}", shell_quote(prefix.as_os_str()))),
            Self::Project { directory, .. } => npm(format!("--prefix {}", shell_quote(directory.as_os_str()))),
            Self::Bun { .. } => format!("bun remove -g {package} && bun install -g {by}"),
            Self::Pnpm { .. } => format!("pnpm remove -g {package} && pnpm add -g {by}"),
            Self::Other => return None,
        })
    }

    /// The prefix for `npm install -g`. Some updaters run npm without a prefix, and npm's own settings could
    /// then put the new version beside the old one.
    pub(crate) fn npm_prefix(&self) -> Option<&Path> {
        match self {
            Self::Npm { prefix, .. } => Some(prefix),
            _ => None,
        }
    }

    /// The directory of the program's package.
    fn package_directory(&self, file: &Path) -> Option<PathBuf> {
        let depth = file.iter().position(|component| component == MODULES)?;
        let package = self.package()?;
        // In pnpm's store each package is below a node_modules directory of its own.
        let depth = match self {
            Self::Pnpm { .. } => file.iter().collect::<Vec<_>>().iter().rposition(|component| *component == MODULES)?,
            _ => depth,
        };
        Some(file.iter().take(depth + 1).collect::<PathBuf>().join(package))
    }
}

/// Splits a path at `node_modules`: the components above it, and the name of the package below it.
fn package_in<'a>(components: &'a [&'a str]) -> Option<(&'a [&'a str], String)> {
    let is_modules = |component: &&str| *component == MODULES;
    // In pnpm's store each package is below a node_modules directory of its own.
    let depth = if components.contains(&".pnpm") {
        components.iter().rposition(is_modules)?
    } else {
        components.iter().position(is_modules)?
    };
    let (above, below) = components.split_at(depth);
    let package = match below {
        [_, scope, name, ..] if scope.starts_with('@') => format!("{scope}/{name}"),
        [_, name, ..] => (*name).to_owned(),
        _ => return None,
    };
    Some((above, package))
}

/// The last change of a program: the latest change time of the program file, of each symbolic link that
/// leads to it, and of its `package.json`. Modification times do not serve, because npm sets them to the
/// time at which the author packed the file.
///
/// # Errors
/// One of the files cannot be read.
pub(crate) fn last_change(program: &Path) -> io::Result<Timestamp> {
    let mut file = program.to_owned();
    let mut latest = Timestamp::MIN;
    for _ in 0..MAX_LINKS {
        let metadata = fs::symlink_metadata(&file)?;
        latest = latest.max(change_time(&metadata));
        if !metadata.is_symlink() {
            break;
        }
        file = file.parent().unwrap_or(Path::new("/")).join(fs::read_link(&file)?);
    }
    let file = program.canonicalize()?;
    // Two versions may share the program file itself.
    if let Some(package) = Installation::from_path(&file).package_directory(&file)
        && let Ok(metadata) = fs::metadata(package.join("package.json"))
    {
        latest = latest.max(change_time(&metadata));
    }
    Ok(latest)
}

fn change_time(metadata: &fs::Metadata) -> Timestamp {
    let nanos = i32::try_from(metadata.ctime_nsec()).unwrap_or_default();
    Timestamp::new(metadata.ctime(), nanos).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::{Installation, last_change};
    use crate::runtime_program::tests::programs;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::thread::sleep;
    use std::time::Duration;

    #[test]
    fn path_determines_the_install_command() {
        let known = programs(&[]);
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
            let command = Installation::from_path(Path::new(file)).install_command(known.named(name).unwrap(), "1.2.3");
            assert_eq!(command.as_deref(), expected, "{file}");
        }
    }

    #[test]
    fn package_directory_is_above_the_file() {
        let table = [
            ("/p/lib/node_modules/@m/pi/dist/cli.js", Some("/p/lib/node_modules/@m/pi")),
            ("/p/node_modules/opencode-ai/bin/x", Some("/p/node_modules/opencode-ai")),
            ("/g/.pnpm/@m+pi@1/node_modules/@m/pi/dist/cli.js", Some("/g/.pnpm/@m+pi@1/node_modules/@m/pi")),
            ("/usr/local/bin/codex", None),
        ];
        for (file, expected) in table {
            let found = Installation::from_path(Path::new(file)).package_directory(Path::new(file));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{file}");
        }
    }

    /// Longer than the resolution of file timestamps.
    fn wait_for_next_timestamp() {
        sleep(Duration::from_millis(20));
    }

    #[test]
    fn latest_change_of_link_file_and_package_counts() {
        let prefix = tempfile::tempdir().unwrap();
        let package = prefix.path().join("lib/node_modules/@m/pi");
        fs::create_dir_all(package.join("dist")).unwrap();
        fs::create_dir(prefix.path().join("bin")).unwrap();
        let (file, link) = (package.join("dist/cli.js"), prefix.path().join("bin/pi"));
        fs::write(package.join("package.json"), "{}").unwrap();
        fs::write(&file, "").unwrap();
        symlink("../lib/node_modules/@m/pi/dist/cli.js", &link).unwrap();
        let mut before = last_change(&link).unwrap();
        let mut is_later = || {
            let now = last_change(&link).unwrap();
            let later = now > before;
            before = now;
            later
        };
        assert!(!is_later());
        wait_for_next_timestamp();
        fs::write(&file, "new").unwrap();
        assert!(is_later());
        wait_for_next_timestamp();
        fs::write(package.join("package.json"), "{ }").unwrap();
        assert!(is_later());
        wait_for_next_timestamp();
        fs::remove_file(&link).unwrap();
        symlink(&file, &link).unwrap();
        assert!(is_later());
        wait_for_next_timestamp();
        fs::write(package.join("dist/other.js"), "").unwrap();
        assert!(!is_later());
    }
}
