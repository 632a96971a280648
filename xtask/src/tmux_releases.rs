//! The tmux of other Debian releases, with which tests run a fleet: each version captures panes, pastes and moves
//! processes in its own way.
//!
//! They are in `target/tmux/`, and run with the C library of their own release.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

use crate::cargo::Cargo;
use crate::debian_packages::{self, KEYRING, remove};
use crate::failure::{Failure, note};

/// A version of tmux, and the Debian release that has it. `TmuxRelease` of the harness has the same versions.
#[derive(Debug, PartialEq, Eq)]
struct Release {
    version: &'static str,
    suite: &'static str,
}

const RELEASES: [Release; 2] = [Release { version: "3.5a", suite: "trixie" }, Release { version: "3.8", suite: "sid" }];

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
        let package = format!("tmux={}*", self.version);
        debian_packages::unpack(self.suite, &[&package], &draft).map_err(|reason| self.failure(&reason))?;
        let root = draft.join("root");
        write_wrapper(&draft.join("bin"), &root).map_err(failed)?;
        if !self.is_installed_in(&draft) {
            return Err(self.failure(&format!("{} is not this version", draft.join("bin/tmux").display())));
        }
        remove(&place).and_then(|()| fs::rename(&draft, &place)).map_err(failed)
    }

    fn is_installed_in(&self, place: &Path) -> bool {
        let answer = Command::new(place.join("bin/tmux")).arg("-V").output();
        answer.is_ok_and(|output| output.stdout == format!("tmux {}\n", self.version).into_bytes())
    }

    fn failure(&self, reason: &str) -> Failure {
        Failure::unavailable(format!("tmux {} of Debian {} cannot be unpacked: {reason}", self.version, self.suite))
            .with(format!("this needs apt-get, dpkg-deb, {KEYRING}, and that version in the mirror of this host"))
            .with("if the release has another version now, change it here and in the harness (TmuxRelease)")
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
