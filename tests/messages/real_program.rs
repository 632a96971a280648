//! A unit whose agent `coder0` is a real program with a model server of the test.

use std::process::Stdio;
use std::time::Duration;

use mosaic_harness::{AgentPrograms, Deadline, Fleet, ModelServer, ProgramSet, RosterFleet};

use crate::delivery::site::{Sending, Sent};

/// One of the runtimes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runtime {
    pub(crate) name: &'static str,
    pub(crate) command: &'static str,
}

pub(crate) const CLAUDE: Runtime = Runtime { name: "claude", command: "mosaic yolo claude" };
pub(crate) const CODEX: Runtime = Runtime { name: "codex", command: "mosaic yolo codex" };
pub(crate) const OPENCODE: Runtime = Runtime { name: "opencode", command: "mosaic yolo opencode" };
pub(crate) const PI: Runtime =
    Runtime { name: "pi", command: "mosaic yolo pi -- --offline --provider stub --model stub-1" };

/// The running fleet.
pub(crate) struct RealProgram {
    // Dropped before the model, which the agent uses until its end.
    pub(crate) fleet: RosterFleet,
    pub(crate) model: ModelServer,
    pub(crate) runtime: Runtime,
    pub(crate) version: String,
}

impl RealProgram {
    /// Starts the agent. `prepare` can change the configuration of the programs before.
    pub(crate) fn or_skip(runtime: Runtime, set: ProgramSet, prepare: impl FnOnce(&Fleet)) -> Option<Self> {
        let programs = AgentPrograms::of_set_or_skip(set)?;
        // Claude Code refuses to skip permissions as root outside a sandbox; pi must not contact its vendor.
        let builder = Fleet::builder().env("IS_SANDBOX", "1").env("PI_OFFLINE", "1");
        let fleet = RosterFleet::installed_or_skip(builder, &["coder0"], "15")?;
        let model = ModelServer::start();
        programs.configure(fleet.units().fleet(), &model);
        prepare(fleet.units().fleet());
        let Runtime { name, command } = runtime;
        fleet.write_roster(&format!(
            "version: 1\ntransport: tmux\ndefaults: {{ runtime: {name} }}\nruntimes: {{ {name}: {{ command: \
             \"{command}\" }} }}\nagents: [ {{ name: coder0, class: orchestrator }} ]\n"
        ));
        let path = programs.path(&fleet.units().fleet().environment()["PATH"]);
        let installed = fleet.command(&["fleet", "install"]).env("PATH", &path).output().unwrap();
        assert!(installed.status.success(), "{installed:?}");
        fleet.start(&["coder0"]);
        let version = programs.version(name).to_owned();
        Some(Self { fleet, model, runtime, version })
    }

    /// Waits until the program shows its composer and does not work.
    pub(crate) fn wait_idle(&self) {
        let deadline = Deadline::after(Duration::from_mins(2));
        loop {
            let activity = self.fleet.agent("coder0")["activity"].clone();
            if activity["state"] == "idle" {
                return;
            }
            assert!(!deadline.passed(), "not idle: {activity:#}\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn restart(&self) {
        let restarted = self.fleet.mosaic(&["fleet", "restart", "coder0"]);
        assert!(restarted.status.success(), "{restarted:?}");
        self.wait_idle();
    }

    /// Makes the pane this wide. The program draws itself anew before it answers the next message.
    pub(crate) fn resize(&self, columns: u32) {
        let columns = columns.to_string();
        let resized = self.tmux(&["resize-window", "-t", "=coder0:", "-x", &columns, "-y", "24"]);
        assert!(resized.status.success(), "{resized:?}");
    }

    pub(crate) fn tmux(&self, words: &[&str]) -> std::process::Output {
        self.fleet.units().fleet().tmux(words)
    }

    pub(crate) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.tmux(&["capture-pane", "-p", "-t", "=coder0:"]).stdout).into_owned()
    }

    pub(crate) fn wait_screen(&self, text: &str) {
        let deadline = Deadline::after(Duration::from_mins(1));
        while !self.screen().contains(text) {
            assert!(!deadline.passed(), "{text:?} is not shown:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// `mosaic agent send coder0 --json` with a text on standard input.
    pub(crate) fn send(&self, text: &str, flags: &[&str]) -> Sent {
        let words = [&["agent", "send", "coder0", "--json", "--file", "-"], flags].concat();
        let mut sending = Sending::begin(self.fleet.command(&words).stdin(Stdio::piped()));
        sending.write(text.as_bytes());
        sending.finish()
    }
}
