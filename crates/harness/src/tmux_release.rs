use crate::installed_programs::target_directory;
use crate::skip::{runs, skip_notice};
use std::path::PathBuf;

/// The tmux of a Debian release that is newer than the oldest supported one. `./dev setup test` unpacks them; a fleet
/// runs with one by [`FleetBuilder::tmux_or_skip`](crate::FleetBuilder::tmux_or_skip).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TmuxRelease {
    /// tmux 3.5a, of Debian 13 (trixie).
    V3_5a,
    /// tmux 3.8, of Debian unstable (sid).
    V3_8,
}

impl TmuxRelease {
    /// All of them, the oldest first.
    pub const ALL: [Self; 2] = [Self::V3_5a, Self::V3_8];

    /// The version, as `tmux -V` prints it.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::V3_5a => "3.5a",
            Self::V3_8 => "3.8",
        }
    }

    /// Returns the directory that contains this version's program `tmux`, or `None` with a skip notice if `./dev` has
    /// not unpacked it. If `CI` is set, that is a panic.
    #[must_use]
    pub fn unpacked_or_skip(self) -> Option<PathBuf> {
        let directory = target_directory().join("tmux").join(self.version()).join("bin");
        if runs(&directory.join("tmux")) {
            return Some(directory);
        }
        skip_notice(&format!("needs tmux {} in {}: ./dev setup test", self.version(), directory.display()));
        None
    }
}
