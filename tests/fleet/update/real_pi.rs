//! A real pi of an older version updates itself while two agents run it, and no message is lost.

use crate::update::update_fixture::RunningUpdate;
use crate::update::update_fixture::{outcomes, pairs};
use mosaic_harness::{Deadline, ModelServer, OlderPi, OutboxDirectory, Pi, ProcessWatch, ShippedSchema, UnitFleet};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

struct Fleet {
    units: UnitFleet,
    model: ModelServer,
    pi: OlderPi,
}

impl Fleet {
    /// Two agents, `p0` and `p1`, both up.
    fn started_or_skip(version: &str) -> Option<Self> {
        let newer = Pi::installed_or_skip()?;
        let units = UnitFleet::start_or_skip()?;
        let pi = OlderPi::install_or_skip(units.fleet(), version)?;
        let model = ModelServer::start();
        newer.configure(units.fleet(), &model);
        let roster = "version: 1\ntransport: tmux\ndefaults: { runtime: pi, heartbeat_interval: 0.5 }\nagents:\n  \
                      - { name: p0, class: orchestrator }\n  - { name: p1, class: implementer }\n";
        let directory = units.fleet().mosaic_home().join("fleet");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("roster.yaml"), roster).unwrap();
        for agent in ["p0", "p1"] {
            let further = format!("PATH={}\nMOSAIC_HEARTBEAT_INTERVAL=0.5\n", pi.search_path());
            units.settings(agent, &pi.command(), &further);
        }
        let fleet = Self { units, model, pi };
        fleet.ok(&["fleet", "start"]);
        Some(fleet)
    }

    fn mosaic(&self, words: &[&str]) -> Command {
        let mut command = self.units.manager().command(self.units.fleet().mosaic_home().join("tools/fleet/mosaic"));
        command.envs(self.pi.environment()).args(words);
        command
    }

    fn ok(&self, words: &[&str]) -> String {
        let output = self.mosaic(words).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Sends a message and returns its outcome.
    fn send(&self, agent: &str, text: &str, further: &[&str]) -> String {
        let words = ["agent", "send", agent, "--no-preamble", "--json", "-m", text];
        let answer: Value = serde_json::from_str(&self.ok(&[&words[..], further].concat())).unwrap();
        answer["receipts"][0]["outcome"].as_str().unwrap().to_owned()
    }

    /// The process in an agent's pane, from its heartbeat.
    fn process(&self, agent: &str) -> ProcessWatch {
        ProcessWatch::new(self.units.fleet().heartbeat(agent).unwrap()["pid"].parse().unwrap()).unwrap()
    }

    /// The screen and history of an agent's pane.
    fn history(&self, agent: &str) -> String {
        let target = format!("={agent}:");
        let history = self.units.fleet().tmux(&["capture-pane", "-p", "-S", "-", "-t", &target]);
        String::from_utf8(history.stdout).unwrap()
    }

    /// Waits until the screen or the history of an agent's pane contains `text`.
    fn wait_shown(&self, agent: &str, text: &str) {
        let deadline = Deadline::after(Deadline::DEFAULT * 3);
        while !self.history(agent).contains(text) {
            assert!(!deadline.passed(), "{agent} does not show {text:?}:\n{}", self.history(agent));
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait_stopped(&self, agent: &str) {
        let deadline = Deadline::after(Deadline::DEFAULT * 3);
        while self.units.fleet().heartbeat(agent).unwrap()["status"] == "ok" {
            assert!(!deadline.passed(), "{agent} is not stopped");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The start time of a process in clock ticks since boot.
fn start_ticks(process: &ProcessWatch) -> u64 {
    let pid = mosaic_domain::Pid::new(process.pid()).unwrap();
    mosaic_process::ProcRoot::default().stat(pid).unwrap().unwrap().start_ticks
}

#[test]
fn agents_get_the_newer_pi_in_turn_and_every_message_arrives_once() {
    let Some(fleet) = Fleet::started_or_skip("0.73.0") else { return };
    assert_eq!(fleet.pi.version(), "0.73.0");
    for agent in ["p0", "p1"] {
        assert_eq!(fleet.send(agent, &format!("hello {agent}"), &["--wait", "30"]), "accepted");
    }
    let _ = fleet.model.wait_user_turns(2);
    let old = ["p0", "p1"].map(|agent| fleet.process(agent));

    let plan = fleet.ok(&["fleet", "update", "--dry-run"]);
    assert!(plan.contains("0.73.0, would be updated by: ") && plan.contains("pi update --self"), "{plan}");
    assert_eq!((fleet.pi.version().as_str(), old.iter().any(ProcessWatch::is_dead)), ("0.73.0", false));

    // p0 works and reports nothing: only its screen shows it.
    let held = fleet.model.hold();
    assert_eq!(fleet.send("p0", "a long task", &[]), "accepted");
    fleet.model.wait_held();
    let update = fleet.mosaic(&["fleet", "update", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut update = RunningUpdate::new(update.unwrap());
    update.wait_stderr("until p0 is idle: the agent is working");
    assert_ne!(fleet.pi.version(), "0.73.0");
    assert!(!old.iter().any(ProcessWatch::is_dead), "no agent is stopped while it works or out of order");
    drop(held);

    fleet.wait_stopped("p0");
    assert_eq!(fleet.send("p0", "sent between two programs", &["--queue"]), "waiting");
    assert!(!old[1].is_dead(), "the second still runs");
    let (status, answer, stderr) = update.end();
    let answer = ShippedSchema::Update.read(answer.as_bytes());
    assert!(status.success(), "{answer:#}\n{stderr}");
    assert_eq!(outcomes(&answer), pairs(&[("p0", "relaunched"), ("p1", "relaunched")]), "{answer:#}");
    let (program, now) = (&answer["programs"][0], fleet.pi.version());
    assert_eq!((&program["before"], &program["version"]), (&"0.73.0".into(), &now.as_str().into()), "{answer:#}");
    let downgrade =
        format!("npm install -g --prefix {} @mariozechner/pi-coding-agent@0.73.0", fleet.pi.prefix().display());
    assert_eq!(program["back"], downgrade.as_str());

    let new = ["p0", "p1"].map(|agent| fleet.process(agent));
    assert!(old.iter().all(ProcessWatch::is_dead));
    let ticks = 3 * rustix::param::clock_ticks_per_second();
    assert!(
        start_ticks(&new[1]) - start_ticks(&new[0]) >= ticks,
        "the second was stopped before the first had stayed up"
    );
    for agent in ["p0", "p1"] {
        fleet.wait_shown(agent, &format!("v{now}"));
    }
    OutboxDirectory::new(units(&fleet), "p0").wait_unmarked();
    let mut turns = fleet.model.wait_user_turns(4);
    turns.sort_unstable();
    assert_eq!(turns, ["a long task", "hello p0", "hello p1", "sent between two programs"]);
}

/// Runs a command that an update has printed.
fn run_printed(fleet: &Fleet, command: &str) {
    let mut shell = fleet.units.manager().command("/bin/sh");
    let shell = shell.envs(fleet.pi.environment()).env("PATH", fleet.pi.search_path());
    let output = shell.args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
}

#[test]
fn an_update_names_the_package_that_goes_on_and_the_way_back() {
    let Some(fleet) = Fleet::started_or_skip("0.73.1") else { return };
    let plan = fleet.ok(&["fleet", "update", "--dry-run", "--json"]);
    let reason = ShippedSchema::Update.read(plan.as_bytes())["programs"][0]["reason"].as_str().unwrap().to_owned();
    let between = |begin: &str, end: &str| {
        let rest = reason.split_once(begin).unwrap_or_else(|| panic!("{reason}")).1;
        rest.split(end).next().unwrap().to_owned()
    };
    let program = || fleet.pi.prefix().join("bin/pi").canonicalize().unwrap();
    run_printed(&fleet, &between("To change to it: ", "; then: "));
    assert!(program().ends_with("@earendil-works/pi-coding-agent/dist/bundle/cli.js"), "{}", program().display());
    run_printed(&fleet, &between("To return: ", "\n"));
    assert!(program().ends_with("@mariozechner/pi-coding-agent/dist/cli.js"), "{}", program().display());
    assert_eq!(fleet.pi.version(), "0.73.1");
}

fn units(fleet: &Fleet) -> &mosaic_harness::Fleet {
    fleet.units.fleet()
}
