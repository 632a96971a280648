mod journal;
mod units;

use crate::fleet::teardown::remove_contents;
use crate::fleet_paths::FleetPaths;
use crate::fleet_processes::FleetProcesses;
use crate::keeper_client::KeeperClient;
use crate::keeper_order::KeeperOrder;
use crate::keeper_plan::KeeperPlan;
use crate::{Availability, Fleet};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// A real `systemd --user`, with its D-Bus and a real journald, for one [`Fleet`] alone.
///
/// It has its own control group and its own `/run/systemd`, so any number of them run side by
/// side, beside the machine's own.
#[derive(Debug)]
pub struct UserManager {
    keeper: KeeperClient,
    paths: FleetPaths,
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
        let plan = KeeperPlan {
            name: name.to_string_lossy().into_owned(),
            environment: fleet.environment().clone(),
            uid,
            gid,
            nested,
        };
        let manager = Self {
            keeper: KeeperClient::start(&plan),
            paths: fleet.paths().clone(),
            environment: plan.environment,
            owner: fleet.owner(),
            nested,
        };
        manager.boot();
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
        command.arg("--target").arg(self.keeper.pid().to_string());
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
        self.keeper.order(KeeperOrder::Halt);
        let left = FleetProcesses::new(&self.paths.root).kill_all();
        assert!(left.is_empty(), "will not die: {left:?}");
        for volatile in [&self.paths.runtime, &self.paths.tmux, &self.paths.run] {
            // A link, as the installer makes of the run directory, is on the disk: it stays.
            if !volatile.is_symlink() && volatile.exists() {
                remove_contents(volatile).expect("empty a directory");
            }
        }
        self.boot();
    }

    fn boot(&self) {
        self.give_the_exporter_a_place();
        self.keeper.order(KeeperOrder::Boot);
        // The first readiness comes before the units that are enabled are up. `degraded` is fine:
        // a unit of the machine's own may well fail in here.
        let _ = self.systemctl(&["is-system-running", "--wait"]);
    }
}
