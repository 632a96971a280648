//! A stage with a whole fleet on it: agents of a roster, installed by the product and run by systemd.

use crate::holdings::kilobytes;
use crate::stage::COMMAND;
use crate::unit_stage::UnitStage;
use mosaic_harness::ExporterProcess;
use rustix::process::{Resource, getrlimit};
use serde_json::Value;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Seconds between beats: long, so that nothing happens while somebody looks.
const INTERVAL: u32 = 600;
/// As many are started at once: more of them would only wait for each other.
const AT_ONCE: usize = 50;
/// systemd gives a service 1024 descriptors; a tmux server needs one a pane, and some more.
const HOLDER_LIMITS: &str = "[Service]\nLimitNOFILE=16384\nTasksMax=infinity\n";
/// As in the exporter's unit: it keeps two files an agent open.
const EXPORTER_FILES: u64 = 65536;

/// Runs the rest of its arguments as often as the first says; a line of microseconds for each. What
/// looks and finds something wrong ends with 1.
const TIMES: &str = r#"
times=$1 output=$2
shift 2
for ((run = 0; run < times; run++)); do
    begun=${EPOCHREALTIME/[.,]/}
    "$@" >"$output" || (($? == 1)) || exit
    echo $((${EPOCHREALTIME/[.,]/} - begun))
done
"#;

/// A fleet that can be made larger.
#[derive(Debug)]
pub(crate) struct RosterStage {
    units: UnitStage,
    agents: Vec<String>,
}

impl RosterStage {
    /// Without an agent.
    ///
    /// # Errors
    /// This machine allows no user manager, for that reason.
    pub(crate) fn new() -> Result<Self, String> {
        let units = UnitStage::new()?;
        units.manager().drop_in("mosaic-tmux-holder.service", "bench", HOLDER_LIMITS);
        Ok(Self { units, agents: Vec::new() })
    }

    /// Puts agents into the roster until there are so many, installs them, and starts the new ones.
    pub(crate) fn grow(&mut self, wanted: usize) -> Result<(), String> {
        let before = self.agents.len();
        self.agents.extend((before..wanted).map(|number| format!("agent{number}")));
        let fleet = self.units.stage().fleet().mosaic_home().join("fleet");
        fs::create_dir_all(&fleet).map_err(|error| format!("{}: {error}", fleet.display()))?;
        let roster = fleet.join("roster.yaml");
        fs::write(&roster, self.roster()).map_err(|error| format!("{}: {error}", roster.display()))?;
        let mut install = self.mosaic(&["fleet", "install"]);
        let installed = install.output().map_err(|error| format!("mosaic: {error}"))?;
        if !installed.status.success() {
            let said = String::from_utf8_lossy(&installed.stderr);
            return Err(format!("mosaic fleet install: {}: {}", installed.status, said.trim()));
        }
        for agents in self.agents[before..].chunks(AT_ONCE) {
            let units: Vec<String> = agents.iter().map(|agent| UnitStage::unit(agent)).collect();
            let arguments: Vec<&str> = ["start"].into_iter().chain(units.iter().map(String::as_str)).collect();
            let started = self.units.manager().systemctl(&arguments);
            if !started.status.success() {
                let said = String::from_utf8_lossy(&started.stderr);
                return Err(format!("systemctl start of {AT_ONCE} units after {before}: {}", said.trim()));
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

    /// A program beside the manager, in the fleet's environment.
    pub(crate) fn beside(&self, program: impl AsRef<OsStr>) -> Command {
        self.units.manager().command(program)
    }

    /// The exporter where the installer puts it, beside the manager, on a port of its own. It may have as
    /// many files open as its unit lets it, or as this machine lets anybody.
    pub(crate) fn exporter(&self) -> ExporterProcess {
        let most = getrlimit(Resource::Nofile).maximum.unwrap_or(EXPORTER_FILES).min(EXPORTER_FILES);
        let mut command = self.beside("prlimit");
        command.arg(format!("--nofile={most}")).arg(self.installed("mosaic-fleet-exporter"));
        ExporterProcess::start(command)
    }

    /// The process of the fleet with that name, by the kernel's account: the tmux server, the manager.
    pub(crate) fn process(&self, name: &str) -> Result<u32, String> {
        let is_it =
            |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name);
        let mut found = self.units.stage().fleet().processes().into_iter().filter(is_it);
        match (found.next(), found.next()) {
            (Some(pid), None) => Ok(pid),
            (None, _) => Err(format!("the fleet has no process {name}")),
            (Some(one), Some(two)) => Err(format!("the fleet has more than one process {name}: {one}, {two}")),
        }
    }

    pub(crate) fn runtime_directory(&self) -> &Path {
        self.units.stage().fleet().runtime_directory()
    }

    /// The command `mosaic` where the installer puts it, beside the manager.
    pub(crate) fn mosaic(&self, arguments: &[&str]) -> Command {
        let mut command = self.beside(self.program());
        command.args(arguments);
        command
    }

    /// How long a command takes, in milliseconds, so many times, and what it printed last. A shell
    /// beside the manager starts it, as a person's would.
    pub(crate) fn time(&self, times: usize, command: &[&str]) -> Result<(Vec<f64>, String), String> {
        let printed = self.units.stage().fleet().run_directory().join("printed");
        let mut shell = self.beside("bash");
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

    /// The most memory that `mosaic` has when it begins to print, in kB, by the kernel's account of
    /// the process. A pipe that nobody reads holds it there.
    pub(crate) fn peak(&self, arguments: &[&str]) -> Result<f64, String> {
        let mut mosaic = self.mosaic(arguments).stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let mut pipe = mosaic.stdout.take().ok_or("no pipe")?;
        let printed = pipe.read_exact(&mut [0]).map_err(|error| format!("mosaic printed nothing: {error}"));
        let peak = printed.and_then(|()| kilobytes(mosaic.id(), "VmHWM"));
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        mosaic.wait().map_err(|error| format!("mosaic: {error}"))?;
        peak
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.installed("mosaic")
    }

    fn installed(&self, program: &str) -> PathBuf {
        self.units.stage().fleet().mosaic_home().join("tools/fleet").join(program)
    }

    /// Is the fleet as it should be, by the product's own word? Looking at one that is not may cost less.
    pub(crate) fn check(&self, printed: &str) -> Result<(), String> {
        let snapshot: Value = serde_json::from_str(printed).map_err(|error| format!("ps --json: {error}"))?;
        let agents = snapshot["agents"].as_array().map(Vec::as_slice).unwrap_or_default();
        let seen = |agent: &&Value| {
            agent["condition"] == "up" && !agent["usage"].is_null() && !agent["unit"]["since"].is_null()
        };
        let up = agents.iter().filter(seen).count();
        if up == self.agents.len() && up == agents.len() && snapshot["drift"] == Value::Array(Vec::new()) {
            return Ok(());
        }
        let first = agents.iter().find(|agent| !seen(agent)).unwrap_or(&Value::Null);
        let drift = snapshot["drift"].as_array().and_then(|drift| drift.first()).unwrap_or(&Value::Null);
        Err(format!(
            "{up} of {} agents are up and wholly seen; the first that is not: {first}; the first drift: {drift}; {}",
            self.agents.len(),
            snapshot["sources"]
        ))
    }
}
