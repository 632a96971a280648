//! A text that there should be.

use std::path::PathBuf;

/// A text file that we generate.
#[derive(Clone, Debug)]
pub struct WantedFile {
    /// Where.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// What it is.
    pub kind: FileKind,
    /// What is new in it, where that can be said.
    pub change: Option<String>,
}

/// What a generated file is, which says how it is dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// The schema of rosters.
    Schema,
    /// An env file: for its owner alone, and a site's lines are in it.
    Env,
    /// A unit; the text as it is shipped.
    Unit(&'static str),
    /// A drop-in.
    DropIn,
    /// A script that hands over to `mosaic`, executable.
    ToolFront,
}

impl FileKind {
    /// Its permissions.
    #[must_use]
    pub fn mode(self) -> u32 {
        match self {
            Self::Env => 0o600,
            Self::ToolFront => 0o755,
            Self::Schema | Self::Unit(_) | Self::DropIn => 0o644,
        }
    }
}
