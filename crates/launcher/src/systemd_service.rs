//! Are we the process that systemd started for a unit, and what does it want of us?

use std::ffi::OsString;
use std::io;
use std::process::Command;
use std::time::Duration;

use mosaic_domain::Pid;
use mosaic_process::{Cgroup, ProcRoot, bounded_output};

/// The service whose main process this is.
#[derive(Clone, Debug)]
pub(crate) struct SystemdService {
    group: Cgroup,
}

impl SystemdService {
    /// By what systemd puts into the environment of a service's first process (systemd.exec(5),
    /// "Environment Variables Set or Propagated by the Service Manager"): `SYSTEMD_EXEC_PID` is
    /// this process, not one that merely inherited the variables.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub(crate) fn ours(variable: impl Fn(&str) -> Option<OsString>) -> io::Result<Option<Self>> {
        let started = variable("SYSTEMD_EXEC_PID").and_then(|pid| pid.to_str()?.parse::<u32>().ok());
        if started != Some(std::process::id()) {
            return Ok(None);
        }
        Ok(Cgroup::own()?.filter(|group| is_service(group.name())).map(|group| Self { group }))
    }

    /// The control group of the unit.
    pub(crate) fn group(&self) -> &Cgroup {
        &self.group
    }

    /// Moves a process and what it started into the unit's group, if they are not there.
    ///
    /// # Errors
    /// One may not be moved, neither by us nor by the manager; the text says why.
    pub(crate) fn take_in(&self, proc: &ProcRoot, pid: Pid) -> Result<(), String> {
        let members = self.group.members().unwrap_or_default();
        let tree = std::iter::once(pid).chain(proc.descendants(pid));
        tree.filter(|pid| !members.contains(pid)).try_for_each(|pid| match self.group.take_in(pid) {
            Ok(()) => Ok(()),
            // It ended meanwhile.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => Ok(()),
            Err(error) => self.attach(pid).map_err(|also| format!("process {pid}: {error}; {also}")),
        })
    }

    /// Asks the user manager to move a process into the unit's group: for processes that only it
    /// may move, such as those of a tmux server that was started outside the manager.
    ///
    /// # Errors
    /// The manager cannot be asked, or refuses; the text says which.
    pub(crate) fn attach(&self, pid: Pid) -> Result<(), String> {
        const LIMIT: Duration = Duration::from_secs(10);
        let arguments = [
            "--user",
            "call",
            "org.freedesktop.systemd1",
            "/org/freedesktop/systemd1",
            "org.freedesktop.systemd1.Manager",
            "AttachProcessesToUnit",
            "ssau",
            self.group.name(),
            "",
            "1",
        ];
        let output = bounded_output(Command::new("busctl").args(arguments).arg(pid.to_string()), LIMIT)
            .map_err(|error| format!("busctl: {error}"))?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
    }
}

/// Is this the name of a service's group, rather than of a session's scope, say?
pub(crate) fn is_service(group: &str) -> bool {
    std::path::Path::new(group).extension().is_some_and(|kind| kind == "service")
}
