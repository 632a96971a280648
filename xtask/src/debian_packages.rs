//! Packages of other Debian releases, unpacked for tests without a change to the host.
//!
//! apt downloads them with a private state, and `dpkg-deb` unpacks them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::Cargo;

pub(crate) const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Unpacks packages of a release, with everything that they need, in `draft/root`. The error is the reason.
pub(crate) fn unpack(suite: &str, packages: &[&str], draft: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", draft.display());
    let run = |name: &str, command: &mut Command| {
        Cargo::run(name, command).map_err(|_| format!("{name} failed; its message is above"))
    };
    remove(draft).map_err(failed)?;
    let apt = Apt::new(draft.join("apt"), suite).map_err(failed)?;
    run("apt-get update", &mut apt.get(&["update"]))?;
    let download = ["install", "--download-only", "--assume-yes", "--no-install-recommends"];
    run("apt-get install --download-only", apt.get(&download).args(packages))?;
    let root = draft.join("root");
    for archive in apt.downloads().map_err(failed)? {
        run("dpkg-deb --extract", Command::new("dpkg-deb").arg("--extract").args([&archive, &root]))?;
    }
    remove(&apt.directory).map_err(failed)
}

/// Removes a directory, which need not exist.
pub(crate) fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The mirror from which the host installs its packages.
fn mirror() -> io::Result<String> {
    // Without release information, an apt that has downloaded no lists yet answers too.
    let arguments = ["indextargets", "--no-release-info", "--format", "$(REPO_URI)", "Created-By: Packages"];
    let listed = Command::new("apt-get").args(arguments).stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&listed.stdout);
    let mirror = text.lines().find(|line| !line.contains("security"));
    mirror.map(str::to_owned).ok_or_else(|| io::Error::other("apt names no source of packages"))
}

/// apt with a state, a cache and sources of its own.
#[derive(Debug)]
struct Apt {
    directory: PathBuf,
}

impl Apt {
    fn new(directory: PathBuf, suite: &str) -> io::Result<Self> {
        fs::create_dir_all(directory.join("lists/partial"))?;
        fs::create_dir_all(directory.join("cache/archives/partial"))?;
        // Without installed packages, everything that the packages need is downloaded.
        fs::write(directory.join("status"), "")?;
        let source = format!("deb [signed-by={KEYRING}] {} {suite} main\n", mirror()?);
        fs::write(directory.join("sources.list"), source)?;
        Ok(Self { directory })
    }

    /// `apt-get` with the host's settings for downloads, such as a proxy, and nothing else of the host.
    fn get(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("apt-get");
        let paths = [
            ("Dir::State", ""),
            ("Dir::State::status", "status"),
            ("Dir::State::lists", "lists"),
            ("Dir::Cache", "cache"),
            ("Dir::Etc::sourcelist", "sources.list"),
        ];
        for (option, name) in paths {
            command.arg("-o").arg(format!("{option}={}", self.directory.join(name).display()));
        }
        for option in [
            "Dir::Etc::sourceparts=-",
            "Dir::Etc::preferences=-",
            "Dir::Etc::preferencesparts=-",
            "Acquire::Languages=none",
            // The version is checked instead: a mirror may have the suite of an earlier day.
            "Acquire::Check-Valid-Until=false",
            // Another user may not be able to enter the directory.
            "APT::Sandbox::User=root",
        ] {
            command.args(["-o", option]);
        }
        command.args(["-qq", "-o", "Dpkg::Use-Pty=0"]).args(arguments).stdin(Stdio::null());
        command
    }

    fn downloads(&self) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(self.directory.join("cache/archives"))?;
        let paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "deb")).collect())
    }
}
