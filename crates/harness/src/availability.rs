use crate::CgroupTree;
use crate::keeper::daemon_path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

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
