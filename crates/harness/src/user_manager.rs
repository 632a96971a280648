pub(crate) mod namespace;
pub(crate) mod supervisor;
mod supervisor_client;
mod units;

use crate::fleet::FleetLayout;
use crate::fleet::teardown::{FleetProcesses, remove_contents};
use crate::skip::skip_notice;
use crate::{CgroupTree, Fleet};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use supervisor::daemon_path;
use supervisor_client::{SupervisorClient, SupervisorCommand, SupervisorConfig};

/// A real `systemd --user` with its own D-Bus and journald, for one [`Fleet`].
///
/// It has its own control group and its own `/run/systemd`, so that several can run at the same time, next to the
/// machine's own.
#[derive(Debug)]
pub struct UserManager {
    supervisor: SupervisorClient,
    paths: FleetLayout,
    environment: BTreeMap<String, String>,
    owner: Option<(u32, u32)>,
    nested: bool,
}

impl UserManager {
    /// Whether this machine allows a user manager, and how.
    #[must_use]
    pub fn availability() -> &'static Availability {
        Availability::here()
    }

    /// Starts a user manager and waits until the enabled units are up.
    ///
    /// # Panics
    /// If this machine allows no user manager, or the manager does not start.
    #[must_use]
    pub fn start(fleet: &Fleet) -> Self {
        let nested = match Self::availability() {
            Availability::AsRoot => false,
            Availability::Nested => true,
            Availability::Unavailable(reason) => panic!("no user manager here: {reason}"),
        };
        let own = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let (uid, gid) = fleet.owner().unwrap_or(own);
        let name = fleet.root().file_name().expect("the directory of a fleet has a name");
        let config = SupervisorConfig {
            name: name.to_string_lossy().into_owned(),
            environment: fleet.environment().clone(),
            uid,
            gid,
            nested,
            system: fleet.system().map(Into::into),
        };
        let manager = Self {
            supervisor: SupervisorClient::start(&config),
            paths: fleet.paths().clone(),
            environment: config.environment,
            owner: fleet.owner(),
            nested,
        };
        manager.start_manager();
        manager
    }

    /// Like [`start`](Self::start), or returns `None` with a skip notice if this machine allows no user manager. If
    /// `CI` is set, that is a panic.
    #[must_use]
    pub fn start_or_skip(fleet: &Fleet) -> Option<Self> {
        let Availability::Unavailable(reason) = Self::availability() else {
            return Some(Self::start(fleet));
        };
        skip_notice(&format!("needs a user manager, which is not available: {reason}"));
        None
    }

    /// Returns a command that runs in the manager's namespaces, with the fleet's environment, user and home.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg("--target").arg(self.supervisor.pid().to_string());
        if self.nested {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.arg("--mount");
        if let Some((uid, gid)) = self.owner {
            command.args(["--setuid", &uid.to_string(), "--setgid", &gid.to_string()]);
        }
        // Entering a mount namespace resets the working directory.
        command.args(["--", "env", "--chdir"]).arg(&self.paths.home).arg(program);
        command.env_clear().envs(&self.environment).stdin(Stdio::null());
        command
    }

    /// Runs `systemctl --user` with these arguments.
    #[must_use]
    pub fn systemctl(&self, arguments: &[&str]) -> Output {
        let mut command = self.command("systemctl");
        command.args(["--user", "--no-pager"]).args(arguments);
        command.output().expect("run systemctl")
    }

    /// Like [`systemctl`](Self::systemctl), but panics on failure and returns the trimmed output.
    pub fn systemctl_ok(&self, arguments: &[&str]) -> String {
        let output = self.systemctl(arguments);
        assert!(output.status.success(), "systemctl --user {}: {output:?}", arguments.join(" "));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Simulates a reboot: kills the manager, everything in its control group and the rest of the fleet, empties the
    /// volatile directories, and starts the manager again. The home, the journal and the boot id are kept.
    pub fn kill_and_restart_manager(&self) {
        self.supervisor.send(SupervisorCommand::Kill);
        let left = FleetProcesses::new(&self.paths.root).kill_all();
        assert!(left.is_empty(), "these processes survive SIGKILL: {left:?}");
        for volatile in [&self.paths.runtime, &self.paths.tmux, &self.paths.run] {
            // The installer makes the run directory a symbolic link, which is on the disk and survives a reboot.
            if !volatile.is_symlink() && volatile.exists() {
                remove_contents(volatile).expect("empty a directory");
            }
        }
        self.start_manager();
    }

    fn start_manager(&self) {
        self.redirect_exporter_socket();
        self.supervisor.send(SupervisorCommand::Start);
        // The manager reports readiness before the enabled units are up. `degraded` is accepted, since units of the
        // machine may fail in the namespace.
        let _ = self.systemctl(&["is-system-running", "--wait"]);
    }
}

