//! The tmux of other Debian releases, with which tests run a fleet: each version captures panes, pastes and moves
//! processes in its own way.
//!
//! apt downloads the packages with a private state, and `dpkg-deb` unpacks them in `target/tmux/`, so nothing of the
//! host changes. The programs run with the C library of their own release.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::Cargo;
use crate::failure::{Failure, note};

/// A version of tmux, and the Debian release that has it. `TmuxRelease` of the harness has the same versions.
#[derive(Debug, PartialEq, Eq)]
struct Release {
    version: &'static str,
    suite: &'static str,
}

const RELEASES: [Release; 2] = [Release { version: "3.5a", suite: "trixie" }, Release { version: "3.8", suite: "sid" }];

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Installs the versions that are not installed yet. In CI a version that cannot be installed is an error; elsewhere
/// the tests that need it are skipped, with a notice.
pub(crate) fn require(cargo: &Cargo) -> Result<(), Failure> {
    let directory = cargo.target_directory().join("tmux");
    for release in RELEASES {
        match release.install_in(&directory) {
            Ok(()) => {}
            Err(failure) if env::var_os("CI").is_some() => return Err(failure),
            Err(failure) => {
                failure.report();
                note(format!("the tests with tmux {} will be skipped", release.version));
            }
        }
    }
    Ok(())
}

impl Release {
    fn install_in(&self, directory: &Path) -> Result<(), Failure> {
        let place = directory.join(self.version);
        if self.is_installed_in(&place) {
            return Ok(());
        }
        note(format!("unpacking tmux {} of Debian {} for the tests", self.version, self.suite));
        // Installed beside its place and then moved, so that an interrupted installation does not count.
        let draft = directory.join(format!("{}.draft", self.version));
        let failed = |error: io::Error| self.failure(&format!("{}: {error}", draft.display()));
        remove(&draft).map_err(failed)?;
        let apt = Apt::new(draft.join("apt"), self.suite).map_err(failed)?;
        self.run("apt-get update", &mut apt.get(&["update"]))?;
        let package = format!("tmux={}*", self.version);
        let download = ["install", "--download-only", "--assume-yes", "--no-install-recommends", &package];
        self.run("apt-get install --download-only", &mut apt.get(&download))?;
        let root = draft.join("root");
        for archive in apt.downloads().map_err(failed)? {
            self.run("dpkg-deb --extract", Command::new("dpkg-deb").arg("--extract").args([&archive, &root]))?;
        }
        write_wrapper(&draft.join("bin"), &root).map_err(failed)?;
        remove(&apt.directory).map_err(failed)?;
        if !self.is_installed_in(&draft) {
            return Err(self.failure(&format!("{} is not this version", draft.join("bin/tmux").display())));
        }
        remove(&place).and_then(|()| fs::rename(&draft, &place)).map_err(failed)
    }

    fn is_installed_in(&self, place: &Path) -> bool {
        let answer = Command::new(place.join("bin/tmux")).arg("-V").output();
        answer.is_ok_and(|output| output.stdout == format!("tmux {}\n", self.version).into_bytes())
    }

    fn run(&self, name: &str, command: &mut Command) -> Result<(), Failure> {
        Cargo::run(name, command).map_err(|_| self.failure(&format!("{name} failed; its message is above")))
    }

    fn failure(&self, reason: &str) -> Failure {
        Failure::unavailable(format!("tmux {} of Debian {} cannot be unpacked: {reason}", self.version, self.suite))
            .with(format!("this needs apt-get, dpkg-deb, {KEYRING}, and that version in the mirror of this host"))
            .with("if the release has another version now, change it here and in the harness (TmuxRelease)")
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
        // Without installed packages, everything that tmux needs is downloaded.
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

/// Writes a program `tmux` that runs the unpacked one with the loader and the libraries of its release. It finds them
/// from its own path, so the directory may be moved.
fn write_wrapper(directory: &Path, root: &Path) -> io::Result<()> {
    let triple = format!("{}-linux-gnu", env::consts::ARCH);
    let is_loader = |name: &str| name.starts_with("ld-linux") || name.starts_with("ld64");
    let entries = fs::read_dir(root.join("usr/lib").join(&triple))?;
    let names = entries.map(|entry| Ok(entry?.file_name().into_string().unwrap_or_default()));
    let names = names.collect::<io::Result<Vec<_>>>()?;
    let loader = names.iter().find(|name| is_loader(name)).ok_or(io::ErrorKind::NotFound)?;
    fs::create_dir_all(directory)?;
    let text = format!(
        "#!/bin/sh\nroot=${{0%/*}}/../root\nlib=$root/usr/lib/{triple}\n\
         exec \"$lib/{loader}\" --argv0 tmux --library-path \"$lib\" \"$root/usr/bin/tmux\" \"$@\"\n"
    );
    let mut file =
        fs::File::options().write(true).create(true).truncate(true).mode(0o755).open(directory.join("tmux"))?;
    file.write_all(text.as_bytes())
}

fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
