//! A fleet without a user manager, whose agents are terminal programs that take messages.

use mosaic_harness::{Binaries, Fleet, OutboxDirectory, ShippedSchema, TuiAgent};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Output;

/// The fleet and its roster.
#[derive(Debug)]
pub(crate) struct OutboxFleet {
    fleet: Fleet,
}

/// The output and the exit code of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl OutboxFleet {
    pub(crate) fn new() -> Self {
        Self::with("", "")
    }

    /// With further lines for the runtime's section and for the entry of `coder0`.
    pub(crate) fn with(runtime: &str, coder0: &str) -> Self {
        let fleet = Fleet::new();
        std::fs::create_dir_all(fleet.mosaic_home().join("fleet")).unwrap();
        let fleet = Self { fleet };
        fleet.write_roster(runtime, coder0);
        fleet
    }

    pub(crate) fn write_roster(&self, runtime: &str, coder0: &str) {
        let (socket, name) = (self.fleet.tmux_socket(), TuiAgent::RUNTIME);
        let roster = format!(
            "version: 1\ntransport: tmux\ntmux:\n  socket_name: {socket}\nruntimes:\n  {name}:\n    command: none\n{runtime}\
             agents:\n  - name: coder1\n    runtime: {name}\n    class: reviewer\n\
             \x20 - name: coder0\n    runtime: {name}\n    class: implementer\n{coder0}"
        );
        std::fs::write(self.path("roster.yaml"), roster).unwrap();
    }

    /// A path in the fleet's directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.fleet.mosaic_home().join("fleet").join(name)
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    pub(crate) fn agent(&self, name: &str) -> TuiAgent<'_> {
        TuiAgent::new(&self.fleet, name)
    }

    pub(crate) fn outbox(&self) -> OutboxDirectory {
        OutboxDirectory::new(&self.fleet, "coder0")
    }

    /// Opens a session without a sidecar, so that only the test delivers. Its pane stays when its process ends.
    pub(crate) fn open(&self, agent: &TuiAgent<'_>, flags: &str) {
        let command = agent.command(flags);
        let session = ["new-session", "-d", "-x", "80", "-y", "24", "-s", agent.name(), &command];
        let opened =
            self.fleet.tmux_server(&[&session[..], &[";", "set-option", "-w", "remain-on-exit", "on"]].concat());
        assert!(opened.status.success(), "{opened:?}");
    }

    /// Opens a session of `coder0` with another command and waits until it has printed a text.
    pub(crate) fn tmux_pane(&self, command: &str, printed: &str) {
        let opened = self.fleet.tmux_server(&["new-session", "-d", "-x", "80", "-y", "24", "-s", "coder0", command]);
        assert!(opened.status.success(), "{opened:?}");
        self.agent("coder0").wait_screen(printed);
    }

    pub(crate) fn tmux(&self, words: &[&str]) {
        let output = self.fleet.tmux(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
    }

    pub(crate) fn mosaic(&self, words: &[&str]) -> Answer {
        let Output { status, stdout, stderr } = self.fleet.command(Binaries::mosaic()).args(words).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Answer { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// `mosaic agent outbox …`
    pub(crate) fn outbox_command(&self, words: &[&str]) -> Answer {
        self.mosaic(&[&["agent", "outbox"], words].concat())
    }

    /// The listed messages, checked against the schema.
    pub(crate) fn listed(&self, words: &[&str]) -> Vec<Value> {
        let listed = self.outbox_command(&[words, &["--json"]].concat());
        assert_eq!(listed.code, 0, "{listed:?}");
        ShippedSchema::Outbox.read(listed.stdout.as_bytes())["messages"].as_array().unwrap().clone()
    }

    /// Sends `coder0` a text; returns the message's ID and outcome.
    pub(crate) fn send(&self, text: &str, further: &[&str]) -> (String, String) {
        let sent = self.mosaic(&[&["agent", "send", "coder0", "--json", "-m", text], further].concat());
        let receipt = &ShippedSchema::Send.read(sent.stdout.as_bytes())["receipts"][0];
        let word = |name: &str| receipt[name].as_str().unwrap().to_owned();
        (word("id"), word("outcome"))
    }

    /// Queues a message for `coder0`; returns its ID.
    pub(crate) fn queue(&self, text: &str) -> String {
        let (id, outcome) = self.send(text, &["--queue", "--no-preamble"]);
        assert_eq!(outcome, "waiting");
        id
    }

    /// Edits the record of a message to `coder0`.
    pub(crate) fn change(&self, id: &str, change: impl Fn(&mut Value)) {
        let path = self.path(&format!("outbox/coder0/{id}.json"));
        let mut record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        change(&mut record);
        std::fs::write(path, record.to_string()).unwrap();
    }
}

/// The part of an ID that identifies a message.
pub(crate) fn short_id(id: &str) -> &str {
    id.rsplit_once('-').unwrap().1
}
