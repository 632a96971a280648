//! The README's commands do what it says: all its `sh` blocks, in order, as a new user.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mosaic_harness::{Binaries, Fleet, UnitFleet, UserManager};

/// The blocks of the README that are marked as being in a language.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(Binaries::workspace().join("README.md")).unwrap();
    let begin = format!("```{language}\n");
    let blocks = readme.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.collect()
}

/// The programs that the presets' runtimes are. They need accounts, which a test has none of, so these
/// are stand-ins: each says its name, and waits.
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
    let script = blocks("sh").concat();
    assert!(script.contains("mosaic fleet install\n") || script.contains("mosaic fleet install "), "{script}");
    // The programs are built already: the test was started by what builds them.
    let script = script.replace("./dev build\n", "");
    // The port is the machine's, and may be somebody else's: a test's exporter is asked elsewhere.
    let elsewhere = format!("--unix-socket '{}' http://localhost", manager.exporter_socket().display());
    let script = script.replace("http://127.0.0.1:27871", &elsewhere);
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
    assert_eq!(fleet.heartbeat("scout"), None, "what was removed leaves nothing");
    let enabled = fleet.home().join(".config/systemd/user/default.target.wants");
    assert!(enabled.join(UnitFleet::unit("coder0")).is_symlink());
    assert!(!enabled.join(UnitFleet::unit("scout")).is_symlink(), "{stdout}\n{stderr}");
}

#[test]
fn the_example_in_the_roster_guide_parses() {
    let fleet = Fleet::new();
    let roster = fleet.home().join("roster.yaml");
    let [text] = blocks("yaml").try_into().unwrap();
    fs::write(&roster, text).unwrap();
    let output = fleet.command(Binaries::mosaic()).args(["agent", "roster", "--roster"]).arg(&roster).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(stdout.contains("lead") && stdout.contains("coder0"), "{stdout}");
}
