use crate::fleet::give;
use crate::{Deadline, ExporterProcess, Fleet, FleetBuilder, ShippedSchema, UnitFleet};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

/// A [`UnitFleet`] with a roster that `mosaic fleet install` has applied. The agents run
/// [`PaneProcess`](crate::PaneProcess)es; the first agent is the orchestrator.
#[derive(Debug)]
pub struct RosterFleet {
    units: UnitFleet,
}

impl RosterFleet {
    /// Installs and starts a fleet, or returns `None` with a skip notice if no user manager is possible.
    #[must_use]
    pub fn up_or_skip(agents: &[&str]) -> Option<Self> {
        let fleet = Self::installed_or_skip(Fleet::builder(), agents, "15")?;
        fleet.start(agents);
        Some(fleet)
    }

    /// Installs a fleet without starting it. `interval` is the heartbeat interval in seconds.
    #[must_use]
    pub fn installed_or_skip(builder: FleetBuilder, agents: &[&str], interval: &str) -> Option<Self> {
        let fleet = Self { units: UnitFleet::build_or_skip(builder)? };
        let head = format!(
            "version: 1\ntransport: tmux\ndefaults:\n  runtime: pi\n  heartbeat_interval: {interval}\nagents:\n"
        );
        let entry = |(nth, agent): (usize, &&str)| {
            let class = if nth == 0 { "orchestrator" } else { "implementer" };
            let command = fleet.units.test_agent_command(agent);
            format!("  - {{ name: {agent}, class: {class}, command: \"{command}\" }}\n")
        };
        let entries: Vec<String> = agents.iter().enumerate().map(entry).collect();
        fleet.write_roster(&(head + &entries.concat()));
        fleet.install();
        Some(fleet)
    }

    /// The fleet with its user manager.
    #[must_use]
    pub fn units(&self) -> &UnitFleet {
        &self.units
    }

    /// Starts the units of these agents and waits until they are active.
    pub fn start(&self, agents: &[&str]) {
        let units: Vec<String> = agents.iter().map(|agent| UnitFleet::unit(agent)).collect();
        let words: Vec<&str> = ["start"].into_iter().chain(units.iter().map(String::as_str)).collect();
        self.units.manager().systemctl_ok(&words);
    }

    /// Runs `mosaic fleet install` with the current roster.
    pub fn install(&self) {
        let installed = self.mosaic(&["fleet", "install"]);
        assert!(installed.status.success(), "mosaic fleet install: {installed:?}");
    }

    /// Reads the roster, which has one line per agent.
    #[must_use]
    pub fn roster(&self) -> String {
        std::fs::read_to_string(self.roster_path()).expect("read the roster")
    }

    /// Writes the roster without installing it.
    pub fn write_roster(&self, text: &str) {
        let path = self.roster_path();
        std::fs::create_dir_all(path.parent().expect("the roster has a parent directory")).expect("make a directory");
        std::fs::write(&path, text).expect("write the roster");
        give(self.units.fleet().home(), self.units.fleet().owner());
    }

    /// Removes an agent's line from the roster without installing it.
    pub fn forget(&self, agent: &str) {
        let (name, roster) = (format!("name: {agent},"), self.roster());
        let kept: Vec<&str> = roster.lines().filter(|line| !line.contains(&name)).collect();
        self.write_roster(&(kept.join("\n") + "\n"));
    }

    /// Returns a command that runs the installed `mosaic` in the manager's namespaces.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = self.units.fleet().mosaic_home().join("tools/fleet/mosaic");
        let mut command = self.units.manager().command(program);
        command.args(arguments);
        command
    }

    /// Runs `mosaic` with these arguments.
    #[must_use]
    pub fn mosaic(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("run mosaic")
    }

    fn roster_path(&self) -> PathBuf {
        self.units.fleet().mosaic_home().join("fleet/roster.yaml")
    }
}

/// Observations by the product; every JSON document is validated against its schema.
impl RosterFleet {
    /// Runs `mosaic fleet ps --json` and returns the exit code and the document.
    #[must_use]
    pub fn ps(&self) -> (Option<i32>, Value) {
        self.ps_by(self.command(&["fleet", "ps", "--json"]))
    }

    /// Like [`ps`](Self::ps), by another command than the installed `mosaic`.
    #[must_use]
    pub fn ps_by(&self, mut command: Command) -> (Option<i32>, Value) {
        let output = command.output().expect("run mosaic");
        assert!(!output.stdout.is_empty(), "mosaic fleet ps: {output:?}");
        (output.status.code(), ShippedSchema::Ps.read(&output.stdout))
    }

    /// Like [`ps`](Self::ps), and panics unless the exit code is 0.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let (code, snapshot) = self.ps();
        assert_eq!(code, Some(0), "{snapshot:#}");
        snapshot
    }

    /// Takes a snapshot and returns one of its agents.
    #[must_use]
    pub fn agent(&self, name: &str) -> Value {
        Self::agent_of(&self.snapshot(), name)
    }

    /// Takes a snapshot and returns the kind and subject of every drift, sorted.
    #[must_use]
    pub fn drift(&self) -> Vec<(String, String)> {
        Self::drift_of(&self.snapshot())
    }

    /// Returns one agent of a snapshot.
    #[must_use]
    pub fn agent_of(snapshot: &Value, name: &str) -> Value {
        let mut agents = snapshot["agents"].as_array().expect("a list").iter();
        agents.find(|agent| agent["name"] == name).unwrap_or_else(|| panic!("no {name} in {snapshot:#}")).clone()
    }

    /// Returns the kind and subject of every drift of a snapshot, sorted.
    #[must_use]
    pub fn drift_of(snapshot: &Value) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let items = snapshot["drift"].as_array().expect("a list").iter();
        let mut drift: Vec<_> = items.map(|item| (text(&item["kind"]), text(&item["subject"]))).collect();
        drift.sort_unstable();
        drift
    }

    /// Takes a snapshot and returns the condition of an agent.
    #[must_use]
    pub fn condition(&self, agent: &str) -> String {
        self.agent(agent)["condition"].as_str().expect("a word").to_owned()
    }

    /// Waits until an agent has this condition and returns the snapshot.
    pub fn wait_condition(&self, agent: &str, condition: &str) -> Value {
        let deadline = Deadline::default();
        loop {
            let snapshot = self.snapshot();
            let seen = Self::agent_of(&snapshot, agent);
            if seen["condition"] == condition {
                return snapshot;
            }
            assert!(!deadline.passed(), "{agent} does not become {condition}: {seen:#}");
            // The cause may be a file, a process or just the passing of time, so there is no event to wait for.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs `mosaic fleet verify --json` with more arguments and returns the exit code and the document.
    #[must_use]
    pub fn verify(&self, further: &[&str]) -> (Option<i32>, Value) {
        let output = self.mosaic(&[&["fleet", "verify", "--json"], further].concat());
        assert!(!output.stdout.is_empty(), "mosaic fleet verify: {output:?}");
        (output.status.code(), ShippedSchema::Verify.read(&output.stdout))
    }
}

impl RosterFleet {
    /// Starts the installed exporter in the manager's namespaces.
    #[must_use]
    pub fn exporter(&self, flags: &[&str]) -> ExporterProcess {
        let program = self.units.fleet().mosaic_home().join("tools/fleet/mosaic-fleet-exporter");
        let mut command = self.units.manager().command(program);
        command.args(flags);
        ExporterProcess::start(command)
    }
}
