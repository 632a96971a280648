//! One tmux server and how commands are run on it, and the version of tmux.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::str::FromStr;
use std::time::Duration;

use mosaic_domain::SocketName;
use mosaic_process::{BoundedError, ProcRoot, bounded_output, bounded_output_with_input, find_on_path};

use crate::server_socket::default_socket_path;
use crate::{ServerRecord, TmuxError};

/// The tmux server on one socket.
#[derive(Clone, Debug)]
pub struct Server {
    program: PathBuf,
    socket: SocketName,
    /// The path of the socket, if it is not the one that tmux derives from the name and from `TMUX_TMPDIR`.
    path: Option<PathBuf>,
    timeout: Duration,
}

/// Finds tmux in the directories of `path`, the value of a `PATH` variable.
///
/// # Errors
/// It is in none of them.
pub fn find_tmux(path: Option<&OsStr>) -> Result<PathBuf, TmuxError> {
    // Joined to an empty path, a relative directory stays as it is.
    find_on_path("tmux", path, Path::new(""))
        .ok_or_else(|| TmuxError::NotInstalled { path: path.unwrap_or_default().display().to_string() })
}

impl Server {
    /// The default deadline of a call. A server usually answers in milliseconds, but took seconds while 200
    /// agents were starting on two busy cores.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// The server on `socket`, with `program` as its client.
    #[must_use]
    pub fn new(program: PathBuf, socket: SocketName) -> Self {
        Self { program, socket, path: None, timeout: Self::TIMEOUT }
    }

    /// The fleet's server on `socket`: at the path in the [`ServerRecord`] of the run directory while the recorded
    /// server runs, whatever `TMUX_TMPDIR` is here; otherwise at the path that tmux derives from the name.
    #[must_use]
    pub fn of_fleet(program: PathBuf, socket: SocketName, run_directory: &Path) -> Self {
        let recorded = ServerRecord::of_running_server(run_directory, &socket, &ProcRoot::default());
        Self { path: recorded.map(|record| record.socket), ..Self::new(program, socket) }
    }

    /// The same server on the socket with this path.
    #[must_use]
    pub fn at(self, path: PathBuf) -> Self {
        Self { path: Some(path), ..self }
    }

    /// The same server with another deadline for each call.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The deadline of a call.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The path of the tmux program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The name of the server's socket.
    #[must_use]
    pub fn socket(&self) -> &SocketName {
        &self.socket
    }

    /// The path of the server's socket.
    #[must_use]
    pub fn socket_path(&self) -> PathBuf {
        self.path.clone().unwrap_or_else(|| default_socket_path(&self.socket, env::var_os("TMUX_TMPDIR").as_deref()))
    }

    /// Checks that tmux is at least [`Version::OLDEST`], and returns its version.
    ///
    /// # Errors
    /// tmux is older, or its version cannot be determined.
    pub fn check_version(&self) -> Result<Version, TmuxError> {
        let output = self.output(Command::new(&self.program).arg("-V"))?;
        let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let too_old = || TmuxError::TooOld { program: self.program.clone(), found: found.clone() };
        found.parse().ok().filter(|version| *version >= Version::OLDEST).ok_or_else(too_old)
    }

    /// A command line for this server that never starts it.
    pub(crate) fn client(&self) -> Command {
        let mut command = self.starting_client();
        command.arg("-N");
        command
    }

    /// A command line for this server that may start it.
    pub(crate) fn starting_client(&self) -> Command {
        let mut command = Command::new(&self.program);
        // In a pane of another tmux server, these variables would make this client refer to that pane.
        command.env_remove("TMUX").env_remove("TMUX_PANE").arg("-u");
        match &self.path {
            Some(path) => command.arg("-S").arg(path),
            None => command.args(["-L", self.socket.as_str()]),
        };
        command
    }

    /// Runs a tmux command and returns its standard output.
    pub(crate) fn run<I, S>(&self, name: &'static str, arguments: I) -> Result<String, TmuxError>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.run_client(name, self.client().arg(name).args(arguments))
    }

    /// Runs a prepared command line and returns its standard output. `name` is the tmux command, for errors.
    pub(crate) fn run_client(&self, name: &'static str, command: &mut Command) -> Result<String, TmuxError> {
        let output = self.output(command)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(self.failure(name, &output))
    }

