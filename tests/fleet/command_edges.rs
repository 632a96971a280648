//! Commands whose output, files or names are not as usual, without a user manager.

use mosaic_harness::{Binaries, Fleet};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

fn fleet_with(agents: &[&str]) -> Fleet {
    let fleet = Fleet::new();
    let entries = agents.iter().map(|name| format!("  - name: {name}\n    runtime: pi\n")).collect::<Vec<_>>().concat();
    let socket = fleet.tmux_socket();
    let roster = format!("version: 1\ntransport: tmux\ntmux:\n  socket_name: {socket}\nagents:\n{entries}");
    fs::create_dir_all(roster_path(&fleet).parent().unwrap()).unwrap();
    fs::write(roster_path(&fleet), roster).unwrap();
    for agent in agents {
        fleet.write_env_file(agent, &format!("MOSAIC_AGENT_COMMAND={}\n", fleet.agent_command(agent)));
    }
    fleet
}

fn roster_path(fleet: &Fleet) -> PathBuf {
    fleet.mosaic_home().join("fleet/roster.yaml")
}

fn mosaic(fleet: &Fleet, words: &[&str]) -> Output {
    fleet.command(Binaries::mosaic()).args(words).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_full_standard_output_fails_only_what_was_not_done() {
    let fleet = fleet_with(&["coder0"]);
    let full = |program: &Path, words: &[&str]| {
        let output = Stdio::from(File::options().write(true).open("/dev/full").unwrap());
        let ended = fleet.command(program).args(words).stdout(output).output().unwrap();
        assert!(stderr(&ended).contains("cannot write to standard output"), "{words:?}: {ended:?}");
        ended.status.code().unwrap()
    };
    let mosaic = &Binaries::mosaic();
    let beside = |name: &str| mosaic.with_file_name(name);
    let others = ["start-agent-session", "agent-sidecar", "agent-pane", "mosaic-fleet-exporter"].map(beside);
    for program in others.into_iter().chain([mosaic.clone()]) {
        assert_eq!([full(&program, &["--help"]), full(&program, &["--version"])], [74, 74], "{}", program.display());
    }
    assert_eq!(full(mosaic, &["fleet", "ps"]), 74);
    assert_eq!(full(mosaic, &["fleet", "start"]), 0);
    assert_eq!(fleet.sessions(), ["_holder", "coder0"]);
    assert_eq!(full(mosaic, &["fleet", "stop", "--json"]), 0);
    assert_eq!(fleet.sessions(), [""; 0]);
    assert_eq!(full(mosaic, &["fleet", "init", "--profile", "minimal", "--write"]), 0);
    assert!(fs::read_to_string(roster_path(&fleet)).unwrap().contains("A single agent"));
}

/// Runs commands in a terminal of this width, and returns its lines. Lines that the terminal had to wrap are joined.
fn in_terminal(fleet: &Fleet, columns: usize, script: &str) -> Vec<String> {
    // A server of its own: another one on its socket may still be ending.
    static SERVERS: AtomicUsize = AtomicUsize::new(0);
    let server = format!("terminal{}", SERVERS.fetch_add(1, Ordering::Relaxed));
    let tmux = |words: &[&str]| {
        fleet.command("tmux").args(["-u", "-L", &server, "-f", "/dev/null"]).args(words).output().unwrap()
    };
    let line = format!("{script}; tmux -L {server} wait-for -S done; exec sleep 1000");
    let size = columns.to_string();
    let made = tmux(&["new-session", "-d", "-x", &size, "-y", "300", &line]);
    assert!(made.status.success() && tmux(&["wait-for", "done"]).status.success(), "{made:?}");
    let shown = String::from_utf8(tmux(&["capture-pane", "-p", "-J"]).stdout).unwrap();
    assert!(tmux(&["kill-server"]).status.success());
    shown.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn help_and_status_fit_into_the_terminal() {
    let fleet = fleet_with(&["coder0", "a-name-that-is-rather-long"]);
    let mosaic = Binaries::mosaic();
    let mosaic = mosaic.display();
    for columns in [60, 80, 120, 200] {
        for words in ["fleet --help", "agent --help", "fleet ps --help", "agent send --help", "--help", "fleet status"]
        {
            let lines = in_terminal(&fleet, columns, &format!("{mosaic} {words}"));
            assert!(lines.iter().any(|line| line.contains("fleet") || line.contains("coder0")), "{lines:#?}");
            let widest = lines.iter().max_by_key(|line| line.chars().count()).unwrap();
            assert!(widest.chars().count() <= columns, "{words} at {columns}: {widest}");
        }
    }
}

/// A closed pipe: what `head` leaves.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let fleet = fleet_with(&["coder0"]);
    let mosaic = &Binaries::mosaic();
    let beside = |name: &str| mosaic.with_file_name(name);
    let programs = ["start-agent-session", "agent-sidecar", "agent-pane", "mosaic-fleet-exporter", "mosaic"];
    let run = |program: &Path, words: &[&str]| {
        let ended = fleet.command(program).args(words).stdout(closed_pipe()).output().unwrap();
        assert_eq!((ended.status.code(), stderr(&ended)), (Some(0), String::new()), "{} {words:?}", program.display());
    };
    for program in programs.map(beside) {
        run(&program, &["--help"]);
        run(&program, &["--version"]);
    }
    for words in [&["agent", "roster"][..], &["fleet", "metrics"], &["completions", "bash"]] {
        run(mosaic, words);
    }
}

#[test]
fn unknown_options_are_wrong_usage_in_every_program() {
    let fleet = Fleet::new();
    for name in ["start-agent-session", "agent-sidecar", "agent-pane", "mosaic-fleet-exporter", "mosaic"] {
        let output = fleet.command(Binaries::mosaic().with_file_name(name)).arg("--bogus").output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{name}: {output:?}");
    }
}

#[test]
fn the_programs_behind_the_launcher_explain_themselves() {
    let fleet = Fleet::new();
    for name in ["agent-sidecar", "agent-pane"] {
        let output = fleet.command(Binaries::mosaic().with_file_name(name)).arg("--help").output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        assert!(String::from_utf8(output.stdout).unwrap().contains(&format!("Usage: {name} ")));
    }
}

#[test]
fn what_is_no_regular_file_is_refused_by_every_reader() {
    let fleet = fleet_with(&["coder0"]);
    let roster = roster_path(&fleet);
    let commands: [&[&str]; 4] = [
        &["fleet", "init", "--profile", "minimal", "--write"],
        &["fleet", "ps"],
        &["agent", "roster"],
        &["fleet", "start"],
    ];
    let refused = |expected: &str| {
        for words in commands {
            let output = mosaic(&fleet, words);
            assert_eq!(output.status.code(), Some(74), "{words:?}: {output:?}");
            assert!(stderr(&output).contains(expected), "{words:?}: {output:?}");
        }
    };
    fs::remove_file(&roster).unwrap();
    mknodat(CWD, &roster, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    refused("it is a FIFO, not a regular file");
    fs::remove_file(&roster).unwrap();
    symlink("/dev/zero", &roster).unwrap();
    refused("it is a character device, not a regular file");
    fs::remove_file(&roster).unwrap();
    fs::create_dir(&roster).unwrap();
    refused("it is a directory, not a regular file");
    fs::remove_dir(&roster).unwrap();
    File::create(&roster).unwrap().set_len(10 << 20).unwrap();
    refused("the file has 10485760 bytes, and the limit is 4194304");

    let settings = fleet.root().join("web.yml");
    mknodat(CWD, &settings, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let exporter = Binaries::mosaic().with_file_name("mosaic-fleet-exporter");
    let mut command = fleet.command(exporter);
    let output =
        command.arg(format!("--web.config.file={}", settings.display())).arg("--web.listen-address=127.0.0.1:0");
    let output = output.output().unwrap();
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    assert!(stderr(&output).contains("it is a FIFO, not a regular file"), "{output:?}");
}

#[test]
fn a_name_that_nothing_bears_is_refused_before_anything_is_done() {
    let fleet = fleet_with(&["coder0"]);
    let output = mosaic(&fleet, &["fleet", "remove", "codr0"]);
    assert_eq!(output.status.code(), Some(64));
    assert_eq!(stderr(&output), "ERROR: there is no agent 'codr0' in the roster; did you mean coder0?\n");
}

#[test]
fn an_agent_that_was_stopped_without_a_manager_is_stopped() {
    let fleet = fleet_with(&["coder0", "coder1"]);
    for words in [&["fleet", "start"][..], &["fleet", "stop", "coder0"]] {
        assert!(mosaic(&fleet, words).status.success());
    }
    let conditions = || {
        let output = mosaic(&fleet, &["fleet", "ps", "--json"]);
        let snapshot: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let agents =
            snapshot["agents"].as_array().unwrap().iter().map(|agent| agent["condition"].as_str().unwrap().to_owned());
        (agents.collect::<Vec<_>>(), snapshot["drift"].clone())
    };
    assert_eq!(conditions().0, ["stopped", "up"]);
    assert!(mosaic(&fleet, &["fleet", "stop"]).status.success());
    let (stopped, drift) = conditions();
    assert_eq!(stopped, ["stopped", "stopped"]);
    let kinds: Vec<_> = drift.as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert!(!kinds.contains(&"session-missing") && !kinds.contains(&"holder-missing"), "{drift:#}");
    assert!(mosaic(&fleet, &["fleet", "restart", "coder0"]).status.success());
    assert_eq!(conditions().0, ["up", "stopped"]);
}

#[test]
fn a_user_home_that_units_cannot_contain_is_refused_at_install() {
    let fleet = Fleet::new();
    for name in ["it's", "a\"b", "a\\b", "a\nb"] {
        let home = fleet.root().join(name);
        fs::create_dir(&home).unwrap();
        let run = |words: &[&str]| {
            let mut command = fleet.command(Binaries::mosaic());
            command.env("HOME", &home).env_remove("MOSAIC_HOME").env_remove("XDG_CONFIG_HOME");
            command.env_remove("MOSAIC_HEARTBEAT_RUN_DIR").args(words).output().unwrap()
        };
        assert!(run(&["fleet", "init", "--profile", "minimal", "--write"]).status.success());
        let output = run(&["fleet", "install"]);
        assert_eq!(output.status.code(), Some(78), "{output:?}");
        assert!(stderr(&output).contains("which a unit file cannot contain"), "{output:?}");
        assert!(!home.join(".config/systemd").exists() && !home.join(".local").exists());
    }
}

#[test]
fn a_fleet_of_one_agent_can_grow() {
    let fleet = Fleet::new();
    assert!(mosaic(&fleet, &["fleet", "init", "--profile", "minimal", "--write"]).status.success());
    // Before any install, the agent can be added but not be started.
    let output = mosaic(&fleet, &["fleet", "add", "coder1", "--class", "worker", "--no-start"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = mosaic(&fleet, &["fleet", "add", "coder2", "--no-start"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let listed = mosaic(&fleet, &["agent", "roster", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let classes: Vec<_> = listed.as_array().unwrap().iter().map(|agent| agent["class"].as_str().unwrap()).collect();
    assert_eq!(classes, ["implementer", "worker", "worker"]);
}

#[test]
fn a_profile_replaces_a_roster_and_keeps_the_old_one() {
    let fleet = fleet_with(&["coder0"]);
    let before = fs::read_to_string(roster_path(&fleet)).unwrap();
    let output = mosaic(&fleet, &["fleet", "init", "--profile", "usc", "--write"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(fs::read_to_string(roster_path(&fleet)).unwrap().contains("final_reviewer"));
    let kept = fs::read_dir(roster_path(&fleet).parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<PathBuf> = kept.filter(|path| path.to_string_lossy().contains("roster.yaml.bak-")).collect();
    assert_eq!(kept.iter().map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>(), [before]);
}
