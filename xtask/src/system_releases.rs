//! The system programs of other Debian releases, with which tests run user managers: systemd changes from release to
//! release what it accepts and where it puts processes.
//!
//! They are in `target/systems/RELEASE/usr`, which a test mounts in place of `/usr` in a namespace of its own.

use std::env;
use std::fs;
use std::io;
use std::path::Path;

use crate::cargo::Cargo;
use crate::debian_packages::{self, KEYRING, remove};
use crate::failure::{Failure, note};

/// Whether a release is there to stay. `SystemRelease` of the harness has the same releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Release {
    /// Its packages do not change any more.
    Stable(&'static str),
    /// Its packages change every day, and may lack one for a while: no reason to fail.
    Moving(&'static str),
}

const RELEASES: [Release; 2] = [Release::Stable("trixie"), Release::Moving("sid")];

/// A user manager with its bus and journal, and the programs that units and tests start.
const PACKAGES: [&str; 13] = [
    "bash",
    "coreutils",
    "dash",
    "dbus-user-session",
    "findutils",
    "grep",
    "libc-bin",
    "ncurses-base",
    "procps",
    "sed",
    "systemd",
    "tmux",
    "util-linux",
];

/// Unpacks the releases that are not there yet. In CI a stable one that cannot be unpacked is an error; elsewhere the
/// tests that need it are skipped, with a notice.
pub(crate) fn require(cargo: &Cargo) -> Result<(), Failure> {
    let directory = cargo.target_directory().join("systems");
    for release in RELEASES {
        let Err(failure) = release.unpack_in(&directory) else { continue };
        if env::var_os("CI").is_some() && matches!(release, Release::Stable(_)) {
            return Err(failure);
        }
        failure.report();
        note(format!("the tests with the systemd of Debian {} will be skipped", release.suite()));
    }
    Ok(())
}

impl Release {
    fn suite(self) -> &'static str {
        match self {
            Self::Stable(suite) | Self::Moving(suite) => suite,
        }
    }

    fn unpack_in(self, directory: &Path) -> Result<(), Failure> {
        let place = directory.join(self.suite());
        if place.join("usr/lib/systemd/systemd").is_file() {
            return Ok(());
        }
        note(format!("unpacking the system programs of Debian {} for the tests", self.suite()));
        // Unpacked beside its place and then moved, so that an interrupted run does not count.
        let draft = directory.join(format!("{}.draft", self.suite()));
        debian_packages::unpack(self.suite(), &PACKAGES, &draft).map_err(|reason| self.failure(&reason))?;
        let finish = || {
            let root = draft.join("root");
            without_documentation(&root.join("usr/share"))?;
            remove(&place)?;
            fs::rename(root, &place)?;
            remove(&draft)
        };
        finish().map_err(|error: io::Error| self.failure(&format!("{}: {error}", draft.display())))
    }

    fn failure(self, reason: &str) -> Failure {
        Failure::unavailable(format!("the programs of Debian {} cannot be unpacked: {reason}", self.suite()))
            .with(format!("this needs apt-get, dpkg-deb, {KEYRING}, and that release in the mirror of this host"))
    }
}

/// Removes what no program reads: half of the size.
fn without_documentation(share: &Path) -> io::Result<()> {
    ["doc", "info", "locale", "man"].iter().try_for_each(|name| remove(&share.join(name)))
}
