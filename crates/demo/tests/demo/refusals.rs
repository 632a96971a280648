//! Refusals, and the informative options.

use mosaic_harness::{Fleet, UserManager};
use rustix::process::Signal;

use crate::left::{assert_no_units, left_behind, nothing};
use crate::show::Show;

#[test]
fn a_second_demo_under_one_manager_is_refused_and_the_first_goes_on() {
    let fleet = Fleet::new();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    let mut first = Show::under(&manager, &fleet, &[]);
    first.wait_for("all three are up").unwrap();
    let (status, _, errors) = Show::under(&manager, &fleet, &["--once"]).end();
    assert_eq!(status.code(), Some(75), "{errors}");
    assert!(errors.contains("another demo is running"), "{errors}");
    first.wait_for("the user manager restarted it").unwrap();
    first.signal_group(Signal::INT);
    assert_eq!(first.end().0.code(), Some(0));
    assert_no_units(&manager);
    assert_eq!(left_behind(&fleet), nothing());
}

#[test]
fn missing_requirements_are_refused_before_anything_is_created() {
    let fleet = Fleet::new();
    let empty = fleet.home().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let empty = empty.to_str().unwrap();
    let table = [
        (vec!["--nonsense"], None, 64, "--nonsense"),
        (vec!["--runtime", "emacs"], None, 64, "stand-in, pi, claude, codex, opencode"),
        (vec!["extra"], None, 64, "extra"),
        (vec![], Some(("PATH", empty)), 69, "install it (apt install tmux)"),
        (vec!["--runtime", "opencode"], None, 69, "opencode is in no directory of PATH"),
        (vec![], Some(("MOSAIC_FLEET_BIN_DIR", empty)), 69, "start-agent-session does not exist: build it"),
    ];
    for (arguments, variable, code, part) in table {
        let mut command = fleet.command(env!("CARGO_BIN_EXE_demo"));
        let output = command.args(&arguments).envs(Show::environment(&fleet)).envs(variable).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {variable:?}: {errors}");
        assert!(errors.contains(part), "{arguments:?} {variable:?}: {errors}");
        assert!(output.stdout.is_empty());
    }
    std::fs::remove_dir(empty).unwrap();
    assert_eq!(left_behind(&fleet), nothing());
}

#[test]
fn help_and_version_are_printed() {
    let fleet = Fleet::new();
    for (argument, part) in [("--help", "Exit codes:"), ("--version", env!("CARGO_PKG_VERSION"))] {
        let output = fleet.command(env!("CARGO_BIN_EXE_demo")).arg(argument).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(output.stdout).unwrap().contains(part), "{argument}");
    }
}
