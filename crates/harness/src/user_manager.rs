pub(crate) mod namespace;
pub(crate) mod supervisor;
mod supervisor_client;
mod units;

use crate::fleet::FleetLayout;
use crate::fleet::teardown::{FleetProcesses, remove_contents};
use crate::{CgroupTree, Fleet};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use supervisor::daemon_path;
use supervisor_client::{SupervisorClient, SupervisorCommand, SupervisorConfig};

/// A real `systemd --user`, with its D-Bus and a real journald, for one [`Fleet`] alone.
///
/// It has its own control group and its own `/run/systemd`, so any number of them run side by
/// side, beside the machine's own.
#[derive(Debug)]
pub struct UserManager {
    supervisor: SupervisorClient,
    paths: FleetLayout,
    environment: BTreeMap<String, String>,
    owner: Option<(u32, u32)>,
    nested: bool,
}

impl UserManager {
    /// Whether and how this machine allows one.
    #[must_use]
    pub fn availability() -> &'static Availability {
        Availability::here()
    }

    /// Starts one and waits until it has started all that is enabled.
    ///
    /// # Panics
    /// When it is not possible here, or the manager does not come up.
    #[must_use]
    pub fn start(fleet: &Fleet) -> Self {
        let nested = match Self::availability() {
            Availability::AsRoot => false,
            Availability::Nested => true,
            Availability::Unavailable(reason) => panic!("no user manager here: {reason}"),
        };
        let own = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let (uid, gid) = fleet.owner().unwrap_or(own);
        let name = fleet.root().file_name().expect("it has a name");
        let plan = SupervisorConfig {
            name: name.to_string_lossy().into_owned(),
            environment: fleet.environment().clone(),
            uid,
            gid,
            nested,
        };
        let manager = Self {
            supervisor: SupervisorClient::start(&plan),
            paths: fleet.paths().clone(),
            environment: plan.environment,
            owner: fleet.owner(),
            nested,
        };
        manager.start_manager();
        manager
    }

    /// As [`start`](Self::start); where that is not possible the test says loudly that it is
    /// skipped, and in continuous integration (`CI` is set) it fails.
    #[must_use]
    pub fn start_or_skip(fleet: &Fleet) -> Option<Self> {
        let Availability::Unavailable(reason) = Self::availability() else {
            return Some(Self::start(fleet));
        };
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let notice = format!("SKIPPED: {test} needs a user manager, because {reason}");
        assert!(std::env::var_os("CI").is_none(), "{notice}");
        // Not by a macro: the test runner would keep that to itself.
        let _ = writeln!(std::io::stderr(), "{notice}");
        None
    }

    /// A program beside the manager: same mount namespace, the fleet's environment, user and home.
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
        // Entering a mount namespace loses the working directory.
        command.args(["--", "env", "--chdir"]).arg(&self.paths.home).arg(program);
        command.env_clear().envs(&self.environment).stdin(Stdio::null());
        command
    }

    /// `systemctl --user` with these arguments.
    #[must_use]
    pub fn systemctl(&self, arguments: &[&str]) -> Output {
        let mut command = self.command("systemctl");
        command.args(["--user", "--no-pager"]).args(arguments);
        command.output().expect("run systemctl")
    }

    /// As [`systemctl`](Self::systemctl), and it has to succeed; its trimmed output.
    pub fn systemctl_ok(&self, arguments: &[&str]) -> String {
        let output = self.systemctl(arguments);
        assert!(output.status.success(), "systemctl --user {}: {output:?}", arguments.join(" "));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A reboot, as units see it: the manager and everything in its control group is killed, as is
    /// the rest of the fleet, what a boot would find empty is emptied, and the manager starts anew.
    /// The home stays, the journal goes on, and so does the boot id.
    pub fn kill_and_restart_manager(&self) {
        self.supervisor.send(SupervisorCommand::Kill);
        let left = FleetProcesses::new(&self.paths.root).kill_all();
        assert!(left.is_empty(), "will not die: {left:?}");
        for volatile in [&self.paths.runtime, &self.paths.tmux, &self.paths.run] {
            // A link, as the installer makes of the run directory, is on the disk: it stays.
            if !volatile.is_symlink() && volatile.exists() {
                remove_contents(volatile).expect("empty a directory");
            }
        }
        self.start_manager();
    }

    fn start_manager(&self) {
        self.redirect_exporter_socket();
        self.supervisor.send(SupervisorCommand::Start);
        // The first readiness comes before the units that are enabled are up. `degraded` is fine:
        // a unit of the machine's own may well fail in here.
        let _ = self.systemctl(&["is-system-running", "--wait"]);
    }
}

/// What the manager's units have logged.
impl UserManager {
    /// What `journalctl` finds for these arguments (`["--user", "-u", "x.service"]`,
    /// `["AGENT=coder0"]`), oldest first, with everything that was logged before this call.
    #[must_use]
    pub fn journal(&self, matches: &[&str]) -> Vec<Value> {
        self.supervisor.send(SupervisorCommand::Sync);
        let mut command = self.command("journalctl");
        command.args(["--output=json", "--all", "--no-pager", "--quiet"]);
        let output = command.args(matches).output().expect("run journalctl");
        // It fails when nothing matches with some arguments, and says why when something is wrong.
        assert!(output.stderr.is_empty(), "journalctl {}: {output:?}", matches.join(" "));
        let lines = output.stdout.split(|byte| *byte == b'\n');
        lines
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).expect("journalctl writes JSON"))
            .collect()
    }

    /// The `MESSAGE` of each; empty for one that is not text.
    #[must_use]
    pub fn journal_messages(&self, matches: &[&str]) -> Vec<String> {
        let text = |entry: &Value| entry["MESSAGE"].as_str().unwrap_or_default().to_owned();
        self.journal(matches).iter().map(text).collect()
    }
}

/// Whether, and how, a test can have a user manager of its own on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// In a mount namespace and a control group made by root.
    AsRoot,
    /// Inside the session of the user who runs the test: in a user namespace and a delegated
    /// scope.
    Nested,
    /// Not at all, because of this.
    Unavailable(String),
}

impl Availability {
    /// What this machine allows; looked at once.
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
        return Err("no control groups of systemd's in /sys/fs/cgroup".to_owned());
    }
    if rustix::process::geteuid().is_root() {
        succeeds("unshare", &["--mount", "true"])?;
        let probe = CgroupTree::top().child(format!("mf-probe-{}.slice", std::process::id()));
        let made = probe.create(0, 0).and_then(|()| probe.remove());
        made.map_err(|error| format!("no control group can be made: {error}"))?;
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
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{what}: {}: {}", output.status, said.trim()))
}
