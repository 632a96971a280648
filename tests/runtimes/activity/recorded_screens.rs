//! Activities from recorded screens of the real programs, for dialogs that need their vendors' servers.

use crate::activity::activity_fixture::poll_until;
use mosaic_harness::{Binaries, Fleet, RosterFleet};

#[test]
fn recorded_screens_give_the_activity_and_its_reason() {
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &["coder0"], "15") else { return };
    let table = [
        ("claude", "dialog-login", "waiting", "login", "login"),
        ("claude", "dialog-permission", "waiting", "permission", "permission"),
        ("claude", "dialog-question", "waiting", "question", "question"),
        ("codex", "dialog-approval", "waiting", "permission", "permission"),
        ("pi", "dialog-model", "waiting", "dialog: model", "other"),
        ("opencode", "busy", "working", "", ""),
        ("claude", "idle", "idle", "", ""),
    ];
    for (runtime, ..) in table {
        let _ = std::os::unix::fs::symlink("/bin/sleep", fleet.units().fleet().home().join(runtime));
    }
    let screens = Binaries::workspace().join("crates/runtimes/screens").canonicalize().unwrap();
    let agent = |(nth, (runtime, name, ..)): (usize, &(&str, &str, &str, &str, &str))| {
        let version = match *runtime {
            "claude" => "2.1.197",
            "codex" => "0.171.0",
            "pi" => "0.73.1",
            _ => "1.18.33",
        };
        let file = screens.join(runtime).join(version).join("100x30").join(format!("{name}.screen"));
        assert!(file.is_file(), "{}", file.display());
        let class = if nth == 0 { "orchestrator" } else { "implementer" };
        // Without a final line end, which would scroll the screen; the last line has the cursor. A screen is read
        // only while the runtime's program runs.
        let command = format!("printf %s \\\"$(cat '{}')\\\"; exec ./{runtime} 1000", file.display());
        format!("  - {{ name: a{nth}, runtime: {runtime}, class: {class}, command: \"{command}\" }}\n")
    };
    let agents: String = table.iter().enumerate().map(agent).collect();
    fleet.write_roster(&format!("version: 1\ntransport: tmux\nagents:\n{agents}"));
    fleet.install();
    let names: Vec<String> = (0..table.len()).map(|nth| format!("a{nth}")).collect();
    fleet.start(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for name in &names {
        // The width of the recording; tmux rejoins wrapped lines.
        let size = ["resize-window", "-t", &format!("={name}:"), "-x", "100", "-y", "30"];
        assert!(fleet.units().fleet().tmux(&size).status.success(), "{name}");
    }
    for (name, (runtime, screen, state, reason, waiting_for)) in names.iter().zip(table) {
        let poll = || {
            let activity = fleet.agent(name)["activity"].clone();
            let [found_state, found_reason, found_wait] =
                ["state", "reason", "waitingFor"].map(|key| activity[key].as_str().unwrap_or(""));
            let expected = (state, reason, waiting_for, Some("screen"));
            ((found_state, found_reason, found_wait, activity["source"].as_str()) == expected).then_some(())
        };
        let shown = || String::from_utf8(fleet.mosaic(&["agent", "screen", name]).stdout).unwrap();
        poll_until(poll, || format!("{runtime} {screen}: {:#}\n{}", fleet.agent(name)["activity"], shown()));
    }
}
