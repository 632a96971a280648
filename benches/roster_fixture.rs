//! A fixture with a large fleet: agents of a roster, installed by the product and run by systemd.

use crate::fixture::COMMAND;
use crate::process_stats::status_kilobytes;
use crate::unit_fixture::UnitFixture;
use mosaic_harness::ExporterProcess;
use rustix::process::{Resource, getrlimit};
use serde_json::Value;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The heartbeat interval in seconds, long enough that no heartbeat disturbs a measurement.
const INTERVAL: u32 = 600;
/// The number of units that one `systemctl start` starts.
const START_BATCH: usize = 50;
/// systemd limits a service to 1024 descriptors, but a tmux server needs more than one per pane.
const HOLDER_LIMITS: &str = "[Service]\nLimitNOFILE=16384\nTasksMax=infinity\n";
/// `LimitNOFILE` of the exporter's unit: the exporter keeps two files per agent open.
const EXPORTER_FILES: u64 = 65536;

/// A script that runs a command several times and prints the duration of each run in microseconds. Exit code 1 means
/// that the command has found drift, and is accepted.
const TIMES: &str = r#"
times=$1 output=$2
shift 2
for ((run = 0; run < times; run++)); do
    begun=${EPOCHREALTIME/[.,]/}
    "$@" >"$output" || (($? == 1)) || exit
    echo $((${EPOCHREALTIME/[.,]/} - begun))
done
"#;

/// A fleet to which agents can be added.
#[derive(Debug)]
pub(crate) struct RosterFixture {
    units: UnitFixture,
    agents: Vec<String>,
}

impl RosterFixture {
    /// Creates a fleet without agents.
    ///
    /// # Errors
    /// The reason why this machine allows no user manager.
    pub(crate) fn new() -> Result<Self, String> {
        let units = UnitFixture::new()?;
        units.manager().drop_in("mosaic-tmux-holder.service", "bench", HOLDER_LIMITS);
        Ok(Self { units, agents: Vec::new() })
    }

    /// Adds agents to the roster up to `wanted`, installs the roster and starts the new agents.
    pub(crate) fn grow(&mut self, wanted: usize) -> Result<(), String> {
        let before = self.agents.len();
        self.agents.extend((before..wanted).map(|number| format!("agent{number}")));
        let fleet = self.units.fixture().fleet().mosaic_home().join("fleet");
        fs::create_dir_all(&fleet).map_err(|error| format!("{}: {error}", fleet.display()))?;
        let roster = fleet.join("roster.yaml");
        fs::write(&roster, self.roster()).map_err(|error| format!("{}: {error}", roster.display()))?;
        let mut install = self.mosaic(&["fleet", "install"]);
        let installed = install.output().map_err(|error| format!("mosaic: {error}"))?;
        if !installed.status.success() {
            let stderr = String::from_utf8_lossy(&installed.stderr);
            return Err(format!("mosaic fleet install: {}: {}", installed.status, stderr.trim()));
        }
        for agents in self.agents[before..].chunks(START_BATCH) {
            let units: Vec<String> = agents.iter().map(|agent| UnitFixture::unit(agent)).collect();
            let arguments: Vec<&str> = ["start"].into_iter().chain(units.iter().map(String::as_str)).collect();
            let started = self.units.manager().systemctl(&arguments);
            if !started.status.success() {
                let stderr = String::from_utf8_lossy(&started.stderr);
                return Err(format!(
                    "systemctl start of up to {START_BATCH} units, with {before} running: {}",
                    stderr.trim()
                ));
            }
        }
        Ok(())
    }

    fn roster(&self) -> String {
        let mut text = format!(
            "version: 1\ntransport: tmux\ndefaults:\n  runtime: pi\n  heartbeat_interval: {INTERVAL}\nagents:\n"
        );
        for (number, agent) in self.agents.iter().enumerate() {
            let class = if number == 0 { "orchestrator" } else { "implementer" };
            let _ = write!(text, "  - name: {agent}\n    class: {class}\n    command: {COMMAND}\n");
        }
        text
    }

    pub(crate) fn agents(&self) -> &[String] {
        &self.agents
    }

