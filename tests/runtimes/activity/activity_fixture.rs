//! A fleet whose agent `coder0` runs a real runtime with a stub model, and polling for activities and screens.

use mosaic_harness::{AgentPrograms, Deadline, Fleet, ModelServer, ProgramSet, RosterFleet};
use serde_json::Value;
use std::thread;
use std::time::Duration;

/// Whether an activity has this state and a reason with this beginning.
fn matches(activity: &Value, state: &str, reason: &str) -> bool {
    let has_reason = activity["reason"].as_str().map_or(reason.is_empty(), |text| text.starts_with(reason));
    activity["state"] == state && has_reason
}

/// The running fleet.
pub(crate) struct RuntimeFleet {
    // Dropped before the model, which the agent uses until its end.
    pub(crate) fleet: RosterFleet,
    pub(crate) server: ModelServer,
}

impl RuntimeFleet {
    /// With this command in the roster, and the older programs. `prepare` can change the configuration of the programs
    /// before the start.
    pub(crate) fn or_skip(runtime: &str, command: &str, prepare: impl FnOnce(&Fleet)) -> Option<Self> {
        Self::with_programs(&AgentPrograms::of_set_or_skip(ProgramSet::Older)?, runtime, command, prepare)
    }

    /// With these programs. `MODEL_URL` in the command stands for the model server's address.
    pub(crate) fn with_programs(
        programs: &AgentPrograms,
        runtime: &str,
        command: &str,
        prepare: impl FnOnce(&Fleet),
    ) -> Option<Self> {
        // Claude Code refuses to skip permissions as root outside a sandbox; pi must not contact its vendor.
        let builder = Fleet::builder().env("IS_SANDBOX", "1").env("PI_OFFLINE", "1");
        let fleet = RosterFleet::installed_or_skip(builder, &["coder0"], "15")?;
        let server = ModelServer::start();
        programs.configure(fleet.units().fleet(), &server);
        prepare(fleet.units().fleet());
        let command = command.replace("MODEL_URL", &server.base_url());
        fleet.write_roster(&format!(
            "version: 1\ntransport: tmux\ndefaults: {{ runtime: {runtime} }}\nruntimes: {{ {runtime}: {{ command: \
             \"{command}\" }} }}\nagents: [ {{ name: coder0, class: orchestrator }} ]\n"
        ));
        let path = programs.path(&fleet.units().fleet().environment()["PATH"]);
        let installed = fleet.command(&["fleet", "install"]).env("PATH", path).output().unwrap();
        assert!(installed.status.success(), "{installed:?}");
        fleet.start(&["coder0"]);
        Some(Self { fleet, server })
    }

    /// The agent's activity in `ps --json`.
    pub(crate) fn activity(&self) -> Value {
        self.fleet.agent("coder0")["activity"].clone()
    }

    /// Waits for an activity with this state and a reason with this beginning.
    pub(crate) fn wait(&self, state: &str, reason: &str) -> Value {
        self.wait_until(&format!("{state} {reason:?}"), |seen| matches(seen, state, reason))
    }

    /// The same for an activity that the agent reports.
    pub(crate) fn wait_report(&self, state: &str, reason: &str) -> Value {
        self.wait_until(&format!("a report of {state} {reason:?}"), |seen| {
            seen["source"] == "report" && matches(seen, state, reason)
        })
    }

    /// The same for an activity that the program's status file shows.
    pub(crate) fn wait_status_file(&self, state: &str, reason: &str) -> Value {
        self.wait_until(&format!("a status file with {state} {reason:?}"), |seen| {
            seen["source"] == "status-file" && matches(seen, state, reason)
        })
    }

    fn wait_until(&self, what: &str, is_expected: impl Fn(&Value) -> bool) -> Value {
        let poll = || Some(self.activity()).filter(|seen| is_expected(seen));
        poll_until(poll, || format!("{what} is not observed: {:#}\n{}", self.activity(), self.screen()))
    }

    pub(crate) fn screen(&self) -> String {
        String::from_utf8(self.fleet.mosaic(&["agent", "screen", "coder0"]).stdout).unwrap()
    }

    /// Waits until the screen shows a text: programs run their hooks before they draw a dialog.
    pub(crate) fn wait_screen(&self, text: &str) {
        let poll = || self.screen().contains(text).then_some(());
        poll_until(poll, || format!("{text:?} is not shown:\n{}", self.screen()));
    }

    /// Sends the agent a message, which must arrive.
    pub(crate) fn send(&self, text: &str) {
        let sent = self.fleet.mosaic(&["agent", "send", "coder0", "--no-preamble", "-m", text]);
        assert!(sent.status.success(), "{sent:?}");
    }

    /// Sends the agent a message, which must arrive, and returns the outcome.
    pub(crate) fn send_outcome(&self, text: &str) -> String {
        let sent = self.fleet.mosaic(&["agent", "send", "coder0", "--no-preamble", "--json", "-m", text]);
        assert!(sent.status.success(), "{sent:?}");
        let sent: Value = serde_json::from_slice(&sent.stdout).expect("send --json prints JSON");
        sent["receipts"][0]["outcome"].as_str().expect("a receipt has an outcome").to_owned()
    }

    /// Presses keys with `mosaic agent key`.
    pub(crate) fn press(&self, keys: &[&str]) {
        let pressed = self.fleet.mosaic(&[&["agent", "key", "coder0"], keys].concat());
        assert!(pressed.status.success(), "{pressed:?}");
    }

    /// Sends one message; the agent must report idle, working and idle.
    pub(crate) fn assert_reports_work(&self) {
        self.wait_report("idle", "");
        let held = self.server.hold();
        self.send("rebase the branch");
        self.server.wait_held();
        self.wait_report("working", "");
        drop(held);
        self.wait_report("idle", "");
    }

    /// Sends one message and waits until the agent is idle.
    pub(crate) fn send_and_wait_idle(&self) {
        self.send("once more");
        self.wait("idle", "");
    }

    /// The text of the agent's report; empty without one.
    pub(crate) fn report_text(&self) -> String {
        let path = self.fleet.units().fleet().run_directory().join("coder0.state");
        std::fs::read_to_string(path).unwrap_or_default()
    }
}

/// Large programs start slowly, above all without a network.
const TIMEOUT: Duration = Duration::from_mins(2);
/// Each poll starts a program, and the awaited program needs the processor, too.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Polls until there is a result; panics with a description after the timeout.
pub(crate) fn poll_until<T>(mut poll: impl FnMut() -> Option<T>, describe: impl Fn() -> String) -> T {
    let deadline = Deadline::after(TIMEOUT);
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(!deadline.passed(), "{}", describe());
        thread::sleep(POLL_INTERVAL);
    }
}
