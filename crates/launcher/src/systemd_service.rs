//! The systemd service whose main process this process is.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::process::Command;
use std::time::Duration;

use mosaic_domain::Pid;
use mosaic_process::{Cgroup, ProcRoot, bounded_output};

/// The service whose main process this process is.
#[derive(Clone, Debug)]
pub(crate) struct SystemdService {
    cgroup: Cgroup,
}

impl SystemdService {
    /// The service, if this process is its main process. systemd sets `SYSTEMD_EXEC_PID` to the PID of the main
    /// process (systemd.exec(5)); in a process that merely inherited the variable, it is another PID.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub(crate) fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> io::Result<Option<Self>> {
        let main_pid = variable("SYSTEMD_EXEC_PID").and_then(|pid| pid.to_str()?.parse::<u32>().ok());
        if main_pid != Some(std::process::id()) {
            return Ok(None);
        }
        Ok(Cgroup::current()?.filter(|cgroup| is_service(cgroup.name())).map(|cgroup| Self { cgroup }))
    }

    /// The control group of the unit.
    pub(crate) fn cgroup(&self) -> &Cgroup {
        &self.cgroup
    }

    /// Moves a process and its descendants into the unit's control group, and with them the other processes of a scope
    /// that tmux had made for the pane: a descendant that became an orphan there stays in the scope.
    ///
    /// # Errors
    /// Neither this process nor the user manager may move one of them. The text is the reason.
    pub(crate) fn add_process_tree(&self, proc: &ProcRoot, pid: Pid) -> Result<(), String> {
        let present = self.cgroup.processes().unwrap_or_default();
        let left = Cgroup::from_pid(pid).ok().flatten().filter(|group| is_pane_scope(group.name()));
        let in_scope = left.and_then(|scope| scope.processes().ok()).unwrap_or_default();
        let tree: BTreeSet<Pid> = std::iter::once(pid).chain(proc.descendants(pid)).chain(in_scope).collect();
        tree.into_iter().filter(|pid| !present.contains(pid)).try_for_each(|pid| match self.cgroup.add_process(pid) {
            Ok(()) => Ok(()),
            // The process has ended.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => Ok(()),
            Err(error) => self.attach_process(pid).map_err(|also| format!("process {pid}: {error}; {also}")),
        })
    }

    /// Asks the user manager to move a process into the unit's control group. Only the manager may move some
    /// processes, such as those of a tmux server that was started outside it.
    ///
    /// # Errors
    /// The call fails. The text is the reason.
    pub(crate) fn attach_process(&self, pid: Pid) -> Result<(), String> {
        const TIMEOUT: Duration = Duration::from_secs(10);
        let arguments = [
            "--user",
            "call",
            "org.freedesktop.systemd1",
            "/org/freedesktop/systemd1",
            "org.freedesktop.systemd1.Manager",
            "AttachProcessesToUnit",
            "ssau",
            self.cgroup.name(),
            "",
            "1",
        ];
        let output = bounded_output(Command::new("busctl").args(arguments).arg(pid.to_string()), TIMEOUT)
            .map_err(|error| format!("busctl: {error}"))?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
    }
}

/// Returns whether a control group of this name is a scope in which tmux 3.4 and later puts the process of a new pane.
fn is_pane_scope(cgroup: &str) -> bool {
    cgroup.starts_with("tmux-spawn-") && std::path::Path::new(cgroup).extension().is_some_and(|kind| kind == "scope")
}

/// Returns whether a control group of this name belongs to a service, and not to a scope or a slice.
pub(crate) fn is_service(cgroup: &str) -> bool {
    std::path::Path::new(cgroup).extension().is_some_and(|kind| kind == "service")
}
