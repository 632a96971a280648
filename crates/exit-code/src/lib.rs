//! The exit codes of all programs of Mosaic Fleet, the one table behind the manual.
//!
//! Only binaries depend on this crate: a library returns an error, and the binary maps it to an exit code
//! in one match.

/// The exit code of a program, with the number that BSD's `sysexits.h` has for the case if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// The program did what it was asked to, or there was nothing to do.
    Ok = 0,
    /// The program ran, and the result is negative: a check failed, or an agent's command ended at once.
    CheckFailed = 1,
    /// A message was typed, or may have been, and its acceptance was not seen.
    Unconfirmed = 2,
    /// The command line is wrong.
    Usage = 64,
    /// A required service is missing: tmux, the tmux server, or the user bus.
    Unavailable = 69,
    /// Mosaic Fleet has a bug.
    Bug = 70,
    /// A file or directory cannot be read or written.
    Io = 74,
    /// Another process holds the lock; try again later.
    Busy = 75,
    /// Permission is denied.
    Permission = 77,
    /// A setting (an environment variable or the roster) has a value that cannot be used.
    Configuration = 78,
}

impl ExitCode {
    /// The exit code of a failure to read or write.
    #[must_use]
    pub fn from_io(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::PermissionDenied { Self::Permission } else { Self::Io }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
