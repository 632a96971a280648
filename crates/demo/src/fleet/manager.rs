//! The user manager, asked by `systemctl --user`, every time with a deadline.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mosaic_process::bounded_output;

use crate::error::DemoError;

/// A user manager that answers.
#[derive(Clone, Debug)]
pub(crate) struct Manager {
    runtime: PathBuf,
}

impl Manager {
    /// How long it may take to say that it is there.
    const SHORT: Duration = Duration::from_secs(2);
    /// How long it may take to do something. Ending three agents is the longest: they may take the
    /// thirty seconds of their units' `TimeoutStopSec`, and then the holder its twenty.
    const LONG: Duration = Duration::from_mins(1);

    /// Looks for it; the error says why there is none.
    pub(crate) fn find() -> Result<Self, String> {
        let manager = Self::of_this_user().ok_or("XDG_RUNTIME_DIR is not set")?;
        if !manager.runtime.is_dir() {
            return Err(format!("there is no directory {}", manager.runtime.display()));
        }
        ask(&["show", "--property=Version"], Self::SHORT)?;
        Ok(manager)
    }

    /// The one that would be there, whether it answers or not.
    pub(crate) fn of_this_user() -> Option<Self> {
        let runtime = env::var_os("XDG_RUNTIME_DIR").filter(|value| !value.is_empty())?;
        Some(Self { runtime: runtime.into() })
    }

    /// One that nobody asks.
    #[cfg(test)]
    pub(crate) fn of_test(runtime: PathBuf) -> Self {
        Self { runtime }
    }

    /// Where units are that live no longer than this boot.
    pub(crate) fn unit_directory(&self) -> PathBuf {
        self.runtime.join("systemd/user")
    }

    /// The directory of everything that lives no longer than this boot.
    pub(crate) fn runtime(&self) -> &Path {
        &self.runtime
    }

    /// Asks for something; the answer is what is printed.
    pub(crate) fn ask(arguments: &[&str]) -> Result<String, DemoError> {
        ask(arguments, Self::LONG).map_err(|why| DemoError::Manager { what: arguments.join(" "), why })
    }

    /// The command that starts a unit and waits until it is up.
    pub(crate) fn start(unit: &str) -> Command {
        let mut command = systemctl();
        command.args(["start", unit]);
        command
    }

    /// What the manager and the journal say of a unit that failed.
    pub(crate) fn status(unit: &str) -> String {
        let arguments = ["status", "--full", "--lines=15", unit];
        // Of a unit that failed it says so by its exit code, too.
        bounded_output(systemctl().args(arguments), Self::SHORT)
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default()
    }
}

fn systemctl() -> Command {
    let mut command = Command::new("systemctl");
    // Ctrl-C is for the demo, which then ends what it started in order.
    command.args(["--user", "--no-pager", "--no-ask-password"]).process_group(0);
    command
}

fn ask(arguments: &[&str], limit: Duration) -> Result<String, String> {
    let output = bounded_output(systemctl().args(arguments), limit).map_err(|error| format!("systemctl: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().map_or_else(|| output.status.to_string(), |line| line.trim().to_owned()))
}
