//! One thing to do.

use std::path::{Path, PathBuf};

use mosaic_systemd::UnitName;

use crate::{Layout, Manifest};

/// One change. Doing it again when it is done changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write down what is, or is about to be, installed.
    Record(Manifest),
    /// Make a directory and all above it.
    MakeDirectory {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Remove what somebody who was killed left half written.
    RemoveDrafts(PathBuf),
    /// Close a file or directory to others.
    Protect {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Copy a program.
    Copy {
        /// From where.
        from: PathBuf,
        /// To where.
        to: PathBuf,
    },
    /// Replace a text file.
    Write {
        /// Which.
        path: PathBuf,
        /// With what.
        text: String,
        /// Its permissions.
        mode: u32,
        /// What is new in it, for people.
        change: String,
    },
    /// Make or turn a link.
    Link {
        /// Which.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// Give a site's own file a second name, before ours takes its place.
    KeepAside {
        /// Which.
        path: PathBuf,
        /// The second name.
        aside: PathBuf,
    },
    /// Give it back its name.
    PutBack {
        /// The second name.
        aside: PathBuf,
        /// The first.
        path: PathBuf,
    },
    /// Remove a file or link.
    Remove(PathBuf),
    /// Remove a directory, unless something is in it.
    RemoveDirectory(PathBuf),
    /// Put a link into memory in the place of the run directory.
    MoveRunDirectory {
        /// Where it leads.
        target: PathBuf,
    },
    /// Go on with that where somebody was killed.
    TakeOverOldRun {
        /// Where it leads.
        target: PathBuf,
    },
    /// Remove the run directory in memory.
    RemoveRunDirectory(PathBuf),
    /// Let the manager read its units.
    Reload,
    /// Let units start at boot.
    Enable(Vec<UnitName>),
    /// Let them no longer.
    Disable(Vec<UnitName>),
    /// Start units; that one does not start is no reason not to go on.
    Start(Vec<UnitName>),
    /// Stop units, all of them before the next step.
    Stop(Vec<UnitName>),
    /// Let the user manager run while the user is not logged in, or no longer.
    Linger(bool),
}

impl Step {
    /// The step in one line.
    #[must_use]
    pub fn line(&self, layout: &Layout) -> String {
        let shown = |path: &Path| layout.shown(path);
        let (verb, what) = match self {
            Self::Record(_) => ("record", shown(&layout.manifest())),
            Self::MakeDirectory { path, mode } => ("make", format!("{}/   (mode {mode:04o})", shown(path))),
            Self::RemoveDrafts(path) => ("tidy", format!("{}   (left by a command that was killed)", shown(path))),
            Self::Protect { path, mode } => ("protect", format!("{}   (mode {mode:04o})", shown(path))),
            Self::Copy { from, to } => ("copy", format!("{}   (from {})", shown(to), shown(from))),
            Self::Write { path, change, .. } => ("write", format!("{}   ({change})", shown(path))),
            Self::Link { path, target } => ("link", format!("{} -> {}", shown(path), shown(target))),
            Self::KeepAside { path, aside } => ("keep", format!("{} as {}", shown(path), shown(aside))),
            Self::PutBack { aside, path } => ("restore", format!("{}   (from {})", shown(path), shown(aside))),
            Self::Remove(path) => ("remove", shown(path)),
            Self::RemoveDirectory(path) => ("remove", format!("{}/   (if it is empty)", shown(path))),
            Self::MoveRunDirectory { target } | Self::TakeOverOldRun { target } => {
                ("move", format!("{} -> {}   (heartbeats go to memory)", shown(&layout.run()), shown(target)))
            }
            Self::RemoveRunDirectory(path) => ("remove", format!("{}/   (heartbeats)", shown(path))),
            Self::Reload => ("reload", "the user manager's units".to_owned()),
            Self::Enable(units) => ("enable", list(units)),
            Self::Disable(units) => ("disable", list(units)),
            Self::Start(units) => ("start", list(units)),
            Self::Stop(units) => ("stop", list(units)),
            Self::Linger(true) => ("linger", "on   (agents run without a login, and from boot on)".to_owned()),
            Self::Linger(false) => ("linger", "off   (as it was before)".to_owned()),
        };
        format!("{verb:<8}{what}")
    }
}

fn list(units: &[UnitName]) -> String {
    units.iter().map(UnitName::as_str).collect::<Vec<_>>().join(" ")
}