/// The journal of the manager's units.
impl UserManager {
    /// Returns the entries that `journalctl` finds for these arguments (`["--user", "-u", "x.service"]`,
    /// `["AGENT=coder0"]`), oldest first. Everything that was logged before this call is included.
    #[must_use]
    pub fn journal(&self, matches: &[&str]) -> Vec<Value> {
        self.supervisor.send(SupervisorCommand::Sync);
        let mut command = self.command("journalctl");
        command.args(["--output=json", "--all", "--no-pager", "--quiet"]);
        let output = command.args(matches).output().expect("run journalctl");
        // With some arguments journalctl fails if no entry matches; a real error is printed.
        assert!(output.stderr.is_empty(), "journalctl {}: {output:?}", matches.join(" "));
        let lines = output.stdout.split(|byte| *byte == b'\n');
        lines
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).expect("journalctl writes JSON"))
            .collect()
    }

    /// Returns the `MESSAGE` of each entry, or an empty string if it is not text.
    #[must_use]
    pub fn journal_messages(&self, matches: &[&str]) -> Vec<String> {
        let text = |entry: &Value| entry["MESSAGE"].as_str().unwrap_or_default().to_owned();
        self.journal(matches).iter().map(text).collect()
    }
}

/// Whether a test can start a user manager on this machine, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// As root, in a mount namespace and a control group.
    AsRoot,
    /// In the session of an ordinary user, in a user namespace and a delegated scope.
    Nested,
    /// Not at all, for this reason.
    Unavailable(String),
}

impl Availability {
    /// Examines this machine, once per process.
    #[must_use]
    pub fn here() -> &'static Self {
        static HERE: OnceLock<Availability> = OnceLock::new();
        HERE.get_or_init(|| match examine() {
            Ok(available) => available,
            Err(reason) => Self::Unavailable(reason),
        })
    }
}

fn examine() -> Result<Availability, String> {
    for daemon in ["systemd", "systemd-journald"] {
        daemon_path(daemon).map_err(|error| error.to_string())?;
    }
    if !std::path::Path::new("/usr/lib/systemd/user/dbus.socket").exists() {
        return Err("the package dbus-user-session is not installed".to_owned());
    }
    if CgroupTree::top().directories().is_empty() {
        return Err("systemd has no control groups in /sys/fs/cgroup".to_owned());
    }
    if rustix::process::geteuid().is_root() {
        succeeds("unshare", &["--mount", "true"])?;
        let probe = CgroupTree::top().child(format!("mf-probe-{}.slice", std::process::id()));
        let made = probe.create(0, 0).and_then(|()| probe.remove());
        made.map_err(|error| format!("cannot create a control group: {error}"))?;
        return Ok(Availability::AsRoot);
    }
    succeeds("unshare", &["--user", "--map-current-user", "--mount", "true"])?;
    let scope = ["--user", "--scope", "--quiet", "--collect", "-p", "Delegate=yes", "true"];
    succeeds("systemd-run", &scope)?;
    Ok(Availability::Nested)
}

fn succeeds(program: &str, arguments: &[&str]) -> Result<(), String> {
    let what = format!("{program} {}", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{what}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("{what}: {}: {}", output.status, stderr.trim()))
}