    /// Runs commands, one on each line, and returns what they print. They are passed through standard input,
    /// because other users can read command lines. The commands before a failed one have been executed, and
    /// the result contains what they printed.
    pub(crate) fn run_script(&self, commands: &str) -> Result<Script, TmuxError> {
        let mut command = self.client();
        command.args(["source-file", "-"]);
        // Ctrl-C at a terminal must not end the client between a paste and the answer that it was done.
        command.process_group(0);
        let output = bounded_output_with_input(&mut command, commands.as_bytes().to_vec(), self.timeout);
        let output = output.map_err(|error| self.run_error(error))?;
        let failed = (!output.status.success()).then(|| self.failure("source-file", &output));
        match failed {
            Some(error @ TmuxError::NoServer { .. }) if output.stdout.is_empty() => Err(error),
            failed => Ok(Script { printed: String::from_utf8_lossy(&output.stdout).into_owned(), failed }),
        }
    }

    fn failure(&self, name: &'static str, output: &Output) -> TmuxError {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if means_no_server(&message) {
            return TmuxError::NoServer { socket: self.socket.clone() };
        }
        TmuxError::CommandFailed { socket: self.socket.clone(), command: name, message }
    }

    fn output(&self, command: &mut Command) -> Result<Output, TmuxError> {
        bounded_output(command, self.timeout).map_err(|error| self.run_error(error))
    }

    fn run_error(&self, error: BoundedError) -> TmuxError {
        match error {
            BoundedError::Deadline(timeout) => TmuxError::Timeout { socket: self.socket.clone(), timeout },
            source => TmuxError::Run { program: self.program.clone(), source },
        }
    }
}

/// The result of a script.
#[derive(Debug)]
pub(crate) struct Script {
    /// The output of its commands.
    pub(crate) printed: String,
    /// The error of the command that failed, at which the script ended.
    pub(crate) failed: Option<TmuxError>,
}

/// Returns whether this error message of a client means that no server listens, or that the server ended during
/// the call.
fn means_no_server(message: &str) -> bool {
    let starts = |beginnings: &[&str]| beginnings.iter().any(|beginning| message.starts_with(beginning));
    // Without permission to enter the directory of the socket, it is unknown whether a server listens.
    let denied = starts(&["error connecting to "]) && message.ends_with("(Permission denied)");
    !denied && starts(&["error connecting to ", "no server running on ", "server exited", "lost server"])
}

/// The environment of a new server. All sessions inherit it, so it must not contain the secrets of one agent.
pub(crate) fn server_environment() -> impl Iterator<Item = (OsString, OsString)> {
    const KEPT: [&str; 9] =
        ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "TMUX_TMPDIR", "USER", "XDG_RUNTIME_DIR"];
    env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| KEPT.contains(&name) || name.starts_with("LC_")))
}

/// A version of tmux, without its suffix: `3.3a` and `next-3.3` are both 3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    /// The oldest version that has all required features (`-N`, `extended-keys`).
    pub const OLDEST: Self = Self { major: 3, minor: 2 };
}

/// The error of parsing a text that is not a version of tmux.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a version of tmux", .0.escape_debug())]
pub struct InvalidVersion(String);

impl FromStr for Version {
    type Err = InvalidVersion;

    /// Parses `3.3a`, `tmux 3.3a`, `tmux next-3.4` and `tmux 3.5-rc`. The tmux of OpenBSD (`openbsd-7.2`) has the
    /// version of the system, which counts as newer than all of these.
    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidVersion(given.to_owned());
        let text = given.trim().trim_start_matches("tmux ").trim_start_matches("next-").trim_start_matches("openbsd-");
        let (major, rest) = text.split_once('.').ok_or_else(invalid)?;
        let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        Ok(Self { major: major.parse().map_err(|_| invalid())?, minor: rest[..digits].parse().map_err(|_| invalid())? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::{Version, find_tmux};
    use std::ffi::OsStr;

    #[test]
    fn a_missing_tmux_is_reported_with_the_search_path() {
        for path in [None, Some(OsStr::new("")), Some(OsStr::new("/nonexistent:/proc"))] {
            let error = find_tmux(path).unwrap_err().to_string();
            assert!(error.starts_with("tmux is required"), "{error}");
            assert!(error.contains(&path.unwrap_or_default().display().to_string()), "{error}");
        }
    }

    #[test]
    fn versions_are_compared_numerically() {
        let table = [
            ("tmux 3.3a", true),
            ("3.2", true),
            ("tmux next-3.4", true),
            ("tmux 3.5-rc2", true),
            ("tmux 3.10", true),
            ("tmux openbsd-7.2", true),
            ("tmux 3.1c", false),
            ("tmux 2.9a", false),
            ("tmux 1.8", false),
        ];
        for (text, new_enough) in table {
            assert_eq!(text.parse::<Version>().unwrap() >= Version::OLDEST, new_enough, "{text}");
        }
        for text in ["", "tmux", "tmux master", "tmux x.y"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
