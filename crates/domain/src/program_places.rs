//! Where programs usually are.

use std::path::{Path, PathBuf};

/// Where the runtimes' own installers put them, below a user's home.
pub const PROGRAM_PLACES_BELOW_HOME: [&str; 8] = [
    ".local/bin",
    "bin",
    ".npm-global/bin",
    ".bun/bin",
    ".opencode/bin",
    ".volta/bin",
    ".cargo/bin",
    ".local/share/mise/shims",
];

/// Where everybody's are; systemd's own default, for an environment without any.
pub const PROGRAM_PLACES_OF_THE_SYSTEM: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/bin", "/snap/bin"];

/// The directories that the launcher adds to the path of every agent.
#[must_use]
pub fn usual_directories(home: &Path) -> Vec<PathBuf> {
    let below = PROGRAM_PLACES_BELOW_HOME.iter().map(|below| home.join(below));
    below.chain(PROGRAM_PLACES_OF_THE_SYSTEM.iter().map(PathBuf::from)).collect()
}
