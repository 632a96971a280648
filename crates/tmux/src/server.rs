//! One tmux server, and how it is asked.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use mosaic_domain::SocketName;
use mosaic_process::{BoundedError, bounded_output, bounded_output_of, is_program};

use crate::{TmuxError, Version};

/// The tmux server on one socket.
#[derive(Clone, Debug)]
pub struct Server {
    program: PathBuf,
    socket: SocketName,
    limit: Duration,
}

/// Finds tmux in the directories of `path`.
///
/// # Errors
/// It is in none of them.
pub fn find_program(path: Option<&OsStr>) -> Result<PathBuf, TmuxError> {
    let path = path.unwrap_or_default();
    env::split_paths(path)
        .map(|directory| directory.join("tmux"))
        .find(|program| is_program(program))
        .ok_or_else(|| TmuxError::NotInstalled { path: path.display().to_string() })
}

impl Server {
    /// How long one call may take. A server answers in milliseconds; with 200 agents starting on
    /// two busy cores it was seen to take seconds.
    pub const LIMIT: Duration = Duration::from_secs(30);

    /// The server on `socket`, asked by `program`.
    #[must_use]
    pub fn new(program: PathBuf, socket: SocketName) -> Self {
        Self { program, socket, limit: Self::LIMIT }
    }

    /// The same server, asked with less patience.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// How long one call may take.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// The program that asks.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The server's socket.
    #[must_use]
    pub fn socket(&self) -> &SocketName {
        &self.socket
    }

    /// Refuses a tmux that is too old.
    ///
    /// # Errors
    /// It is, or it does not say.
    pub fn check_version(&self) -> Result<Version, TmuxError> {
        let output = self.output(Command::new(&self.program).arg("-V"))?;
        let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let too_old = || TmuxError::TooOld { program: self.program.clone(), found: found.clone() };
        found.parse().ok().filter(|version| *version >= Version::OLDEST).ok_or_else(too_old)
    }

    /// A call to this server that never starts one.
    pub(crate) fn client(&self) -> Command {
        let mut command = self.any_client();
        command.arg("-N");
        command
    }

    /// A call to this server that may start it.
    pub(crate) fn any_client(&self) -> Command {
        let mut command = Command::new(&self.program);
        // Run inside some other tmux, we must not be taken for one of its panes.
        command.env_remove("TMUX").env_remove("TMUX_PANE").args(["-u", "-L", self.socket.as_str()]);
        command
    }

    /// Runs one of tmux's commands and gives its standard output.
    pub(crate) fn ask<I, S>(&self, name: &'static str, arguments: I) -> Result<String, TmuxError>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.answer(name, self.client().arg(name).args(arguments))
    }

    pub(crate) fn answer(&self, name: &'static str, command: &mut Command) -> Result<String, TmuxError> {
        let output = self.output(command)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(self.failure(name, &output))
    }

    /// Runs commands that nobody else is to read, one a line, and gives what they print. They stand on no
    /// command line: they go through standard input. Of a command that fails, those before it have been
    /// carried out, and the answer holds what they printed.
    pub(crate) fn script(&self, commands: &str) -> Result<Script, TmuxError> {
        let mut command = self.client();
        command.args(["source-file", "-"]);
        let output = bounded_output_of(&mut command, commands.as_bytes().to_vec(), self.limit);
        let output = output.map_err(|error| self.not_run(error))?;
        let failed = (!output.status.success()).then(|| self.failure("source-file", &output));
        match failed {
            Some(error @ TmuxError::NoServer { .. }) if output.stdout.is_empty() => Err(error),
            failed => Ok(Script { printed: String::from_utf8_lossy(&output.stdout).into_owned(), failed }),
        }
    }

    fn failure(&self, name: &'static str, output: &Output) -> TmuxError {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if is_absence(&message) {
            return TmuxError::NoServer { socket: self.socket.clone() };
        }
        TmuxError::Refused { socket: self.socket.clone(), command: name, message }
    }

    fn output(&self, command: &mut Command) -> Result<Output, TmuxError> {
        bounded_output(command, self.limit).map_err(|error| self.not_run(error))
    }

    fn not_run(&self, error: BoundedError) -> TmuxError {
        match error {
            BoundedError::Deadline(limit) => TmuxError::Hung { socket: self.socket.clone(), limit },
            source => TmuxError::Run { program: self.program.clone(), source },
        }
    }
}

/// What came of a script.
#[derive(Debug)]
pub(crate) struct Script {
    /// What its commands printed.
    pub(crate) printed: String,
    /// What was wrong with the one at which it ended.
    pub(crate) failed: Option<TmuxError>,
}

/// What a tmux client says when nobody listens, or the server went away while it asked.
fn is_absence(message: &str) -> bool {
    let starts = |beginnings: &[&str]| beginnings.iter().any(|beginning| message.starts_with(beginning));
    // A directory that we may not enter says nothing of who listens in it.
    let refused = starts(&["error connecting to "]) && message.ends_with("(Permission denied)");
    !refused && starts(&["error connecting to ", "no server running on ", "server exited", "lost server"])
}

/// The variables that a new server keeps: all its sessions would inherit anything else, one
/// agent's secrets among it.
pub(crate) fn server_environment() -> impl Iterator<Item = (OsString, OsString)> {
    const KEPT: [&str; 9] =
        ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "TMUX_TMPDIR", "USER", "XDG_RUNTIME_DIR"];
    env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| KEPT.contains(&name) || name.starts_with("LC_")))
}

#[cfg(test)]
mod tests {
    use super::find_program;
    use std::ffi::OsStr;

    #[test]
    fn a_missing_tmux_is_told_with_the_path_that_was_searched() {
        for path in [None, Some(OsStr::new("")), Some(OsStr::new("/nonexistent:/proc"))] {
            let error = find_program(path).unwrap_err().to_string();
            assert!(error.starts_with("tmux is required"), "{error}");
            assert!(error.contains(&path.unwrap_or_default().display().to_string()), "{error}");
        }
    }
}
