//! What enabling or disabling changed on disk.

use std::path::PathBuf;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What was done.
    pub kind: ChangeKind,
    /// To which path.
    pub path: PathBuf,
    /// Where a new link leads.
    pub target: Option<PathBuf>,
}

/// The kind of a [`Change`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A link was made.
    Linked,
    /// A link was removed.
    Unlinked,
    /// Something that the manager thought worth telling; its word.
    Notice(String),
}
