//! A fleet without a user manager for `mosaic agent send`, running sends and their receipts.

use mosaic_harness::{Binaries, Deadline, Fleet, ProcessWatch};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// One agent of a roster.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) name: String,
    pub(crate) class: &'static str,
    pub(crate) runtime: &'static str,
    pub(crate) command: String,
}

impl Agent {
    pub(crate) fn new(name: &str, runtime: &'static str, command: impl Into<String>) -> Self {
        Self { name: name.to_owned(), class: "implementer", runtime, command: command.into() }
    }
}

/// A home, a tmux server of its own, and a roster.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) fleet: Fleet,
}

impl Site {
    /// A site with these agents in its roster, none of them started.
    pub(crate) fn with_agents(agents: &[Agent]) -> Self {
        let site = Self { fleet: Fleet::new() };
        site.write_roster(agents);
        site
    }

    pub(crate) fn write_roster(&self, agents: &[Agent]) {
        let socket = self.fleet.tmux_socket();
        let mut roster = format!("version: 1\ntransport: tmux\ntmux:\n  socket_name: {socket}\nagents:\n");
        for Agent { name, class, runtime, command } in agents {
            // JSON strings are YAML strings.
            let command = serde_json::to_string(command).unwrap();
            let _ = writeln!(roster, "  - {{ name: {name}, class: {class}, runtime: {runtime}, command: {command} }}");
        }
        self.write("roster.yaml", &roster);
    }

    /// Writes the site's own screen profile of a runtime.
    pub(crate) fn write_profile(&self, runtime: &str, profile: &str) {
        self.write(&format!("runtimes/{runtime}.yaml"), profile);
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.fleet.mosaic_home().join("fleet").join(name);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Starts all agents with `mosaic fleet start`.
    pub(crate) fn start(&self) {
        let started = self.mosaic(&["fleet", "start"]).output().unwrap();
        assert!(started.status.success(), "{started:?}");
    }

    /// Opens a session without a sidecar. Its pane stays when its process ends.
    pub(crate) fn open_session(&self, name: &str, command: &str) {
        let words = ["new-session", "-d", "-x", "80", "-y", "24", "-s", name, command];
        let opened = self.fleet.tmux_server(&[&words[..], &[";", "set-option", "-w", "remain-on-exit", "on"]].concat());
        assert!(opened.status.success(), "{opened:?}");
    }

    pub(crate) fn mosaic(&self, words: &[&str]) -> Command {
        let mut command = self.fleet.command(Binaries::mosaic());
        command.args(words);
        command
    }

    /// `mosaic agent send … --json` with nothing on standard input.
    pub(crate) fn send(&self, words: &[&str]) -> Sent {
        Sending::begin(&mut self.send_command(words)).finish()
    }

    /// The same command, not yet run.
    pub(crate) fn send_command(&self, words: &[&str]) -> Command {
        self.mosaic(&[&["agent", "send", "--json"], words].concat())
    }

    /// The same command with a text on standard input.
    pub(crate) fn send_text(&self, words: &[&str], text: &[u8]) -> Sent {
        let mut sending = Sending::begin(self.send_command(words).stdin(Stdio::piped()));
        sending.write(text);
        sending.finish()
    }

    pub(crate) fn tmux(&self, words: &[&str]) -> String {
        let output = self.fleet.tmux(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The screen of an agent's pane.
    pub(crate) fn screen(&self, agent: &str) -> String {
        let Output { stdout, .. } = self.fleet.tmux(&["capture-pane", "-p", "-t", &format!("={agent}:")]);
        String::from_utf8_lossy(&stdout).into_owned()
    }

    /// Waits until an agent's pane shows a text.
    pub(crate) fn wait_screen(&self, agent: &str, text: &str) {
        let deadline = Deadline::default();
        while !self.screen(agent).contains(text) {
            assert!(!deadline.passed(), "{agent} does not show {text:?}:\n{}", self.screen(agent));
        }
    }

    /// Waits until tmux shows that the process in an agent's pane has exited.
    ///
    /// tmux 3.3 can miss the SIGCHLD of a pane. The end of any other child makes it collect all that have ended.
    pub(crate) fn wait_pane_dead(&self, agent: &str) {
        let deadline = Deadline::default();
        while !self.screen(agent).contains("Pane is dead") {
            assert!(!deadline.passed(), "tmux does not show that {agent} has exited:\n{}", self.screen(agent));
            self.tmux(&["run-shell", "true"]);
        }
    }

    /// The PID of the tmux server.
    pub(crate) fn server_pid(&self) -> String {
        self.tmux(&["display-message", "-p", "#{pid}"])
    }

    /// The preamble of a message from this source.
    pub(crate) fn preamble(source: &str, agent: &str) -> String {
        let uname = rustix::system::uname();
        let host = uname.nodename().to_string_lossy().split('.').next().unwrap().to_owned();
        format!("[{source} -> {host}:{agent}] ")
    }
}

#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) exit_code: Option<i32>,
    pub(crate) stderr: String,
    /// One per agent; empty if nothing was sent.
    pub(crate) receipts: Vec<Value>,
}

impl Sent {
    pub(crate) fn from_output(output: Output) -> Self {
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        Self {
            exit_code: output.status.code(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            receipts: answer["receipts"].as_array().cloned().unwrap_or_default(),
        }
    }

    /// The outcome for the only agent: `accepted`, `refused draft`.
    pub(crate) fn outcome(&self) -> String {
        let [receipt] = self.receipts.as_slice() else { panic!("not one receipt: {self:?}") };
        outcome(receipt)
    }

    /// The file that contains the text of a long message.
    pub(crate) fn file(&self) -> Option<&str> {
        self.receipts.first()?["file"].as_str()
    }
}

/// The outcome in a receipt: `accepted`, `refused draft`.
pub(crate) fn outcome(receipt: &Value) -> String {
    let words = [&receipt["outcome"], &receipt["code"]];
    words.into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

/// Longer than any `--wait` of these tests.
const LIMIT: Duration = Duration::from_mins(2);

#[derive(Debug)]
pub(crate) struct Sending(Child);

impl Sending {
    pub(crate) fn begin(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Writes to the standard input and closes it.
    pub(crate) fn write(&mut self, text: &[u8]) {
        self.0.stdin.take().unwrap().write_all(text).unwrap();
    }

    /// Waits for the end of the command, whose output fits into a pipe.
    pub(crate) fn finish(self) -> Sent {
        let ended = ProcessWatch::new(self.0.id()).unwrap().wait_for(LIMIT);
        assert!(ended, "it still sends after {LIMIT:?}");
        Sent::from_output(self.0.wait_with_output().unwrap())
    }
}
