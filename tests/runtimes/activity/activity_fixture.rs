//! A fleet of one agent, `coder0`, that a unit runs as `mosaic yolo RUNTIME`: the real program, and a model for it.

use mosaic_harness::{AgentPrograms, Deadline, Fleet, ModelServer, RosterFleet};
use serde_json::Value;
use std::thread;
use std::time::Duration;

/// Does it do that, for a reason that begins so?
fn is(activity: &Value, state: &str, reason: &str) -> bool {
    let has_reason = activity["reason"].as_str().map_or(reason.is_empty(), |said| said.starts_with(reason));
    activity["state"] == state && has_reason
}

/// It, up.
pub(crate) struct Stage {
    // Before the model: it asks for that to its end.
    pub(crate) fleet: RosterFleet,
    pub(crate) server: ModelServer,
}

impl Stage {
    /// With this command of the roster, after the programs were set up, and whatever `prepare` changes in that.
    pub(crate) fn or_skip(runtime: &str, command: &str, prepare: impl FnOnce(&Fleet)) -> Option<Self> {
        let programs = AgentPrograms::installed_or_skip()?;
        // What as root needs to hear that the host may be lost, and no program asks its maker for anything.
        let builder = Fleet::builder().env("IS_SANDBOX", "1").env("PI_OFFLINE", "1");
        let fleet = RosterFleet::installed_or_skip(builder, &["coder0"], "15")?;
        let server = ModelServer::start();
        programs.configure(fleet.units().fleet(), &server);
        prepare(fleet.units().fleet());
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

    /// What `ps --json` says of the agent's activity.
    pub(crate) fn activity(&self) -> Value {
        self.fleet.agent("coder0")["activity"].clone()
    }

    /// Waits until the agent does that, for a reason that begins so; its activity then.
    pub(crate) fn wait(&self, state: &str, reason: &str) -> Value {
        self.wait_until(&format!("{state} {reason:?}"), |seen| is(seen, state, reason))
    }

    /// The same, by the agent's own word.
    pub(crate) fn wait_report(&self, state: &str, reason: &str) -> Value {
        self.wait_until(&format!("a report of {state} {reason:?}"), |seen| {
            seen["source"] == "report" && is(seen, state, reason)
        })
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let look = || Some(self.activity()).filter(|seen| is_so(seen));
        look_until(look, || format!("{what} is not seen: {:#}\n{}", self.activity(), self.screen()))
    }

    fn screen(&self) -> String {
        String::from_utf8(self.fleet.mosaic(&["agent", "screen", "coder0"]).stdout).unwrap()
    }

    /// Waits until the agent shows a text: programs tell their hooks of a dialog before they draw it.
    pub(crate) fn wait_screen(&self, text: &str) {
        let look = || self.screen().contains(text).then_some(());
        look_until(look, || format!("{text:?} is not shown:\n{}", self.screen()));
    }

    /// Sends the agent a message, which arrives.
    pub(crate) fn send(&self, text: &str) {
        let sent = self.fleet.mosaic(&["agent", "send", "coder0", "--no-preamble", "-m", text]);
        assert!(sent.status.success(), "{sent:?}");
    }

    /// Presses keys.
    pub(crate) fn press(&self, keys: &[&str]) {
        let pressed = self.fleet.mosaic(&[&["agent", "key", "coder0"], keys].concat());
        assert!(pressed.status.success(), "{pressed:?}");
    }

    /// One message, from idle over working to idle, by the agent's own word.
    pub(crate) fn works_and_is_done(&self) {
        self.wait_report("idle", "");
        let held = self.server.hold();
        self.send("rebase the branch");
        self.server.wait_held();
        self.wait_report("working", "");
        drop(held);
        self.wait_report("idle", "");
    }

    /// One message that is answered.
    pub(crate) fn is_answered(&self) {
        self.send("once more");
        self.wait("idle", "");
    }

    /// The report itself, by its keys; nothing if there is none.
    pub(crate) fn report(&self) -> String {
        let path = self.fleet.units().fleet().run_directory().join("coder0.state");
        std::fs::read_to_string(path).unwrap_or_default()
    }
}

// DOC Waiting for what is only seen by looking: a screen, or what a look at the fleet makes of it, tells nobody that it has changed.

/// Programs of a hundred megabytes take their time to start, all the more where no network answers them.
const PATIENCE: Duration = Duration::from_mins(2);
/// Each look starts a program, and what is waited for wants the processor, too.
const BETWEEN: Duration = Duration::from_millis(50);

/// Looks until something is found; at the deadline it fails, and says what it has seen instead.
pub(crate) fn look_until<T>(mut look: impl FnMut() -> Option<T>, instead: impl Fn() -> String) -> T {
    let deadline = Deadline::after(PATIENCE);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(!deadline.passed(), "{}", instead());
        thread::sleep(BETWEEN);
    }
}
