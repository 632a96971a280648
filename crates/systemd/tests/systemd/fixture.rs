//! A user manager whose agents behave as their names say, and what tests do to it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mosaic_harness::{Fleet, FleetBuilder, UserManager};
use mosaic_systemd::{JobOutcome, ManagerAddress, UnitName, Verb};
use rustix::process::{Pid, Signal, kill_process};

/// A time limit for calls that are expected to succeed.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

const TEMPLATE: &str = "\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'case %i in fail*) exit 7 ;; slow*) exec sleep 1000 ;; esac'

[Install]
WantedBy=default.target
";

pub(crate) struct Fixture {
    // Dropped before the fleet.
    manager: UserManager,
    fleet: Fleet,
}

impl Fixture {
    pub(crate) fn start_or_skip() -> Option<Self> {
        Self::build_or_skip(Fleet::builder())
    }

    pub(crate) fn build_or_skip(builder: FleetBuilder) -> Option<Self> {
        let fleet = builder.build();
        let manager = UserManager::start_or_skip(&fleet)?;
        manager.install_unit(UnitName::AGENT_TEMPLATE, TEMPLATE);
        Some(Self { manager, fleet })
    }

    pub(crate) fn manager(&self) -> &UserManager {
        &self.manager
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    pub(crate) fn address(&self) -> ManagerAddress {
        ManagerAddress::new(Some(self.fleet.runtime_directory().to_owned()), None)
    }

    /// The address of the same manager without its bus.
    pub(crate) fn address_without_bus(&self) -> ManagerAddress {
        ManagerAddress::new(Some(self.runtime_directory_without_bus()), None)
    }

    pub(crate) fn runtime_directory_without_bus(&self) -> PathBuf {
        let directory = self.fleet.root().join("busless");
        std::fs::create_dir_all(&directory).unwrap();
        let _ = std::os::unix::fs::symlink(self.fleet.runtime_directory().join("systemd"), directory.join("systemd"));
        directory
    }

    pub(crate) fn connect(&self) -> mosaic_systemd::UserManager {
        mosaic_systemd::UserManager::connect(&self.address(), LIMIT).unwrap()
    }

    pub(crate) fn connect_without_bus(&self) -> mosaic_systemd::UserManager {
        mosaic_systemd::UserManager::connect(&self.address_without_bus(), LIMIT).unwrap()
    }

    /// The variables of the fleet's environment.
    pub(crate) fn variable(&self) -> impl Fn(&str) -> Option<OsString> {
        |name| self.fleet.environment().get(name).map(OsString::from)
    }

    /// The process of the fleet that runs this program.
    pub(crate) fn process(&self, program: &str) -> Pid {
        let is_program = |pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let first = line.split(|&byte| byte == 0).next().unwrap_or_default();
            Path::new(std::str::from_utf8(first).unwrap()).file_name().is_some_and(|name| name == program)
        };
        let pid = self.fleet.processes().into_iter().find(is_program);
        let pid = pid.unwrap_or_else(|| panic!("no {program} runs"));
        Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
    }

    /// Runs this test again in the mount namespace of the manager, as its user. There [`is_beside_manager`] returns
    /// true.
    pub(crate) fn run_beside_manager(&self, test: &str, variables: &[(&str, &Path)]) {
        let this = std::env::current_exe().unwrap();
        let copy = self.fleet.root().join("test");
        // The user of the manager may not be able to read the build directory.
        std::fs::copy(&this, &copy).unwrap();
        let mut command = self.manager.command(&copy);
        command.args(["--exact", test, "--nocapture"]).env(BESIDE, "1").envs(variables.iter().copied());
        let output = command.output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && stdout.contains("1 passed"), "beside the manager: {stdout}\n{stderr}");
    }
}

const BESIDE: &str = "MOSAIC_TEST_BESIDE_THE_MANAGER";

pub(crate) fn is_beside_manager() -> bool {
    std::env::var_os(BESIDE).is_some()
}

/// A process that is paused until this value is dropped.
pub(crate) struct PausedProcess(Pid);

impl PausedProcess {
    pub(crate) fn new(pid: Pid) -> Self {
        kill_process(pid, Signal::STOP).unwrap();
        Self(pid)
    }
}

impl Drop for PausedProcess {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

pub(crate) fn agent(name: &str) -> UnitName {
    UnitName::agent(&name.parse().unwrap())
}

/// Runs a job for each agent; returns the outcomes, and the agents in the order in which their jobs ended.
pub(crate) fn run(
    manager: &mosaic_systemd::UserManager,
    verb: Verb,
    agents: &[&str],
    limit: Duration,
) -> (Vec<JobOutcome>, Vec<String>) {
    let units: Vec<_> = agents.iter().map(|name| agent(name)).collect();
    let mut finished = Vec::new();
    let ended =
        manager.run(verb, &units, limit, &mut |unit, _| finished.push(unit.agent_name().unwrap().to_string())).unwrap();
    assert_eq!(ended.iter().map(|(unit, _)| unit.clone()).collect::<Vec<_>>(), units);
    (ended.into_iter().map(|(_, outcome)| outcome).collect(), finished)
}

const ALONE: &str = "MOSAIC_TEST_ALONE";

/// Runs this test again in a process of its own, in which no other test runs; true in that process.
pub(crate) fn is_alone_or_run_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let this = std::env::current_exe().unwrap();
    let output =
        std::process::Command::new(this).args(["--exact", test, "--nocapture"]).env(ALONE, "1").output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stdout.contains("1 passed"), "alone: {stdout}\n{stderr}");
    false
}
