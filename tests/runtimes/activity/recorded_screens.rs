//! A dialog on a screen is a wait, by the screens of programs that cannot come so far here: they ask their makers'
//! servers first. The screens were recorded from the real ones.

use crate::activity::activity_fixture::look_until;
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
        let file = screens.join(runtime).join(format!("{name}.screen"));
        let class = if nth == 0 { "orchestrator" } else { "implementer" };
        // Without a line end at the end, which would move the screen up; the last line is the cursor's. A screen is
        // read as that of the runtime's program only while that is what runs.
        let command = format!("printf %s \\\"$(cat '{}')\\\"; exec ./{runtime} 1000", file.display());
        format!("  - {{ name: a{nth}, runtime: {runtime}, class: {class}, command: \"{command}\" }}\n")
    };
    let agents: String = table.iter().enumerate().map(agent).collect();
    fleet.write_roster(&format!("version: 1\ntransport: tmux\nagents:\n{agents}"));
    fleet.install();
    let names: Vec<String> = (0..table.len()).map(|nth| format!("a{nth}")).collect();
    fleet.start(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for name in &names {
        // As wide as they were recorded; tmux puts together again what it had wrapped.
        let size = ["resize-window", "-t", &format!("={name}:"), "-x", "100", "-y", "30"];
        assert!(fleet.units().fleet().tmux(&size).status.success(), "{name}");
    }
    for (name, (runtime, screen, state, reason, waiting_for)) in names.iter().zip(table) {
        let look = || {
            let seen = fleet.agent(name)["activity"].clone();
            let [said, because, what] = ["state", "reason", "waitingFor"].map(|key| seen[key].as_str().unwrap_or(""));
            let expected = (state, reason, waiting_for, Some("screen"));
            ((said, because, what, seen["source"].as_str()) == expected).then_some(())
        };
        let shown = || String::from_utf8(fleet.mosaic(&["agent", "screen", name]).stdout).unwrap();
        look_until(look, || format!("{runtime} {screen}: {:#}\n{}", fleet.agent(name)["activity"], shown()));
    }
}
