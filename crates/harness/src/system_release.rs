use crate::installed_programs::target_directory;
use crate::skip::skip_notice;
use std::path::PathBuf;

/// The system programs of a Debian release: systemd, D-Bus, coreutils, and the libraries with which they run.
/// `./dev setup test` unpacks them. A fleet whose builder has one ([`FleetBuilder::system_or_skip`]) runs its user
/// manager and everything that this starts with them, in place of the programs of this machine.
///
/// [`FleetBuilder::system_or_skip`]: crate::FleetBuilder::system_or_skip
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemRelease {
    /// Debian 13, with systemd 257.
    Trixie,
    /// Debian unstable, with the systemd of the day on which it was unpacked. It knows control groups of version 2 only.
    Sid,
}

impl SystemRelease {
    /// All of them, the oldest first.
    pub const ALL: [Self; 2] = [Self::Trixie, Self::Sid];

    /// The name of the release.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Trixie => "trixie",
            Self::Sid => "sid",
        }
    }

    /// The directory that takes the place of `/usr`, or `None` with a skip notice if `./dev` has not unpacked it. If
    /// `CI` is set, that is a panic for a release that does not change any more.
    #[must_use]
    pub fn unpacked_or_skip(self) -> Option<PathBuf> {
        let usr = target_directory().join("systems").join(self.name()).join("usr");
        if usr.join("lib/systemd/systemd").is_file() {
            return Some(usr);
        }
        let needs =
            format!("needs the system programs of Debian {} in {}: ./dev setup test", self.name(), usr.display());
        match self {
            Self::Trixie => skip_notice(&needs),
            Self::Sid => eprintln!("SKIPPED in part: {needs}"),
        }
        None
    }
}
