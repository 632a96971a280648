//! The directories in which agents' programs are usually installed.

use std::path::{Path, PathBuf};

/// The directories into which the runtimes' own installers put their programs, relative to the user's home.
pub const USER_PROGRAM_DIRECTORIES: [&str; 8] = [
    ".local/bin",
    "bin",
    ".npm-global/bin",
    ".bun/bin",
    ".opencode/bin",
    ".volta/bin",
    ".cargo/bin",
    ".local/share/mise/shims",
];

/// The directories for programs of all users. systemd uses the same default for an environment without
/// `PATH`.
pub const SYSTEM_PROGRAM_DIRECTORIES: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/bin", "/snap/bin"];

/// The directories that the launcher appends to the `PATH` of every agent, the user's own first.
#[must_use]
pub fn default_program_directories(home: &Path) -> Vec<PathBuf> {
    let of_the_user = USER_PROGRAM_DIRECTORIES.iter().map(|directory| home.join(directory));
    of_the_user.chain(SYSTEM_PROGRAM_DIRECTORIES.iter().map(PathBuf::from)).collect()
}
