//! The documentation is correct: all `sh` blocks of the README run in order for a new user, and the roster in the guide
//! parses.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mosaic_harness::{Binaries, Fleet, UnitFleet, UserManager};

/// The code blocks of a document in a language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(Binaries::workspace().join(document)).unwrap();
    let begin = format!("```{language}\n");
    text.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Installs stand-ins for the runtimes of the presets, which need accounts: each prints its name and waits.
fn stand_ins(fleet: &Fleet) {
    let directory = fleet.home().join(".local/bin");
    fs::create_dir_all(&directory).unwrap();
    for runtime in ["claude", "codex"] {
        let program = directory.join(runtime);
        let script = format!(
            "#!/bin/sh\ncase $1 in\n--version) echo 1.0; exit ;;\nupdate) exit ;;\nesac\n\
             echo this is {runtime}\nexec sleep infinity\n"
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn every_command_in_the_readme_works() {
    let fleet = Fleet::builder().tmux_socket("mosaic-factory").build();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    stand_ins(&fleet);
    let programs = Binaries::mosaic().parent().unwrap().to_owned();
    let script = blocks("README.md", "sh").concat();
    assert!(script.contains("mosaic fleet install\n") || script.contains("mosaic fleet install "), "{script}");
    // The programs are already built.
    let script = script.replace("MOSAIC_FLEET_BIN_DIR=$(./dev build)\n", "");
    // The port may be in use on this machine: the exporter of a test listens on a Unix socket.
    let exporter = format!("--unix-socket '{}' http://localhost", manager.exporter_socket().display());
    let script = script.replace("http://127.0.0.1:27871", &exporter);
    let script = format!("cd '{}'\n{script}", Binaries::workspace().display());
    let output = manager
        .command("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("MOSAIC_FLEET_BIN_DIR", &programs)
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    for promised in ["coder0", "5 of 5 up", "verified", "this is codex", "scout", "still 1.0"] {
        assert!(stdout.contains(promised), "{promised:?} is missing in:\n{stdout}\n{stderr}");
    }
    let stopped = |agent: &str| fleet.heartbeat(agent).unwrap()["status"] == "stopped";
    assert!(stopped("coder0") && stopped("orchestrator"), "{stdout}\n{stderr}");
    assert_eq!(fleet.heartbeat("scout"), None, "a removed agent leaves no heartbeat");
    let enabled = fleet.home().join(".config/systemd/user/default.target.wants");
    assert!(enabled.join(UnitFleet::unit("coder0")).is_symlink());
    assert!(!enabled.join(UnitFleet::unit("scout")).is_symlink(), "{stdout}\n{stderr}");
}

#[test]
fn the_rosters_in_the_documentation_are_valid() {
    let fleet = Fleet::new();
    let roster = fleet.home().join("roster.yaml");
    for (page, agents) in [("docs/guide/roster.md", &["lead", "coder0"][..]), ("docs/quick-start.md", &["coder0"])] {
        let [text] = blocks(page, "yaml").try_into().unwrap();
        fs::write(&roster, text).unwrap();
        let mut command = fleet.command(Binaries::mosaic());
        let output = command.args(["agent", "roster", "--roster"]).arg(&roster).output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{page}: {output:?}");
        assert!(agents.iter().all(|agent| stdout.contains(agent)), "{page}: {stdout}");
    }
}