    /// Returns a command that runs in the manager's namespaces, with the fleet's environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        self.units.manager().command(program)
    }

    /// Starts the installed exporter in the manager's namespaces on a free port, with the descriptor limit of its unit
    /// or the hard limit of this machine.
    pub(crate) fn exporter(&self) -> ExporterProcess {
        let limit = getrlimit(Resource::Nofile).maximum.unwrap_or(EXPORTER_FILES).min(EXPORTER_FILES);
        let mut command = self.command("prlimit");
        command.arg(format!("--nofile={limit}")).arg(self.installed("mosaic-fleet-exporter"));
        ExporterProcess::start(command)
    }

    /// Finds the only process of the fleet with this name, for example the tmux server or the manager.
    pub(crate) fn process(&self, name: &str) -> Result<u32, String> {
        let has_name =
            |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name);
        let mut found = self.units.fixture().fleet().processes().into_iter().filter(has_name);
        match (found.next(), found.next()) {
            (Some(pid), None) => Ok(pid),
            (None, _) => Err(format!("the fleet has no process {name}")),
            (Some(one), Some(two)) => Err(format!("the fleet has more than one process {name}: {one}, {two}")),
        }
    }

    pub(crate) fn runtime_directory(&self) -> &Path {
        self.units.fixture().fleet().runtime_directory()
    }

    /// Returns a command that runs the installed `mosaic` in the manager's namespaces.
    pub(crate) fn mosaic(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(self.program());
        command.args(arguments);
        command
    }

    /// Runs a command several times and returns each duration in milliseconds and the output of the last run. A shell
    /// in the manager's namespaces runs the command.
    pub(crate) fn time(&self, times: usize, command: &[&str]) -> Result<(Vec<f64>, String), String> {
        let printed = self.units.fixture().fleet().run_directory().join("printed");
        let mut shell = self.command("bash");
        shell.args(["-c", TIMES, "times", &times.to_string()]).arg(&printed).args(command);
        let output = shell.output().map_err(|error| format!("bash: {error}"))?;
        if !output.status.success() {
            return Err(format!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()));
        }
        let milliseconds = |line: &str| line.parse::<f64>().ok().map(|microseconds| microseconds / 1e3);
        let took: Vec<f64> = String::from_utf8_lossy(&output.stdout).lines().filter_map(milliseconds).collect();
        let text = fs::read_to_string(&printed).map_err(|error| format!("{}: {error}", printed.display()))?;
        let _ = fs::remove_file(&printed);
        Ok((took, text))
    }

    /// Returns the peak memory of `mosaic` in kB when it begins to print. An unread pipe blocks the process at that
    /// point.
    pub(crate) fn peak_memory(&self, arguments: &[&str]) -> Result<f64, String> {
        let mut mosaic = self.mosaic(arguments).stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let mut pipe = mosaic.stdout.take().ok_or("no pipe")?;
        let printed = pipe.read_exact(&mut [0]).map_err(|error| format!("mosaic printed nothing: {error}"));
        let peak = printed.and_then(|()| status_kilobytes(mosaic.id(), "VmHWM"));
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        mosaic.wait().map_err(|error| format!("mosaic: {error}"))?;
        peak
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.installed("mosaic")
    }

    fn installed(&self, program: &str) -> PathBuf {
        self.units.fixture().fleet().mosaic_home().join("tools/fleet").join(program)
    }

    /// Checks that `ps` reports every agent as up, without drift, since observing a faulty fleet may cost less.
    pub(crate) fn check(&self, printed: &str) -> Result<(), String> {
        let snapshot: Value = serde_json::from_str(printed).map_err(|error| format!("ps --json: {error}"))?;
        let agents = snapshot["agents"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_complete = |agent: &&Value| {
            agent["condition"] == "up" && !agent["usage"].is_null() && !agent["unit"]["since"].is_null()
        };
        let up = agents.iter().filter(is_complete).count();
        if up == self.agents.len() && up == agents.len() && snapshot["drift"] == Value::Array(Vec::new()) {
            return Ok(());
        }
        let first = agents.iter().find(|agent| !is_complete(agent)).unwrap_or(&Value::Null);
        let drift = snapshot["drift"].as_array().and_then(|drift| drift.first()).unwrap_or(&Value::Null);
        Err(format!(
            "{up} of {} agents are up and completely observed; the first other agent: {first}; the first drift: \
             {drift}; {}",
            self.agents.len(),
            snapshot["sources"]
        ))
    }
}
