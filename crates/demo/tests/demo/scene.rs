//! The scene: its log and its table.

use std::os::unix::fs::PermissionsExt;

use mosaic_harness::{Fleet, UserManager};

use crate::left::{assert_no_units, left_behind, nothing};
use crate::show::Show;

/// The index of the first line with `part` in it.
fn position(lines: &[String], part: &str) -> usize {
    lines.iter().position(|line| line.contains(part)).unwrap_or_else(|| panic!("no '{part}' in {lines:#?}"))
}

fn row<'a>(lines: &'a [String], condition: &str, agent: &str) -> Vec<&'a str> {
    let is_row = |line: &&String| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.get(1..3) == Some(&[condition, agent])
    };
    let line = lines.iter().find(is_row).unwrap_or_else(|| panic!("no row {condition} {agent} in {lines:#?}"));
    line.split_whitespace().collect()
}

#[test]
fn without_a_manager_the_demo_restarts_the_agent_and_leaves_nothing() {
    let fleet = Fleet::new();
    let (status, lines, errors) = Show::direct(&fleet, &["--once"]).end();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{lines:#?}");
    let course = [
        "directly by start-agent-session, because no user manager answers (",
        "all three are up",
        "killing worker: SIGKILL to its process ",
        "its heartbeat says exited signal:9",
        "it was killed by signal 9",
        "nothing restarts it here, so the demo does: start-agent-session worker",
        "worker is up again, process ",
        "Nothing is left",
    ];
    let positions = course.map(|part| position(&lines, part));
    assert!(positions.is_sorted(), "{lines:#?}");
    let (first, again) = (row(&lines, "up", "worker"), row(&lines[positions[6]..], "up", "worker"));
    assert_ne!(first[3], again[3], "another process");
    assert_eq!((first[5], again[5]), ("1", "2"), "starts");
    assert!(!lines.iter().any(|line| line.contains('\x1b')), "no escape codes in a pipe");
    assert_eq!(left_behind(&fleet), nothing());
}

#[test]
fn under_a_manager_the_agent_is_restarted() {
    let fleet = Fleet::new();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    let (status, lines, errors) = Show::under(&manager, &fleet, &["--once"]).end();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{lines:#?}");
    let course = [
        "by your systemd user manager, in units mosaic-demo-",
        "all three are up",
        "killing worker: SIGKILL to its process ",
        "its heartbeat says exited signal:9",
        "it was killed by signal 9",
        "the user manager restarted it",
        "Nothing is left",
    ];
    let positions = course.map(|part| position(&lines, part));
    assert!(positions.is_sorted(), "{lines:#?}");
    assert_ne!(row(&lines, "up", "worker")[3], row(&lines[positions[5]..], "up", "worker")[3], "another process");
    assert_no_units(&manager);
    assert_eq!(left_behind(&fleet), nothing());
}

#[test]
fn on_a_terminal_the_table_stays_in_its_place() {
    let fleet = Fleet::new();
    let environment: Vec<String> =
        Show::environment(&fleet).iter().map(|(name, value)| format!("{name}={value}")).collect();
    let demo = format!("env {} {} --once", environment.join(" "), env!("CARGO_BIN_EXE_demo"));
    let command = format!("{demo}; tmux wait-for -S ended; exec sleep 600");
    let made = fleet.tmux_server(&["new-session", "-d", "-s", "terminal", "-x", "100", "-y", "24", &command]);
    assert!(made.status.success(), "{made:?}");
    assert!(fleet.tmux(&["wait-for", "ended"]).status.success());
    let screen = fleet.tmux(&["capture-pane", "-p", "-S", "-100", "-t", "=terminal:"]);
    let screen: Vec<String> = String::from_utf8(screen.stdout).unwrap().lines().map(str::to_owned).collect();
    let headings = screen.iter().filter(|line| line.contains("LAST OUTPUT")).count();
    assert_eq!(headings, 1, "one table: {screen:#?}");
    let course =
        ["TMUX= tmux -S ", "all three are up", "is up again", "LAST OUTPUT", "● up        reviewer", "Nothing is left"];
    assert!(course.map(|part| position(&screen, part)).is_sorted(), "{screen:#?}");
    let colored = fleet.tmux(&["capture-pane", "-p", "-e", "-t", "=terminal:"]);
    assert!(String::from_utf8(colored.stdout).unwrap().contains("\x1b[32m●"));
    let tmux = fleet.root().join("tmux").read_dir().unwrap().count();
    assert_eq!((left_behind(&fleet).len(), tmux), (1, 1), "the server that is the terminal");
}

#[test]
fn a_runtime_that_is_selected_by_name_has_the_users_home() {
    let fleet = Fleet::new();
    let bin = fleet.home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("pi"), "#!/bin/sh\necho \"pi at home in $HOME\"\nexec sleep 600\n").unwrap();
    std::fs::set_permissions(bin.join("pi"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = format!("{}:{}", bin.display(), fleet.environment()["PATH"]);
    let mut command = fleet.command(env!("CARGO_BIN_EXE_demo"));
    command.args(["--once", "--runtime", "pi"]).envs(Show::environment(&fleet)).env("PATH", path);
    let (status, lines, errors) = Show::start(&mut command).end();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{lines:#?}");
    position(&lines, "Agents:  pi, with your account");
    position(&lines, &format!("pi at home in {}", fleet.home().display()));
    std::fs::remove_dir_all(bin).unwrap();
    assert_eq!(left_behind(&fleet), nothing());
}
