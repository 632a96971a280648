//! The exit codes of every program of Mosaic Fleet: one table, documented in the README.

/// What a program says by how it ends. The numbers are those of BSD's `sysexits.h`, where it has
/// one for the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Done, or already so.
    Ok = 0,
    /// It ran, and the answer is no: a check failed, an agent's command ended at once.
    CheckFailed = 1,
    /// A message was typed, or may have been, and nobody saw it accepted.
    Unconfirmed = 2,
    /// The command line is wrong.
    Usage = 64,
    /// Something needed is not there: tmux, the tmux server, the user bus.
    Unavailable = 69,
    /// A bug in Mosaic Fleet.
    Bug = 70,
    /// A file or directory could not be read or written.
    Io = 74,
    /// Somebody else is at it: try again later.
    Busy = 75,
    /// Not allowed.
    Permission = 77,
    /// A setting (environment variable, roster) has a value that cannot be used.
    Configuration = 78,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
