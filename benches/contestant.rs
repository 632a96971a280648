//! What is measured against what.

use std::fmt;

/// One of the two launchers, with the sidecar it leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contestant {
    /// The launcher that is replaced.
    Bash,
    /// The product.
    Rust,
}

impl Contestant {
    /// In turn: whatever disturbs the machine for a while disturbs both.
    pub(crate) const BOTH: [Self; 2] = [Self::Bash, Self::Rust];
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bash => "bash",
            Self::Rust => "rust",
        })
    }
}
