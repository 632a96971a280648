//! A fleet without units whose agent is a terminal program.

use mosaic_harness::{Binaries, Fleet, OutboxDirectory, ProcessWatch, TuiAgent};
use serde_json::Value;
use std::process::Command;

/// The fleet and its roster.
pub(crate) struct QueueFleet {
    fleet: Fleet,
}

/// Short, so that the next heartbeat comes soon.
pub(crate) const INTERVAL: &str = "0.2";

impl QueueFleet {
    pub(crate) fn new() -> Self {
        let fleet = Fleet::new();
        let directory = fleet.mosaic_home().join("fleet");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("roster.yaml"), roster(fleet.tmux_socket(), "")).unwrap();
        Self { fleet }
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    pub(crate) fn agent(&self) -> TuiAgent<'_> {
        TuiAgent::new(&self.fleet, "coder0")
    }

    pub(crate) fn outbox(&self) -> OutboxDirectory {
        OutboxDirectory::new(&self.fleet, "coder0")
    }

    pub(crate) fn mosaic(&self, words: &[&str]) -> Command {
        let mut command = self.fleet.command(Binaries::mosaic());
        command.args(words);
        command
    }

    /// Starts the agent with these flags; returns its sidecar.
    pub(crate) fn start(&self, agent: &TuiAgent<'_>, flags: &str) -> ProcessWatch {
        self.fleet.launch(agent.name()).command(agent.command(flags)).interval(INTERVAL).succeed();
        self.fleet.sidecar(agent.name())
    }

    /// Queues a message for the agent; returns its outcome so far.
    pub(crate) fn queue(&self, text: &str, further: &[&str]) -> String {
        let words = ["agent", "send", "coder0", "--queue", "--no-preamble", "--json", "-m", text];
        outcome(self.mosaic(&[&words[..], further].concat()))
    }
}

/// A roster of one agent, `coder0`, with further lines for its entry.
pub(crate) fn roster(socket: &str, further: &str) -> String {
    format!(
        "version: 1\ntransport: tmux\ntmux:\n  socket_name: {socket}\ndefaults:\n  heartbeat_interval: {INTERVAL}\n\
         runtimes:\n  {runtime}: {{ command: none }}\n\
         agents:\n  - name: coder0\n    runtime: {runtime}\n    class: implementer\n{further}",
        runtime = TuiAgent::RUNTIME
    )
}

/// The outcome of a send that must succeed.
pub(crate) fn outcome(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let receipts: Value = serde_json::from_slice(&output.stdout).unwrap();
    receipts["receipts"][0]["outcome"].as_str().unwrap().to_owned()
}
