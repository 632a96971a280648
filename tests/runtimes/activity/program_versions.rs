//! Two real versions of pi: the profile is that of the version that runs, and not of the one that is installed.

use crate::activity::activity_fixture::RuntimeFleet;
use mosaic_harness::{AgentPrograms, Fleet, ProgramSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// By this profile, only an older pi shows a composer.
const PROFILE: &str = r#"version: 1
programs: [pi]
composer: {kind: line, prompt: '^no such prompt$'}
packages: ["@earendil-works/pi-coding-agent", "@mariozechner/pi-coding-agent"]
older:
  - below: "1.0"
    composer: {kind: box, above: '^─{10,}$', first: '^(.*)$', below: '^─{10,}$'}
"#;

fn write_profile(fleet: &Fleet) {
    let directory = fleet.mosaic_home().join("fleet/runtimes");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("pi.yaml"), PROFILE).unwrap();
}

#[test]
fn a_running_program_keeps_its_profile_when_a_newer_version_is_installed_over_it() {
    let Some(older) = AgentPrograms::of_set_or_skip(ProgramSet::Older) else { return };
    let prefix = tempfile::tempdir().unwrap();
    fs::set_permissions(prefix.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let programs = older.install_into("pi", prefix.path());
    let command = "mosaic yolo pi --offline --provider stub --model stub-1";
    let Some(fleet) = RuntimeFleet::with_programs(&programs, "pi", command, write_profile) else { return };
    fleet.wait_report("idle", "");
    let newest = AgentPrograms::installed_or_skip().unwrap().install_into("pi", prefix.path());
    assert_ne!(newest.version("pi"), older.version("pi"));
    fleet.send("hello");
    assert_eq!(fleet.server.wait_user_turns(1), ["hello"]);

    let restarted = fleet.fleet.mosaic(&["fleet", "restart", "coder0"]);
    assert!(restarted.status.success(), "{restarted:?}");
    fleet.wait_report("idle", "");
    let sent = fleet.fleet.mosaic(&["agent", "send", "coder0", "--wait", "1", "-m", "hello"]);
    let answer = String::from_utf8(sent.stdout).unwrap();
    assert!(answer.contains("shows no composer"), "{answer}");
}
