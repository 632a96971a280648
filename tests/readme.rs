//! The README's commands do what it says: all its `sh` blocks, in order, as a new user.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

use std::fs;

use harness::{Binaries, Fleet, UserManager};

/// The blocks of the README that are marked as shell commands.
fn blocks() -> Vec<String> {
    let readme = fs::read_to_string(Binaries::workspace().join("README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.collect()
}

#[test]
fn every_command_in_the_readme_works_as_it_stands() {
    let fleet = Fleet::builder().tmux_socket("mosaic-factory").build();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    let programs = Binaries::start_agent_session().parent().unwrap().to_owned();
    let script = blocks().concat();
    assert!(script.contains("systemctl --user") && script.contains("start-agent-session coder1"), "{script}");
    // The programs are built already: the test was started by what builds them.
    let script = script.replace("./dev build\n", "");
    let script = format!("cd '{}'\n{script}", Binaries::workspace().display());
    let output = manager
        .command("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("MOSAIC_FLEET_BIN_DIR", &programs)
        .env("PATH", format!("{}:{}", programs.display(), fleet.environment()["PATH"]))
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.starts_with("active\n"), "{stdout}");
    for promised in [
        "status=ok",
        "coder0 was stopped after",
        "Mosaic agent session already running: coder1 on socket mosaic-factory",
    ] {
        assert!(stdout.contains(promised), "{promised:?} is missing in:\n{stdout}\n{stderr}");
    }
    assert_eq!(fleet.heartbeat("coder0").unwrap()["status"], "stopped");
    assert_eq!(fleet.heartbeat("coder1").unwrap()["status"], "ok");
    assert!(fleet.home().join("src/project").is_dir());
}
