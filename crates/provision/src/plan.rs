//! Plans: the ordered steps of an installation or uninstallation.

use std::path::{Path, PathBuf};

use mosaic_systemd::UnitName;

use crate::{Layout, Manifest};

/// The steps to take and the notes for the user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What is left unchanged, and what the user should do.
    pub notes: Vec<String>,
    /// The env files that cannot be written, because something else than a regular file is in their place.
    pub obstructed: Vec<PathBuf>,
}

impl Plan {
    /// Formats the plan, one line per step and note.
    #[must_use]
    pub fn lines(&self, layout: &Layout) -> Vec<String> {
        let steps = self.steps.iter().map(|step| step.line(layout));
        let nothing = self.steps.is_empty().then(|| "nothing to do".to_owned());
        let notes = self.notes.iter().map(|note| format!("note    {note}"));
        steps.chain(nothing).chain(notes).collect()
    }
}

/// One idempotent change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Writes the manifest.
    WriteManifest(Manifest),
    /// Creates a directory and its parents.
    CreateDirectory {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Removes the temporary files that an interrupted command left in a directory.
    RemoveTemporaryFiles(PathBuf),
    /// Changes the mode of a file or directory.
    SetMode {
        /// The file or directory.
        path: PathBuf,
        /// The new mode.
        mode: u32,
    },
    /// Copies a program.
    Copy {
        /// The source.
        from: PathBuf,
        /// The destination.
        to: PathBuf,
    },
    /// Writes or replaces a text file.
    Write {
        /// The file.
        path: PathBuf,
        /// Its new text.
        text: String,
        /// Its mode.
        mode: u32,
        /// What changes in it, for the user.
        change: String,
    },
    /// Creates or replaces a symbolic link.
    Link {
        /// The link.
        path: PathBuf,
        /// Its target.
        target: PathBuf,
    },
    /// Gives a file of the site a second name before it is replaced.
    BackUp {
        /// The file.
        path: PathBuf,
        /// The second name.
        backup: PathBuf,
    },
    /// Renames a backup to its original name.
    RestoreBackup {
        /// The backup.
        backup: PathBuf,
        /// The original name.
        path: PathBuf,
    },
    /// Removes a file or link.
    Remove(PathBuf),
    /// Removes a directory if it is empty.
    RemoveDirectory(PathBuf),
    /// Removes a directory of the fleet's own state with everything in it.
    RemoveState(PathBuf),
    /// Replaces the run directory by a link into `$XDG_RUNTIME_DIR`.
    MoveRunDirectory {
        /// The target of the link.
        target: PathBuf,
    },
    /// Completes an interrupted [`MoveRunDirectory`](Self::MoveRunDirectory).
    FinishRunDirectoryMove {
        /// The target of the link.
        target: PathBuf,
    },
    /// Removes the run directory in `$XDG_RUNTIME_DIR`.
    RemoveRunDirectory(PathBuf),
    /// Makes the user manager reload its units.
    Reload,
    /// Enables units.
    Enable(Vec<UnitName>),
    /// Disables units.
    Disable(Vec<UnitName>),
    /// Starts units. A unit that does not start does not stop the plan.
    Start(Vec<UnitName>),
    /// Stops units and waits until all have stopped.
    Stop(Vec<UnitName>),
    /// Turns lingering on or off: whether the user manager runs without a login session.
    SetLinger(bool),
}

impl Step {
    /// Formats the step in one line.
    #[must_use]
    pub fn line(&self, layout: &Layout) -> String {
        let display = |path: &Path| layout.display(path);
        let (verb, what) = match self {
            Self::WriteManifest(_) => ("record", display(&layout.manifest())),
            Self::CreateDirectory { path, mode } => ("create", format!("{}/   (mode {mode:04o})", display(path))),
            Self::RemoveTemporaryFiles(path) => {
                ("clean", format!("{}   (temporary files of an interrupted command)", display(path)))
            }
            Self::SetMode { path, mode } => ("chmod", format!("{}   (mode {mode:04o})", display(path))),
            Self::Copy { from, to } => ("copy", format!("{}   (from {})", display(to), display(from))),
            Self::Write { path, change, .. } => ("write", format!("{}   ({change})", display(path))),
            Self::Link { path, target } => ("link", format!("{} -> {}", display(path), display(target))),
            Self::BackUp { path, backup } => ("backup", format!("{} as {}", display(path), display(backup))),
            Self::RestoreBackup { path, backup } => {
                ("restore", format!("{}   (from {})", display(path), display(backup)))
            }
            Self::Remove(path) => ("remove", display(path)),
            Self::RemoveDirectory(path) => ("remove", format!("{}/   (if it is empty)", display(path))),
            Self::RemoveState(path) => ("remove", format!("{}/   (with everything in it)", display(path))),
            Self::MoveRunDirectory { target } | Self::FinishRunDirectoryMove { target } => {
                ("move", format!("{} -> {}   (heartbeats in memory)", display(&layout.run()), display(target)))
            }
            Self::RemoveRunDirectory(path) => ("remove", format!("{}/   (heartbeats)", display(path))),
            Self::Reload => ("reload", "the units of the user manager".to_owned()),
            Self::Enable(units) => ("enable", list(units)),
            Self::Disable(units) => ("disable", list(units)),
            Self::Start(units) => ("start", list(units)),
            Self::Stop(units) => ("stop", list(units)),
            Self::SetLinger(true) => ("linger", "on   (agents start at boot and run without a login)".to_owned()),
            Self::SetLinger(false) => ("linger", "off   (as before the installation)".to_owned()),
        };
        format!("{verb:<8}{what}")
    }
}

fn list(units: &[UnitName]) -> String {
    units.iter().map(UnitName::as_str).collect::<Vec<_>>().join(" ")
}
