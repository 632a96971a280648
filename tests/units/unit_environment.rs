//! Under systemd an agent gets the environment of its env file, and it does not leak.

use mosaic_harness::UnitFleet;
use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn the_env_file_wins_over_the_environment_of_the_server() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let holder = "[Service]\nEnvironment=COLOUR=holder ONLY_HOLDER=yes\n";
    fleet.manager().drop_in(UnitFleet::HOLDER, "test", holder);
    let further = "COLOUR=agent\nQUOTED=\"a 'b' $HOME \\\"c\\\"\"\nUMLAUT=ü\n";
    fleet.settings("coder0", &fleet.test_agent_command("coder0"), further);
    let environment = fleet.start("coder0").environment();
    let has = |name: &str| environment.get(name).map(String::as_str);
    assert_eq!(has("COLOUR"), Some("agent"));
    assert_eq!(has("QUOTED"), Some("a 'b' $HOME \"c\""));
    assert_eq!(has("UMLAUT"), Some("ü"));
    assert_eq!(has("MOSAIC_AGENT_NAME"), Some("coder0"));
    // Neither variables of the server nor those that systemd sets for the sidecar.
    for other in ["ONLY_HOLDER", "NOTIFY_SOCKET", "WATCHDOG_USEC", "SYSTEMD_EXEC_PID", "INVOCATION_ID"] {
        assert_eq!(has(other), None, "{other}");
    }
}

#[test]
fn a_changed_env_file_takes_effect_at_the_restart() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let command = fleet.test_agent_command("coder0");
    fleet.settings("coder0", &command, "COLOUR=red\n");
    assert_eq!(fleet.start("coder0").environment()["COLOUR"], "red");
    fleet.settings("coder0", &command, "COLOUR=green\n");
    fleet.manager().systemctl_ok(&["restart", &UnitFleet::unit("coder0")]);
    assert_eq!(fleet.fleet().pane("coder0").environment()["COLOUR"], "green");
}

/// The user manager itself would hang on some kinds of files.
#[test]
fn an_env_file_that_is_no_file_is_refused_by_the_launcher_and_stops_nothing_else() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Service]\nRestart=no\n");
    let env = fleet.fleet().env_file_path("coder0");
    std::fs::create_dir_all(&env).unwrap();
    let unit = UnitFleet::unit("coder0");
    assert!(!fleet.manager().systemctl(&["start", &unit]).status.success());
    assert_eq!(fleet.manager().show(&unit, "ExecMainStatus"), "78");
    let ends = std::fs::read_to_string(fleet.fleet().mosaic_home().join("fleet/ends/coder0.jsonl")).unwrap();
    assert!(ends.contains(&format!("cannot read {}: it is a directory", env.display())), "{ends}");
    assert_eq!(fleet.manager().show(&unit, "EnvironmentFiles"), "");
    // An agent that runs can be stopped.
    std::fs::remove_dir(&env).unwrap();
    let pane = fleet.start("coder0");
    std::fs::remove_file(&env).unwrap();
    std::fs::create_dir(&env).unwrap();
    fleet.manager().systemctl_ok(&["stop", &unit]);
    pane.process().wait();
    assert_eq!(fleet.state("coder0"), "inactive");
}

#[test]
fn programs_in_the_users_bin_are_found_despite_a_minimal_path() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let bin = fleet.fleet().home().join(".local/bin");
    std::fs::create_dir_all(&bin).unwrap();
    let runtime = bin.join("own-runtime");
    std::fs::write(&runtime, format!("#!/bin/sh\n{}\n", fleet.test_agent_command("coder0"))).unwrap();
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o755)).unwrap();
    let manager_environment = fleet.manager().systemctl_ok(&["show-environment"]);
    let path = manager_environment.lines().find(|line| line.starts_with("PATH=")).unwrap();
    assert!(!path.contains(".local/bin"), "{path}");
    fleet.settings("coder0", "exec own-runtime", "");
    let environment = fleet.start("coder0").environment();
    assert!(environment["PATH"].split(':').any(|directory| Path::new(directory) == bin), "{environment:#?}");
}

#[test]
fn a_secret_is_in_no_command_line_no_readable_file_and_no_log() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let secret = format!("s3cret-of-{}", fleet.fleet().root().file_name().unwrap().display());
    fleet.settings("coder0", &fleet.test_agent_command("coder0"), &format!("API_KEY={secret}\n"));
    let unit = UnitFleet::unit("coder0");
    let over = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !over.load(Ordering::Relaxed) {
                seen.extend(command_lines());
            }
            seen
        });
        // A panic in here must also end the sampler.
        let cycle = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let pane = fleet.start("coder0");
            assert_eq!(pane.environment()["API_KEY"], secret);
            pane.exit(7);
            fleet.manager().wait_property(&unit, "NRestarts", "1");
            fleet.wait_state("coder0", "active");
            fleet.manager().systemctl_ok(&["stop", &unit]);
        }));
        over.store(true, Ordering::Relaxed);
        let seen = sampler.join().unwrap();
        match cycle {
            Ok(()) => seen,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    // The sampling was dense enough to see the short-lived programs of a start.
    for program in ["start-agent-session", "agent-sidecar", "agent-pane"] {
        assert!(seen.iter().any(|line| line.contains(program)), "{program} was not seen in {seen:#?}");
    }
    let leaking: Vec<_> = seen.iter().filter(|line| line.contains(&secret)).collect();
    assert_eq!(leaking, Vec::<&String>::new());
    let open = files_below(fleet.fleet().root()).into_iter().filter(|path| {
        let others = path.metadata().is_ok_and(|file| file.mode() & 0o077 != 0);
        others && std::fs::read(path).is_ok_and(|content| String::from_utf8_lossy(&content).contains(&secret))
    });
    assert_eq!(open.collect::<Vec<_>>(), Vec::<std::path::PathBuf>::new());
    let log = serde_json::to_string(&fleet.manager().journal(&[])).unwrap();
    assert!(log.contains("coder0") && !log.contains(&secret), "{log}");
}

fn command_lines() -> BTreeSet<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).collect()
}

fn files_below(directory: &Path) -> Vec<std::path::PathBuf> {
    // A user manager creates directories that even their owner cannot read.
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let found = entries.map(|entry| (entry.path(), entry.file_type().unwrap()));
    found.flat_map(|(path, kind)| if kind.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
